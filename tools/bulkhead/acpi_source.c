/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of the ACPI tables. Section numbers are those of the ACPI specification 6.4. iasl's data
 * table language goes by the order of the fields: the sizes in brackets and the names are for readers.
 * It fills in lengths and checksums.
 */
#include <inttypes.h>

#include "acpi.h"
#include "acpi_pci.h"
#include "bulkhead/host.h"
#include "bulkhead/platform.h"
#include "bulkhead/virtual_devices.h"
#include "emit_resources.h"

#define OEM_ID       "BULKHD"
#define OEM_TABLE_ID "BULKHEAD"

#define MADT_HEADER_SIZE   44
#define MADT_LAPIC_SIZE    8  /* 5.2.12.2 */
#define MADT_X2APIC_SIZE   16 /* 5.2.12.12 */
#define MADT_IOAPIC_SIZE   12 /* 5.2.12.3 */
#define MADT_OVERRIDE_SIZE 10 /* 5.2.12.5 */

/* The one-byte ids of the local APIC structure; 0xFF is a broadcast. */
#define MADT_LAPIC_MAX_ID 0xFE

/* Flags of an interrupt override (5.2.12.5). */
#define OVERRIDE_ACTIVE_HIGH 1
#define OVERRIDE_ACTIVE_LOW  3
#define OVERRIDE_EDGE        1
#define OVERRIDE_LEVEL       3

static bool owns_class(const struct plan *plan, uint32_t vm, enum device_class class)
{
	const struct board *board = &plan->model->board;

	for (unsigned i = 0; i < board->device_count; i++) {
		if (device_class(&board->devices[i]) == class && plan_owns_device(plan, vm, i))
			return true;
	}
	return false;
}

/* --- Data tables ------------------------------------------------------------------------------- */

static void field(FILE *file, unsigned size, const char *name, uint64_t value)
{
	fprintf(file, "[%04u] %36s : %0*" PRIX64 "\n", size, name, (int)size * 2, value);
}

/* One flag, or a few bits, of the field before. */
static void flag(FILE *file, const char *name, unsigned value)
{
	fprintf(file, "       %36s : %u\n", name, value);
}

static void text_field(FILE *file, unsigned size, const char *name, const char *text)
{
	fprintf(file, "[%04u] %36s : \"%s\"\n", size, name, text);
}

/* 5.2.6 */
static void print_header(FILE *file, const char *signature, unsigned revision)
{
	text_field(file, 4, "Signature", signature);
	field(file, 4, "Table Length", 0);
	field(file, 1, "Revision", revision);
	field(file, 1, "Checksum", 0);
	text_field(file, 6, "Oem ID", OEM_ID);
	text_field(file, 8, "Oem Table ID", OEM_TABLE_ID);
	field(file, 4, "Oem Revision", 1);
	text_field(file, 4, "Asl Compiler ID", "INTL");
	field(file, 4, "Asl Compiler Revision", 0);
}

/* 5.2.5.3 */
static void print_rsdp(FILE *file, const struct acpi_layout *layout)
{
	text_field(file, 8, "Signature", "RSD PTR ");
	field(file, 1, "Checksum", 0);
	text_field(file, 6, "Oem ID", OEM_ID);
	field(file, 1, "Revision", 2);
	field(file, 4, "RSDT Address", layout->address[ACPI_RSDT]);
	field(file, 4, "Length", layout->size[ACPI_RSDP]);
	field(file, 8, "XSDT Address", layout->address[ACPI_XSDT]);
	field(file, 1, "Extended Checksum", 0);
	field(file, 3, "Reserved", 0);
}

/* 5.2.7 and 5.2.8: they differ in the width of their entries. */
static void print_root(FILE *file, const struct acpi_layout *layout, const char *signature,
		       unsigned width)
{
	print_header(file, signature, 1);
	for (enum acpi_table table = 0; table < ACPI_TABLE_COUNT; table++)
		if (acpi_in_xsdt(layout, table))
			field(file, width, "ACPI Table Address", layout->address[table]);
}

