/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables were made for a machine described by a board file. Before any guest starts the machine
 * that runs is compared with them. Every difference that a VM or the hypervisor would suffer from is
 * listed, one error line each; nothing starts unless there is none. Differences that harm nobody (a
 * core more, RAM that no VM uses) are warnings or information.
 */
#ifndef BOOT_MACHINE_H
#define BOOT_MACHINE_H

#include "boot/acpi.h"
#include "boot/multiboot2.h"
#include "bulkhead/error.h"
#include "bulkhead/machine_rules.h"
#include "bulkhead/tables.h"
#include "lib/optional.h"

/*
 * Compares cores, memory, IOAPICs, modules and clock rates. Sets the count of differences back to 0, so
 * it comes before every machine_difference(). `madt` is NULL if it could not be read: that is then
 * one difference. Runs on the BSP; returns the number of differences.
 */
uint32_t machine_check(const struct scenario *scenario, const struct boot_information *boot,
		       const struct acpi_madt *madt);

/*
 * Logs one difference, "machine[BHC101]: ...", and counts it. For what only the core itself can find out, too:
 * any core may call it at any time. Say what is different, who needs it, and the way out.
 */
void machine_difference(enum machine_rule rule, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The difference that a core lacks what VMX needs: `core` is its index in the scenario, `what` the
 * missing part. Any core may call it.
 */
void machine_core_incapable(const struct scenario *scenario, uint32_t core, enum error error,
			    const char *what);

/*
 * The same where the core does not run at all, `what` says how that shows: a difference if a VM needs it, else
 * a warning. On the BSP.
 */
void machine_core_lacks(const struct scenario *scenario, uint32_t core, enum machine_rule rule,
			const char *what);

/* Differences so far. */
uint32_t machine_difference_count(void);

/*
 * Logs how many differences there were, on the BSP when all cores have had their say. Returns true if
 * there are none: only then VMs may start.
 */
bool machine_is_as_expected(const struct scenario *scenario);

/* The part of machine_check() about clock rates, where the board does not give both (machine_clocks.c). */
void machine_check_clocks(const struct scenario *scenario) OPTIONAL;

/* The part of machine_check() about memory (machine_memory.c). */
void machine_check_memory(const struct scenario *scenario, const struct boot_information *boot);

#endif
