/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parsed scenario: what the rules check and the emitters write. Filled by read.c from the device
 * tree, completed by place.c (host addresses chosen by the tool), constant afterwards.
 *
 * Every value keeps the place in the source that it came from, so that a rule can point at it.
 * All arrays are owned by the model's arena and live until model_free().
 */
#ifndef BULKHEAD_TOOL_MODEL_H
#define BULKHEAD_TOOL_MODEL_H

#include "bulkhead/tables.h"

/* A place in a source file; line and column count from 1. line 0: no place known. */
struct place {
	const char *file;
	unsigned line;
	unsigned column;
	unsigned length; /* of the marked text on that line, at least 1 */
};

struct number {
	uint64_t value;
	struct place at;
	bool given; /* false: absent in the source, or to be chosen by place.c */
};

struct text {
	const char *value; /* NULL when not given */
	struct place at;
};

/* A range of addresses, ports or the like: [base, base + size). */
struct range {
	struct number base;
	struct number size;
	struct place at; /* of the whole item */
};

/* Cores of hybrid processors. */
enum cpu_kind { CPU_PERFORMANCE, CPU_EFFICIENT };

struct board_cpu {
	const char *label; /* "cpu0" */
	struct number apic_id;
	uint32_t package, core, thread;   /* SMT siblings share package and core */
	struct number l2_group, l3_group; /* cores with the same number share that cache */
	enum cpu_kind kind;
	bool kind_given;
	bool enabled;
	bool reserved;                                /* not to be given to a VM */
	struct place core_at, status_at, reserved_at; /* of the node, if not given */
	struct place at;
};

enum board_range_kind {
	BOARD_RAM,          /* usable */
	BOARD_RESERVED,     /* firmware, ACPI, whatever must be left alone */
	BOARD_HYPERVISOR,   /* image, tables, stacks */
	BOARD_TRAMPOLINE,   /* AP start-up page below 1 MiB */
	BOARD_CRASH_RECORD, /* where cores leave word of a crash */
	BOARD_IMAGE_STORE,  /* the scenario's, as soon as its place is known */
};

struct board_range {
	const char *name; /* node name */
	enum board_range_kind kind;
	struct range range;
};

struct board_ioapic {
	const char *label;
	struct number id;
	struct range registers;
	uint32_t gsi_base;
	uint32_t pins;
	struct place gsi_base_at, pins_at;
	struct place at;
};

/* ISA IRQ to global system interrupt, where they differ (ACPI 5.2.12.5). */
struct board_override {
	uint32_t irq;
	uint32_t gsi;
	bool level;
	bool active_low;
	struct place irq_at, gsi_at;
	struct place at;
};

struct board_pci;

/*
 * A device of the board: what comes along when a VM gets it by label. A PCI function is one as well, with
 * its I/O BARs as ports, its INTx as interrupt and the pages of its memory BARs as registers.
 */
struct board_device {
	const char *label;        /* "com1" */
	const char *name;         /* "serial@3f8" */
	const char *compatible;   /* "ns16550a", "motorola,mc146818", ...: the first */
	struct text *compatibles; /* all of them */
	unsigned compatible_count;
	struct range *ports;
	unsigned port_count;
	struct number *interrupts; /* GSIs */
	unsigned interrupt_count;
	struct range *mmio;
	unsigned mmio_count;
	const struct board_pci *pci; /* NULL: no PCI function */
	struct place at;
};

/* A base address register. */
struct board_bar {
	uint64_t index;
	enum pci_bar_kind kind;
	struct number base;
	struct number size;
	bool prefetchable;
	struct place at;
};

