/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>

#include "bitmap.h"
#include "emit_features.h"
#include "emit_pci.h"
#include "emit_tables.h"
#include "virtual.h"

/* --- Arrays ------------------------------------------------------------------------------------ */

static void emit_permissions(FILE *file, uint32_t permissions)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{MEMORY_READ, "MEMORY_READ"},
		{MEMORY_WRITE, "MEMORY_WRITE"},
		{MEMORY_EXECUTE, "MEMORY_EXECUTE"},
	};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (permissions & names[i].bit) {
			fprintf(file, "%s%s", separator, names[i].name);
			separator = " | ";
		}
	}
}

static void emit_memory(FILE *file, const struct vm_config *vm)
{
	static const char *const kinds[] = {
		[MEMORY_RAM] = "MEMORY_RAM",
		[MEMORY_DEVICE] = "MEMORY_DEVICE",
		[MEMORY_SHARED] = "MEMORY_SHARED",
	};

	if (vm->memory_count == 0)
		return;
	fprintf(file, "\nstatic const struct memory_region vm%u_memory[] = {\n", vm->id);
	for (uint32_t i = 0; i < vm->memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];

		fprintf(file, "\t{ .guest_physical = 0x%" PRIx64 ", .host_physical = 0x%" PRIx64,
			region->guest_physical, region->host_physical);
		fprintf(file, ", .size = 0x%" PRIx64 ",\n\t  .permissions = ", region->size);
		emit_permissions(file, region->permissions);
		fprintf(file, ", .kind = %s },\n", kinds[region->kind]);
	}
	fputs("};\n", file);
}

static void emit_e820(FILE *file, const struct vm_config *vm)
{
	if (vm->e820_count == 0)
		return;
	fprintf(file, "\nstatic const struct e820_entry vm%u_e820[] = {\n", vm->id);
	for (uint32_t i = 0; i < vm->e820_count; i++)
		fprintf(file, "\t{ .base = 0x%" PRIx64 ", .size = 0x%" PRIx64 ", .type = %u },\n",
			vm->e820[i].base, vm->e820[i].size, vm->e820[i].type);
	fputs("};\n", file);
}

static void emit_ports(FILE *file, const struct vm_config *vm)
{
	if (vm->port_count == 0)
		return;
	fprintf(file, "\nstatic const struct port_range vm%u_ports[] = {\n", vm->id);
	for (uint32_t i = 0; i < vm->port_count; i++)
		fprintf(file, "\t{ .first = 0x%x, .last = 0x%x },\n", vm->ports[i].first,
			vm->ports[i].last);
	fputs("};\n", file);
}

static void emit_pins(FILE *file, const struct vm_config *vm)
{
	if (vm->pin_count == 0)
		return;
	fprintf(file, "\nstatic const struct pin_config vm%u_pins[] = {\n", vm->id);
	for (uint32_t i = 0; i < vm->pin_count; i++)
		fprintf(file, "\t{ .ioapic = %u, .pin = %u },\n", vm->pins[i].ioapic,
			vm->pins[i].pin);
	fputs("};\n", file);
}

static void emit_bitmaps(FILE *file, const struct vm_config *vm)
{
	const uint8_t *msr = vm->msr_bitmap;

	fprintf(file, "\n/* %s: ports, 1 exits */\n", vm->name);
	fprintf(file, "static const uint8_t vm%u_io_bitmap[%u] TABLE = {\n", vm->id,
		IO_BITMAP_SIZE);
	emit_bitmap(file, vm->io_bitmap, IO_BITMAP_SIZE, 0, 0);
	fprintf(file, "};\n\n/* %s: MSRs, 1 exits */\n", vm->name);
	fprintf(file, "static const uint8_t vm%u_msr_bitmap[%u] TABLE = {\n", vm->id,
		MSR_BITMAP_SIZE);
	fputs("\t/* reads of 0 and up, reads of 0xc0000000 and up */\n", file);
	emit_bitmap(file, msr, 0x400, MSR_BITMAP_READ_LOW, MSR_LOW_FIRST);
	emit_bitmap(file, msr + MSR_BITMAP_READ_HIGH, 0x400, MSR_BITMAP_READ_HIGH, MSR_HIGH_FIRST);
	fputs("\t/* writes, likewise */\n", file);
	emit_bitmap(file, msr + MSR_BITMAP_WRITE_LOW, 0x400, MSR_BITMAP_WRITE_LOW, MSR_LOW_FIRST);
	emit_bitmap(file, msr + MSR_BITMAP_WRITE_HIGH, 0x400, MSR_BITMAP_WRITE_HIGH,
		    MSR_HIGH_FIRST);
	fputs("};\n", file);
}

