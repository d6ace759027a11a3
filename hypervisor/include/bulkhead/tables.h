/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between the scenario compiler and the hypervisor.
 *
 * `bulkhead build` emits one C file that defines `scenario_tables` and everything it points to as
 * constant data. The hypervisor reads nothing else: what is not in here does not exist. Both sides
 * include this header; whoever changes a field bumps SCENARIO_TABLES_VERSION.
 *
 * Unless said otherwise addresses and sizes are in bytes, arrays are given as pointer and count, a
 * count of 0 goes with a NULL pointer, and no string is NULL ("" where there is none).
 */
#ifndef BULKHEAD_TABLES_H
#define BULKHEAD_TABLES_H

#include "bulkhead/types.h"

#define SCENARIO_TABLES_MAGIC   UINT64_C(0x53454C4241544842) /* "BHTABLES" in memory order */
#define SCENARIO_TABLES_VERSION 4
#define SCENARIO_HASH_SIZE      32 /* SHA-256 */

/* What a VM may do with a range of its memory; the values are those of an EPT entry's bits 2:0. */
enum memory_permission {
	MEMORY_READ = 1,
	MEMORY_WRITE = 2,
	MEMORY_EXECUTE = 4,
};

/* What a range is; decides the EPT memory type (SDM 3.29.3.7.1): RAM is WB, a device is UC. */
enum memory_kind {
	MEMORY_RAM = 0,
	MEMORY_DEVICE = 1,
	/*
	 * RAM that other VMs have as well: its host range is exactly one of scenario.shares. No memory
	 * map lists it as RAM, and a VM's restart does not scrub it.
	 */
	MEMORY_SHARED = 2,
	/* The monitor's window, in the compiler's model only: in the tables that is vm_config.monitor. */
	MEMORY_MONITOR = 3,
};

/* A piece of a VM's guest-physical address space, mapped one piece to one contiguous host range. */
struct memory_region {
	gpa_t guest_physical;  /* 4 KiB-aligned */
	hpa_t host_physical;   /* 4 KiB-aligned */
	uint64_t size;         /* multiple of 4 KiB, not 0 */
	uint32_t permissions;  /* OR of enum memory_permission */
	enum memory_kind kind; /* */
};

/* One entry of the memory map handed to a guest, exactly as INT 15h AX=E820h returns it (ACPI 15). */
struct e820_entry {
	uint64_t base;
	uint64_t size;
	uint32_t type; /* 1 RAM, 2 reserved, 3 ACPI reclaimable */
} __attribute__((packed));
_Static_assert(sizeof(struct e820_entry) == 20,
	       "Linux' boot_params.e820_table has 20-byte entries");

/* Constant bytes that are copied into a VM's RAM before it starts (ACPI tables). */
struct guest_blob {
	const char *name; /* for messages: "DSDT" */
	gpa_t guest_physical;
	const uint8_t *bytes;
	uint64_t size;
};

/* The state in which a vCPU begins to execute at an entry. */
enum entry_mode {
	ENTRY_PROTECTED = 0, /* 32 bit, flat 4 GiB segments, paging off, interrupts off */
	ENTRY_REAL = 1,      /* 16 bit, CS base = entry & ~0xFFFF, IP = entry & 0xFFFF */
	ENTRY_LONG = 2,      /* 64 bit; what the loader chooses for Linux, never in the tables */
	ENTRY_RESET = 3,     /* as after reset, from the reset vector; likewise for a ROM */
};

/* How a vCPU comes to life. */
enum vcpu_start {
	VCPU_START_AT_ENTRY = 0,  /* runs from `entry` as soon as the VM starts */
	VCPU_START_WAIT_SIPI = 1, /* waits for INIT-SIPI-SIPI from its own VM */
};

