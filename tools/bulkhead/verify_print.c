/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier found, for people. */
#include "bulkhead/platform.h"
#include "verify_internal.h"

#define BOLD  "\033[1m"
#define RED   "\033[1;31m"
#define CYAN  "\033[1;36m"
#define PLAIN "\033[0m"

/* A message may quote bytes of the image; none of them may reach the terminal as a control. */
static void print_clean(FILE *stream, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 || *text == 0x7F ? '?' : *text, stream);
}

static void style(FILE *stream, bool color, const char *escape)
{
	if (color)
		fputs(escape, stream);
}

static void print_line(FILE *stream, bool color, const char *file, const char *word,
		       enum verify_rule_id rule, const char *message)
{
	style(stream, color, BOLD);
	print_clean(stream, file);
	fputs(": ", stream);
	style(stream, color, *word == 'e' ? RED : CYAN);
	fprintf(stream, "%s[%s]: ", word, verify_rules[rule].code);
	style(stream, color, PLAIN BOLD);
	print_clean(stream, message);
	style(stream, color, PLAIN);
	fputc('\n', stream);
}

static void print_rule(const struct verify *verify, enum verify_rule_id rule, const char *file,
		       FILE *stream, bool color)
{
	char more[64];

	for (unsigned i = 0; i < verify->finding_count; i++)
		if (verify->findings[i].rule == rule)
			print_line(stream, color, file, "error", rule, verify->findings[i].message);
	if (verify->counts[rule] <= VERIFY_FINDINGS_KEPT)
		return;
	snprintf(more, sizeof(more), "and %" PRIu64 " more of these",
		 verify->counts[rule] - VERIFY_FINDINGS_KEPT);
	print_line(stream, color, file, "note", rule, more);
}

