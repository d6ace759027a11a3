/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From GRUB to running guests. Everything that can be wrong is found out before the first guest
 * starts: the machine is compared with the tables, all images are checked, every core has entered VMX
 * operation. If anything is missing, all of it is listed and every core stops.
 */
#include "boot/acpi.h"
#include "boot/machine.h"
#include "boot/modules.h"
#include "boot/multiboot2.h"
#include "boot/times.h"
#include "bulkhead/version.h"
#include "console/serve.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/exceptions.h"
#include "cpu/frequency.h"
#include "cpu/paging.h"
#include "cpu/privileged.h"
#include "cpu/smp.h"
#include "devices/ioapic.h"
#include "devices/legacy.h"
#include "devices/pci.h"
#include "lib/crash_record.h"
#include "lib/panic.h"
#include "lib/section.h"
#include "loader/image_store.h"
#include "vm/monitor.h"
#include "vm/vcpu.h"
#include "vmx/operation.h"

/* What every core waits for when it has prepared itself. Written once, by the BSP. */
enum verdict { VERDICT_PENDING, VERDICT_START, VERDICT_REFUSE };
static uint32_t verdict;
/* Cores that have prepared themselves; each adds itself once. */
static uint32_t cores_ready;
/* Cores that are back out of VMX operation after a refusal. */
static uint32_t cores_undone;

struct boot_times boot_times;
static struct boot_information boot_information;
static struct acpi_madt madt;
static struct module_image images[CONFIG_MAX_MODULES];
static struct placement_list placements SEALED_ZEROS; /* a VM that restarts uses its part again */

/* Area of the core that GRUB started; area 0, for the log, if the board file does not list it. */
static uint32_t index_of_this_core(void)
{
	uint32_t apic_id = apic_id_of_this_core();

	for (uint32_t i = 0; i < cpu_count; i++)
		if (cpu_at(i)->apic_id == apic_id)
			return i;
	return 0;
}

static uint32_t hash_word(size_t index)
{
	uint32_t word = 0;

	for (size_t i = 4 * index; i < 4 * index + 4; i++)
		word = word << 8 | scenario_tables.hash[i];
	return word;
}

static void log_banner(void)
{
	const struct scenario *s = &scenario_tables;

	log_info("Bulkhead %s, scenario \"%s\" on board \"%s\"", BULKHEAD_VERSION, s->name,
		 s->board);
	log_info("scenario hash %08x%08x, %u VMs, %u vCPUs", hash_word(0), hash_word(1),
		 s->vm_count, s->vcpu_count);
}

static void report_vmx_problem(enum error error, const char *what)
{
	machine_core_incapable(&scenario_tables, this_cpu()->index, error, what);
}

/* Once per core that has passed vmx_check(): into VMX operation. */
static void core_enter_vmx(void)
{
	enum error error;

	apic_reset();
	error = vmx_enable(this_cpu());
	if (error)
		report_vmx_problem(error, "VMXON");
	else
		log_debug("in VMX operation");
}

static void core_ready(void)
{
	/* release: pairs with the acquire in wait_for_cores() */
	__atomic_add_fetch(&cores_ready, 1, __ATOMIC_RELEASE);
}

/* After a refusal no core stays in VMX operation. */
static _Noreturn void core_undo(void)
{
	vmx_disable(this_cpu());
	__atomic_add_fetch(&cores_undone, 1, __ATOMIC_RELEASE);
	cpu_halt_forever();
}

/* In the core's own address space, on its own stack: nothing of the start is mapped any more. */
static void core_run_alone(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	if (CONFIG_OPERATOR_CONSOLE && scenario_tables.console_core == this_cpu()->index)
		console_run();
	if (!vcpu) {
		log_info("core with APIC id %u has no VM and sleeps", this_cpu()->apic_id);
		cpu_halt_forever();
	}
	vcpu_run(vcpu);
}

static _Noreturn void core_run(void)
{
	paging_enter_own(&scenario_tables, core_run_alone);
}

/* Whether this core can run as the tables want it to; every problem is reported. */
static bool core_check(void)
{
	bool good = vmx_check(report_vmx_problem) == 0;

	if (paging_own_is_usable(&scenario_tables))
		return good;
	report_vmx_problem(ERROR_PAGE_SIZE, "1 GiB pages (CPUID 80000001H:EDX bit 26)");
	return false;
}

static void core_main(void)
{
	paging_load();
	if (core_check())
		core_enter_vmx();
	core_ready();
	/* acquire: pairs with the release in decide() */
	while (__atomic_load_n(&verdict, __ATOMIC_ACQUIRE) == VERDICT_PENDING)
		cpu_pause();
	if (__atomic_load_n(&verdict, __ATOMIC_RELAXED) == VERDICT_REFUSE)
		core_undo();
	core_run();
}

