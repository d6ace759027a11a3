/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables written by hand, for what scenarios do not all use: a PCI function with DMA, shared memory,
 * pages of all three sizes, two IOAPICs, real mode, CPUID masks. Compiled by the test itself
 * (tool_verify_image.c), which also fills the MSR bitmaps.
 */
#include "bulkhead/tables.h"

/*
 * Compiled twice: into an image, with the hypervisor's own page tables that were made of these numbers; and
 * before that into the test, which makes them.
 */
#ifdef HOST_TABLES
#define TABLE      __attribute__((aligned(4096), section(".rodata.tables")))
#define ROOT(core) host_core##core##_pml40
#define CONSOLE    host_console4_pml40
#include HOST_TABLES
#else
#define TABLE      __attribute__((aligned(4096)))
#define ROOT(core) NULL
#define CONSOLE    NULL
#endif

#define R       MEMORY_READ
#define RW      (MEMORY_READ | MEMORY_WRITE)
#define RWX     (MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE)
#define WB      0x30
#define LARGE   0x80
#define MAILBOX 0x20000000

/* --- Processors --- */

static const struct vcpu_config vcpus[] = {
	{.vm = 0, .index = 0, .apic_id = 0, .vpid = 1, .entry = 0x10000000},
	{.vm = 0, .index = 1, .apic_id = 2, .vpid = 2, .entry = 0x10001000},
	{.vm = 1, .index = 0, .apic_id = 4, .vpid = 7, .mode = ENTRY_REAL, .entry = 0x8000},
	{.vm = 1, .index = 1, .apic_id = 6, .vpid = 8, .start = VCPU_START_WAIT_SIPI},
};

static const struct core_config cores[] = {
	{.apic_id = 0, .vcpu = 0, .host_root = ROOT(0)},
	{.apic_id = 2, .vcpu = 1, .host_root = ROOT(1)},
	{.apic_id = 4, .vcpu = 2, .host_root = ROOT(2)},
	{.apic_id = 6, .vcpu = 3, .host_root = ROOT(3)},
	{.apic_id = 8, .vcpu = VCPU_NONE, .host_root = ROOT(4), .console_root = CONSOLE},
};

/* --- Board --- */

static const struct module_config modules[] = {{"driver", "driver.bin"}, {"peer", "peer.elf"}};

static const struct ram_range ram[] = {
	{.base = 0, .size = 0x9f000},
	{.base = 0x100000, .size = 0xbff00000},
};

static const struct ioapic_config ioapics[] = {
	{.id = 2, .base = 0xfec00000, .gsi_base = 0, .pins = 24},
	{.id = 3, .base = 0xfec10000, .gsi_base = 24, .pins = 24},
};

static const struct share_config shares[] = {{.name = "mailbox", .base = MAILBOX, .size = 0x2000}};

static const struct pci_inventory pci[] = {
	{0, 0, 0, 0x8086, 0x29c0, 0x060000, VM_NONE},
	{0, 3, 0, 0x8086, 0x10d3, 0x020000, 0},
	{0, 4, 1, 0x1af4, 0x1000, 0x020000, VM_NONE},
};

/* --- VM 0: a driver with a network card --- */

static const struct memory_region driver_memory[] = {
	{0x10000000, 0x10000000, 0x400000, RWX, MEMORY_RAM},
	{MAILBOX, MAILBOX, 0x2000, RW, MEMORY_SHARED},
	{0xe0000000, 0xe0000000, 0x2000, RW, MEMORY_DEVICE},
	{0xe0003000, 0xe0003000, 0x1000, RW, MEMORY_DEVICE},
};

static const uint64_t driver_pt_mailbox[512] TABLE = {
	[0] = MAILBOX + RW + WB,
	[1] = MAILBOX + 0x1000 + RW + WB,
};
static const uint64_t driver_pt_card[512] TABLE = {
	[0] = 0xe0000000 + RW,
	[1] = 0xe0001000 + RW,
	/* the MSI-X table's page is not mapped */
	[3] = 0xe0003000 + RW,
};
static const uint64_t driver_pd_low[512] TABLE = {
	[128] = 0x10000000 + RWX + WB + LARGE,
	[129] = 0x10200000 + RWX + WB + LARGE,
	[256] = (uint64_t)&driver_pt_mailbox + RWX,
};
static const uint64_t driver_pd_high[512] TABLE = {[256] = (uint64_t)&driver_pt_card + RWX};
static const uint64_t driver_pdpt[512] TABLE = {
	[0] = (uint64_t)&driver_pd_low + RWX,
	[3] = (uint64_t)&driver_pd_high + RWX,
};
static const uint64_t driver_pml4[512] TABLE = {[0] = (uint64_t)&driver_pdpt + RWX};

static const struct port_range driver_ports[] = {{0x2f8, 0x2ff}, {0xc000, 0xc0ff}};
static const uint8_t driver_io_bitmap[8192] TABLE = {
	[0 ... 0x5e] = 0xff,      [0x5f] = 0x00,
	[0x60 ... 0x17ff] = 0xff, [0x1800 ... 0x181f] = 0x00,
	[0x1820 ... 8191] = 0xff,
};
static const uint8_t driver_msr_bitmap[4096] TABLE = {0};
static const struct pin_config driver_pins[] = {{.ioapic = 0, .pin = 3}, {.ioapic = 0, .pin = 11}};
static const struct e820_entry driver_e820[] = {{0x10000000, 0x400000, 1}};