void verify_print_findings(const struct verify *verify, const char *file, FILE *stream, bool color)
{
	uint64_t total = verify_total(verify);

	for (unsigned rule = 0; rule < VERIFY_RULE_COUNT; rule++)
		if (verify->counts[rule])
			print_rule(verify, (enum verify_rule_id)rule, file, stream, color);
	if (total)
		fprintf(stream, "%" PRIu64 " error%s: the image must not run\n", total,
			total == 1 ? "" : "s");
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void print_amount(FILE *stream, const char *separator, uint64_t count, const char *what)
{
	fprintf(stream, "%s%" PRIu64 " %s%s", separator, count, what, plural(count));
}

void verify_print_summary(const struct verify *verify, const char *file, FILE *stream)
{
	const struct verify_statistics *s = &verify->statistics;

	print_clean(stream, file);
	print_amount(stream, ": verified: ", verify->scenario.vm_count, "VM");
	print_amount(stream, ", ", verify->scenario.vcpu_count, "vCPU");
	print_amount(stream, "; ", s->ept_tables, "EPT table");
	fprintf(stream, " walked: %" PRIu64 " %s", s->leaves, s->leaves == 1 ? "leaf" : "leaves");
	fprintf(stream, ", %" PRIu64 " page%s of 4 KiB", s->pages, plural(s->pages));
	print_amount(stream, "; ", s->host_tables, "page table");
	print_amount(stream, " of ", verify->scenario.core_count, "core");
	print_amount(stream, " walked: ", s->host_leaves, "page");
	print_amount(stream, "; ", s->port_bits, "port bit");
	print_amount(stream, ", ", s->msr_bits, "MSR bit");
	print_amount(stream, ", ", s->pins, "pin");
	print_amount(stream, "; ", s->table_bytes, "byte");
	print_amount(stream, " of tables followed, ", s->pairs, "comparison");
	fputc('\n', stream);
}

/* --- Report -------------------------------------------------------------------------------------- */

/* "14 MiB" */
static const char *size_text(char buffer[32], uint64_t size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	unsigned unit = 0;

	while (unit + 1 < ELEMENTS(units) && size >= 1024 && size % 1024 == 0) {
		size /= 1024;
		unit++;
	}
	snprintf(buffer, 32, "%" PRIu64 " %s", size, units[unit]);
	return buffer;
}

static void print_range(FILE *stream, uint64_t start, uint64_t size)
{
	char range[48];

	snprintf(range, sizeof(range), "0x%" PRIx64 "-0x%" PRIx64, start, start + size - 1);
	fprintf(stream, "%-27s", range);
}

static const char *leaf_size(unsigned level)
{
	static const char *const sizes[] = {"", "4 KiB", "2 MiB", "1 GiB"};

	return sizes[level];
}

static void report_memory(const struct verify_vm *vm, FILE *stream)
{
	fputs("  memory    guest                      host                       access type  "
	      "size, pages\n",
	      stream);
	for (unsigned i = 0; i < vm->extent_count; i++) {
		const struct verify_extent *extent = &vm->extents[i];
		char size[32];

		fputs("            ", stream);
		print_range(stream, extent->guest, extent->size);
		print_range(stream, extent->host, extent->size);
		fprintf(stream, "%-6s %-5s %s, %" PRIu64 " x %s\n",
			verify_permissions(extent->permissions), verify_type_name(extent->type),
			size_text(size, extent->size),
			extent->size / verify_entry_size(extent->level), leaf_size(extent->level));
	}
}

static void report_vcpus(const struct verify_vm *vm, FILE *stream)
{
	for (uint32_t i = 0; i < vm->config.vcpu_count; i++) {
		const struct vcpu_config *vcpu = &vm->vcpus[i];

		fprintf(stream, "  vCPU      %" PRIu32 ": core with APIC id %" PRIu32 ", VPID %u, ",
			i, vcpu->apic_id, vcpu->vpid);
		if (vcpu->start == VCPU_START_WAIT_SIPI)
			fputs("waits for a start-up IPI of its VM\n", stream);
		else if (vcpu->entry == ENTRY_NONE)
			fputs("starts where its image says\n", stream);
		else
			fprintf(stream, "starts at 0x%" PRIx64 " in %s mode\n", vcpu->entry,
				vcpu->mode == ENTRY_REAL ? "real" : "protected");
	}
}

static void report_ports(const struct verify_vm *vm, FILE *stream)
{
	uint32_t first, last = 0, from = 0;
	const char *separator = "  ports     ";

	if (!vm->io_bitmap)
		return;
	while (verify_bit_run(vm->io_bitmap, from, PORT_COUNT, false, &first, &last)) {
		fprintf(stream, first == last ? "%s0x%x" : "%s0x%x-0x%x", separator, first, last);
		separator = ", ";
		from = last + 1;
	}
	fputs(from ? "\n" : "  ports     none\n", stream);
}

static void report_pins(const struct verify *verify, const struct verify_vm *vm, FILE *stream)
{
	const char *separator = "  pins      ";

	for (uint32_t i = 0; i < vm->config.pin_count; i++) {
		const struct pin_config *pin = &vm->pins[i];

		fprintf(stream, "%sIOAPIC %u pin %u", separator, pin->ioapic, pin->pin);
		if (pin->ioapic < verify->scenario.ioapic_count)
			fprintf(stream, " (interrupt %" PRIu32 ")",
				verify->ioapics[pin->ioapic].gsi_base + pin->pin);
		separator = ", ";
	}
	fputs(vm->config.pin_count ? "\n" : "  pins      none\n", stream);
}

static void report_msr_part(const struct verify_vm *vm, FILE *stream, enum msr_part part)
{
	const uint32_t start = part * MSR_PART_BITS;
	uint32_t base = part == MSR_READ_HIGH || part == MSR_WRITE_HIGH ? MSR_HIGH_BASE : 0;
	uint32_t from = start, first, last = 0;

	while (verify_bit_run(vm->msr_bitmap, from, start + MSR_PART_BITS, false, &first, &last)) {
		uint32_t msr = base + (first - start);

		fprintf(stream, first == last ? " 0x%x" : " 0x%x-0x%x", msr, base + (last - start));
		from = last + 1;
	}
}

static void report_msrs(const struct verify_vm *vm, FILE *stream)
{
	if (!vm->msr_bitmap)
		return;
	fputs("  MSRs      read: ", stream);
	report_msr_part(vm, stream, MSR_READ_LOW);
	report_msr_part(vm, stream, MSR_READ_HIGH);
	fputs("\n            write:", stream);
	report_msr_part(vm, stream, MSR_WRITE_LOW);
	report_msr_part(vm, stream, MSR_WRITE_HIGH);
	fputc('\n', stream);
}

static void report_boot(const struct verify *verify, const struct verify_vm *vm, FILE *stream)
{
	static const char *const protocols[] = {"raw",       "elf",        "linux",
						"multiboot", "multiboot2", "rom"};
	const struct boot_config *boot = &vm->config.boot;

	if ((unsigned)boot->protocol >= ELEMENTS(protocols))
		return;
	fprintf(stream, "  boot      %s", protocols[boot->protocol]);
	if (boot->image < verify->scenario.module_count) {
		fputs(", image ", stream);
		print_clean(stream, verify->modules[boot->image].name);
	}
	if (boot->ramdisk < verify->scenario.module_count) {
		fputs(", ramdisk ", stream);
		print_clean(stream, verify->modules[boot->ramdisk].name);
	}
	for (uint32_t i = 0; i < boot->module_count; i++) {
		fputs(", module ", stream);
		print_clean(stream, vm->module_strings[i]);
	}
	for (uint32_t i = 0; i < vm->config.blob_count; i++) {
		fputs(i ? " " : ", ACPI ", stream);
		print_clean(stream, vm->blobs[i].name);
	}
	fputc('\n', stream);
}

static void report_vm(const struct verify *verify, const struct verify_vm *vm, FILE *stream)
{
	fputc('\n', stream);
	print_clean(stream, vm->label);
	fputc('\n', stream);
	report_vcpus(vm, stream);
	report_boot(verify, vm, stream);
	report_memory(vm, stream);
	report_ports(vm, stream);
	report_pins(verify, vm, stream);
	report_msrs(vm, stream);
}

static void print_text(FILE *stream, const char *title, const char *text)
{
	fputs(title, stream);
	print_clean(stream, text);
	fputc('\n', stream);
}

static void report_header(const struct verify *verify, const char *file, FILE *stream)
{
	const struct scenario *scenario = &verify->scenario;
	char size[32];

	print_text(stream, "image       ", file);
	print_text(stream, "scenario    ", verify->name);
	if (*verify->description)
		print_text(stream, "            ", verify->description);
	print_text(stream, "board       ", verify->board);
	fputs("hash        ", stream);
	for (unsigned i = 0; i < SCENARIO_HASH_SIZE; i++)
		fprintf(stream, "%02x", scenario->hash[i]);
	fputs("\nhypervisor  ", stream);
	print_range(stream, scenario->hypervisor_base, scenario->hypervisor_size);
	fprintf(stream, "%s\n", size_text(size, scenario->hypervisor_size));
	fputs("trampoline  ", stream);
	print_range(stream, scenario->trampoline, PAGE_SIZE_4K);
	fputc('\n', stream);
	if (scenario->crash_record_size != 0) {
		fputs("crashes     ", stream);
		print_range(stream, scenario->crash_record_base, scenario->crash_record_size);
		fprintf(stream, "%s\n", size_text(size, scenario->crash_record_size));
	}
	if (scenario->image_store_size != 0) {
		fputs("images      ", stream);
		print_range(stream, scenario->image_store_base, scenario->image_store_size);
		fprintf(stream, "%s\n", size_text(size, scenario->image_store_size));
	}
}

static void report_core(const struct verify *verify, uint32_t index, FILE *stream)
{
	const struct verify_core *core = &verify->host_cores[index];
	uint32_t vcpu = index < verify->scenario.core_count ? verify->cores[index].vcpu : VCPU_NONE;

	if (core->item_count == 0)
		return;
	fprintf(stream, "\n%s: what the hypervisor has mapped", core->label);
	if (vcpu < verify->scenario.vcpu_count &&
	    verify->vcpus[vcpu].vm < verify->scenario.vm_count) {
		fputs(", for ", stream);
		print_clean(stream, verify->vms[verify->vcpus[vcpu].vm].label);
	}
	fputc('\n', stream);
	for (unsigned i = 0; i < core->item_count; i++) {
		const struct verify_item *item = &core->items[i];
		char size[32];

		fputs("            ", stream);
		print_range(stream, item->start, item->end - item->start);
		fprintf(stream, "%s  %s%s\n", verify_permissions((uint32_t)item->properties),
			size_text(size, item->end - item->start),
			item->properties & ~UINT64_C(7) ? ", uncached" : "");
	}
}

void verify_print_report(const struct verify *verify, const char *file, FILE *stream)
{
	if (!verify->tables_readable)
		return;
	report_header(verify, file, stream);
	FOR_EACH_VM(verify, vm)
		report_vm(verify, vm, stream);
	for (uint32_t i = 0; i < 2 * verify->scenario.core_count; i++)
		report_core(verify, i, stream);
	fputc('\n', stream);
}