static void emit_blob_name(FILE *file, const struct vm_config *vm, const struct guest_blob *blob)
{
	fprintf(file, "vm%u_acpi_", vm->id);
	for (const char *c = blob->name; *c != '\0'; c++)
		fputc(tolower((unsigned char)*c), file);
}

static void emit_blobs(FILE *file, const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->blob_count; i++) {
		fprintf(file, "\n/* %s: ACPI %s at 0x%" PRIx64 ", source in acpi/%s/ */\n",
			vm->name, vm->blobs[i].name, vm->blobs[i].guest_physical, vm->name);
		fputs("static const uint8_t ", file);
		emit_blob_name(file, vm, &vm->blobs[i]);
		fputs("[] = {\n", file);
		emit_bytes(file, vm->blobs[i].bytes, vm->blobs[i].size);
		fputs("};\n", file);
	}
	if (vm->blob_count == 0)
		return;
	fprintf(file, "\nstatic const struct guest_blob vm%u_blobs[] = {\n", vm->id);
	for (uint32_t i = 0; i < vm->blob_count; i++) {
		fprintf(file, "\t{ .name = \"%s\", .guest_physical = 0x%" PRIx64 ", .bytes = ",
			vm->blobs[i].name, vm->blobs[i].guest_physical);
		emit_blob_name(file, vm, &vm->blobs[i]);
		fprintf(file, ",\n\t  .size = %" PRIu64 " },\n", vm->blobs[i].size);
	}
	fputs("};\n", file);
}

static void emit_boot_modules(FILE *file, const struct vm_config *config)
{
	if (config->boot.module_count == 0)
		return;
	fprintf(file, "\nstatic const struct guest_module vm%u_boot_modules[] = {\n", config->id);
	for (uint32_t i = 0; i < config->boot.module_count; i++) {
		fprintf(file, "\t{%u, ", config->boot.modules[i].module);
		emit_string(file, config->boot.modules[i].string);
		fputs("},\n", file);
	}
	fputs("};\n", file);
}

void emit_vm_tables(FILE *file, const struct plan *plan, uint32_t vm)
{
	const struct vm_config *config = &plan->vms[vm];

	fprintf(file, "\n/* ---- VM %u: %s ---- */\n", vm, config->name);
	emit_memory(file, config);
	emit_ept(file, &plan->epts[vm], vm, config->name);
	emit_ports(file, config);
	emit_pins(file, config);
	emit_bitmaps(file, config);
	emit_e820(file, config);
	emit_blobs(file, config);
	emit_pci_functions(file, config);
	emit_cpuid_masks(file, config);
	emit_boot_modules(file, config);
}

/* --- struct vm_config -------------------------------------------------------------------------- */

static void emit_array(FILE *file, uint32_t vm, const char *field, const char *count_field,
		       uint32_t count)
{
	if (count == 0)
		fprintf(file, "\t\t.%s = NULL,\n", field);
	else
		fprintf(file, "\t\t.%s = vm%u_%s,\n", field, vm, field);
	fprintf(file, "\t\t.%s = %u,\n", count_field, count);
}

