/* SPDX-License-Identifier: Apache-2.0 */
/* BHB7xx: how a VM starts, and what it is told about its memory. */
#include "bulkhead/platform.h"
#include "limits_life.h"
#include "verify_internal.h"

#define MIB          UINT64_C(0x100000)
#define RESET_VECTOR UINT64_C(0xFFFFFFF0) /* SDM 3.10.1.4 */

/* --- Names -------------------------------------------------------------------------------------- */

#define VM_NAME_MAX     15
#define MODULE_NAME_MAX 31

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

struct kind {
	const char *text;
	const char *letters;
	size_t longest;
	int (*compare)(const char *a, const char *b);
};

/* People tell VMs apart by name; modules are found by the exact one (hypervisor/boot/modules.c). */
static const struct kind vm_kind = {"VM", LETTERS, VM_NAME_MAX, strcasecmp};
static const struct kind module_kind = {"module", LETTERS ".+", MODULE_NAME_MAX, strcmp};

static bool good_name(const struct kind *kind, const char *name)
{
	size_t length = strlen(name);

	return length != 0 && length <= kind->longest && strspn(name, kind->letters) == length;
}

struct names {
	struct verify *verify;
	const struct kind *kind;
	const char **items;
	unsigned count;
};

static void add_name(struct names *names, const char *name)
{
	if (!good_name(names->kind, name))
		verify_report(names->verify, VERIFY_NAME, "%s \"%.64s\": this is not a name",
			      names->kind->text, name);
	names->items[names->count++] = name;
}

static int compare_names(const void *left, const void *right, void *kind)
{
	return ((const struct kind *)kind)
		->compare(*(const char *const *)left, *(const char *const *)right);
}

static void check_unique(struct names *names)
{
	qsort_r(names->items, names->count, sizeof(*names->items), compare_names,
		(void *)(uintptr_t)names->kind);
	for (unsigned i = 1; i < names->count; i++) {
		names->verify->statistics.pairs++;
		if (!names->kind->compare(names->items[i], names->items[i - 1]))
			verify_report(names->verify, VERIFY_NAME,
				      "%s \"%.64s\": there are two of this name", names->kind->text,
				      names->items[i]);
	}
}

static struct names new_names(struct verify *verify, const struct kind *kind, uint32_t count)
{
	return (struct names){verify, kind, arena_alloc(verify->arena, count * sizeof(char *)), 0};
}

void verify_names(struct verify *verify)
{
	struct names vms = new_names(verify, &vm_kind, verify->scenario.vm_count);
	struct names modules = new_names(verify, &module_kind, verify->scenario.module_count);

	FOR_EACH_VM(verify, vm)
		add_name(&vms, vm->name);
	for (uint32_t i = 0; i < verify->scenario.module_count; i++)
		add_name(&modules, verify->modules[i].name);
	check_unique(&vms);
	check_unique(&modules);
}

/* --- Modules ------------------------------------------------------------------------------------ */

static void use_module(struct verify *verify, const struct verify_vm *vm, const char *field,
		       uint32_t index, bool *used)
{
	if (index < verify->scenario.module_count)
		used[index] = true;
	else
		verify_report(verify, VERIFY_MODULE,
			      "%s: its %s is module %" PRIu32 ", and there are %" PRIu32, vm->label,
			      field, index, verify->scenario.module_count);
}

void verify_modules(struct verify *verify)
{
	bool *used = arena_alloc(verify->arena, verify->scenario.module_count * sizeof(*used));

	FOR_EACH_VM(verify, vm) {
		use_module(verify, vm, "image", vm->config.boot.image, used);
		if (vm->config.boot.ramdisk != MODULE_NONE)
			use_module(verify, vm, "ramdisk", vm->config.boot.ramdisk, used);
		for (uint32_t i = 0; i < vm->config.boot.module_count; i++)
			use_module(verify, vm, "boot module", vm->boot_modules[i].module, used);
	}
	for (uint32_t i = 0; i < verify->scenario.module_count; i++)
		if (!used[i])
			verify_report(verify, VERIFY_MODULE,
				      "module \"%s\" is asked of GRUB, but no VM uses it",
				      verify->modules[i].name);
}

/* --- Protocol ----------------------------------------------------------------------------------- */

static bool is_multiboot(const struct boot_config *boot)
{
	return boot->protocol == BOOT_MULTIBOOT || boot->protocol == BOOT_MULTIBOOT2;
}

