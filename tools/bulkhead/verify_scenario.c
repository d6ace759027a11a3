/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BHB9xx: nothing that the scenario declares is missing in the image, and nothing was added. The
 * scenario is read by the tool's front half; what the emitters made of it is only seen in the image.
 */
#include "cpu_features.h"
#include "topology.h"
#include "verify_internal.h"
#include "virtual.h"

static bool same_text(const char *image, const char *model)
{
	return strcmp(image, model ? model : "") == 0;
}

void verify_hash(struct verify *verify)
{
	if (memcmp(verify->scenario.hash, verify->model->hash, SCENARIO_HASH_SIZE) != 0)
		verify_report(verify, VERIFY_HASH,
			      "its hash is not that of %s: the image was made from another version",
			      verify->model->file);
}

/* --- One VM: memory ------------------------------------------------------------------------------ */

static const struct memory_region *find_region(const struct verify_vm *vm, gpa_t guest)
{
	for (uint32_t i = 0; i < vm->config.memory_count; i++)
		if (vm->memory[i].guest_physical == guest)
			return &vm->memory[i];
	return NULL;
}

static void compare_memory(struct verify *verify, const struct verify_vm *vm,
			   const struct vm *declared)
{
	unsigned ranges = 0;
	gpa_t monitor = 0;

	for (unsigned i = 0; i < declared->memory_count; i++) {
		const struct vm_memory *memory = &declared->memory[i];
		const struct memory_region *region = find_region(vm, memory->guest.value);

		verify->statistics.pairs++;
		if (memory->kind == MEMORY_MONITOR) {
			monitor = memory->guest.value;
			continue;
		}
		ranges++;
		if (!region || region->size != memory->size.value ||
		    region->permissions != memory->permissions || region->kind != memory->kind ||
		    (memory->host.given && region->host_physical != memory->host.value))
			verify_report(verify, VERIFY_SCENARIO_VM,
				      "%s: %s, %" PRIu64 " bytes at guest 0x%" PRIx64
				      ", is %s in the image",
				      vm->label, memory->name, memory->size.value,
				      memory->guest.value, region ? "different" : "missing");
	}
	if (vm->config.monitor != monitor)
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "%s: the monitor's window is at 0x%" PRIx64
			      " in the image, at 0x%" PRIx64 " in the scenario",
			      vm->label, vm->config.monitor, monitor);
	if (vm->config.memory_count != ranges)
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "%s: the image has %" PRIu32
			      " memory ranges, the scenario declares %u",
			      vm->label, vm->config.memory_count, ranges);
}

/* --- One VM: ports and pins ---------------------------------------------------------------------- */

/* Marks the ports of a range that are declared; 1 is closed, as in an I/O bitmap. */
static void open_ports(uint8_t *bitmap, const struct range *ranges, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		for (uint64_t j = 0; j < ranges[i].size.value && j < PORT_COUNT; j++) {
			uint64_t port = ranges[i].base.value + j;

			if (port < PORT_COUNT)
				bitmap[port / 8] &= (uint8_t) ~(1u << port % 8);
		}
}

static const struct board_device *device_of(const struct verify *verify, const struct vm *declared,
					    unsigned index)
{
	const struct board *board = &verify->model->board;
	uint32_t target = declared->devices[index].target;

	return target < board->device_count ? &board->devices[target] : NULL;
}

static void report_ports(struct verify *verify, const struct verify_vm *vm, const uint8_t *open,
			 const uint8_t *closed, const char *what)
{
	uint8_t *differ = arena_alloc(verify->arena, IO_BITMAP_BYTES);
	uint32_t first, last;

	for (unsigned i = 0; i < IO_BITMAP_BYTES; i++)
		differ[i] = closed[i] & (uint8_t)~open[i];
	for (uint32_t from = 0; verify_bit_run(differ, from, PORT_COUNT, true, &first, &last);
	     from = last + 1)
		verify_report(verify, VERIFY_SCENARIO_VM, "%s: port %s is %s", vm->label,
			      verify_numbers(verify, first, last), what);
	verify->statistics.pairs += PORT_COUNT;
}