bool acpi_in_xsdt(const struct acpi_layout *layout, enum acpi_table table)
{
	switch (table) {
	case ACPI_FADT:
	case ACPI_MADT:
	case ACPI_MCFG:
	case ACPI_HPET:
		return acpi_has_table(layout, table);
	case ACPI_RSDP:
	case ACPI_XSDT:
	case ACPI_RSDT:
	case ACPI_FACS:
	case ACPI_DSDT:
	case ACPI_TABLE_COUNT:
		break;
	}
	return false;
}

/* --- FADT -------------------------------------------------------------------------------------- */

/* 5.2.3.2; port 0: not there. Access: 1 is a byte, 2 a word, 3 a double word. */
static void print_wide_register(FILE *file, const char *name, uint64_t port, unsigned bits,
				unsigned access)
{
	fprintf(file, "[0012] %36s : [Generic Address Structure]\n", name);
	field(file, 1, "Space ID", 1);
	field(file, 1, "Bit Width", port == 0 ? 0 : bits);
	field(file, 1, "Bit Offset", 0);
	field(file, 1, "Encoded Access Width", port == 0 ? 0 : access);
	field(file, 8, "Address", port);
}

static void print_register(FILE *file, const char *name, uint64_t port)
{
	print_wide_register(file, name, port, 8, 1);
}

/* IAPC_BOOT_ARCH (5.2.9.3) */
static void print_boot_flags(FILE *file, bool legacy_devices, bool keyboard, bool rtc)
{
	field(file, 2, "Boot Flags (decoded below)", 0);
	flag(file, "Legacy Devices Supported (V2)", legacy_devices);
	flag(file, "8042 Present on ports 60/64 (V2)", keyboard);
	flag(file, "VGA Not Present (V4)", 1);
	flag(file, "MSI Not Supported (V4)", 0);
	flag(file, "PCIe ASPM Not Supported (V4)", 0);
	flag(file, "CMOS RTC Not Present (V5)", !rtc);
}

/*
 * Fixed feature flags (5.2.9, table 5.10). "Control method" buttons: there are no fixed ones. Physical
 * destinations: a guest's APIC ids are those of its cores, so that a physical destination says whom it
 * means, and the hypervisor's ICR filter can tell.
 */
static void print_feature_flags(FILE *file, bool fixed, uint64_t pm_timer)
{
	field(file, 4, "Flags (decoded below)", 0);
	flag(file, "WBINVD instruction is operational (V1)", 1);
	flag(file, "WBINVD flushes all caches (V1)", 0);
	flag(file, "All CPUs support C1 (V1)", 1);
	flag(file, "C2 works on MP system (V1)", 0);
	flag(file, "Control Method Power Button (V1)", 1);
	flag(file, "Control Method Sleep Button (V1)", 1);
	flag(file, "RTC wake not in fixed reg space (V1)", 0);
	flag(file, "RTC can wake system from S4 (V1)", 0);
	flag(file, "32-bit PM Timer (V1)", pm_timer != 0);
	flag(file, "Docking Supported (V1)", 0);
	flag(file, "Reset Register Supported (V2)", 1);
	flag(file, "Sealed Case (V3)", 0);
	flag(file, "Headless - No Video (V3)", 1);
	flag(file, "Use native instr after SLP_TYPx (V3)", 0);
	flag(file, "PCIEXP_WAK Bits Supported (V4)", 0);
	flag(file, "Use Platform Timer (V4)", 0);
	flag(file, "RTC_STS valid on S4 wake (V4)", 0);
	flag(file, "Remote Power-on capable (V4)", 0);
	flag(file, "Use APIC Cluster Model (V4)", 0);
	flag(file, "Use APIC Physical Destination Mode (V4)", 1);
	flag(file, "Hardware Reduced (V5)", !fixed);
	flag(file, "Low Power S0 Idle (V5)", 0);
}

/* The port of the VM's timer, or 0. Hardware-reduced ACPI has none, but Linux looks for it all the same. */
static uint64_t pm_timer_port(const struct vm_config *vm)
{
	return vm->virtual_devices & VIRTUAL_PM_TIMER ? PLATFORM_PM_TIMER_PORT : 0;
}