/* The guest tells its modules apart by the first word of their strings. */
static bool has_wrong_string(const struct verify *verify, const struct verify_vm *vm)
{
	for (uint32_t i = 0; i < vm->config.boot.module_count; i++) {
		uint32_t module = vm->boot_modules[i].module;
		const char *string = vm->module_strings[i];
		const char *name;

		if (module >= verify->scenario.module_count)
			continue;
		name = verify->modules[module].name;
		if (strcspn(string, " ") != strlen(name) || strncmp(string, name, strlen(name)))
			return true;
	}
	return false;
}

static const char *boot_problem(const struct verify *verify, const struct verify_vm *vm)
{
	const struct boot_config *boot = &vm->config.boot;

	if ((unsigned)boot->protocol > BOOT_ROM)
		return "has an unknown boot protocol";
	if (boot->module_count != 0 && !is_multiboot(boot))
		return "has boot modules, which only multiboot guests take";
	if (has_wrong_string(verify, vm))
		return "has a boot module whose text begins with another name";
	if (boot->protocol == BOOT_ROM && !verify_vm_has_ram(vm, RESET_VECTOR, 16, MEMORY_EXECUTE))
		return "begins at the reset vector, where it has no executable RAM";
	if (boot->ramdisk != MODULE_NONE && boot->protocol != BOOT_LINUX)
		return "has a ramdisk, which only Linux takes";
	if (boot->protocol != BOOT_RAW && boot->load_address != 0)
		return "has a load address, which only a raw image takes";
	if (boot->protocol == BOOT_RAW &&
	    !verify_vm_has_ram(vm, boot->load_address, 1, MEMORY_READ))
		return "has a load address outside its RAM";
	if (strlen(vm->bootargs) >= PLATFORM_LINUX_COMMAND_MAX)
		return "has a longer command line than Linux reads";
	return NULL;
}

static bool restarts(const struct life_config *life)
{
	return life->on_reset == LIFE_RESTART || life->on_crash == LIFE_RESTART;
}

static bool limit_is_right(const struct life_config *life)
{
	if (!restarts(life))
		return life->restart_limit == 0 && life->restart_window_seconds == 0;
	return life->restart_limit >= 1 && life->restart_limit <= RESTART_LIMIT_MAX &&
	       life->restart_window_seconds >= 1 &&
	       life->restart_window_seconds <= LIFE_SECONDS_MAX;
}

/* A bool of an image may hold any byte. */
static const char *life_problem(const struct life_config *life)
{
	uint8_t restartable = *(const uint8_t *)&life->restartable;

	if (restartable > 1)
		return "is neither restartable nor not";
	if ((unsigned)life->on_reset > LIFE_HALT_MACHINE ||
	    (unsigned)life->on_crash > LIFE_HALT_MACHINE)
		return "has an unknown policy for its end";
	if (restarts(life) && !restartable)
		return "restarts by its policy, but is not restartable";
	if (!limit_is_right(life))
		return "has a limit of restarts that cannot be";
	if (life->watchdog_seconds > LIFE_SECONDS_MAX)
		return "has a watchdog that waits for more than a day";
	return NULL;
}

void verify_boot(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		const char *problem = boot_problem(verify, vm);

		if (problem)
			verify_report(verify, VERIFY_BOOT, "%s: it %s", vm->label, problem);
		problem = life_problem(&vm->config.life);
		if (problem)
			verify_report(verify, VERIFY_BOOT, "%s: it %s", vm->label, problem);
	}
}

/* --- Entries ------------------------------------------------------------------------------------ */

static const char *entry_problem(const struct verify_vm *vm, const struct vcpu_config *vcpu)
{
	uint64_t limit = vcpu->mode == ENTRY_REAL ? MIB : UINT64_C(1) << 32;

	if (vcpu->mode != ENTRY_PROTECTED && vcpu->mode != ENTRY_REAL)
		return "starts in an unknown mode";
	if (vcpu->entry == ENTRY_NONE) {
		if (vcpu->index != 0 || vm->config.boot.protocol == BOOT_RAW)
			return "has no entry, and no image that could name one";
		return NULL;
	}
	if (vm->config.boot.protocol != BOOT_RAW && vm->config.boot.protocol != BOOT_ELF)
		return "has an entry, although its boot protocol knows its own";
	if (vcpu->entry >= limit)
		return "has an entry beyond the reach of its mode";
	if (vcpu->mode == ENTRY_REAL && vcpu->index != 0 && vcpu->entry & PAGE_MASK)
		return "has a real-mode entry that is not the start of a page";
	if (!verify_vm_has_ram(vm, vcpu->entry, 1, MEMORY_EXECUTE))
		return "has an entry outside executable RAM";
	return NULL;
}