/* One vCPU, which is one physical core, for good. */
struct vcpu_config {
	uint32_t vm;      /* index into scenario.vms */
	uint32_t index;   /* number within its VM; 0 is the BSP */
	uint32_t apic_id; /* of the physical core, and what the guest sees */
	uint16_t vpid;    /* unique in the scenario, not 0 (SDM 3.29.1) */
	enum vcpu_start start;
	enum entry_mode mode; /* only with VCPU_START_AT_ENTRY */
	gpa_t entry; /* only with VCPU_START_AT_ENTRY; ignored for the BSP of a protocol that
	                         names its own entry (Linux, ELF without bsp-entry) */
};

enum boot_protocol {
	BOOT_RAW = 0,        /* the image is copied to load_address as it is */
	BOOT_ELF = 1,        /* ELF32 or ELF64, loaded by physical address of its segments */
	BOOT_LINUX = 2,      /* bzImage or vmlinux */
	BOOT_MULTIBOOT = 3,  /* multiboot 1: ELF32, ELF64 or the header's own addresses */
	BOOT_MULTIBOOT2 = 4, /* the same of multiboot 2 */
	BOOT_ROM = 5, /* the image ends at 4 GiB, and its end at 1 MiB too; from the reset vector */
};

#define MODULE_NONE UINT32_MAX
#define ENTRY_NONE  UINT64_MAX /* vcpu_config.entry: take the image's own entry */

/* A module that a multiboot guest is handed. */
struct guest_module {
	uint32_t module;    /* index into scenario.modules */
	const char *string; /* what the guest is told of it; begins with the module's name */
};

struct boot_config {
	enum boot_protocol protocol;
	uint32_t image;     /* index into scenario.modules */
	uint32_t ramdisk;   /* index into scenario.modules or MODULE_NONE; Linux only */
	gpa_t load_address; /* BOOT_RAW: where the image goes. Otherwise 0 */
	const char *bootargs;
	const struct guest_module *modules; /* in the order of the scenario; multiboot only */
	uint32_t module_count;
};

/* An IOAPIC input that a VM owns alone. */
struct pin_config {
	uint8_t ioapic; /* index into scenario.ioapics */
	uint8_t pin;    /* 0 .. ioapics[ioapic].pins - 1 */
};

/* Access that the I/O bitmap leaves open, in clear, for messages and for the verifier. */
struct port_range {
	uint16_t first;
	uint16_t last; /* inclusive */
};

/* A base address register as the firmware has left it. */
enum pci_bar_kind {
	PCI_BAR_NONE = 0, /* not there, or the upper half of the 64-bit one before */
	PCI_BAR_MEMORY32 = 1,
	PCI_BAR_MEMORY64 = 2, /* takes the register behind it as well */
	PCI_BAR_IO = 3,
};
#define PCI_BAR_COUNT 6

struct pci_bar_config {
	enum pci_bar_kind kind;
	bool prefetchable;
	/*
	 * Fixed: the guest reads this base, and what it writes but for sizing is dropped. A memory BAR
	 * lies in vm.memory (MEMORY_DEVICE, guest = host), except for pages that hold the MSI-X table;
	 * an I/O BAR lies in vm.ports.
	 */
	uint64_t base;
	uint64_t size; /* power of two; 0 with PCI_BAR_NONE */
};

#define PCI_PIN_NONE UINT32_MAX

/* A PCI function that a VM owns alone. The VM sees it at its real address. */
struct pci_function_config {
	const char *name; /* the board's label, for messages: "nic0" */
	uint8_t bus;
	uint8_t device;   /* 0-31 */
	uint8_t function; /* 0-7 */
	uint16_t vendor_id, device_id;
	uint32_t class_code; /* base class, subclass, programming interface: 0x020000 is Ethernet */
	struct pci_bar_config bars[PCI_BAR_COUNT];
	uint32_t interrupt; /* GSI of its INTx, which is one of vm.pins, or PCI_PIN_NONE */
	/* Messages that the board lists. 0: the capability is not there, or not to be used. */
	uint16_t msi_vectors;  /* 0, 1, 2, 4, ... 32 */
	uint16_t msix_vectors; /* 0 to 2048 */
	uint8_t msix_bar;      /* index into bars; only with msix_vectors */
	uint32_t msix_offset;  /* of the table in that BAR; only with msix_vectors */
	/*
	 * No IOMMU guards its DMA, which the scenario has accepted (dma-unprotected): it reaches all of
	 * the machine's memory. False: the guest must not get bus mastering.
	 */
	bool dma_unprotected;
};