bool verify_device_has_port(const struct board_device *device, uint32_t port)
{
	for (unsigned i = 0; i < device->port_count; i++)
		if (port >= device->ports[i].base.value &&
		    port - device->ports[i].base.value < device->ports[i].size.value)
			return true;
	return false;
}

const uint8_t *verify_given_ports(struct verify *verify, const struct vm *declared)
{
	uint8_t *given = arena_alloc(verify->arena, IO_BITMAP_BYTES);

	memset(given, 0xFF, IO_BITMAP_BYTES);
	open_ports(given, declared->ports, declared->port_count);
	for (unsigned i = 0; i < declared->device_count; i++) {
		const struct board_device *device = device_of(verify, declared, i);

		if (device)
			open_ports(given, device->ports, device->port_count);
	}
	return given;
}

static void compare_ports(struct verify *verify, const struct verify_vm *vm,
			  const struct vm *declared)
{
	const uint8_t *expected = verify_given_ports(verify, declared);
	const uint8_t *found = verify_port_bitmap(verify, vm);

	report_ports(verify, vm, expected, found, "in the scenario, but not in the image");
	report_ports(verify, vm, found, expected, "in the image, but not in the scenario");
}

static bool owns_gsi(const struct verify *verify, const struct verify_vm *vm, uint64_t gsi)
{
	for (uint32_t i = 0; i < vm->config.pin_count; i++) {
		const struct pin_config *pin = &vm->pins[i];

		if (pin->ioapic < verify->scenario.ioapic_count &&
		    (uint64_t)verify->ioapics[pin->ioapic].gsi_base + pin->pin == gsi)
			return true;
	}
	return false;
}

/* Returns how many of the interrupts are not `seen` before. */
static uint32_t need_pins(struct verify *verify, const struct verify_vm *vm,
			  const struct number *interrupts, unsigned count, struct verify_item *seen,
			  uint32_t used)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t gsi = interrupts[i].value;

		verify->statistics.pairs++;
		seen[used++] = (struct verify_item){.start = gsi, .end = gsi + 1};
		if (!owns_gsi(verify, vm, gsi))
			verify_report(verify, VERIFY_SCENARIO_VM,
				      "%s: interrupt %" PRIu64
				      " is in the scenario, but not in the image",
				      vm->label, gsi);
	}
	return used;
}

static uint32_t count_different(struct verify_item *items, uint32_t count)
{
	uint32_t different = 0;

	verify_sort(items, count);
	for (uint32_t i = 0; i < count; i++)
		different += i == 0 || items[i].start != items[i - 1].start;
	return different;
}

static void compare_pins(struct verify *verify, const struct verify_vm *vm,
			 const struct vm *declared)
{
	unsigned most = declared->interrupt_count;
	struct verify_item *seen;
	uint32_t count;

	for (unsigned i = 0; i < declared->device_count; i++)
		most += device_of(verify, declared, i)
				? device_of(verify, declared, i)->interrupt_count
				: 0;
	seen = arena_alloc(verify->arena, most * sizeof(*seen));
	count = need_pins(verify, vm, declared->interrupts, declared->interrupt_count, seen, 0);
	for (unsigned i = 0; i < declared->device_count; i++) {
		const struct board_device *device = device_of(verify, declared, i);

		if (device)
			count = need_pins(verify, vm, device->interrupts, device->interrupt_count,
					  seen, count);
	}
	count = count_different(seen, count);
	if (vm->config.pin_count != count)
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "%s: the image has %" PRIu32
			      " interrupts, the scenario declares %" PRIu32,
			      vm->label, vm->config.pin_count, count);
}

/* --- One VM: processors and boot ----------------------------------------------------------------- */