/* A PCI function of the board. */
struct board_pci {
	const char *label; /* "nic0" */
	const char *name;  /* "ethernet@2,0" */
	struct text address;
	bool address_valid; /* the three below are right */
	uint8_t bus, device, function;
	struct number vendor_id, device_id, class_code;
	struct board_bar *bars;
	unsigned bar_count;
	struct number interrupt; /* GSI of INTx */
	struct number msi_vectors, msix_vectors, msix_bar, msix_offset;
	struct number isolation_group;
	struct range *reserved; /* memory that the firmware lets it use (RMRR) */
	unsigned reserved_count;
	uint32_t iommu;   /* index into board.iommus, or UINT32_MAX */
	bool iommu_given; /* if only malformed (reported) */
	bool never_given; /* `reserved`: not to be given to a VM */
	bool isolating;   /* a bridge that keeps the functions behind it apart (ACS) */
	struct number secondary_bus, subordinate_bus; /* behind a bridge */
	uint32_t board_device;                        /* its index in board.devices */
	struct place at;
};

struct board_iommu {
	const char *label;
	struct range registers;
	struct number guest_address_bits;
	struct place at;
};

/* Whether the address can be used as what the processor or the firmware would put there. */
bool board_bar_sane(const struct board_bar *bar);

struct board {
	bool given; /* false: the scenario has no board, everything else is empty */
	const char *model;
	struct place at;
	uint32_t physical_address_bits;
	struct place physical_address_bits_at;
	uint64_t tsc_frequency_hz;
	uint64_t apic_timer_frequency_hz;
	struct number tsc_frequency; /* the same two with their places */
	struct number apic_timer_frequency;
	struct board_cpu *cpus;
	unsigned cpu_count;
	struct board_range *ranges;
	unsigned range_count;
	struct board_ioapic *ioapics;
	unsigned ioapic_count;
	struct board_override *overrides;
	unsigned override_count;
	struct board_device *devices;
	unsigned device_count;
	struct range *reserved_ports; /* never given to a VM as raw ports: ACPI PM, SMBus, ... */
	unsigned reserved_port_count;
	struct board_pci *pci;
	unsigned pci_count;
	struct range
		ecam; /* memory-mapped configuration space of PCI; not given: size.given is false */
	struct range *pci_memory_windows; /* none given: not checked */
	unsigned pci_memory_window_count;
	struct range *pci_io_windows;
	unsigned pci_io_window_count;
	struct board_iommu *iommus;
	unsigned iommu_count;
	struct number *ept_page_sizes; /* none given: all */
	unsigned ept_page_size_count;
	struct text *missing_controls; /* VMX controls that the processor does not offer */
	unsigned missing_control_count;
	struct text
		*cpuid_hide; /* features that do not work: every VM has them in its own list, too */
	unsigned cpuid_hide_count;
	bool tsc_varies; /* changes speed or stops: not invariant */
	struct place tsc_varies_at;
};

/* A reference from a VM to something of the board; target is an index, or UINT32_MAX if dangling. */
struct reference {
	const char *label;
	uint32_t target;
	struct place at;
};

struct vm_memory {
	const char *name;    /* node name, "memory@0" */
	struct number guest; /* unit address or `guest` */
	struct number size;
	struct number host;    /* not given: chosen by place.c */
	bool host_unusable;    /* `host` is there but malformed (reported): nothing is chosen */
	uint32_t permissions;  /* OR of enum memory_permission; 0: malformed (reported) */
	enum memory_kind kind; /* RAM, unless it came with a device or is shared */
	uint32_t share; /* MEMORY_SHARED: index into model.shares; size and host are the share's */
	struct place share_at; /* MEMORY_SHARED: where the VM names it */
	struct place at;
};

/* Memory that several VMs have. */
struct share {
	const char *name;
	struct number size;
	struct number host;    /* not given: chosen by place.c, then in the VMs' memory only */
	bool host_unusable;    /* `host` is there but malformed (reported) */
	bool multiple_writers; /* the scenario says that more than one VM may write */
	struct place at;
};

/* A device that a VM wants whichever it is. */
struct wanted_device {
	struct text compatible;
	uint32_t
		target; /* what place_devices() chose, into board.devices; UINT32_MAX: none is free */
};

/* A module that a multiboot guest is handed: "name what the guest is told". */
struct vm_module {
	struct text name;   /* the first word */
	const char *string; /* all of it */
};

/* RAM for the images that VMs are restarted from. */
struct image_store {
	bool given;
	struct number size;
	struct number host; /* not given: chosen by place.c */
	bool host_unusable; /* `host` is there but malformed (reported) */
	struct place at;
};