static const char *start_problem(const struct verify_vm *vm, const struct vcpu_config *vcpu)
{
	switch (vcpu->start) {
	case VCPU_START_AT_ENTRY:
		if (vm->config.boot.protocol != BOOT_RAW && vm->config.boot.protocol != BOOT_ELF &&
		    (vcpu->index != 0 || vcpu->mode != ENTRY_PROTECTED))
			return "starts in a way that its boot protocol does not know";
		return entry_problem(vm, vcpu);
	case VCPU_START_WAIT_SIPI:
		if (vcpu->index == 0)
			return "waits for a start-up IPI, which nobody would send";
		return vcpu->entry || vcpu->mode ? "waits for a start-up IPI but has an entry"
						 : NULL;
	default:
		return "starts in an unknown way";
	}
}

void verify_start(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		for (uint32_t i = 0; i < vm->config.vcpu_count; i++) {
			const char *problem = start_problem(vm, &vm->vcpus[i]);

			if (problem)
				verify_report(verify, VERIFY_START,
					      "%s: its vCPU %" PRIu32 " (entry 0x%" PRIx64 ") %s",
					      vm->label, i, vm->vcpus[i].entry, problem);
		}
	}
}

/* --- e820 --------------------------------------------------------------------------------------- */

#define E820_RAM      1
#define E820_RESERVED 2

/* What a PC keeps for its firmware: neither RAM nor anything else for an operating system. */
#define PC_HOLE     PLATFORM_LOW_RAM_END_GPA
#define PC_HOLE_END PLATFORM_ACPI_END_GPA

struct map {
	struct verify_item *items;
	unsigned count;
};

static void add_range(struct map *map, uint64_t start, uint64_t end, uint64_t type)
{
	if (start < end)
		map->items[map->count++] =
			(struct verify_item){.start = start, .end = end, .properties = type};
}

/* What the VM has to be told: its RAM, with the hole for VMs that expect a PC. */
static struct map expected_map(struct verify *verify, const struct verify_vm *vm)
{
	bool pc = vm->config.boot.protocol == BOOT_LINUX || vm->config.blob_count;
	struct map map = {
		arena_alloc(verify->arena, (vm->config.memory_count * 2 + 1) * sizeof(*map.items)),
		0};

	for (uint32_t i = 0; i < vm->config.memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];
		uint64_t start = region->guest_physical, end = start + region->size;
		uint64_t type = region->permissions & MEMORY_WRITE ? E820_RAM : E820_RESERVED;

		if (region->kind != MEMORY_RAM)
			continue;
		add_range(&map, start, pc && end > PC_HOLE ? PC_HOLE : end, type);
		if (pc)
			add_range(&map, start > PC_HOLE_END ? start : PC_HOLE_END, end, type);
	}
	if (pc)
		add_range(&map, PC_HOLE, PC_HOLE_END, E820_RESERVED);
	verify_sort(map.items, map.count);
	map.count = verify_join(map.items, map.count);
	return map;
}

static struct map told_map(struct verify *verify, const struct verify_vm *vm)
{
	struct map map = {arena_alloc(verify->arena, vm->config.e820_count * sizeof(*map.items)),
			  0};
	uint64_t end = 0;

	for (uint32_t i = 0; i < vm->config.e820_count; i++) {
		const struct e820_entry *entry = &vm->e820[i];
		uint64_t next = entry->base + entry->size;

		if (next <= entry->base || entry->base < end)
			verify_report(verify, VERIFY_E820,
				      "%s: e820[%" PRIu32 "] at 0x%" PRIx64
				      " is empty, overlaps the one before, or is out of order",
				      vm->label, i, entry->base);
		add_range(&map, entry->base > end ? entry->base : end, next, entry->type);
		end = next > end ? next : end;
	}
	map.count = verify_join(map.items, map.count);
	return map;
}

static const char *e820_name(struct verify *verify, const struct verify_item *item)
{
	if (!item)
		return "nothing";
	if (item->properties == E820_RAM)
		return "RAM";
	if (item->properties == E820_RESERVED)
		return "reserved";
	return verify_format(verify, "type %" PRIu64, item->properties);
}

static void report_e820(struct verify *verify, struct verify_vm *vm, uint64_t start, uint64_t end,
			const struct verify_item *expected, const struct verify_item *told)
{
	verify_report(verify, VERIFY_E820,
		      "%s: e820 says that guest %s is %s; by the VM's memory it is %s", vm->label,
		      verify_numbers(verify, start, end - 1), e820_name(verify, told),
		      e820_name(verify, expected));
}

void verify_e820(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		struct map expected = expected_map(verify, vm), told = told_map(verify, vm);

		verify_compare(verify, vm, expected.items, expected.count, told.items, told.count,
			       report_e820);
	}
}