static void compare_cpus(struct verify *verify, const struct verify_vm *vm,
			 const struct vm *declared)
{
	const struct board *board = &verify->model->board;

	if (vm->config.vcpu_count != declared->cpu_count) {
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "%s: the image has %" PRIu32 " vCPUs, the scenario declares %u",
			      vm->label, vm->config.vcpu_count, declared->cpu_count);
		return;
	}
	for (unsigned i = 0; i < declared->cpu_count; i++) {
		uint32_t target = declared->cpus[i].target;

		verify->statistics.pairs++;
		if (target < board->cpu_count &&
		    board->cpus[target].apic_id.value != vm->vcpus[i].apic_id)
			verify_report(verify, VERIFY_SCENARIO_VM,
				      "%s: its vCPU %u has APIC id %" PRIu32
				      ", the scenario gives it %" PRIu64,
				      vm->label, i, vm->vcpus[i].apic_id,
				      board->cpus[target].apic_id.value);
	}
}

static bool names_module(const struct verify *verify, uint32_t index, const struct text *declared)
{
	if (index >= verify->scenario.module_count)
		return index == MODULE_NONE && declared->value == NULL;
	return same_text(verify->modules[index].name, declared->value);
}

static gpa_t declared_entry(const struct vm *declared, unsigned index)
{
	if (index != 0)
		return declared->ap_entry.given ? declared->ap_entry.value : 0;
	if (declared->protocol == BOOT_LINUX || !declared->bsp_entry.given)
		return ENTRY_NONE;
	return declared->bsp_entry.value;
}

/* Each text begins with the module's name, which verify_boot() compares. */
static bool same_modules(const struct verify_vm *vm, const struct vm *declared)
{
	if (vm->config.boot.module_count != declared->boot_module_count)
		return false;
	for (uint32_t i = 0; i < vm->config.boot.module_count; i++)
		if (!same_text(vm->module_strings[i], declared->boot_modules[i].string))
			return false;
	return true;
}

static const char *boot_difference(const struct verify *verify, const struct verify_vm *vm,
				   const struct vm *declared)
{
	const struct boot_config *boot = &vm->config.boot;
	const struct number *load =
		declared->load_address.given ? &declared->load_address : &declared->bsp_entry;

	if (boot->protocol != declared->protocol)
		return "boot protocol";
	if (!names_module(verify, boot->image, &declared->image))
		return "image";
	if (!names_module(verify, boot->ramdisk, &declared->ramdisk))
		return "ramdisk";
	if (!same_text(vm->bootargs, declared->bootargs.value))
		return "command line";
	if (!same_modules(vm, declared))
		return "boot modules";
	if (boot->protocol == BOOT_RAW && boot->load_address != load->value)
		return "load address";
	if ((vm->config.blob_count != 0) != declared->acpi)
		return "share of ACPI tables";
	return NULL;
}

static const char *start_difference(const struct verify_vm *vm, const struct vm *declared)
{
	for (uint32_t i = 0; i < vm->config.vcpu_count; i++) {
		const struct vcpu_config *vcpu = &vm->vcpus[i];
		bool waits = i != 0 && !declared->ap_entry.given;

		if ((vcpu->start == VCPU_START_WAIT_SIPI) != waits)
			return "way to start its cores";
		if (vcpu->entry != declared_entry(declared, i))
			return "entry";
		if (!waits && vcpu->mode != declared->entry_mode)
			return "entry mode";
	}
	return NULL;
}

static void compare_boot(struct verify *verify, const struct verify_vm *vm,
			 const struct vm *declared)
{
	const char *difference = boot_difference(verify, vm, declared);

	if (!difference)
		difference = start_difference(vm, declared);
	verify->statistics.pairs++;
	if (difference)
		verify_report(verify, VERIFY_SCENARIO_VM, "%s: its %s is not the scenario's",
			      vm->label, difference);
}

/* --- One VM: PCI and CPUID ----------------------------------------------------------------------- */

static const struct pci_function_config *find_function(const struct verify_vm *vm,
						       const struct board_pci *pci)
{
	for (uint32_t i = 0; i < vm->config.pci_function_count; i++)
		if (vm->functions[i].bus == pci->bus && vm->functions[i].device == pci->device &&
		    vm->functions[i].function == pci->function)
			return &vm->functions[i];
	return NULL;
}