static const struct pci_function_config driver_functions[] = {
	{
		.name = "nic0",
		.bus = 0,
		.device = 3,
		.function = 0,
		.vendor_id = 0x8086,
		.device_id = 0x10d3,
		.class_code = 0x020000,
		.bars =
			{
				[0] = {PCI_BAR_MEMORY64, true, 0xe0000000, 0x4000},
				[2] = {PCI_BAR_IO, false, 0xc000, 0x100},
			},
		.interrupt = 11,
		.msi_vectors = 1,
		.msix_vectors = 4,
		.msix_bar = 0,
		.msix_offset = 0x2000,
		.dma_unprotected = true,
	},
};
static const struct cpuid_mask driver_cpuid_masks[] = {
	{.leaf = 1, .subleaf = CPUID_SUBLEAF_ANY, .result = CPUID_ECX, .clear = 0x10000000},
	{.leaf = 7, .subleaf = 0, .result = CPUID_EBX, .clear = 0x10020},
};

/* --- VM 1: its peer --- */

static const struct memory_region peer_memory[] = {
	{0, 0x30000000, 0x200000, RWX, MEMORY_RAM},
	{0x40000000, 0x80000000, 0x40000000, R, MEMORY_RAM},
	{0x90000000, MAILBOX, 0x2000, R, MEMORY_SHARED},
};

static const uint64_t peer_pt_mailbox[512] TABLE = {
	[0] = MAILBOX + R + WB,
	[1] = MAILBOX + 0x1000 + R + WB,
};
static const uint64_t peer_pd_low[512] TABLE = {[0] = 0x30000000 + RWX + WB + LARGE};
static const uint64_t peer_pd_high[512] TABLE = {[128] = (uint64_t)&peer_pt_mailbox + RWX};
static const uint64_t peer_pdpt[512] TABLE = {
	[0] = (uint64_t)&peer_pd_low + RWX,
	[1] = 0x80000000 + R + WB + LARGE,
	[2] = (uint64_t)&peer_pd_high + RWX,
};
static const uint64_t peer_pml4[512] TABLE = {[0] = (uint64_t)&peer_pdpt + RWX};

static const uint8_t peer_io_bitmap[8192] TABLE = {[0 ... 8191] = 0xff};
static const uint8_t peer_msr_bitmap[4096] TABLE = {0};
static const struct pin_config peer_pins[] = {{.ioapic = 1, .pin = 0}};
static const struct e820_entry peer_e820[] = {{0, 0x200000, 1}, {0x40000000, 0x40000000, 2}};

/* --- Scenario --- */

static const struct vm_config vms[] = {
	{
		.name = "driver",
		.id = 0,
		.vcpus = &vcpus[0],
		.vcpu_count = 2,
		.ept_root = driver_pml4,
		.io_bitmap = driver_io_bitmap,
		.msr_bitmap = driver_msr_bitmap,
		.memory = driver_memory,
		.memory_count = 4,
		.ports = driver_ports,
		.port_count = 2,
		.pins = driver_pins,
		.pin_count = 2,
		.boot = {BOOT_RAW, 0, MODULE_NONE, 0x10000000, ""},
		.e820 = driver_e820,
		.e820_count = 1,
		.pci_functions = driver_functions,
		.pci_function_count = 1,
		.cpuid_masks = driver_cpuid_masks,
		.cpuid_mask_count = 2,
	},
	{
		.name = "peer",
		.id = 1,
		.vcpus = &vcpus[2],
		.vcpu_count = 2,
		.ept_root = peer_pml4,
		.io_bitmap = peer_io_bitmap,
		.msr_bitmap = peer_msr_bitmap,
		.memory = peer_memory,
		.memory_count = 3,
		.pins = peer_pins,
		.pin_count = 1,
		.boot = {BOOT_ELF, 1, MODULE_NONE, 0, "quiet"},
		.e820 = peer_e820,
		.e820_count = 2,
	},
};

const struct scenario scenario_tables = {
	.magic = SCENARIO_TABLES_MAGIC,
	.version = SCENARIO_TABLES_VERSION,
	.name = "rich",
	.description = "",
	.board = "by hand",
	.vms = vms,
	.vm_count = 2,
	.vcpus = vcpus,
	.vcpu_count = 4,
	.modules = modules,
	.module_count = 2,
	.cores = cores,
	.console_core = 4,
	.core_count = 5,
	.ram = ram,
	.ram_count = 2,
	.ioapics = ioapics,
	.ioapic_count = 2,
	.hypervisor_base = 0x200000,
	.hypervisor_size = 0xe00000,
	.trampoline = 0x8000,
	.physical_address_bits = 40,
	.shares = shares,
	.share_count = 1,
	.pci = pci,
	.pci_count = 3,
	.pci_ecam_base = 0xd0000000,
	.pci_ecam_size = 0x100000,
	.crash_record_base = 0x80000,
	.crash_record_size = 0x5000,
};