/*
 * From the SCI to the GPE blocks' lengths: hardware-reduced ACPI has nothing of it (4.1). Without an SMI
 * command port the machine is always in ACPI mode (4.8.3.2.1).
 */
static void print_fixed_hardware(FILE *file, bool fixed, uint64_t pm_timer)
{
	field(file, 2, "SCI Interrupt", fixed ? PLATFORM_SCI : 0);
	field(file, 4, "SMI Command Port", 0);
	field(file, 1, "ACPI Enable Value", 0);
	field(file, 1, "ACPI Disable Value", 0);
	field(file, 1, "S4BIOS Command", 0);
	field(file, 1, "P-State Control", 0);
	field(file, 4, "PM1A Event Block Address", fixed ? PLATFORM_PM1_EVENT_PORT : 0);
	field(file, 4, "PM1B Event Block Address", 0);
	field(file, 4, "PM1A Control Block Address", fixed ? PLATFORM_PM1_CONTROL_PORT : 0);
	field(file, 4, "PM1B Control Block Address", 0);
	field(file, 4, "PM2 Control Block Address", 0);
	field(file, 4, "PM Timer Block Address", pm_timer);
	field(file, 4, "GPE0 Block Address", 0);
	field(file, 4, "GPE1 Block Address", 0);
	field(file, 1, "PM1 Event Block Length", fixed ? 4 : 0);
	field(file, 1, "PM1 Control Block Length", fixed ? 2 : 0);
	field(file, 1, "PM2 Control Block Length", 0);
	field(file, 1, "PM Timer Block Length", pm_timer ? 4 : 0);
	field(file, 1, "GPE0 Block Length", 0);
	field(file, 1, "GPE1 Block Length", 0);
	field(file, 1, "GPE1 Base Offset", 0);
}

/* Neither C2 nor C3 (latencies beyond their limits say so), no throttling, no RTC alarm registers. */
static void print_power_states(FILE *file)
{
	field(file, 1, "_CST Support", 0);
	field(file, 2, "C2 Latency", 101);
	field(file, 2, "C3 Latency", 1001);
	field(file, 2, "CPU Cache Size", 0);
	field(file, 2, "Cache Flush Stride", 0);
	field(file, 1, "Duty Cycle Offset", 0);
	field(file, 1, "Duty Cycle Width", 0);
	field(file, 1, "RTC Day Alarm Index", 0);
	field(file, 1, "RTC Month Alarm Index", 0);
	field(file, 1, "RTC Century Index", 0);
}

static void print_fixed_registers(FILE *file, bool fixed, uint64_t pm_timer)
{
	print_wide_register(file, "PM1A Event Block", fixed ? PLATFORM_PM1_EVENT_PORT : 0, 32, 2);
	print_register(file, "PM1B Event Block", 0);
	print_wide_register(file, "PM1A Control Block", fixed ? PLATFORM_PM1_CONTROL_PORT : 0, 16,
			    2);
	print_register(file, "PM1B Control Block", 0);
	print_register(file, "PM2 Control Block", 0);
	print_wide_register(file, "PM Timer Block", pm_timer, 32, 3);
	print_register(file, "GPE0 Block", 0);
	print_register(file, "GPE1 Block", 0);
}

