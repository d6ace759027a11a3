/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the verifier share. */
#ifndef BULKHEAD_TOOL_VERIFY_INTERNAL_H
#define BULKHEAD_TOOL_VERIFY_INTERNAL_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

#define VERIFY_SEGMENTS_MAX  16 /* four are what the linker script makes */
#define VERIFY_FINDINGS_KEPT 20 /* per rule */

#define PAGE_MASK       (PAGE_SIZE_4K - 1)
#define GUEST_BITS      48 /* four levels of page tables */
#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* --- The ELF file (verify_elf.c) --- */

/* A PT_LOAD segment whose numbers make sense. */
struct verify_segment {
	uint64_t address; /* physical = virtual */
	uint64_t offset;
	uint64_t file_size;
	uint64_t memory_size;
	uint32_t flags;
};

struct verify_section {
	const char *name;
	uint64_t address, offset, size;
	uint64_t flags;
	uint32_t type;
};

enum verify_symbol_id {
	SYMBOL_TABLES,
	SYMBOL_ENTRY,
	SYMBOL_IMAGE_START,
	SYMBOL_TEXT_END,
	SYMBOL_CONSTANTS_END,
	SYMBOL_IMAGE_END,
	SYMBOL_CPU_AREAS, /* start of the segment that is owned by cores and VMs */
	SYMBOL_OWNED_END,
	SYMBOL_MONITOR_START,
	SYMBOL_MONITOR_END,
	SYMBOL_MONITOR_HEADER,
	SYMBOL_LOG_RINGS,
	SYMBOL_SEALED_START,
	SYMBOL_SEALED_END,
	SYMBOL_SHARED_START,
	SYMBOL_SHARED_END,
	SYMBOL_VMS,
	SYMBOL_VCPUS,
	SYMBOL_HYPERVISOR_BASE,
	SYMBOL_HYPERVISOR_SIZE,
	SYMBOL_COUNT
};

struct verify_symbol {
	unsigned count; /* global symbols of that name; the rest is the last one's */
	uint64_t value;
	uint64_t size;
};

struct verify_image {
	const uint8_t *bytes;
	size_t size;
	bool readable; /* it is an ELF file of the right kind */
	uint64_t entry;
	struct verify_segment segments[VERIFY_SEGMENTS_MAX];
	unsigned segment_count;
	unsigned stack_count; /* PT_GNU_STACK headers */
	uint32_t stack_flags;
	struct verify_section *sections; /* those that occupy memory */
	unsigned section_count;
	struct verify_symbol symbols[SYMBOL_COUNT];
};

void verify_read_elf(struct verify *verify);
const char *verify_symbol_name(enum verify_symbol_id id);
/* The segment that holds the address in its part that is in the file, or NULL. */
const struct verify_segment *verify_segment_of(const struct verify_image *image, uint64_t address);
/* The bytes at an address that verify_read_only() has approved. */
const uint8_t *verify_bytes(const struct verify_image *image, uint64_t address);
/* NULL if all of it is in one segment of the file that is not writable; else what is wrong. */
const char *verify_read_only(const struct verify_image *image, uint64_t address, uint64_t size,
			     uint64_t alignment);

/* --- The tables (verify_tables.c) --- */

/* What an EPT maps in one piece, as the walk found it. */
struct verify_extent {
	uint32_t vm;
	unsigned level; /* of the leaves: 1 is 4 KiB, 2 is 2 MiB, 3 is 1 GiB */
	gpa_t guest;
	hpa_t host;
	uint64_t size;
	uint32_t permissions; /* after all levels */
	uint32_t type;        /* bits 5:3 of the leaves */
	bool ignore_pat;      /* bit 6 of the leaves */
};

struct verify_blob {
	const char *name;
	gpa_t guest;
	uint64_t size;
	const uint8_t *bytes;
};

struct verify_vm {
	const char *label; /* VM "rt" */
	const char *name;  /* "" if it cannot be read */
	const char *bootargs;
	struct vm_config config; /* pointers are addresses in the image: never to be followed */
	/* What they lead to; with the count in config set to 0 where it cannot be read. */
	const struct vcpu_config *vcpus;
	const struct memory_region *memory;
	const struct port_range *ports;
	const struct pin_config *pins;
	const struct e820_entry *e820;
	const struct verify_blob *blobs;
	const struct pci_function_config *functions;
	const char **function_names;
	const struct cpuid_mask *cpuid_masks;
	const struct guest_module *boot_modules;
	const char **module_strings;
	const uint8_t *io_bitmap, *msr_bitmap; /* NULL if it cannot be read */
	struct verify_extent *extents;         /* by guest address */
	unsigned extent_count;
	uint64_t leaves[4]; /* by level */
};