/* A function that the board lists, whether a VM has it or not; for the comparison at boot. */
struct pci_inventory {
	uint8_t bus, device, function;
	uint16_t vendor_id, device_id;
	uint32_t class_code;
	uint32_t vm; /* index into scenario.vms, or VM_NONE */
};
#define VM_NONE UINT32_MAX

/* A register that CPUID returns, in the order of the instruction's results. */
enum cpuid_register { CPUID_EAX = 0, CPUID_EBX = 1, CPUID_ECX = 2, CPUID_EDX = 3 };

/* Feature bits that a VM does not get to see, beside those that no VM sees. */
struct cpuid_mask {
	uint32_t leaf;
	uint32_t subleaf; /* or CPUID_SUBLEAF_ANY */
	enum cpuid_register result;
	uint32_t clear; /* bits that read as 0 */
};
#define CPUID_SUBLEAF_ANY UINT32_MAX

/* What follows when a VM ends by itself. */
enum life_action {
	LIFE_STOP = 0,         /* it stays stopped until an operator starts it */
	LIFE_RESTART = 1,      /* it starts again from its pristine images; vm.life.restartable */
	LIFE_HALT_MACHINE = 2, /* every VM is stopped, and none starts again */
};

/* A VM's life cycle. */
struct life_config {
	bool restartable;          /* its modules are kept in scenario.image_store */
	enum life_action on_reset; /* after a reset by its guest, a triple fault among them */
	enum life_action on_crash; /* after an end that its guest did not ask for */
	/*
	 * Restarts that on_reset and on_crash may make in restart_window_seconds, which begin with the
	 * first of them; then it stays stopped. 1 to 1,000,000 in 1 to 86,400 seconds; 0 and 0 if neither
	 * action is LIFE_RESTART.
	 */
	uint32_t restart_limit;
	uint32_t restart_window_seconds;
	/* A VM that does not feed its watchdog for so long has crashed. 0: none; at most 86,400. */
	uint32_t watchdog_seconds;
};

struct vm_config {
	const char *name;
	uint32_t id; /* its index in scenario.vms */

	const struct vcpu_config *vcpus; /* vcpus[0] is the BSP; a slice of scenario.vcpus */
	uint32_t vcpu_count;

	const uint64_t *ept_root; /* PML4 table, 4 KiB-aligned (SDM 3.29.3.2) */
	const uint8_t
		*io_bitmap; /* 8 KiB, 4 KiB-aligned: bitmap A, then B (SDM 3.25.6.4); 1 exits */
	const uint8_t *msr_bitmap; /* 4 KiB, 4 KiB-aligned (SDM 3.25.6.9); 1 exits */

	const struct memory_region *memory;
	uint32_t memory_count;
	const struct port_range *ports; /* sorted, disjoint */
	uint32_t port_count;
	const struct pin_config *pins; /* sorted */
	uint32_t pin_count;

	struct boot_config boot;
	const struct e820_entry *e820;
	uint32_t e820_count;
	const struct guest_blob *blobs; /* ACPI tables; none for a VM without ACPI */
	uint32_t blob_count;
	gpa_t acpi_rsdp; /* 0 without ACPI */

	const struct pci_function_config *pci_functions; /* sorted by bus, device, function */
	uint32_t pci_function_count;
	const struct cpuid_mask *cpuid_masks; /* sorted by leaf, subleaf, result */
	uint32_t cpuid_mask_count;
	/* OR of enum virtual_device; none of their ports is in `ports` (bulkhead/virtual_devices.h) */
	uint32_t virtual_devices;

	struct life_config life;

	/* Where the monitor's window begins (bulkhead/monitor.h), read-only; 0: it has none. */
	gpa_t monitor;
};