/* 5.2.9 */
static void print_fadt(FILE *file, const struct plan *plan, uint32_t vm,
		       const struct acpi_layout *layout)
{
	uint64_t pm_timer = pm_timer_port(&plan->vms[vm]);
	uint32_t virtual = plan->vms[vm].virtual_devices;
	bool fixed = virtual & VIRTUAL_ACPI_PM;
	bool rtc = owns_class(plan, vm, DEVICE_RTC) || virtual & VIRTUAL_RTC;

	print_header(file, "FACP", 6);
	field(file, 4, "FACS Address", layout->address[ACPI_FACS]);
	field(file, 4, "DSDT Address", layout->address[ACPI_DSDT]);
	field(file, 1, "Model", 0);
	field(file, 1, "PM Profile", 0);
	print_fixed_hardware(file, fixed, pm_timer);
	print_power_states(file);
	print_boot_flags(file, rtc || owns_class(plan, vm, DEVICE_UART), virtual & VIRTUAL_KEYBOARD,
			 rtc);
	field(file, 1, "Reserved", 0);
	print_feature_flags(file, fixed, pm_timer);
	print_register(file, "Reset Register", PLATFORM_ACPI_RESET_PORT);
	field(file, 1, "Value to cause reset", PLATFORM_ACPI_RESET_VALUE);
	field(file, 2, "ARM Flags (decoded below)", 0);
	flag(file, "PSCI Compliant", 0);
	flag(file, "Must use HVC for PSCI", 0);
	field(file, 1, "FADT Minor Revision", 4);
	field(file, 8, "FACS Address", layout->address[ACPI_FACS]);
	field(file, 8, "DSDT Address", layout->address[ACPI_DSDT]);
	print_fixed_registers(file, fixed, pm_timer);
	print_register(file, "Sleep Control Register",
		       fixed ? 0 : PLATFORM_ACPI_SLEEP_CONTROL_PORT);
	print_register(file, "Sleep Status Register", fixed ? 0 : PLATFORM_ACPI_SLEEP_STATUS_PORT);
	field(file, 8, "Hypervisor ID", 0);
}

/* 5.2.10: nobody sleeps and wakes, and there is nobody to share the global lock with. */
static void print_facs(FILE *file)
{
	text_field(file, 4, "Signature", "FACS");
	field(file, 4, "Length", 64);
	field(file, 4, "Hardware Signature", 0);
	field(file, 4, "32 Firmware Waking Vector", 0);
	field(file, 4, "Global Lock", 0);
	field(file, 4, "Flags (decoded below)", 0);
	flag(file, "S4BIOS Support Present", 0);
	flag(file, "64-bit Wake Supported (V2)", 0);
	field(file, 8, "64 Firmware Waking Vector", 0);
	field(file, 1, "Version", 2);
	field(file, 3, "Reserved", 0);
	field(file, 4, "OspmFlags (decoded below)", 0);
	flag(file, "64-bit Wake Env Required (V2)", 0);
}

/* --- MCFG, HPET --------------------------------------------------------------------------------- */

static void print_mcfg(FILE *file, const struct scenario *scenario)
{
	print_header(file, "MCFG", 1);
	field(file, 8, "Reserved", 0);
	fputc('\n', file);
	field(file, 8, "Base Address", scenario->pci_ecam_base);
	field(file, 2, "Segment Group Number", 0);
	field(file, 1, "Start Bus Number", 0);
	field(file, 1, "End Bus Number", (scenario->pci_ecam_size >> 20) - 1);
	field(file, 4, "Reserved", 0);
}

const struct board_device *acpi_hpet(const struct plan *plan, uint32_t vm)
{
	const struct board *board = &plan->model->board;

	for (unsigned i = 0; i < board->device_count; i++)
		if (device_class(&board->devices[i]) == DEVICE_HPET &&
		    board->devices[i].mmio_count && plan_owns_device(plan, vm, i))
			return &board->devices[i];
	return NULL;
}

/* Three comparators of 64 bits, able to replace the PIT and the clock's interrupts, of Intel's kind. */
#define HPET_BLOCK_ID UINT32_C(0x8086A201)
#define HPET_LEAST    0x80 /* shortest period in ticks */

static void print_hpet(FILE *file, const struct board_device *hpet)
{
	print_header(file, "HPET", 1);
	field(file, 4, "Hardware Block ID", HPET_BLOCK_ID);
	fprintf(file, "[0012] %36s : [Generic Address Structure]\n", "Timer Block Register");
	field(file, 1, "Space ID", 0);
	field(file, 1, "Bit Width", 64);
	field(file, 1, "Bit Offset", 0);
	field(file, 1, "Encoded Access Width", 0);
	field(file, 8, "Address", hpet->mmio[0].base.value);
	field(file, 1, "Sequence Number", 0);
	field(file, 2, "Minimum Clock Ticks", HPET_LEAST);
	field(file, 1, "Flags (decoded below)", 0);
	flag(file, "4K Page Protect", 1);
	flag(file, "64K Page Protect", 0);
}

