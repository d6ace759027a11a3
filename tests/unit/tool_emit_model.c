/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_emit_model.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RWX (MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE)
#define MIB UINT64_C(0x100000)

struct number fixture_number(uint64_t value)
{
	return (struct number){.value = value, .given = true};
}

struct vm_memory fixture_memory(gpa_t guest, uint64_t size, hpa_t host, uint32_t permissions)
{
	return (struct vm_memory){
		.name = "memory",
		.guest = fixture_number(guest),
		.size = fixture_number(size),
		.host = fixture_number(host),
		.permissions = permissions,
		.kind = MEMORY_RAM,
	};
}

struct range fixture_range(uint64_t base, uint64_t size)
{
	return (struct range){.base = fixture_number(base), .size = fixture_number(size)};
}

static struct reference reference(uint32_t target)
{
	return (struct reference){.label = "label", .target = target};
}

static void init_cpus(struct fixture *f)
{
	/* Not in the order of the APIC ids, as a board file may have it. */
	static const uint32_t apic_ids[FIXTURE_CPUS] = {1, 0, 2, 3, 4, 9};

	for (unsigned i = 0; i < FIXTURE_CPUS; i++)
		f->cpus[i] = (struct board_cpu){
			.label = "cpu",
			.apic_id = fixture_number(apic_ids[i]),
			.enabled = i != CPU_DISABLED,
		};
	f->model.board.cpus = f->cpus;
	f->model.board.cpu_count = FIXTURE_CPUS;
}

static void init_ranges(struct fixture *f)
{
	static const struct {
		enum board_range_kind kind;
		uint64_t base, size;
	} ranges[6] = {
		{BOARD_RAM, 0x100000, 0x3fef0000},      {BOARD_RAM, 0, 0x9f000},
		{BOARD_HYPERVISOR, 0x200000, 0xe00000}, {BOARD_TRAMPOLINE, 0x8000, 0x1000},
		{BOARD_RESERVED, 0x3fff0000, 0x10000},  {BOARD_RAM, 0x100000000, 0x40000000},
	};

	for (unsigned i = 0; i < 6; i++)
		f->ranges[i] = (struct board_range){
			.kind = ranges[i].kind,
			.range = fixture_range(ranges[i].base, ranges[i].size),
		};
	f->model.board.ranges = f->ranges;
	f->model.board.range_count = 6;
}

static void init_interrupts(struct fixture *f)
{
	f->ioapics[0] = (struct board_ioapic){.label = "ioapic0",
					      .id = fixture_number(0),
					      .registers = fixture_range(0xfec00000, 0x1000),
					      .pins = 24};
	f->ioapics[1] = (struct board_ioapic){.label = "ioapic1",
					      .id = fixture_number(1),
					      .registers = fixture_range(0xfec01000, 0x1000),
					      .gsi_base = 24,
					      .pins = 8};
	f->model.board.ioapics = f->ioapics;
	f->model.board.ioapic_count = 2;
	f->overrides[0] = (struct board_override){.irq = 0, .gsi = 2};
	f->overrides[1] =
		(struct board_override){.irq = 8, .gsi = 8, .level = true, .active_low = true};
	f->overrides[2] = (struct board_override){.irq = 9, .gsi = 9, .level = true};
	f->model.board.overrides = f->overrides;
	f->model.board.override_count = 3;
}

static void init_devices(struct fixture *f)
{
	static const struct {
		const char *label, *compatible;
		uint64_t port, ports;
		uint64_t gsi; /* 0: none */
	} devices[FIXTURE_DEVICES] = {
		[COM1] = {"com1", "ns16550a", 0x3f8, 8, 4},
		[COM2] = {"com2", "ns16550a", 0x2f8, 8, 3},
		[COM3] = {"com3", "ns16550a", 0x3e8, 8, 25},
		[RTC] = {"rtc", "motorola,mc146818", 0x70, 2, 8},
		[DEBUGCON] = {"debugcon", "bochs,debugcon", 0xe9, 1, 0},
	};

	for (unsigned i = 0; i < FIXTURE_DEVICES; i++) {
		f->device_ports[i] = fixture_range(devices[i].port, devices[i].ports);
		f->device_interrupts[i] = fixture_number(devices[i].gsi);
		f->devices[i] = (struct board_device){
			.label = devices[i].label,
			.name = devices[i].label,
			.compatible = devices[i].compatible,
			.ports = &f->device_ports[i],
			.port_count = 1,
			.interrupts = &f->device_interrupts[i],
			.interrupt_count = devices[i].gsi != 0,
		};
	}
	f->model.board.devices = f->devices;
	f->model.board.device_count = FIXTURE_DEVICES;
}