static void emit_boot(FILE *file, uint32_t vm, const struct boot_config *boot)
{
	static const char *const protocols[] = {
		[BOOT_RAW] = "BOOT_RAW",
		[BOOT_ELF] = "BOOT_ELF",
		[BOOT_LINUX] = "BOOT_LINUX",
		[BOOT_MULTIBOOT] = "BOOT_MULTIBOOT",
		[BOOT_MULTIBOOT2] = "BOOT_MULTIBOOT2",
		[BOOT_ROM] = "BOOT_ROM",
	};

	fprintf(file, "\t\t.boot = {\n\t\t\t.protocol = %s,\n\t\t\t.image = %u,\n",
		protocols[boot->protocol], boot->image);
	if (boot->ramdisk == MODULE_NONE)
		fputs("\t\t\t.ramdisk = MODULE_NONE,\n", file);
	else
		fprintf(file, "\t\t\t.ramdisk = %u,\n", boot->ramdisk);
	fprintf(file,
		"\t\t\t.load_address = 0x%" PRIx64 ",\n\t\t\t.bootargs = ", boot->load_address);
	emit_string(file, boot->bootargs);
	fputs(",\n", file);
	if (boot->module_count != 0)
		fprintf(file, "\t\t\t.modules = vm%u_boot_modules,\n\t\t\t.module_count = %u,\n",
			vm, boot->module_count);
	fputs("\t\t},\n", file);
}

static void emit_virtual_devices(FILE *file, uint32_t devices)
{
	fprintf(file, "\t\t.virtual_devices = 0x%" PRIx32 ", /*", devices);
	for (size_t i = 0; i < virtual_device_name_count; i++)
		if (devices & virtual_device_names[i].device)
			fprintf(file, " %s", virtual_device_names[i].name);
	fputs(" */\n", file);
}

static void emit_life(FILE *file, const struct life_config *life)
{
	static const char *const actions[] = {
		[LIFE_STOP] = "LIFE_STOP",
		[LIFE_RESTART] = "LIFE_RESTART",
		[LIFE_HALT_MACHINE] = "LIFE_HALT_MACHINE",
	};

	fprintf(file,
		"\t\t.life = {\n\t\t\t.restartable = %s,\n\t\t\t.on_reset = %s,\n"
		"\t\t\t.on_crash = %s,\n",
		life->restartable ? "true" : "false", actions[life->on_reset],
		actions[life->on_crash]);
	fprintf(file,
		"\t\t\t.restart_limit = %u,\n\t\t\t.restart_window_seconds = %u,\n"
		"\t\t\t.watchdog_seconds = %u,\n\t\t},\n",
		life->restart_limit, life->restart_window_seconds, life->watchdog_seconds);
}

void emit_vm_config(FILE *file, const struct plan *plan, uint32_t vm)
{
	const struct vm_config *config = &plan->vms[vm];

	fprintf(file, "\t[%u] = {\n\t\t.name = ", vm);
	emit_string(file, config->name);
	fprintf(file, ",\n\t\t.id = %u,\n", config->id);
	fprintf(file, "\t\t.vcpus = &vcpus[%u],\n\t\t.vcpu_count = %u,\n",
		(uint32_t)(config->vcpus - plan->scenario.vcpus), config->vcpu_count);
	fprintf(file, "\t\t.ept_root = vm%u_ept_pml4,\n", vm);
	fprintf(file, "\t\t.io_bitmap = vm%u_io_bitmap,\n", vm);
	fprintf(file, "\t\t.msr_bitmap = vm%u_msr_bitmap,\n", vm);
	emit_array(file, vm, "memory", "memory_count", config->memory_count);
	emit_array(file, vm, "ports", "port_count", config->port_count);
	emit_array(file, vm, "pins", "pin_count", config->pin_count);
	emit_boot(file, vm, &config->boot);
	emit_array(file, vm, "e820", "e820_count", config->e820_count);
	emit_array(file, vm, "blobs", "blob_count", config->blob_count);
	fprintf(file, "\t\t.acpi_rsdp = 0x%" PRIx64 ",\n", config->acpi_rsdp);
	/* Nothing about what the scenario does not use. */
	if (config->pci_function_count != 0)
		emit_array(file, vm, "pci_functions", "pci_function_count",
			   config->pci_function_count);
	if (config->cpuid_mask_count != 0)
		emit_array(file, vm, "cpuid_masks", "cpuid_mask_count", config->cpuid_mask_count);
	if (config->monitor != 0)
		fprintf(file, "\t\t.monitor = 0x%" PRIx64 ",\n", config->monitor);
	emit_virtual_devices(file, config->virtual_devices);
	emit_life(file, &config->life);
	fputs("\t},\n", file);
}