static bool same_bars(const struct pci_function_config *function, const struct board_pci *pci)
{
	unsigned count = 0;

	for (unsigned i = 0; i < PCI_BAR_COUNT; i++)
		count += function->bars[i].kind != PCI_BAR_NONE;
	for (unsigned i = 0; i < pci->bar_count; i++) {
		const struct board_bar *declared = &pci->bars[i];
		const struct pci_bar_config *bar = &function->bars[declared->index % PCI_BAR_COUNT];

		if (declared->index >= PCI_BAR_COUNT || bar->kind != declared->kind ||
		    bar->base != declared->base.value || bar->size != declared->size.value ||
		    *(const uint8_t *)&bar->prefetchable != declared->prefetchable)
			return false;
	}
	return count == pci->bar_count;
}

static bool same_function(const struct pci_function_config *function, const struct board_pci *pci,
			  bool dma_unprotected)
{
	uint64_t interrupt = pci->interrupt.given ? pci->interrupt.value : PCI_PIN_NONE;
	bool table = pci->msix_vectors.value != 0;

	return function->vendor_id == pci->vendor_id.value &&
	       function->device_id == pci->device_id.value &&
	       function->class_code == pci->class_code.value && function->interrupt == interrupt &&
	       function->msi_vectors == pci->msi_vectors.value &&
	       function->msix_vectors == pci->msix_vectors.value &&
	       function->msix_bar == (table ? pci->msix_bar.value : 0) &&
	       function->msix_offset == (table ? pci->msix_offset.value : 0) &&
	       *(const uint8_t *)&function->dma_unprotected == dma_unprotected &&
	       same_bars(function, pci);
}

static void compare_functions(struct verify *verify, const struct verify_vm *vm,
			      const struct vm *declared)
{
	const struct board *board = &verify->model->board;

	for (unsigned i = 0; i < declared->pci_count; i++) {
		uint32_t target = declared->pci[i].target;
		const struct pci_function_config *function =
			target < board->pci_count ? find_function(vm, &board->pci[target]) : NULL;

		verify->statistics.pairs++;
		if (!function ||
		    !same_function(function, &board->pci[target], declared->dma_unprotected))
			verify_report(verify, VERIFY_SCENARIO_VM,
				      "%s: the PCI function %s is %s in the image", vm->label,
				      declared->pci[i].label, function ? "different" : "missing");
	}
	if (vm->config.pci_function_count != declared->pci_count)
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "%s: the image has %" PRIu32
			      " PCI functions, the scenario declares %u",
			      vm->label, vm->config.pci_function_count, declared->pci_count);
}

static bool same_word(const struct cpuid_mask *a, const struct cpuid_mask *b)
{
	return a->leaf == b->leaf && a->subleaf == b->subleaf && a->result == b->result;
}

/* Bits of the mask's word that the scenario hides. */
static uint32_t hidden_bits(const struct vm *declared, const struct cpuid_mask *mask)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < declared->cpuid_hide_count; i++) {
		const struct cpu_feature *feature = cpu_feature_find(declared->cpuid_hide[i].value);

		for (unsigned j = 0; feature && j < CPU_FEATURE_MASKS; j++)
			if (same_word(&feature->masks[j], mask))
				bits |= feature->masks[j].clear;
	}
	return bits;
}

static bool has_mask(const struct verify_vm *vm, const struct cpuid_mask *mask)
{
	for (uint32_t i = 0; i < vm->config.cpuid_mask_count; i++)
		if (same_word(&vm->cpuid_masks[i], mask))
			return true;
	return false;
}

static void compare_life(struct verify *verify, const struct verify_vm *vm,
			 const struct vm_life *declared)
{
	const struct life_config *life = &vm->config.life;

	verify->statistics.pairs++;
	if (*(const uint8_t *)&life->restartable != declared->restartable ||
	    life->on_reset != declared->on_reset || life->on_crash != declared->on_crash ||
	    life->restart_limit != declared->restart_limit.value ||
	    life->restart_window_seconds != declared->restart_window.value ||
	    life->watchdog_seconds != declared->watchdog.value)
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "%s: its restart policy or watchdog is not the scenario's",
			      vm->label);
}

