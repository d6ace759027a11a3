/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_tables.h"

#include <inttypes.h>

#include "emit_host.h"
#include "emit_pci.h"

static void emit_prologue(FILE *file, const struct scenario *scenario)
{
	fprintf(file, "/* Made by `bulkhead build` from scenario %s: do not edit. */\n",
		scenario->name);
	fputs("#include \"bulkhead/tables.h\"\n\n", file);
	fprintf(file,
		"_Static_assert(SCENARIO_TABLES_VERSION == %d,\n"
		"\t       \"made by a bulkhead tool of another version: rebuild the tool\");\n",
		SCENARIO_TABLES_VERSION);
	fputs("\n/* What the processor reads by physical address: page tables and bitmaps. */\n",
	      file);
	fputs("#define TABLE __attribute__((aligned(4096), section(\".rodata.tables\")))\n", file);
}

static void emit_vcpu(FILE *file, const struct vcpu_config *vcpu)
{
	fprintf(file, "\t{ .vm = %u, .index = %u, .apic_id = %u, .vpid = %u,\n", vcpu->vm,
		vcpu->index, vcpu->apic_id, vcpu->vpid);
	if (vcpu->start == VCPU_START_WAIT_SIPI) {
		fputs("\t  .start = VCPU_START_WAIT_SIPI },\n", file);
		return;
	}
	fprintf(file, "\t  .start = VCPU_START_AT_ENTRY, .mode = %s, .entry = ",
		vcpu->mode == ENTRY_REAL ? "ENTRY_REAL" : "ENTRY_PROTECTED");
	if (vcpu->entry == ENTRY_NONE)
		fputs("ENTRY_NONE },\n", file);
	else
		fprintf(file, "0x%" PRIx64 " },\n", vcpu->entry);
}

static void emit_vcpus(FILE *file, const struct scenario *scenario)
{
	fputs("\n/* ---- Processors ---- */\n", file);
	fputs("\nstatic const struct vcpu_config vcpus[] = {\n", file);
	for (uint32_t i = 0; i < scenario->vcpu_count; i++)
		emit_vcpu(file, &scenario->vcpus[i]);
	fputs("};\n", file);
}

static void emit_cores(FILE *file, const struct scenario *scenario)
{
	fputs("\nstatic const struct core_config cores[] = {\n", file);
	for (uint32_t i = 0; i < scenario->core_count; i++) {
		fprintf(file, "\t{ .apic_id = %u, .vcpu = ", scenario->cores[i].apic_id);
		if (scenario->cores[i].vcpu == VCPU_NONE)
			fputs("VCPU_NONE", file);
		else
			fprintf(file, "%u", scenario->cores[i].vcpu);
		fputs(", .host_root = ", file);
		emit_host_root(file, i);
		fputs(", .console_root = ", file);
		emit_console_root(file, scenario, i);
		fputs(" },\n", file);
	}
	fputs("};\n", file);
}

static void emit_modules(FILE *file, const struct scenario *scenario)
{
	if (scenario->module_count == 0)
		return;
	fputs("\nstatic const struct module_config modules[] = {\n", file);
	for (uint32_t i = 0; i < scenario->module_count; i++) {
		fputs("\t{ .name = ", file);
		emit_string(file, scenario->modules[i].name);
		fputs(", .file = ", file);
		emit_string(file, scenario->modules[i].file);
		fputs(" },\n", file);
	}
	fputs("};\n", file);
}

static void emit_ram(FILE *file, const struct scenario *scenario)
{
	if (scenario->ram_count == 0)
		return;
	fputs("\nstatic const struct ram_range ram[] = {\n", file);
	for (uint32_t i = 0; i < scenario->ram_count; i++)
		fprintf(file, "\t{ .base = 0x%" PRIx64 ", .size = 0x%" PRIx64 " },\n",
			scenario->ram[i].base, scenario->ram[i].size);
	fputs("};\n", file);
}

static void emit_ioapics(FILE *file, const struct scenario *scenario)
{
	if (scenario->ioapic_count == 0)
		return;
	fputs("\nstatic const struct ioapic_config ioapics[] = {\n", file);
	for (uint32_t i = 0; i < scenario->ioapic_count; i++) {
		const struct ioapic_config *ioapic = &scenario->ioapics[i];

		fprintf(file,
			"\t{ .id = %u, .base = 0x%" PRIx64 ", .gsi_base = %u, .pins = %u },\n",
			ioapic->id, ioapic->base, ioapic->gsi_base, ioapic->pins);
	}
	fputs("};\n", file);
}

static void emit_shares(FILE *file, const struct scenario *scenario)
{
	if (scenario->share_count == 0)
		return;
	fputs("\nstatic const struct share_config shares[] = {\n", file);
	for (uint32_t i = 0; i < scenario->share_count; i++) {
		fputs("\t{ .name = ", file);
		emit_string(file, scenario->shares[i].name);
		fprintf(file, ", .base = 0x%" PRIx64 ", .size = 0x%" PRIx64 " },\n",
			scenario->shares[i].base, scenario->shares[i].size);
	}
	fputs("};\n", file);
}