/* A range of addresses that all have the same properties. */
struct verify_item {
	uint64_t start, end; /* [start, end) */
	uint64_t shift;      /* what is added to an address to get what it maps to */
	uint64_t properties;
};

/* What the hypervisor has mapped on a core, by address; properties as verify_host_rights() has them. */
struct verify_core {
	const char *label; /* "core 2 (APIC id 4)" */
	struct verify_item *items;
	unsigned item_count;
};

struct verify_module {
	const char *name;
	const char *file;
};

struct verify {
	struct arena *arena;
	struct verify_image image;
	const struct model *model; /* NULL: no scenario given */

	bool tables_readable;
	struct scenario scenario; /* pointers are addresses in the image, counts as in verify_vm */
	const char *name, *description, *board;
	struct verify_vm *vms;
	const struct vcpu_config *vcpus;
	const struct verify_module *modules;
	const struct core_config *cores;
	const struct ram_range *ram;
	const struct ioapic_config *ioapics;
	const struct share_config *shares;
	const char **share_names;
	const struct pci_inventory *pci;

	struct verify_extent *hosts; /* of all VMs, by host address */
	unsigned host_count;
	struct verify_extent *privates; /* the same without memory that is declared as shared */
	unsigned private_count;

	/* by core; then by core what it has mapped while it serves the console, nothing if it never does */
	struct verify_core *host_cores;
	const struct comparison *host_comparison;

	struct verify_finding *findings;
	unsigned finding_count;
	uint64_t counts[VERIFY_RULE_COUNT];
	struct verify_range *ranges;
	unsigned range_count;
	struct verify_statistics statistics;
};

void verify_read_tables(struct verify *verify);
/* Notes that something was followed to; once for each pointer. */
void verify_followed(struct verify *verify, uint64_t address, uint64_t size, const char *what);

/* --- The page tables (verify_walk.c) --- */

#define EPT_TYPE_UC 0
#define EPT_TYPE_WB 6

void verify_walk(struct verify *verify);
uint64_t verify_entry_size(unsigned level);
/* "PML4[0] PDPT[3] PD[17]": the entry of that level that the guest address goes through. */
const char *verify_entry_path(struct verify *verify, gpa_t guest, unsigned level);
/* "rwx" */
const char *verify_permissions(uint32_t permissions);
/* "WB" */
const char *verify_type_name(uint32_t type);

/* --- Tools (verify.c, verify_compare.c) --- */

