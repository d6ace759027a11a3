/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of the scenario language as data: which nodes there are, and what each may hold. */
#ifndef BULKHEAD_TOOL_SCHEMA_H
#define BULKHEAD_TOOL_SCHEMA_H

#include <stdbool.h>

enum property_type {
	TYPE_IGNORED,    /* allowed because device-tree sources have it; no meaning here */
	TYPE_FLAG,       /* present or not */
	TYPE_STRING,     /* one string, not empty */
	TYPE_STRINGS,    /* one or more */
	TYPE_CHOICE,     /* one of the strings in `choices` */
	TYPE_CELL,       /* one 32-bit number */
	TYPE_ADDRESS,    /* a number of up to 64 bits: one cell, or two, the high one first */
	TYPE_CELLS,      /* any number of 32-bit numbers */
	TYPE_PORTS,      /* pairs of 32-bit numbers: first port, count */
	TYPE_RANGES,     /* groups of four cells: 64-bit address, 64-bit size */
	TYPE_RANGE,      /* one of them */
	TYPE_REFERENCES, /* any number of &label, to nodes of the kind `target` */
	TYPE_REFERENCE,  /* one of them */
};

struct schema_node;

struct schema_property {
	const char *name; /* NULL ends the list */
	enum property_type type;
	bool mandatory;
	const char *instead;        /* another property with which this one is not mandatory */
	const char *const *choices; /* TYPE_CHOICE; NULL ends the list */
	const struct schema_node *target;
};

/* UNIT_PCI: optional, device and function with a comma, with the bus before them if it is not 0. */
enum unit_address { UNIT_NONE, UNIT_OPTIONAL, UNIT_MANDATORY, UNIT_PCI };

struct schema_node {
	const char *kind; /* for messages: "a cpu of the board" */
	const char *name; /* without unit address; NULL: any name */
	enum unit_address unit;
	bool mandatory;
	const struct schema_property *properties;
	const struct schema_node *const *children; /* NULL ends the list */
};

extern const struct schema_node schema_root;
extern const struct schema_node schema_board;
extern const struct schema_node schema_vm;
extern const struct schema_node schema_cpu;
extern const struct schema_node schema_device;
extern const struct schema_node schema_pci_function;
extern const struct schema_node schema_iommu;
extern const struct schema_node schema_share;
extern const struct schema_node schema_vm_shared;
extern const struct schema_node schema_image_store;
extern const struct schema_node schema_vm_monitor;

/* The orders of choices that the reader relies on. */
enum {
	CHOICE_RAW,
	CHOICE_ELF,
	CHOICE_LINUX,
	CHOICE_MULTIBOOT,
	CHOICE_MULTIBOOT2,
	CHOICE_ROM
};                                                         /* boot-protocol */
enum { CHOICE_PROTECTED, CHOICE_REAL };                    /* entry-mode */
enum { CHOICE_OFF, CHOICE_ON };                            /* acpi */
enum { CHOICE_R, CHOICE_RW, CHOICE_RX, CHOICE_RWX };       /* access */
enum { CHOICE_OKAY, CHOICE_OK, CHOICE_DISABLED };          /* status */
enum { CHOICE_EDGE, CHOICE_LEVEL };                        /* trigger */
enum { CHOICE_HIGH, CHOICE_LOW };                          /* polarity */
enum { CHOICE_STOP, CHOICE_RESTART, CHOICE_HALT_MACHINE }; /* on-reset, on-crash */
/* reserved-memory compatible */
enum { CHOICE_HYPERVISOR_RANGE, CHOICE_TRAMPOLINE_RANGE, CHOICE_CRASH_RANGE };
enum { CHOICE_PERFORMANCE, CHOICE_EFFICIENT };        /* kind of a cpu */
enum { CHOICE_MEMORY32, CHOICE_MEMORY64, CHOICE_IO }; /* kind of a bar */

const struct schema_property *schema_property(const struct schema_node *node, const char *name);
/* The kind of child that a name (without unit address) makes; NULL if there is none. */
const struct schema_node *schema_child(const struct schema_node *node, const char *base);

#endif