static void check_machine(void)
{
	bool have_madt = acpi_read_madt(boot_information.rsdp, boot_information.rsdp_size, &madt) ==
			 ERROR_OK;

	machine_check(&scenario_tables, &boot_information, have_madt ? &madt : NULL);
	pci_init(&scenario_tables);
	core_check(); /* the other cores check themselves when they have started */
}

static void plan_vm(uint32_t i)
{
	uint32_t first = placements.count;

	if (loader_plan(&scenario_tables, &scenario_tables.vms[i], images, &placements,
			&vms[i].boot))
		machine_difference(MACHINE_IMAGE, "VM \"%s\" can't be loaded",
				   scenario_tables.vms[i].name);
	IF_PRESENT(image_store_remember, i, &placements, first);
}

/* Every VM's images are checked, even after the first bad one: all problems in one go. */
static bool plan_images(void)
{
	bool good = modules_find(&scenario_tables, &boot_information, images) == ERROR_OK;

	for (uint32_t i = 0; good && i < scenario_tables.vm_count; i++)
		plan_vm(i);
	if (good && image_store_plan && image_store_plan(&scenario_tables, images, &placements))
		machine_difference(
			MACHINE_IMAGE_STORE,
			"the images of restartable VMs can't be kept: enlarge image-store");
	return good;
}

static bool place_images(void)
{
	struct memory_span busy[] = {
		{scenario_tables.hypervisor_base, scenario_tables.hypervisor_size},
		{scenario_tables.trampoline, PAGE_SIZE_4K},
		{scenario_tables.crash_record_base, scenario_tables.crash_record_size},
	};
	struct module_placer placer = {
		.images = images,
		.image_count = scenario_tables.module_count,
		.memory = boot_information.memory,
		.memory_count = boot_information.memory_count,
		.busy = busy,
		.busy_count = scenario_tables.crash_record_size ? 3 : 2,
		.aside_end = paging_end(),
	};

	uint64_t begin = tsc_read();
	bool placed = module_place(&placer, &placements) == ERROR_OK;

	boot_times.placing = tsc_read() - begin;
	return placed;
}

/* How long the started cores may take to enter VMX operation. */
#define READY_WAIT_SECONDS 5

static void wait_for_cores(const uint32_t *count, uint32_t expected)
{
	uint64_t end = tsc_read() + tsc_frequency(&scenario_tables) * READY_WAIT_SECONDS;

	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) < expected && tsc_read() < end)
		cpu_pause();
}

static _Noreturn void refuse(uint32_t cores)
{
	/* release: what the BSP has found out is visible to the cores that act on it */
	__atomic_store_n(&verdict, VERDICT_REFUSE, __ATOMIC_RELEASE);
	wait_for_cores(&cores_undone, cores - 1);
	vmx_disable(this_cpu());
	log_error("nothing was started");
	log_flush();
	cpu_halt_forever();
}

static uint32_t start_cores(void)
{
	uint32_t started;

	core_enter_vmx(); /* first, because start-up IPIs are sent in x2APIC mode */
	core_ready();
	started = smp_start(&scenario_tables, core_main);
	wait_for_cores(&cores_ready, started + 1);
	return __atomic_load_n(&cores_ready, __ATOMIC_ACQUIRE);
}

static void prepare_core_area(void)
{
	exceptions_init();
	cpu_areas_init(&scenario_tables);
	cpu_enter_area(index_of_this_core());
	log_init();
	log_banner();
	paging_init();
	paging_load();
}

static void tell_times(void)
{
	for (uint32_t i = 0; i < scenario_tables.vcpu_count; i++) {
		vcpus[i].counters->hypervisor_entered = boot_times.entered;
		vcpus[i].counters->images_placed = boot_times.placing;
	}
}

/* Called by entry.S with what GRUB left in EAX and EBX. */
_Noreturn void boot_main(uint32_t magic, uint32_t information);

_Noreturn void boot_main(uint32_t magic, uint32_t information)
{
	uint32_t cores;

	prepare_core_area();
	stack_guard_seed(tsc_read());
	if (multiboot2_parse(host_pointer(information), magic, &boot_information))
		refuse(1);
	vms_init(&scenario_tables);
	IF_PRESENT(monitor_init, &scenario_tables);
	check_machine();
	if (!plan_images() || machine_difference_count() > 0) {
		machine_is_as_expected(&scenario_tables);
		refuse(1);
	}
	crash_record_report(&scenario_tables);
	legacy_silence();
	ioapic_init(&scenario_tables);
	if (!place_images())
		refuse(1);
	cores = start_cores();
	if (!machine_is_as_expected(&scenario_tables))
		refuse(cores);
	log_info("%u cores in VMX operation, starting %u VMs", cores, scenario_tables.vm_count);
	tell_times();
	for (uint32_t i = 0; i < scenario_tables.vm_count; i++) {
		vm_reset(&vms[i]);
		vm_transition(&vms[i], EVENT_BEGIN);
	}
	__atomic_store_n(&verdict, VERDICT_START, __ATOMIC_RELEASE);
	core_run();
}