void verify_report(struct verify *verify, enum verify_rule_id rule, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
char *verify_format(struct verify *verify, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- The hypervisor's own page tables (verify_host.c) --- */

void verify_walk_host(struct verify *verify);
/* Permissions of a leaf as enum memory_permission, and bits 4:3 of the entry, which make it uncached. */
uint64_t verify_host_rights(uint64_t entry);
/* Pages of the file's part of all segments: how many, and which one holds an approved address. */
uint64_t verify_page_count(const struct verify_image *image);
uint64_t verify_page_number(const struct verify_image *image, uint64_t address);

#define FOR_EACH_VM(verify, vm)                    \
	for (struct verify_vm *vm = (verify)->vms; \
	     vm && vm < (verify)->vms + (verify)->scenario.vm_count; vm++)

typedef void verify_difference(struct verify *verify, struct verify_vm *vm, uint64_t start,
			       uint64_t end, const struct verify_item *left,
			       const struct verify_item *right);

/*
 * Calls `differs` for each range that only one of two lists has, or that they have with different
 * properties. Both are sorted by start and disjoint. Linear.
 */
void verify_compare(struct verify *verify, struct verify_vm *vm, const struct verify_item *left,
		    unsigned left_count, const struct verify_item *right, unsigned right_count,
		    verify_difference *differs);
/* Joins neighbours with the same properties in place; returns how many remain. */
unsigned verify_join(struct verify_item *items, unsigned count);
/* Sorts by start. */
void verify_sort(struct verify_item *items, unsigned count);

/* The next run of bits with the value from `from` on, before `end`; false if there is none. */
bool verify_bit_run(const uint8_t *bits, uint32_t from, uint32_t end, bool value, uint32_t *first,
		    uint32_t *last);
/* "0x3f8-0x3ff", or "0x70" if both are the same */
const char *verify_numbers(struct verify *verify, uint64_t first, uint64_t last);

/* RAM of the VM with all of the permissions holds all of [start, start + size). */
bool verify_vm_has_ram(const struct verify_vm *vm, gpa_t start, uint64_t size,
		       uint32_t permissions);
/* Some usable RAM of the board meets [start, start + size), or holds all of it. */
bool verify_ram_meets(const struct verify *verify, hpa_t start, uint64_t size);
bool verify_ram_holds(const struct verify *verify, hpa_t start, uint64_t size);
/* Ports of the VM as a bitmap of its declared ranges; 1 is closed as in the real one. 8 KiB. */
uint8_t *verify_port_bitmap(struct verify *verify, const struct verify_vm *vm);
/* Device memory of the VM, mapped to itself, holds all of [start, start + size). */
bool verify_vm_has_device(const struct verify_vm *vm, gpa_t start, uint64_t size);
/*
 * What the VM's window for a monitor maps if it is as declared, by guest address; NULL and 0 if it has none.
 */
const struct verify_item *verify_window(struct verify *verify, const struct verify_vm *vm,
					unsigned *count);
/* The share that is exactly this range, or NULL. */
const struct share_config *verify_share_of(const struct verify *verify, hpa_t base, uint64_t size);
/* A function of the board's list, or NULL. */
const struct pci_inventory *verify_pci_item(const struct verify *verify, uint8_t bus,
					    uint8_t device, uint8_t function);
/* Ports that the scenario gives to the VM, by number or with a device; 1 is not given. 8 KiB. */
const uint8_t *verify_given_ports(struct verify *verify, const struct vm *declared);
bool verify_device_has_port(const struct board_device *device, uint32_t port);
/* Reports each extent, of whatever VM, that maps some of a host range. */
void verify_keep_out(struct verify *verify, enum verify_rule_id rule, hpa_t base, uint64_t size,
		     const char *what);
/* Reports each extent of the VM that maps something to a guest range. */
void verify_keep_guest_out(struct verify *verify, enum verify_rule_id rule,
			   const struct verify_vm *vm, gpa_t base, uint64_t size, const char *what);
/* Name of an MSR that guests may access, NULL for any other. */
const char *verify_msr_name(uint32_t msr);

#define PORT_COUNT      0x10000u
#define IO_BITMAP_BYTES (PORT_COUNT / 8)

/* MSR bitmap (SDM 3.25.6.9): four parts of 1 KiB, for 0-0x1fff and 0xc0000000-0xc0001fff each. */
#define MSR_BITMAP_BYTES 4096
#define MSR_PART_BYTES   1024
#define MSR_PART_BITS    8192u
#define MSR_HIGH_BASE    UINT32_C(0xC0000000)
enum msr_part { MSR_READ_LOW, MSR_READ_HIGH, MSR_WRITE_LOW, MSR_WRITE_HIGH, MSR_PART_COUNT };

/* --- The rules --- */

void verify_multiboot(struct verify *verify);
void verify_writable_code(struct verify *verify);
void verify_executable_stack(struct verify *verify);
void verify_place(struct verify *verify);
void verify_entry_point(struct verify *verify);
void verify_protection(struct verify *verify);
void verify_guard_pages(struct verify *verify);
void verify_sections(struct verify *verify);
void verify_names(struct verify *verify);
void verify_two_vms(struct verify *verify);
void verify_alias(struct verify *verify);
void verify_hypervisor_memory(struct verify *verify);
void verify_apic_page(struct verify *verify);
void verify_ram(struct verify *verify);
void verify_memory_type(struct verify *verify);
void verify_ept_differs(struct verify *verify);
void verify_memory_list(struct verify *verify);
void verify_board_memory(struct verify *verify);
void verify_shares(struct verify *verify);
void verify_monitor(struct verify *verify);
void verify_host(struct verify *verify);
void verify_port_two_vms(struct verify *verify);
void verify_port_differs(struct verify *verify);
void verify_port_dangerous(struct verify *verify);
void verify_port_console(struct verify *verify);
void verify_port_virtual(struct verify *verify);
void verify_port_list(struct verify *verify);
void verify_msr_open(struct verify *verify);
void verify_msr_closed(struct verify *verify);
void verify_cpuid_masks(struct verify *verify);
/* Pages that hold the function's MSI-X table; false: it has none. */
bool verify_msix_pages(const struct pci_function_config *function, uint64_t *start, uint64_t *end);
void verify_pin_two_vms(struct verify *verify);
void verify_pin_list(struct verify *verify);
void verify_ioapics(struct verify *verify);
void verify_core_twice(struct verify *verify);
void verify_vpid(struct verify *verify);
void verify_core_list(struct verify *verify);
void verify_vcpu_list(struct verify *verify);
void verify_modules(struct verify *verify);
void verify_boot(struct verify *verify);
void verify_start(struct verify *verify);
void verify_e820(struct verify *verify);
void verify_acpi(struct verify *verify);
void verify_pci_owner(struct verify *verify);
void verify_pci_functions(struct verify *verify);
void verify_pci_bars(struct verify *verify);
void verify_pci_dma(struct verify *verify);
void verify_pci_ecam(struct verify *verify);
void verify_hash(struct verify *verify);
void verify_scenario_vms(struct verify *verify);
void verify_scenario_board(struct verify *verify);
void verify_reserved(struct verify *verify);

#endif