/* A GRUB module that some VM boots from. */
struct module_config {
	const char *name; /* first word of the module's command line in grub.cfg */
	const char *file; /* where `make iso` took it from; for messages only */
};

/* What the board file promises about the machine, compared with the real one at boot. */
struct core_config {
	uint32_t apic_id;
	uint32_t vcpu; /* index into scenario.vcpus, or VCPU_NONE */
	/*
	 * PML4 table of the hypervisor itself on this core (CR3), 4 KiB-aligned: memory one to one, and of
	 * it only what this core needs (bulkhead/host.h).
	 */
	const uint64_t *host_root;
	/*
	 * The same while the core serves the operator's console: nothing of a VM, and to read the counters
	 * and answers of all cores. NULL: it never does (console_core says which cores may).
	 */
	const uint64_t *console_root;
};
#define VCPU_NONE UINT32_MAX
#define CORE_NONE UINT32_MAX

struct ram_range {
	hpa_t base;
	uint64_t size;
};

struct ioapic_config {
	uint8_t id; /* its APIC id */
	hpa_t base; /* register page */
	uint32_t gsi_base;
	uint32_t pins;
};

/* Memory that several VMs have by declaration; each has a region MEMORY_SHARED of exactly this range. */
struct share_config {
	const char *name;
	hpa_t base;
	uint64_t size;
};

struct scenario {
	uint64_t magic;
	uint32_t version;
	uint8_t hash[SCENARIO_HASH_SIZE]; /* SHA-256 of the resolved scenario with its board */
	const char *name;
	const char *description;
	const char *board;

	const struct vm_config *vms;
	uint32_t vm_count;
	const struct vcpu_config *vcpus; /* of all VMs, VM by VM */
	uint32_t vcpu_count;
	const struct module_config *modules;
	uint32_t module_count;

	const struct core_config *cores; /* every core of the board, by APIC id */
	uint32_t core_count;
	const struct ram_range *ram; /* usable RAM of the board, sorted */
	uint32_t ram_count;
	const struct ioapic_config *ioapics;
	uint32_t ioapic_count;

	hpa_t hypervisor_base; /* the hypervisor's own memory: image, tables, stacks */
	uint64_t hypervisor_size;
	hpa_t trampoline;                 /* one page below 1 MiB, for starting APs */
	uint64_t tsc_frequency_hz;        /* 0: ask CPUID leaf 0x15 */
	uint64_t apic_timer_frequency_hz; /* 0: ask CPUID leaf 0x15 */
	uint32_t physical_address_bits;
	/*
	 * Low bits of APIC ids that tell threads of a core apart, and those that tell everything in a package
	 * apart, as the board says: what CPUID shows to guests. thread_bits <= package_bits <= 31.
	 */
	uint32_t thread_bits;
	uint32_t package_bits;

	const struct share_config *shares;
	uint32_t share_count;
	const struct pci_inventory *pci; /* sorted by bus, device, function */
	uint32_t pci_count;
	hpa_t pci_ecam_base;    /* memory-mapped configuration space, mapped to no VM; 0: none */
	uint64_t pci_ecam_size; /* 1 MiB for each bus from 0 on */

	/*
	 * Where cores leave word of a crash (bulkhead/crash_record.h): RAM that belongs to no VM, at
	 * least one page for each core. 0: none
	 */
	hpa_t crash_record_base;
	uint64_t crash_record_size;

	/*
	 * RAM that holds the modules of restartable VMs, each from a page boundary on. Mapped to no VM;
	 * nobody writes it after the start. 4 KiB-aligned; 0 and 0 if no VM is restartable.
	 */
	hpa_t image_store_base;
	uint64_t image_store_size;

	/*
	 * Index into cores of the one that serves the operator's console and nothing else: it has no vCPU.
	 * CORE_NONE: the console is served by the BSP's core of a VM that is stopped.
	 */
	uint32_t console_core;
};

extern const struct scenario scenario_tables;

#endif