static void emit_vms(FILE *file, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->scenario.vm_count; i++)
		emit_vm_tables(file, plan, i);
	fputs("\n/* ---- Scenario ---- */\n", file);
	fputs("\nstatic const struct vm_config vms[] = {\n", file);
	for (uint32_t i = 0; i < plan->scenario.vm_count; i++)
		emit_vm_config(file, plan, i);
	fputs("};\n", file);
}

static void emit_text_field(FILE *file, const char *field, const char *text)
{
	fprintf(file, "\t.%s = ", field);
	emit_string(file, text);
	fputs(",\n", file);
}

static void emit_array(FILE *file, const char *field, const char *count_field, uint32_t count)
{
	fprintf(file, "\t.%s = %s,\n\t.%s = %u,\n", field, count == 0 ? "NULL" : field, count_field,
		count);
}

static void emit_identity(FILE *file, const struct scenario *scenario)
{
	fputs("\t.magic = SCENARIO_TABLES_MAGIC,\n\t.version = SCENARIO_TABLES_VERSION,\n", file);
	fputs("\t.hash = {\n", file);
	emit_bytes(file, scenario->hash, sizeof(scenario->hash));
	fputs("\t},\n", file);
	emit_text_field(file, "name", scenario->name);
	emit_text_field(file, "description", scenario->description);
	emit_text_field(file, "board", scenario->board);
}

static void emit_scenario(FILE *file, const struct scenario *scenario)
{
	fputs("\nconst struct scenario scenario_tables = {\n", file);
	emit_identity(file, scenario);
	emit_array(file, "vms", "vm_count", scenario->vm_count);
	emit_array(file, "vcpus", "vcpu_count", scenario->vcpu_count);
	emit_array(file, "modules", "module_count", scenario->module_count);
	emit_array(file, "cores", "core_count", scenario->core_count);
	emit_array(file, "ram", "ram_count", scenario->ram_count);
	emit_array(file, "ioapics", "ioapic_count", scenario->ioapic_count);
	fprintf(file, "\t.hypervisor_base = 0x%" PRIx64 ",\n", scenario->hypervisor_base);
	fprintf(file, "\t.hypervisor_size = 0x%" PRIx64 ",\n", scenario->hypervisor_size);
	fprintf(file, "\t.trampoline = 0x%" PRIx64 ",\n", scenario->trampoline);
	if (scenario->crash_record_size != 0)
		fprintf(file,
			"\t.crash_record_base = 0x%" PRIx64 ",\n\t.crash_record_size = 0x%" PRIx64
			",\n",
			scenario->crash_record_base, scenario->crash_record_size);
	fprintf(file, "\t.tsc_frequency_hz = %" PRIu64 ",\n", scenario->tsc_frequency_hz);
	fprintf(file, "\t.apic_timer_frequency_hz = %" PRIu64 ",\n",
		scenario->apic_timer_frequency_hz);
	fprintf(file, "\t.physical_address_bits = %u,\n", scenario->physical_address_bits);
	fprintf(file, "\t.thread_bits = %u,\n", scenario->thread_bits);
	fprintf(file, "\t.package_bits = %u,\n", scenario->package_bits);
	if (scenario->share_count != 0)
		emit_array(file, "shares", "share_count", scenario->share_count);
	if (scenario->pci_count != 0)
		emit_array(file, "pci", "pci_count", scenario->pci_count);
	if (scenario->pci_ecam_size != 0)
		fprintf(file,
			"\t.pci_ecam_base = 0x%" PRIx64 ",\n\t.pci_ecam_size = 0x%" PRIx64 ",\n",
			scenario->pci_ecam_base, scenario->pci_ecam_size);
	if (scenario->image_store_size != 0)
		fprintf(file,
			"\t.image_store_base = 0x%" PRIx64 ",\n\t.image_store_size = 0x%" PRIx64
			",\n",
			scenario->image_store_base, scenario->image_store_size);
	if (scenario->console_core == CORE_NONE)
		fputs("\t.console_core = CORE_NONE,\n", file);
	else
		fprintf(file, "\t.console_core = %u,\n", scenario->console_core);
	fputs("};\n", file);
}

void emit_tables(FILE *file, const struct plan *plan)
{
	const struct scenario *scenario = &plan->scenario;

	emit_prologue(file, scenario);
	emit_vcpus(file, scenario);
	emit_host_tables(file, plan);
	emit_cores(file, scenario);
	emit_modules(file, scenario);
	emit_ram(file, scenario);
	emit_ioapics(file, scenario);
	emit_shares(file, scenario);
	emit_pci_inventory(file, scenario);
	emit_vms(file, plan);
	emit_scenario(file, scenario);
}
