/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: proves from the finished image alone that it keeps its VMs apart. It shares the types
 * of bulkhead/tables.h with the emitters and nothing else, so that a fault of theirs cannot hide here.
 * docs/verify.md says what is proved, and what cannot be.
 */
#ifndef BULKHEAD_TOOL_VERIFY_H
#define BULKHEAD_TOOL_VERIFY_H

#include <stdio.h>

#include "arena.h"
#include "model.h"

struct verify;

/* In the order in which findings are printed; the codes' second digit is the subject. */
enum verify_rule_id {
	VERIFY_ELF,
	VERIFY_MULTIBOOT,
	VERIFY_WRITABLE_CODE,
	VERIFY_EXECUTABLE_STACK,
	VERIFY_PLACE,
	VERIFY_ENTRY_POINT,
	VERIFY_PROTECTION,
	VERIFY_GUARD_PAGES,
	VERIFY_SECTION,
	VERIFY_ROOT,
	VERIFY_VERSION,
	VERIFY_POINTER,
	VERIFY_COUNT,
	VERIFY_NAME,
	VERIFY_TWO_VMS,
	VERIFY_ALIAS,
	VERIFY_HYPERVISOR_MEMORY,
	VERIFY_APIC_PAGE,
	VERIFY_RAM,
	VERIFY_MEMORY_TYPE,
	VERIFY_EPT_ENTRY,
	VERIFY_EPT_TABLE,
	VERIFY_EPT_DIFFERS,
	VERIFY_MEMORY_LIST,
	VERIFY_BOARD_MEMORY,
	VERIFY_SHARE,
	VERIFY_MONITOR,
	VERIFY_HOST_ENTRY,
	VERIFY_HOST_TABLE,
	VERIFY_HOST_EXECUTABLE,
	VERIFY_HOST_WRITABLE,
	VERIFY_HOST_OTHER_CORE,
	VERIFY_HOST_OTHER_VM,
	VERIFY_HOST_GUARD,
	VERIFY_HOST_DIFFERS,
	VERIFY_PORT_TWO_VMS,
	VERIFY_PORT_DIFFERS,
	VERIFY_PORT_DANGEROUS,
	VERIFY_PORT_CONSOLE,
	VERIFY_PORT_VIRTUAL,
	VERIFY_PORT_LIST,
	VERIFY_MSR_OPEN,
	VERIFY_MSR_CLOSED,
	VERIFY_CPUID_MASK,
	VERIFY_PIN_TWO_VMS,
	VERIFY_PIN_LIST,
	VERIFY_IOAPIC,
	VERIFY_CORE,
	VERIFY_VPID,
	VERIFY_CORE_LIST,
	VERIFY_VCPU_LIST,
	VERIFY_MODULE,
	VERIFY_BOOT,
	VERIFY_START,
	VERIFY_E820,
	VERIFY_ACPI,
	VERIFY_PCI_OWNER,
	VERIFY_PCI_FUNCTION,
	VERIFY_PCI_BAR,
	VERIFY_PCI_DMA,
	VERIFY_PCI_ECAM,
	VERIFY_HASH,
	VERIFY_SCENARIO_VM,
	VERIFY_SCENARIO_BOARD,
	VERIFY_RESERVED,
	VERIFY_RULE_COUNT
};

/* What has to be there for a rule to be applied. */
enum verify_need {
	NEEDS_FILE,
	NEEDS_IMAGE,    /* an ELF file whose headers could be read */
	NEEDS_TABLES,   /* scenario_tables was found and has the right version */
	NEEDS_SCENARIO, /* and a scenario was given to compare with */
};

struct verify_rule {
	const char *code;        /* "BHB201", never reused */
	const char *title;       /* what is wrong, for lists */
	const char *explanation; /* what it means and what to do, one paragraph */
	enum verify_need needs;
	/* NULL: reported while the image is read or its page tables are walked. */
	void (*verify)(struct verify *verify);
};

extern const struct verify_rule verify_rules[VERIFY_RULE_COUNT];

struct verify_finding {
	enum verify_rule_id rule;
	const char *message; /* one sentence without full stop */
};

/* Something in the image that was followed a pointer to, or the root. */
struct verify_range {
	uint64_t address;
	uint64_t size;
	const char
		*what; /* a type's name of bulkhead/tables.h, "EPT", "I/O bitmap", "VM name", ... */
};

/* What the proof consisted of. */
struct verify_statistics {
	uint64_t ept_tables;
	uint64_t ept_entries; /* looked at */
	uint64_t leaves;
	uint64_t pages;        /* of 4 KiB, reachable by all VMs together */
	uint64_t host_tables;  /* the hypervisor's own, of all cores */
	uint64_t host_entries; /* looked at */
	uint64_t host_leaves;
	uint64_t port_bits;
	uint64_t msr_bits;
	uint64_t pins;
	uint64_t table_bytes; /* followed */
	uint64_t pairs;       /* ranges, entries and owners compared with one another */
};

/*
 * Verifies an image in memory, against the scenario too if model is not NULL (as read_scenario() fills
 * it). Everything the result consists of is allocated from the arena. Time and memory are bounded by
 * the file's size, whatever the file holds.
 */
struct verify *verify_image(struct arena *arena, const uint8_t *bytes, size_t size,
			    const struct model *model);

/* Findings by rule; of each rule only so many are kept, but all are counted. */
const struct verify_finding *verify_findings(const struct verify *verify, unsigned *kept);
uint64_t verify_count(const struct verify *verify, enum verify_rule_id rule);
uint64_t verify_total(const struct verify *verify);
const struct verify_statistics *verify_statistics(const struct verify *verify);
const struct verify_range *verify_ranges(const struct verify *verify, unsigned *count);

/* "FILE: error[BHB201]: ..." for each finding. */
void verify_print_findings(const struct verify *verify, const char *file, FILE *stream, bool color);
/* One line of figures. */
void verify_print_summary(const struct verify *verify, const char *file, FILE *stream);
/* Who reaches what, per VM; what could not be read is left out. */
void verify_print_report(const struct verify *verify, const char *file, FILE *stream);

/* `bulkhead verify`; argv[0] is "verify". Exit status: 0 proved, 1 findings, 2 could not do its work. */
int verify_main(int argc, char **argv);

#endif