/* --- MADT -------------------------------------------------------------------------------------- */

static bool fits_lapic_structure(const struct vcpu_config *vcpu)
{
	return vcpu->apic_id <= MADT_LAPIC_MAX_ID && vcpu->index <= MADT_LAPIC_MAX_ID;
}

static void print_subtable(FILE *file, unsigned type, unsigned length)
{
	fputc('\n', file);
	field(file, 1, "Subtable Type", type);
	field(file, 1, "Length", length);
}

static void print_cpu_entry(FILE *file, const struct vcpu_config *vcpu)
{
	if (fits_lapic_structure(vcpu)) {
		print_subtable(file, 0, MADT_LAPIC_SIZE);
		field(file, 1, "Processor ID", vcpu->index);
		field(file, 1, "Local Apic ID", vcpu->apic_id);
		field(file, 4, "Flags (decoded below)", 0);
		flag(file, "Processor Enabled", 1);
		flag(file, "Runtime Online Capable", 0);
	} else {
		print_subtable(file, 9, MADT_X2APIC_SIZE);
		field(file, 2, "Reserved", 0);
		field(file, 4, "Processor x2Apic ID", vcpu->apic_id);
		field(file, 4, "Flags (decoded below)", 0);
		flag(file, "Processor Enabled", 1);
		field(file, 4, "Processor UID", vcpu->index);
	}
}

static void print_ioapic_entry(FILE *file, const struct ioapic_config *ioapic)
{
	print_subtable(file, 1, MADT_IOAPIC_SIZE);
	field(file, 1, "I/O Apic ID", ioapic->id);
	field(file, 1, "Reserved", 0);
	field(file, 4, "Address", ioapic->base);
	field(file, 4, "Interrupt", ioapic->gsi_base);
}

static void print_override_entry(FILE *file, const struct board_override *override)
{
	print_subtable(file, 2, MADT_OVERRIDE_SIZE);
	field(file, 1, "Bus", 0);
	field(file, 1, "Source", override->irq);
	field(file, 4, "Interrupt", override->gsi);
	field(file, 2, "Flags (decoded below)", 0);
	flag(file, "Polarity", override->active_low ? OVERRIDE_ACTIVE_LOW : OVERRIDE_ACTIVE_HIGH);
	flag(file, "Trigger Mode", override->level ? OVERRIDE_LEVEL : OVERRIDE_EDGE);
}

/* 5.2.12. PCAT_COMPAT: 8259s to be masked; reduced hardware has none, even if the VM does. */
static void print_madt(FILE *file, const struct plan *plan, uint32_t vm)
{
	const struct vm_config *config = &plan->vms[vm];
	const struct board *board = &plan->model->board;

	print_header(file, "APIC", 5);
	field(file, 4, "Local Apic Address", PLATFORM_LAPIC_GPA);
	field(file, 4, "Flags (decoded below)", 0);
	flag(file, "PC-AT Compatibility",
	     (config->virtual_devices & VIRTUAL_PIC) &&
		     (config->virtual_devices & VIRTUAL_ACPI_PM));
	for (uint32_t i = 0; i < config->vcpu_count; i++)
		print_cpu_entry(file, &config->vcpus[i]);
	for (uint32_t i = 0; i < plan->scenario.ioapic_count; i++)
		print_ioapic_entry(file, &plan->scenario.ioapics[i]);
	for (unsigned i = 0; i < board->override_count; i++) {
		if (plan_owns_gsi(plan, vm, board->overrides[i].gsi))
			print_override_entry(file, &board->overrides[i]);
	}
}

uint64_t acpi_madt_size(const struct plan *plan, uint32_t vm)
{
	const struct vm_config *config = &plan->vms[vm];
	const struct board *board = &plan->model->board;
	uint64_t size = MADT_HEADER_SIZE + plan->scenario.ioapic_count * MADT_IOAPIC_SIZE;

	for (uint32_t i = 0; i < config->vcpu_count; i++)
		size += fits_lapic_structure(&config->vcpus[i]) ? MADT_LAPIC_SIZE
								: MADT_X2APIC_SIZE;
	for (unsigned i = 0; i < board->override_count; i++)
		size += plan_owns_gsi(plan, vm, board->overrides[i].gsi) ? MADT_OVERRIDE_SIZE : 0;
	return size;
}