static void compare_features(struct verify *verify, const struct verify_vm *vm,
			     const struct vm *declared)
{
	bool same = true;

	for (uint32_t i = 0; i < vm->config.cpuid_mask_count; i++)
		same = same &&
		       vm->cpuid_masks[i].clear == hidden_bits(declared, &vm->cpuid_masks[i]);
	for (unsigned i = 0; i < declared->cpuid_hide_count; i++) {
		const struct cpu_feature *feature = cpu_feature_find(declared->cpuid_hide[i].value);

		for (unsigned j = 0; feature && j < CPU_FEATURE_MASKS; j++)
			same = same &&
			       (feature->masks[j].clear == 0 || has_mask(vm, &feature->masks[j]));
	}
	verify->statistics.pairs += vm->config.cpuid_mask_count + declared->cpuid_hide_count;
	if (!same)
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "%s: the features hidden from it are not the scenario's", vm->label);
}

static void compare_virtual_devices(struct verify *verify, const struct verify_vm *vm,
				    const struct vm *declared)
{
	uint32_t devices = vm_virtual_devices(declared, &verify->model->board);

	verify->statistics.pairs++;
	if (vm->config.virtual_devices != devices)
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "%s: its virtual devices are 0x%" PRIx32 ", not 0x%" PRIx32,
			      vm->label, vm->config.virtual_devices, devices);
}

void verify_scenario_vms(struct verify *verify)
{
	const struct model *model = verify->model;

	for (unsigned i = 0; i < model->vm_count; i++) {
		const struct vm *declared = &model->vms[i];
		const struct verify_vm *vm = &verify->vms[i];

		if (i >= verify->scenario.vm_count || strcmp(vm->name, declared->name) != 0) {
			verify_report(verify, VERIFY_SCENARIO_VM,
				      "VM \"%s\" is not VM %u of the image, as in the scenario",
				      declared->name, i);
			continue;
		}
		compare_cpus(verify, vm, declared);
		compare_memory(verify, vm, declared);
		compare_ports(verify, vm, declared);
		compare_pins(verify, vm, declared);
		compare_boot(verify, vm, declared);
		compare_functions(verify, vm, declared);
		compare_features(verify, vm, declared);
		compare_life(verify, vm, &declared->life);
		compare_virtual_devices(verify, vm, declared);
	}
	if (verify->scenario.vm_count != model->vm_count)
		verify_report(verify, VERIFY_SCENARIO_VM,
			      "the image has %" PRIu32 " VMs, the scenario declares %u",
			      verify->scenario.vm_count, model->vm_count);
}

/* --- Board --------------------------------------------------------------------------------------- */

static void board_differs(struct verify *verify, const char *what)
{
	verify_report(verify, VERIFY_SCENARIO_BOARD, "board: its %s not the scenario's", what);
}

static bool has_core(const struct verify *verify, uint64_t apic_id)
{
	for (uint32_t i = 0; i < verify->scenario.core_count; i++)
		if (verify->cores[i].apic_id == apic_id)
			return true;
	return false;
}

static void compare_cores(struct verify *verify)
{
	const struct board *board = &verify->model->board;
	uint32_t enabled = 0;
	bool all = true;

	for (unsigned i = 0; i < board->cpu_count; i++) {
		enabled += board->cpus[i].enabled;
		all = all &&
		      (!board->cpus[i].enabled || has_core(verify, board->cpus[i].apic_id.value));
	}
	verify->statistics.pairs += enabled;
	if (!all || verify->scenario.core_count != enabled)
		board_differs(verify, "cores are");
}

static bool has_ram(const struct verify *verify, const struct range *range)
{
	for (uint32_t i = 0; i < verify->scenario.ram_count; i++)
		if (verify->ram[i].base == range->base.value &&
		    verify->ram[i].size == range->size.value)
			return true;
	return false;
}