static void init_modules(struct fixture *f)
{
	f->modules[0] = (struct module){.name = "unused", .file = "guests/unused"};
	f->modules[1] = (struct module){.name = "vmlinuz", .file = "guests/vmlinuz"};
	f->modules[2] = (struct module){.name = "initrd", .file = "guests/initrd"};
	f->modules[3] = (struct module){.name = "bare", .file = "guests/bare", .shared = true};
	f->model.modules = f->modules;
	f->model.module_count = 4;
}

static void connect_vm(struct fixture *f, unsigned vm, const char *name)
{
	f->vms[vm] = (struct vm){
		.name = name,
		.cpus = f->vm_cpus[vm],
		.devices = f->vm_devices[vm],
		.memory = f->memory[vm],
		.ports = f->vm_ports[vm],
		.interrupts = f->vm_interrupts[vm],
	};
}

static void init_linux(struct fixture *f)
{
	struct vm *vm = &f->vms[VM_LINUX];

	connect_vm(f, VM_LINUX, "linux");
	f->vm_cpus[VM_LINUX][0] = reference(1);
	f->vm_cpus[VM_LINUX][1] = reference(0);
	vm->cpu_count = 2;
	f->vm_devices[VM_LINUX][0] = reference(COM1);
	f->vm_devices[VM_LINUX][1] = reference(RTC);
	vm->device_count = 2;
	f->memory[VM_LINUX][0] = fixture_memory(0, 256 * MIB, 0x10000000, RWX);
	vm->memory_count = 1;
	vm->protocol = BOOT_LINUX;
	vm->image.value = "vmlinuz";
	vm->ramdisk.value = "initrd";
	vm->bootargs.value = "console=ttyS0 \"quoted\\\" ?\?/ \x01"
			     "7\xc3\xa9";
	vm->acpi = true;
	vm->report.value = "login:";
}

static void init_rt(struct fixture *f)
{
	struct vm *vm = &f->vms[VM_RT];

	connect_vm(f, VM_RT, "rt");
	f->vm_cpus[VM_RT][0] = reference(2);
	f->vm_cpus[VM_RT][1] = reference(3);
	vm->cpu_count = 2;
	/* Out of order and touching; one interrupt twice. */
	f->vm_ports[VM_RT][0] = fixture_range(0x2fc, 4);
	f->vm_ports[VM_RT][1] = fixture_range(0x2f8, 4);
	f->vm_ports[VM_RT][2] = fixture_range(0xffff, 1);
	vm->port_count = 3;
	f->vm_interrupts[VM_RT][0] = fixture_number(25);
	f->vm_interrupts[VM_RT][1] = fixture_number(3);
	f->vm_interrupts[VM_RT][2] = fixture_number(25);
	vm->interrupt_count = 3;
	f->memory[VM_RT][0] = fixture_memory(0x100000, 16 * MIB, 0x20100000, RWX);
	f->memory[VM_RT][1] = fixture_memory(0x8000, 0x1000, 0x30000000, RWX);
	vm->memory_count = 2;
	vm->protocol = BOOT_RAW;
	vm->image.value = "bare";
	vm->bsp_entry = fixture_number(0x100000);
	vm->ap_entry = fixture_number(0x101000);
}

static void init_elf(struct fixture *f)
{
	struct vm *vm = &f->vms[VM_ELF];

	connect_vm(f, VM_ELF, "elf");
	f->vm_cpus[VM_ELF][0] = reference(5);
	vm->cpu_count = 1;
	f->memory[VM_ELF][0] = fixture_memory(0, MIB, 0x30001000, RWX);
	vm->memory_count = 1;
	vm->protocol = BOOT_ELF;
	vm->image.value = "bare";
	vm->entry_mode = ENTRY_REAL;
}