/* --- DSDT -------------------------------------------------------------------------------------- */

/* ISA interrupts are edge-triggered and active high unless the board says otherwise, others PCI-like. */
static void print_interrupt(FILE *file, const struct board *board, uint64_t gsi)
{
	bool level = gsi >= 16, low = gsi >= 16;

	for (unsigned i = 0; i < board->override_count; i++) {
		if (board->overrides[i].gsi == gsi) {
			level = board->overrides[i].level;
			low = board->overrides[i].active_low;
		}
	}
	fprintf(file, "\t\t\t\tInterrupt (ResourceConsumer, %s, %s, Exclusive) { %" PRIu64 " }\n",
		level ? "Level" : "Edge", low ? "ActiveLow" : "ActiveHigh", gsi);
}

static void print_resources(FILE *file, const struct plan *plan, uint32_t vm,
			    const struct board_device *device)
{
	fputs("\t\t\tName (_CRS, ResourceTemplate ()\n\t\t\t{\n", file);
	for (unsigned i = 0; i < device->port_count; i++) {
		uint64_t first = device->ports[i].base.value;

		fprintf(file,
			"\t\t\t\tIO (Decode16, 0x%04" PRIX64 ", 0x%04" PRIX64 ", 1, %" PRIu64 ")\n",
			first, first, device->ports[i].size.value);
	}
	for (unsigned i = 0; i < device->interrupt_count; i++) {
		if (plan_owns_gsi(plan, vm, device->interrupts[i].value))
			print_interrupt(file, &plan->model->board, device->interrupts[i].value);
	}
	fputs("\t\t\t})\n", file);
}

static void print_devices(FILE *file, const struct plan *plan, uint32_t vm, enum device_class class,
			  char letter, const char *hid)
{
	const struct board *board = &plan->model->board;
	unsigned uid = 0;

	for (unsigned i = 0; i < board->device_count; i++) {
		if (device_class(&board->devices[i]) != class || !plan_owns_device(plan, vm, i))
			continue;
		fprintf(file, "\n\t\tDevice (%c%03X) /* %s */\n\t\t{\n", letter, uid,
			board->devices[i].label);
		fprintf(file, "\t\t\tName (_HID, EisaId (\"%s\"))\n", hid);
		fprintf(file, "\t\t\tName (_UID, %u)\n", uid++);
		print_resources(file, plan, vm, &board->devices[i]);
		fputs("\t\t}\n", file);
	}
}

static void print_virtual_rtc(FILE *file)
{
	fputs("\n\t\tDevice (RTC) /* virtual */\n\t\t{\n"
	      "\t\t\tName (_HID, EisaId (\"PNP0B00\"))\n"
	      "\t\t\tName (_CRS, ResourceTemplate ()\n\t\t\t{\n"
	      "\t\t\t\tIO (Decode16, 0x0070, 0x0070, 1, 2)\n"
	      "\t\t\t})\n\t\t}\n",
	      file);
}

/* 8.4: the _UID is the MADT's processor id. */
static void print_processors(FILE *file, const struct vm_config *config)
{
	for (uint32_t i = 0; i < config->vcpu_count; i++) {
		const struct vcpu_config *vcpu = &config->vcpus[i];

		fprintf(file, "\n\t\tDevice (C%03X) /* APIC id %u */\n\t\t{\n", vcpu->index,
			vcpu->apic_id);
		fputs("\t\t\tName (_HID, \"ACPI0007\")\n", file);
		fprintf(file, "\t\t\tName (_UID, %u)\n\t\t}\n", vcpu->index);
	}
}

