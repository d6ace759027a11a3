/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario for the tests of the emitters, made by hand and free to be changed before use. */
#ifndef TOOL_EMIT_MODEL_H
#define TOOL_EMIT_MODEL_H

#include "model.h"

#define FIXTURE_CPUS    6
#define FIXTURE_DEVICES 5

enum { CPU_DISABLED = 4 };
enum { COM1, COM2, COM3, RTC, DEBUGCON };
enum { VM_LINUX, VM_RT, VM_ELF, FIXTURE_VMS };

struct fixture {
	struct model model;
	struct board_cpu cpus[FIXTURE_CPUS];
	struct board_range ranges[6];
	struct board_ioapic ioapics[2];
	struct board_override overrides[3];
	struct board_device devices[FIXTURE_DEVICES];
	struct range device_ports[FIXTURE_DEVICES];
	struct number device_interrupts[FIXTURE_DEVICES];
	struct module modules[4];
	struct vm vms[FIXTURE_VMS];
	struct reference vm_cpus[FIXTURE_VMS][2];
	struct reference vm_devices[FIXTURE_VMS][3];
	struct vm_memory memory[FIXTURE_VMS][4];
	struct range vm_ports[FIXTURE_VMS][3];
	struct number vm_interrupts[FIXTURE_VMS][3];
};

/*
 * "linux" on APIC ids 0 and 1 with COM1 and RTC by reference and ACPI; "rt" on 2 and 3, raw, with COM2
 * by numbers; "elf" on 7 in real mode with nothing else. APIC id 4 is disabled, 9 free.
 */
void fixture_init(struct fixture *fixture);

/*
 * Adds to a fixture: a card of "rt" with bars of all kinds and messages, its bridge, memory that "linux" and
 * "rt" share, and features that "rt" does not see.
 */
struct fixture_extras {
	struct board_pci pci[2];
	struct board_bar bars[3];
	struct share shares[1];
	struct reference references[1];
	struct text hidden[2];
};
void fixture_extend(struct fixture *fixture, struct fixture_extras *extras);

struct number fixture_number(uint64_t value);
struct range fixture_range(uint64_t base, uint64_t size);
struct vm_memory fixture_memory(gpa_t guest, uint64_t size, hpa_t host, uint32_t permissions);

/* A new empty directory; fixture_remove() deletes it with all that is in it. */
char *fixture_directory(void);
void fixture_remove(char *directory);

#endif