void fixture_init(struct fixture *f)
{
	*f = (struct fixture){0};
	f->model.file = "scenarios/fixture.dts";
	f->model.name = "fixture";
	f->model.description = "Three VMs */ of \"every\" kind";
	for (unsigned i = 0; i < SCENARIO_HASH_SIZE; i++)
		f->model.hash[i] = (uint8_t)(0xa0 + i);
	f->model.board.model = "Test board";
	f->model.board.physical_address_bits = 40;
	f->model.board.tsc_frequency_hz = 50000000;
	f->model.board.apic_timer_frequency_hz = 25000000;
	f->model.vms = f->vms;
	f->model.vm_count = FIXTURE_VMS;
	init_cpus(f);
	init_ranges(f);
	init_interrupts(f);
	init_devices(f);
	init_modules(f);
	init_linux(f);
	init_rt(f);
	init_elf(f);
}

static void extend_pci(struct fixture *f, struct fixture_extras *x)
{
	x->bars[0] = (struct board_bar){
		0,  PCI_BAR_MEMORY64, fixture_number(0x4000000000), fixture_number(0x4000), true,
		{0}};
	x->bars[1] = (struct board_bar){
		2,  PCI_BAR_MEMORY32, fixture_number(0xe0000000), fixture_number(0x1000), false,
		{0}};
	x->bars[2] = (struct board_bar){
		5, PCI_BAR_IO, fixture_number(0xc000), fixture_number(0x20), false, {0}};
	x->pci[0] = (struct board_pci){
		.label = "nic0",
		.bus = 1,
		.device = 31,
		.function = 7,
		.vendor_id = fixture_number(0x8086),
		.device_id = fixture_number(0x1533),
		.class_code = fixture_number(0x020000),
		.bars = x->bars,
		.bar_count = 3,
		.interrupt = fixture_number(17),
		.msi_vectors = fixture_number(4),
		.msix_vectors = fixture_number(33),
		.msix_bar = fixture_number(2),
		.msix_offset = fixture_number(0x800),
	};
	x->pci[1] = (struct board_pci){
		.label = "bridge",
		.device = 1,
		.vendor_id = fixture_number(0x8086),
		.device_id = fixture_number(0x1901),
		.class_code = fixture_number(0x060400),
	};
	x->references[0] = (struct reference){.label = "nic0", .target = 0};
	f->model.board.pci = x->pci;
	f->model.board.pci_count = 2;
	f->model.board.ecam = fixture_range(0xd0000000, 0x200000);
	f->vms[VM_RT].pci = x->references;
	f->vms[VM_RT].pci_count = 1;
	f->vms[VM_RT].dma_unprotected = true;
}

void fixture_extend(struct fixture *f, struct fixture_extras *x)
{
	*x = (struct fixture_extras){0};
	extend_pci(f, x);
	x->shares[0] = (struct share){.name = "ring", .size = fixture_number(0x2000)};
	f->model.shares = x->shares;
	f->model.share_count = 1;
	f->memory[VM_LINUX][1] =
		fixture_memory(0xf0000000, 0x2000, 0x31000000, MEMORY_READ | MEMORY_WRITE);
	f->memory[VM_LINUX][1].kind = MEMORY_SHARED;
	f->vms[VM_LINUX].memory_count = 2;
	f->memory[VM_RT][2] = fixture_memory(0x80000000, 0x2000, 0x31000000, MEMORY_READ);
	f->memory[VM_RT][2].kind = MEMORY_SHARED;
	f->vms[VM_RT].memory_count = 3;
	x->hidden[0].value = "avx512";
	x->hidden[1].value = "avx2";
	f->vms[VM_RT].cpuid_hide = x->hidden;
	f->vms[VM_RT].cpuid_hide_count = 2;
}

char *fixture_directory(void)
{
	const char *parent = getenv("TMPDIR");
	char *path;

	if (asprintf(&path, "%s/bulkhead-XXXXXX", parent == NULL ? "/tmp" : parent) < 0 ||
	    mkdtemp(path) == NULL) {
		perror("temporary directory");
		exit(1);
	}
	return path;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

void fixture_remove(char *directory)
{
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(directory);
}