/* Where the MCFG says that configuration space is, a motherboard resource has to lie (PCI Firmware 3.3, 4.1.2). */
static void print_reserved_memory(FILE *file, uint64_t base, uint64_t size)
{
	fprintf(file,
		"\n\t\tDevice (MRES)\n\t\t{\n"
		"\t\t\tName (_HID, EisaId (\"PNP0C02\"))\n"
		"\t\t\tName (_CRS, ResourceTemplate ()\n\t\t\t{\n"
		"\t\t\t\tQWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed, NonCacheable, "
		"ReadWrite, 0x0, 0x%" PRIX64 ", 0x%" PRIX64 ", 0x0, 0x%" PRIX64 ")\n"
		"\t\t\t})\n\t\t}\n",
		base, base + size - 1, size);
}

/* So that an operating system keeps away from the window, and tools find it. */
static void print_monitor(FILE *file, const struct plan *plan, uint32_t vm)
{
	gpa_t start = plan->vms[vm].monitor;
	uint64_t size = monitor_window_size(&plan->scenario);

	if (start == 0)
		return;
	fputs("\n\t\tDevice (BMON) /* the monitor's window */\n\t\t{\n", file);
	fputs("\t\t\tName (_HID, \"BLKH0001\")\n\t\t\tName (_UID, 0)\n", file);
	fputs("\t\t\tName (_CRS, ResourceTemplate ()\n\t\t\t{\n", file);
	fprintf(file,
		"\t\t\t\tQWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed, Cacheable, "
		"ReadOnly, 0, 0x%" PRIX64 ", 0x%" PRIX64 ", 0, 0x%" PRIX64 ")\n",
		start, start + size - 1, size);
	fputs("\t\t\t})\n\t\t}\n", file);
}

static void print_dsdt(FILE *file, const struct plan *plan, uint32_t vm,
		       const struct acpi_layout *layout)
{
	fprintf(file, "DefinitionBlock (\"\", \"DSDT\", 2, \"%s\", \"%s\", 1)\n{\n", OEM_ID,
		OEM_TABLE_ID);
	fprintf(file, "\tName (\\_S5, Package () { %u, 0, 0, 0 })\n\n",
		PLATFORM_ACPI_S5_SLEEP_TYPE);
	fputs("\tScope (\\_SB)\n\t{", file);
	print_processors(file, &plan->vms[vm]);
	print_devices(file, plan, vm, DEVICE_UART, 'U', "PNP0501");
	print_devices(file, plan, vm, DEVICE_RTC, 'R', "PNP0B00");
	if (plan->vms[vm].virtual_devices & VIRTUAL_RTC)
		print_virtual_rtc(file);
	if (acpi_has_table(layout, ACPI_MCFG))
		print_reserved_memory(file, plan->scenario.pci_ecam_base,
				      plan->scenario.pci_ecam_size);
	acpi_print_pci(file, &plan->vms[vm]);
	print_monitor(file, plan, vm);
	fputs("\t}\n}\n", file);
}

/* ----------------------------------------------------------------------------------------------- */

void acpi_print_source(FILE *file, const struct plan *plan, uint32_t vm,
		       const struct acpi_layout *layout, enum acpi_table table)
{
	fprintf(file, "/* %s of VM %s, at 0x%" PRIx64 " */\n\n", acpi_table_names[table],
		plan->vms[vm].name, layout->address[table]);
	switch (table) {
	case ACPI_RSDP:
		print_rsdp(file, layout);
		break;
	case ACPI_XSDT:
		print_root(file, layout, "XSDT", 8);
		break;
	case ACPI_RSDT:
		print_root(file, layout, "RSDT", 4);
		break;
	case ACPI_FADT:
		print_fadt(file, plan, vm, layout);
		break;
	case ACPI_FACS:
		print_facs(file);
		break;
	case ACPI_MADT:
		print_madt(file, plan, vm);
		break;
	case ACPI_MCFG:
		print_mcfg(file, &plan->scenario);
		break;
	case ACPI_HPET:
		print_hpet(file, acpi_hpet(plan, vm));
		break;
	case ACPI_DSDT:
		print_dsdt(file, plan, vm, layout);
		break;
	case ACPI_TABLE_COUNT:
		break;
	}
}