static void compare_ranges(struct verify *verify)
{
	const struct board *board = &verify->model->board;
	const struct scenario *scenario = &verify->scenario;
	const struct range *crash_records = NULL;
	uint32_t ram = 0;
	bool all = true;

	for (unsigned i = 0; i < board->range_count; i++) {
		const struct range *range = &board->ranges[i].range;

		verify->statistics.pairs++;
		if (board->ranges[i].kind == BOARD_RAM) {
			ram++;
			all = all && has_ram(verify, range);
		} else if (board->ranges[i].kind == BOARD_HYPERVISOR) {
			if (scenario->hypervisor_base != range->base.value ||
			    scenario->hypervisor_size != range->size.value)
				board_differs(verify, "memory for the hypervisor is");
		} else if (board->ranges[i].kind == BOARD_TRAMPOLINE) {
			if (scenario->trampoline != range->base.value)
				board_differs(verify, "trampoline is");
		} else if (board->ranges[i].kind == BOARD_CRASH_RECORD) {
			crash_records = range;
		}
	}
	if (!all || scenario->ram_count != ram)
		board_differs(verify, "RAM is");
	if (scenario->crash_record_base != (crash_records ? crash_records->base.value : 0) ||
	    scenario->crash_record_size != (crash_records ? crash_records->size.value : 0))
		board_differs(verify, "memory for crash records is");
}

static void compare_ioapics(struct verify *verify)
{
	const struct board *board = &verify->model->board;
	bool same = verify->scenario.ioapic_count == board->ioapic_count;

	for (unsigned i = 0; same && i < board->ioapic_count; i++) {
		const struct board_ioapic *declared = &board->ioapics[i];
		const struct ioapic_config *ioapic = &verify->ioapics[i];

		verify->statistics.pairs++;
		same = ioapic->id == declared->id.value &&
		       ioapic->base == declared->registers.base.value &&
		       ioapic->gsi_base == declared->gsi_base && ioapic->pins == declared->pins;
	}
	if (!same)
		board_differs(verify, "IOAPICs are");
}

static const struct module *find_module(const struct model *model, const char *name)
{
	for (unsigned i = 0; i < model->module_count; i++)
		if (!strcmp(model->modules[i].name, name))
			return &model->modules[i];
	return NULL;
}

static void compare_modules(struct verify *verify)
{
	for (uint32_t i = 0; i < verify->scenario.module_count; i++) {
		const struct module *declared = find_module(verify->model, verify->modules[i].name);

		if (!declared || !same_text(verify->modules[i].file, declared->file))
			verify_report(verify, VERIFY_SCENARIO_BOARD,
				      "module \"%s\" from %s is not in the scenario",
				      verify->modules[i].name, verify->modules[i].file);
	}
}

static void compare_shares(struct verify *verify)
{
	const struct model *model = verify->model;
	bool same = verify->scenario.share_count == model->share_count;

	for (unsigned i = 0; same && i < model->share_count; i++) {
		const struct share *declared = &model->shares[i];

		verify->statistics.pairs++;
		same = same_text(verify->share_names[i], declared->name) &&
		       verify->shares[i].size == declared->size.value &&
		       (!declared->host.given || verify->shares[i].base == declared->host.value);
	}
	if (!same)
		verify_report(verify, VERIFY_SCENARIO_BOARD,
			      "the shared memory is not the scenario's");
}

static bool same_item(const struct pci_inventory *item, const struct board_pci *pci)
{
	return item->bus == pci->bus && item->device == pci->device &&
	       item->function == pci->function && item->vendor_id == pci->vendor_id.value &&
	       item->device_id == pci->device_id.value && item->class_code == pci->class_code.value;
}

/* One that the board has twice is missing in the image, which has it once at most (BHB802). */
static void compare_inventory(struct verify *verify)
{
	const struct board *board = &verify->model->board;
	const struct scenario *scenario = &verify->scenario;
	bool same = scenario->pci_count == board->pci_count &&
		    scenario->pci_ecam_base == board->ecam.base.value &&
		    scenario->pci_ecam_size == board->ecam.size.value;

	for (unsigned i = 0; same && i < board->pci_count; i++) {
		const struct pci_inventory *item = verify_pci_item(
			verify, board->pci[i].bus, board->pci[i].device, board->pci[i].function);

		verify->statistics.pairs++;
		same = item && same_item(item, &board->pci[i]);
	}
	if (!same)
		board_differs(verify, "PCI functions are");
}

