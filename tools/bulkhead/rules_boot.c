/* SPDX-License-Identifier: Apache-2.0 */
/* BH5xxx: how a VM starts. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "bulkhead/platform.h"
#include "image.h"
#include "rules_internal.h"

#define MIB UINT64_C(0x100000)

static const char *protocol_name(enum boot_protocol protocol)
{
	static const char *const names[] = {
		[BOOT_RAW] = "raw",
		[BOOT_ELF] = "elf",
		[BOOT_LINUX] = "linux",
		[BOOT_MULTIBOOT] = "multiboot",
		[BOOT_MULTIBOOT2] = "multiboot2",
		[BOOT_ROM] = "rom",
	};

	return names[protocol];
}

static const char *foreign_help(const char *property, enum boot_protocol protocol)
{
	if (!strcmp(property, "kernel"))
		return "with this protocol it is called image";
	if (!strcmp(property, "image"))
		return "with this protocol it is called kernel";
	if (protocol == BOOT_LINUX)
		return "remove it: Linux names its own entry, and starts its other cores itself";
	return "remove it: nothing would read it";
}

void rule_foreign_property(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		for (unsigned i = 0; i < vm->foreign_count; i++) {
			const char *property = vm->foreign[i].value;
			struct finding *finding = REPORT(
				check, vm->foreign[i].at,
				"VM \"%s\": property \"%s\" means nothing with boot-protocol \"%s\"",
				vm->name, property, protocol_name(vm->protocol));
			NOTE(check, finding, vm->protocol_at, "the protocol is chosen here");
			HELP(check, finding, "%s", foreign_help(property, vm->protocol));
		}
	}
}

static void missing(struct check *check, const struct vm *vm, const char *property,
		    const char *help)
{
	struct finding *finding = REPORT(
		check, vm->protocol_at, "VM \"%s\": boot-protocol \"%s\" needs the property \"%s\"",
		vm->name, protocol_name(vm->protocol), property);

	HELP(check, finding, "%s", help);
}

/* With the other protocol's property in its place, that one is reported and says what to do. */
static bool has_foreign(const struct vm *vm, const char *property)
{
	for (unsigned i = 0; i < vm->foreign_count; i++)
		if (!strcmp(vm->foreign[i].value, property))
			return true;
	return false;
}

void rule_missing_for_protocol(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		if (!vm->protocol_given)
			continue;
		const char *property = vm->protocol == BOOT_LINUX ? "kernel" : "image";
		const char *other = vm->protocol == BOOT_LINUX ? "image" : "kernel";
		if (!vm->image_given && !has_foreign(vm, other))
			missing(check, vm, property, "it names the module to start from");
		if (vm->protocol == BOOT_RAW && !vm->bsp_entry_given)
			missing(check, vm, "bsp-entry",
				"a raw image has no header that names its entry: bsp-entry = <0x100000>;");
	}
}

static const char *access_name(uint32_t permissions)
{
	if (permissions & MEMORY_WRITE)
		return permissions & MEMORY_EXECUTE ? "rwx" : "rw";
	return permissions & MEMORY_EXECUTE ? "rx" : "r";
}

/* An address that would do: where the first memory with these permissions begins. */
static void help_address(struct check *check, struct finding *finding, const struct vm *vm,
			 const char *property, uint32_t permissions)
{
	FOR_EACH_MEMORY(vm, memory) {
		struct span span;
		if (memory->kind != MEMORY_RAM || !memory_guest_span(memory, &span) ||
		    (memory->permissions & permissions) != permissions)
			continue;
		HELP(check, finding, "choose an address inside, such as %s = <0x%" PRIx64 ">;",
		     property, span.first);
		return;
	}
	HELP(check, finding, "give the memory access = \"%s\", or leave access out",
	     permissions & MEMORY_EXECUTE ? "rwx" : "rw");
}

static void outside(struct check *check, const struct vm *vm, const char *property,
		    const struct number *address, uint32_t permissions, const char *what)
{
	const struct span byte = {address->value, address->value};
	struct span gap;

	if (!address->given || !vm_memory_known(vm) ||
	    !vm_lacks(check, vm, byte, permissions, &gap))
		return;
	struct finding *finding =
		REPORT(check, address->at, "VM \"%s\": %s 0x%" PRIx64 " is not in %s of the VM",
		       vm->name, property, address->value, what);
	FOR_EACH_MEMORY(vm, memory) {
		struct span span;
		if (memory->kind == MEMORY_RAM && memory_guest_span(memory, &span))
			NOTE(check, finding, memory->at, "%s is %s, access \"%s\"", memory->name,
			     span_text(check->arena, span), access_name(memory->permissions));
	}
	help_address(check, finding, vm, property, permissions);
}

static bool has_entries(const struct vm *vm)
{
	return vm->protocol_given && (vm->protocol == BOOT_RAW || vm->protocol == BOOT_ELF);
}

static bool starts_own_cores(const struct vm *vm)
{
	return vm->protocol_given && vm->protocol != BOOT_LINUX;
}

void rule_bsp_entry(struct check *check)
{
	FOR_EACH_VM(check, vm)
		if (has_entries(vm))
			outside(check, vm, "bsp-entry", &vm->bsp_entry, MEMORY_EXECUTE,
				"executable RAM");
}