struct vm_life {
	bool restartable;            /* by default if there is an image store */
	struct place restartable_at; /* line 0: not given */
	enum life_action on_reset;   /* by default restart, if it is restartable */
	enum life_action on_crash;   /* by default stop */
	struct place on_reset_at, on_crash_at;
	struct number restart_limit, restart_window, watchdog; /* the first two with defaults */
};

struct vm {
	const char *name;
	struct place at; /* of the node's name */
	bool cpus_given;
	struct place cpus_at;
	struct reference *cpus; /* into board.cpus; [0] is the BSP */
	unsigned cpu_count;
	struct number
		cpu_wanted;  /* `cpu-count`: how many it has in all; not given: those of `cpus` */
	unsigned cpu_listed; /* by `cpus`; place_cores() adds the others behind them */
	struct reference
		*devices; /* into board.devices, PCI functions among them behind the others */
	unsigned device_count;
	struct wanted_device *any_devices; /* those found are among `devices` */
	unsigned any_device_count;
	struct reference *pci; /* into board.pci */
	unsigned pci_count;
	bool dma_unprotected; /* the scenario accepts DMA that no IOMMU guards */
	struct place dma_unprotected_at;
	bool allow_shared_cores; /* threads of its cores may be other VMs' that say so, too */
	struct place allow_shared_cores_at;
	struct text *cpuid_hide; /* names of features that the guest does not get to see */
	unsigned cpuid_hide_count;
	struct text *virtual_devices; /* names; not given: those of the protocol (virtual.h) */
	unsigned virtual_device_count;
	struct vm_memory *memory;
	unsigned memory_count;
	bool unknown_nodes;  /* reported; one may have been meant as memory */
	struct range *ports; /* given by io-ports, not those of devices */
	unsigned port_count;
	struct number *interrupts; /* given by interrupts, not those of devices; GSIs */
	unsigned interrupt_count;

	bool protocol_given; /* false: missing or unknown (reported) */
	enum boot_protocol protocol;
	struct place protocol_at;
	struct text image; /* `image`, or `kernel` for Linux */
	struct text ramdisk;
	struct text bootargs;
	struct vm_module *boot_modules; /* multiboot */
	unsigned boot_module_count;
	struct number load_address;
	struct number bsp_entry;
	struct number ap_entry; /* given: APs start there; not given: APs wait for SIPI */
	enum entry_mode entry_mode;
	bool acpi; /* gets ACPI tables; default: Linux yes, others no */
	struct place acpi_at;
	struct text report; /* text on the VM's console that says it works (for `make run`) */
	/* The property is there, if only malformed (reported): nobody asks for it again. */
	bool image_given, bsp_entry_given, ap_entry_given;
	struct text *foreign; /* names of properties that the protocol does not use */
	unsigned foreign_count;
	struct vm_life life;
};

struct module {
	const char *name;
	/*
	 * "guests/..." lies in the build folder, and so does an image whose file the source does not
	 * name: "guests/NAME". Any other path is as in the source.
	 */
	const char *file;
	bool shared;     /* several VMs may boot from it */
	bool declared;   /* has a node; otherwise it exists because a VM names it */
	struct place at; /* of its node, or of the first use */
};

/* The operator's console. */
struct console {
	bool given;
	struct reference core; /* into board.cpus; not given: the core of a stopped VM serves it */
};

struct tree_node;

struct model {
	const char *file; /* scenario source as given on the command line */
	const char *name; /* file name without folder and .dts */
	const char *description;
	uint8_t hash[SCENARIO_HASH_SIZE];
	const struct tree_node *tree; /* what was read, for `bulkhead show`; NULL: nothing */
	struct board board;
	struct vm *vms;
	unsigned vm_count;
	struct module *modules; /* declared, plus one for every name used and not declared */
	unsigned module_count;
	struct share *shares;
	unsigned share_count;
	struct image_store image_store;
	struct console console;
	bool shares_unresolved; /* a VM names shared memory that does not exist (reported) */
};

#endif