static bool same_console(const struct verify *verify)
{
	const struct console *console = &verify->model->console;
	uint32_t core = verify->scenario.console_core;

	if (!console->given || core >= verify->scenario.core_count)
		return !console->given && core == CORE_NONE;
	return console->core.target < verify->model->board.cpu_count &&
	       verify->cores[core].apic_id ==
		       verify->model->board.cpus[console->core.target].apic_id.value;
}

void verify_scenario_board(struct verify *verify)
{
	const struct model *model = verify->model;
	const struct scenario *scenario = &verify->scenario;
	uint32_t thread_bits, package_bits;

	compare_cores(verify);
	compare_ranges(verify);
	compare_ioapics(verify);
	compare_modules(verify);
	compare_shares(verify);
	compare_inventory(verify);
	if (!same_console(verify))
		board_differs(verify, "core of the operator's console is");
	if (scenario->image_store_size != model->image_store.size.value ||
	    (model->image_store.host.given &&
	     scenario->image_store_base != model->image_store.host.value))
		board_differs(verify, "image store is");
	if (scenario->physical_address_bits != model->board.physical_address_bits)
		board_differs(verify, "physical address width is");
	topology_widths(&model->board, &thread_bits, &package_bits);
	if (scenario->thread_bits != thread_bits || scenario->package_bits != package_bits)
		board_differs(verify, "widths of APIC id fields are");
	if (scenario->tsc_frequency_hz != model->board.tsc_frequency_hz ||
	    scenario->apic_timer_frequency_hz != model->board.apic_timer_frequency_hz)
		board_differs(verify, "frequencies are");
	if (!same_text(verify->name, model->name) ||
	    !same_text(verify->description, model->description) ||
	    !same_text(verify->board, model->board.model))
		board_differs(verify, "name, or the scenario's name or description, is");
}

/* --- Reserved ------------------------------------------------------------------------------------ */

static void keep_memory(struct verify *verify, const struct board_range *reserved)
{
	uint64_t first = reserved->range.base.value, size = reserved->range.size.value;
	uint64_t end = first + size < first ? UINT64_MAX : first + size;

	for (unsigned i = 0; i < verify->host_count && verify->hosts[i].host < end; i++) {
		const struct verify_extent *extent = &verify->hosts[i];

		verify->statistics.pairs++;
		if (extent->host + extent->size > first)
			verify_report(verify, VERIFY_RESERVED,
				      "%s: its EPT maps host %s, part of which the board reserves "
				      "as %s, %s",
				      verify->vms[extent->vm].label,
				      verify_numbers(verify, extent->host,
						     extent->host + extent->size - 1),
				      reserved->name, verify_numbers(verify, first, end - 1));
	}
}

static void keep_ports(struct verify *verify, const struct range *reserved)
{
	uint64_t start = reserved->base.value, end = start + reserved->size.value;

	FOR_EACH_VM(verify, vm) {
		uint32_t first, last = 0;

		verify->statistics.pairs++;
		if (!vm->io_bitmap || start >= PORT_COUNT || end > PORT_COUNT)
			continue;
		for (uint32_t from = (uint32_t)start;
		     verify_bit_run(vm->io_bitmap, from, (uint32_t)end, false, &first, &last);
		     from = last + 1)
			verify_report(verify, VERIFY_RESERVED,
				      "%s: its I/O bitmap opens port %s, which the board reserves",
				      vm->label, verify_numbers(verify, first, last));
	}
}

void verify_reserved(struct verify *verify)
{
	const struct board *board = &verify->model->board;

	for (unsigned i = 0; i < board->range_count; i++)
		if (board->ranges[i].kind == BOARD_RESERVED)
			keep_memory(verify, &board->ranges[i]);
	for (unsigned i = 0; i < board->reserved_port_count; i++)
		keep_ports(verify, &board->reserved_ports[i]);
}