void rule_ap_entry(struct check *check)
{
	FOR_EACH_VM(check, vm)
		if (has_entries(vm))
			outside(check, vm, "ap-entry", &vm->ap_entry, MEMORY_EXECUTE,
				"executable RAM");
}

void rule_load_address(struct check *check)
{
	FOR_EACH_VM(check, vm)
		if (vm->protocol_given && vm->protocol == BOOT_RAW)
			outside(check, vm, "load-address", &vm->load_address, MEMORY_READ, "RAM");
}

void rule_ap_entry_unused(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		if (!has_entries(vm) || !vm->ap_entry.given || vm->cpu_count != 1)
			continue;
		struct finding *finding =
			REPORT(check, vm->ap_entry.at,
			       "VM \"%s\": ap-entry is never used: the VM has one core", vm->name);
		NOTE(check, finding, vm->cpus_at, "its core is given here");
		HELP(check, finding, "remove ap-entry, or give the VM more cores");
	}
}

static void reach(struct check *check, const struct vm *vm, const char *property,
		  const struct number *entry)
{
	bool real = vm->entry_mode == ENTRY_REAL;
	uint64_t limit = real ? MIB : UINT64_C(0x100000000);

	if (!entry->given || entry->value < limit)
		return;
	struct finding *finding = REPORT(
		check, entry->at, "VM \"%s\": %s 0x%" PRIx64 " is beyond what %s mode reaches",
		vm->name, property, entry->value, real ? "real" : "protected");
	HELP(check, finding, "%s",
	     real ? "real mode ends at 1 MiB: choose a lower entry, or entry-mode = \"protected\""
		  : "protected mode ends at 4 GiB: choose a lower entry");
}

void rule_entry_reach(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		if (!has_entries(vm))
			continue;
		reach(check, vm, "bsp-entry", &vm->bsp_entry);
		reach(check, vm, "ap-entry", &vm->ap_entry);
	}
}

/* A real-mode AP starts like one that got a start-up IPI: CS = page, IP = 0 (SDM 3.9.4.2). */
void rule_real_mode_ap_entry(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		if (!has_entries(vm) || vm->entry_mode != ENTRY_REAL || !vm->ap_entry.given ||
		    vm->ap_entry.value % PAGE_SIZE_4K == 0)
			continue;
		struct finding *finding = REPORT(check, vm->ap_entry.at,
						 "VM \"%s\": the real-mode ap-entry 0x%" PRIx64
						 " is not a multiple of 4 KiB",
						 vm->name, vm->ap_entry.value);
		HELP(check, finding, "put the entry at the start of a page: 0x%" PRIx64,
		     vm->ap_entry.value & ~(PAGE_SIZE_4K - 1));
	}
}

void rule_bootargs_length(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		size_t length = vm->bootargs.value ? strlen(vm->bootargs.value) : 0;
		if (length < PLATFORM_LINUX_COMMAND_MAX)
			continue;
		struct finding *finding =
			REPORT(check, vm->bootargs.at,
			       "VM \"%s\": bootargs has %zu characters; %d is the limit", vm->name,
			       length, PLATFORM_LINUX_COMMAND_MAX - 1);
		HELP(check, finding, "shorten it");
	}
}

/* Only a module that some VM uses has to exist; see BH1005 for the others. */
static bool used(const struct check *check, const struct module *module)
{
	FOR_EACH_VM(check, vm) {
		if (vm->image.value && !strcmp(vm->image.value, module->name))
			return true;
		if (vm->ramdisk.value && !strcmp(vm->ramdisk.value, module->name))
			return true;
		for (unsigned i = 0; i < vm->boot_module_count; i++)
			if (!strcmp(vm->boot_modules[i].name.value, module->name))
				return true;
	}
	return false;
}

void rule_module_missing(struct check *check)
{
	for (unsigned i = 0; check->module_folder && i < check->model->module_count; i++) {
		const struct module *module = &check->model->modules[i];
		const char *path = module_path(check, module);
		struct stat status;
		if (!used(check, module) || (stat(path, &status) == 0 && S_ISREG(status.st_mode)))
			continue;
		struct finding *finding =
			REPORT(check, module->at, "module \"%s\": there is no file %s",
			       module->name, path);
		HELP(check, finding,
		     "build it, or say where it is: modules { %s { file = \"...\"; }; };",
		     module->name);
	}
}

/* A start-up IPI can only name a page below 1 MiB. */
void rule_sipi_memory(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		bool low = false;
		if (!starts_own_cores(vm) || vm->ap_entry_given || vm->cpu_count < 2 ||
		    !vm_memory_known(vm))
			continue;
		FOR_EACH_MEMORY(vm, memory)
			low = low || (memory->kind == MEMORY_RAM && memory->guest.value < MIB &&
				      memory->permissions & MEMORY_EXECUTE);
		if (low)
			continue;
		struct finding *finding = REPORT(
			check, vm->cpus_at,
			"VM \"%s\": its other cores wait for a start-up IPI, which only reaches code below "
			"1 MiB, where the VM has no executable RAM",
			vm->name);
		HELP(check, finding,
		     has_entries(vm)
			     ? "add ap-entry to start them there at once, or memory below 1 MiB"
			     : "add memory below 1 MiB");
	}
}
