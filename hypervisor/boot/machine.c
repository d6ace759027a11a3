/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/machine.h"

#include <stdatomic.h>

#include "cpu/apic.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"

static _Atomic uint32_t differences;

/* The digits of each code, which begins with BHC. */
#define MACHINE_RULE_CODE(code, name, title) {#code[3], #code[4], #code[5]},
static const char codes[MACHINE_RULE_COUNT][3] = {MACHINE_RULES(MACHINE_RULE_CODE)};

void machine_difference(enum machine_rule rule, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list arguments;

	va_start(arguments, fmt);
	format_text_v(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	log_error("machine[BHC%.3s]: %s", codes[rule], text);
	/* Ordered by the hand-over at the end of the core's check; the count itself orders nothing. */
	atomic_fetch_add_explicit(&differences, 1, memory_order_relaxed);
}

uint32_t machine_difference_count(void)
{
	return atomic_load_explicit(&differences, memory_order_relaxed);
}

/* Both halves are built together, but an ISO can be put together from different builds. */
static bool check_tables(const struct scenario *scenario)
{
	if (scenario->magic == SCENARIO_TABLES_MAGIC &&
	    scenario->version == SCENARIO_TABLES_VERSION)
		return true;
	machine_difference(
		MACHINE_TABLES_VERSION,
		"scenario tables have magic 0x%lx and version %u, not 0x%lx and %u: run make clean "
		"and build again",
		scenario->magic, scenario->version, SCENARIO_TABLES_MAGIC, SCENARIO_TABLES_VERSION);
	return false;
}

static void check_capacities(const struct scenario *scenario)
{
	if (scenario->core_count > CONFIG_MAX_CORES)
		machine_difference(
			MACHINE_CAPACITY,
			"board \"%s\" has %u cores, this build takes %u: raise CONFIG_MAX_CORES",
			scenario->board, scenario->core_count, CONFIG_MAX_CORES);
	if (scenario->module_count > CONFIG_MAX_MODULES)
		machine_difference(
			MACHINE_CAPACITY,
			"scenario has %u modules, this build takes %u: raise CONFIG_MAX_MODULES",
			scenario->module_count, CONFIG_MAX_MODULES);
}

/* --- Cores --- */

static bool board_has_core(const struct scenario *scenario, uint32_t apic_id)
{
	for (uint32_t i = 0; i < scenario->core_count; i++) {
		if (scenario->cores[i].apic_id == apic_id)
			return true;
	}
	return false;
}

void machine_core_lacks(const struct scenario *scenario, uint32_t core, enum machine_rule rule,
			const char *what)
{
	const struct core_config *config = &scenario->cores[core];

	if (config->vcpu == VCPU_NONE) {
		log_warning("machine: core with APIC id %u of board \"%s\" %s; no VM uses it",
			    config->apic_id, scenario->board, what);
		return;
	}
	const struct vcpu_config *vcpu = &scenario->vcpus[config->vcpu];
	machine_difference(
		rule,
		"core with APIC id %u %s; vCPU %u of VM \"%s\" needs it: enable it in the firmware, "
		"or give the VM another core",
		config->apic_id, what, vcpu->index, scenario->vms[vcpu->vm].name);
}

static void check_cores(const struct scenario *scenario, const struct acpi_madt *madt)
{
	for (uint32_t i = 0; i < scenario->core_count; i++) {
		if (!acpi_has_core(madt, scenario->cores[i].apic_id))
			machine_core_lacks(scenario, i, MACHINE_CORE_MISSING, "is missing");
	}
	for (uint32_t i = 0; i < madt->core_count; i++) {
		if (!board_has_core(scenario, madt->apic_ids[i]))
			log_info(
				"machine: core with APIC id %u is not in board \"%s\"; it stays unused",
				madt->apic_ids[i], scenario->board);
	}
}

/* The scenario's table of cores is all that a core's area is found by. */
static void check_boot_core(const struct scenario *scenario)
{
	uint32_t apic_id = apic_id_of_this_core();

	if (!board_has_core(scenario, apic_id))
		machine_difference(
			MACHINE_BOOT_CORE,
			"the machine boots on the core with APIC id %u, which board \"%s\" does not "
			"list: add it to the board file",
			apic_id, scenario->board);
}

void machine_core_incapable(const struct scenario *scenario, uint32_t core, enum error error,
			    const char *what)
{
	const struct core_config *config = &scenario->cores[core];
	bool owned = config->vcpu != VCPU_NONE;

	machine_difference(MACHINE_CORE_CAPABILITY, "core with APIC id %u of %s%s%s: %s: %s: %s",
			   config->apic_id, owned ? "VM \"" : "no VM",
			   owned ? scenario->vms[scenario->vcpus[config->vcpu].vm].name : "",
			   owned ? "\"" : "", error_name(error), error_text(error), what);
}

/* --- IOAPICs --- */

/* The VM that owns the lowest pin of the IOAPIC, and that pin; NULL if no VM has any. */
static const struct vm_config *ioapic_user(const struct scenario *scenario, uint32_t ioapic,
					   uint32_t *pin)
{
	const struct vm_config *user = NULL;

	for (uint32_t i = 0; i < scenario->vm_count; i++) {
		const struct vm_config *vm = &scenario->vms[i];

		for (uint32_t j = 0; j < vm->pin_count; j++) {
			if (vm->pins[j].ioapic == ioapic &&
			    (user == NULL || vm->pins[j].pin < *pin)) {
				user = vm;
				*pin = vm->pins[j].pin;
			}
		}
	}
	return user;
}

static const struct acpi_ioapic *madt_ioapic_at(const struct acpi_madt *madt, hpa_t address)
{
	for (uint32_t i = 0; i < madt->ioapic_count; i++) {
		if (madt->ioapics[i].address == address)
			return &madt->ioapics[i];
	}
	return NULL;
}

static void check_ioapic(const struct scenario *scenario, const struct acpi_madt *madt,
			 uint32_t index)
{
	const struct ioapic_config *expected = &scenario->ioapics[index];
	const struct acpi_ioapic *found = madt_ioapic_at(madt, expected->base);
	uint32_t pin = 0;
	const struct vm_config *user = ioapic_user(scenario, index, &pin);

	if (found != NULL && found->id == expected->id && found->gsi_base == expected->gsi_base)
		return;
	if (user == NULL) {
		log_warning(
			"machine: IOAPIC at 0x%lx of board \"%s\" is missing or different; no VM uses it",
			expected->base, scenario->board);
	} else if (found == NULL) {
		machine_difference(
			MACHINE_IOAPIC_MISSING,
			"IOAPIC at 0x%lx is missing; VM \"%s\" needs its pin %u: correct the board "
			"file \"%s\"",
			expected->base, user->name, pin, scenario->board);
	} else {
		machine_difference(
			MACHINE_IOAPIC_DIFFERS,
			"IOAPIC at 0x%lx has id %u and GSI base %u, board \"%s\" says %u and %u; VM "
			"\"%s\" needs its pin %u: correct the board file",
			expected->base, found->id, found->gsi_base, scenario->board, expected->id,
			expected->gsi_base, user->name, pin);
	}
}

static void check_ioapics(const struct scenario *scenario, const struct acpi_madt *madt)
{
	for (uint32_t i = 0; i < scenario->ioapic_count; i++)
		check_ioapic(scenario, madt, i);
}

/* --- Modules --- */

/* A VM that boots from the module; the scenario compiler lists no module that none needs. */
static const char *module_user(const struct scenario *scenario, uint32_t module)
{
	for (uint32_t i = 0; i < scenario->vm_count; i++) {
		const struct boot_config *boot = &scenario->vms[i].boot;

		if (boot->image == module || boot->ramdisk == module)
			return scenario->vms[i].name;
	}
	return "?";
}

static void check_module(const struct scenario *scenario, const struct boot_information *boot,
			 uint32_t index)
{
	const struct module_config *module = &scenario->modules[index];
	const char *user = module_user(scenario, index);
	uint32_t count = 0;

	for (uint32_t i = 0; i < boot->module_count; i++) {
		if (strcmp(boot->modules[i].name, module->name) != 0)
			continue;
		count++;
		if (boot->modules[i].size == 0)
			machine_difference(
				MACHINE_MODULE_EMPTY,
				"module \"%s\" is empty; VM \"%s\" needs it: check its file (%s)",
				module->name, user, module->file);
	}
	if (count == 0)
		machine_difference(
			MACHINE_MODULE_MISSING,
			"module \"%s\" was not loaded; VM \"%s\" needs it: add \"module2 FILE %s\" "
			"to grub.cfg (file: %s)",
			module->name, user, module->name, module->file);
	if (count > 1)
		machine_difference(
			MACHINE_MODULE_TWICE,
			"module \"%s\" was loaded %u times; VM \"%s\" needs exactly one: remove the "
			"others from grub.cfg",
			module->name, count, user);
}

static bool scenario_has_module(const struct scenario *scenario, const char *name)
{
	for (uint32_t i = 0; i < scenario->module_count; i++) {
		if (strcmp(scenario->modules[i].name, name) == 0)
			return true;
	}
	return false;
}

static void check_modules(const struct scenario *scenario, const struct boot_information *boot)
{
	for (uint32_t i = 0; i < scenario->module_count; i++)
		check_module(scenario, boot, i);
	for (uint32_t i = 0; i < boot->module_count; i++) {
		if (!scenario_has_module(scenario, boot->modules[i].name))
			log_warning(
				"machine: module \"%s\" is not in scenario \"%s\"; it is not used",
				boot->modules[i].name, scenario->name);
	}
}

uint32_t machine_check(const struct scenario *scenario, const struct boot_information *boot,
		       const struct acpi_madt *madt)
{
	atomic_store_explicit(&differences, 0, memory_order_relaxed);
	if (!check_tables(scenario))
		return machine_difference_count(); /* nothing in them can be believed */
	check_capacities(scenario);
	check_boot_core(scenario);
	if (madt != NULL) {
		check_cores(scenario, madt);
		check_ioapics(scenario, madt);
	} else {
		machine_difference(
			MACHINE_NO_MADT,
			"cores and IOAPICs are unknown without an MADT: boot with ACPI on");
	}
	machine_check_memory(scenario, boot);
	check_modules(scenario, boot);
	IF_PRESENT(machine_check_clocks, scenario);
	return machine_difference_count();
}

bool machine_is_as_expected(const struct scenario *scenario)
{
	uint32_t count = machine_difference_count();

	if (count == 0) {
		log_info("machine: as board \"%s\" says", scenario->board);
		return true;
	}
	log_error("machine: %u difference%s from what scenario \"%s\" needs; no VM is started",
		  count, count == 1 ? "" : "s", scenario->name);
	return false;
}
