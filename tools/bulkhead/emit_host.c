/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_host.h"

#include <inttypes.h>

#define LEAVES_PER_LINE 4

static const char *const level_names[HOST_LEVEL_ROOT + 1] = {"", "pt", "pd", "pdpt", "pml4"};

/* Whose table it is: of a core, or of all cores of a VM. */
struct owner {
	const char *kind; /* "core", "vm" */
	uint32_t number;
	struct host_tree *tree;
	struct host_tree *vm; /* the tree that it may refer to; NULL for that one itself */
	uint32_t vm_number;
};

static void emit_name(FILE *file, const char *kind, uint32_t number, const struct host_tree *tree,
		      unsigned index)
{
	fprintf(file, "host_%s%u_%s%u", kind, number, level_names[tree->tables[index]->level],
		index);
}

static uint64_t entry_size(unsigned level)
{
	return PAGE_SIZE_4K << (9 * (level - 1));
}

static unsigned emit_leaves(FILE *file, const struct host_table *table, unsigned first)
{
	uint64_t size = entry_size(table->level);
	unsigned end = first + 1;

	while (end < HOST_ENTRIES && table->entries[end] == table->entries[end - 1] + size)
		end++;
	fprintf(file, "\t/* 0x%" PRIx64 "-0x%" PRIx64 " */\n", table->base + first * size,
		table->base + end * size - 1);
	for (unsigned i = first; i < end; i++) {
		bool last = (i - first) % LEAVES_PER_LINE == LEAVES_PER_LINE - 1 || i == end - 1;

		fprintf(file, "%s[%u] = 0x%" PRIx64 ",%s",
			(i - first) % LEAVES_PER_LINE == 0 ? "\t" : " ", i, table->entries[i],
			last ? "\n" : "");
	}
	return end;
}

static void emit_reference(FILE *file, const struct owner *owner, const struct host_table *table,
			   unsigned index)
{
	uint64_t entry = table->entries[index];
	unsigned target = (unsigned)(entry >> HOST_REFERENCE_INDEX);

	fprintf(file, "\t[%u] = (uint64_t)&", index);
	if ((entry & HOST_REFERENCE_KIND) == HOST_REFERENCE_IMAGE)
		fprintf(file, "host_image_tables[%u]", target);
	else if ((entry & HOST_REFERENCE_KIND) == HOST_REFERENCE_VM)
		emit_name(file, "vm", owner->vm_number, owner->vm, target);
	else
		emit_name(file, owner->kind, owner->number, owner->tree, target);
	fprintf(file, " + 0x%" PRIx64 ", /* from 0x%" PRIx64 " */\n", HOST_TABLE,
		table->base + index * entry_size(table->level));
}

static void emit_table(FILE *file, const struct owner *owner, unsigned index);

/* A table is written after those that it refers to, and those of the VM once. */
static void emit_referred(FILE *file, const struct owner *owner, uint64_t entry)
{
	const struct owner vm = {"vm", owner->vm_number, owner->vm, NULL, owner->vm_number};
	unsigned target = (unsigned)(entry >> HOST_REFERENCE_INDEX);

	if (entry & HOST_PRESENT)
		return;
	if ((entry & HOST_REFERENCE_KIND) == HOST_REFERENCE_OWN)
		emit_table(file, owner, target);
	else if ((entry & HOST_REFERENCE_KIND) == HOST_REFERENCE_VM)
		emit_table(file, &vm, target);
}

static void emit_table(FILE *file, const struct owner *owner, unsigned index)
{
	struct host_table *table = owner->tree->tables[index];

	if (table->emitted)
		return;
	table->emitted = true;
	for (unsigned i = 0; i < HOST_ENTRIES; i++)
		emit_referred(file, owner, table->entries[i]);
	fprintf(file, "\n/* host 0x%" PRIx64 "-0x%" PRIx64 " */\nstatic const uint64_t ",
		table->base, table->base + HOST_ENTRIES * entry_size(table->level) - 1);
	emit_name(file, owner->kind, owner->number, owner->tree, index);
	fprintf(file, "[%u] TABLE = {\n", HOST_ENTRIES);
	for (unsigned i = 0; i < HOST_ENTRIES;) {
		if (table->entries[i] & HOST_PRESENT) {
			i = emit_leaves(file, table, i);
			continue;
		}
		if (table->entries[i])
			emit_reference(file, owner, table, i);
		i++;
	}
	fputs("};\n", file);
}

void emit_host_tables(FILE *file, const struct plan *plan)
{
	const struct scenario *scenario = &plan->scenario;

	fputs("\n/* ---- The hypervisor's own page tables ---- */\n", file);
	fputs("\nextern const uint64_t host_image_tables[][512]; /* host_image.lds */\n", file);
	for (uint32_t i = 0; i < scenario->core_count; i++) {
		uint32_t vcpu = scenario->cores[i].vcpu;
		uint32_t vm = vcpu == VCPU_NONE ? scenario->vm_count : scenario->vcpus[vcpu].vm;
		const struct owner owner = {"core", i, &plan->host.cores[i], &plan->host.vms[vm],
					    vm};

		emit_table(file, &owner, 0);
	}
	for (uint32_t i = 0; i < scenario->core_count; i++) {
		const uint32_t base = scenario->vm_count + 1;
		const struct owner owner = {"console", i, &plan->host.consoles[i],
					    &plan->host.vms[base], base};

		if (owner.tree->count != 0)
			emit_table(file, &owner, 0);
	}
}

void emit_host_root(FILE *file, uint32_t core)
{
	fprintf(file, "host_core%u_pml40", core);
}

void emit_console_root(FILE *file, const struct scenario *scenario, uint32_t core)
{
	if (host_serves_console(scenario, core))
		fprintf(file, "host_console%u_pml40", core);
	else
		fputs("NULL", file);
}

void emit_layout(FILE *file, const struct scenario *scenario)
{
	hpa_t base = scenario->hypervisor_base;
	uint64_t size = scenario->hypervisor_size;
	const struct {
		const char *symbol;
		uint64_t value;
	} symbols[] = {
		{"HYPERVISOR_BASE", base},
		{"HYPERVISOR_SIZE", size},
		{"HOST_IMAGE_BASE", host_image_base(base)},
		{"HOST_OWNED_BASE", host_owned_base(base, size, scenario->core_count)},
		{"HOST_AREAS_SIZE", (uint64_t)scenario->core_count * HOST_AREA_SIZE},
		{"HOST_CODE", HOST_CODE},
		{"HOST_CONSTANT", HOST_CONSTANT},
		{"HOST_DATA", HOST_DATA},
	};

	for (unsigned i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		fprintf(file, "%s = 0x%" PRIx64 ";\n", symbols[i].symbol, symbols[i].value);
}

/*
 * Rights of a page depend on where the linker puts the bounds, so the linker decides: there is an entry for
 * each page that the image might have.
 */
void emit_host_image(FILE *file, const struct scenario *scenario)
{
	hpa_t base = host_image_base(scenario->hypervisor_base);
	hpa_t end = host_owned_base(scenario->hypervisor_base, scenario->hypervisor_size,
				    scenario->core_count);

	fputs("/* Made by `bulkhead build`: do not edit. Code, constants, sealed and shared data. */\n",
	      file);
	for (hpa_t page = base; page < end; page += PAGE_SIZE_4K)
		fprintf(file,
			"QUAD(0x%1$" PRIx64 " < ABSOLUTE(text_end) ? 0x%1$" PRIx64
			" + HOST_CODE : 0x%1$" PRIx64 " < ABSOLUTE(constants_end) || "
			"(0x%1$" PRIx64 " >= ABSOLUTE(sealed_start) && 0x%1$" PRIx64
			" < ABSOLUTE(sealed_end)) ? 0x%1$" PRIx64 " + HOST_CONSTANT : "
			"0x%1$" PRIx64 " >= ABSOLUTE(shared_start) && 0x%1$" PRIx64
			" < ABSOLUTE(shared_end) ? 0x%1$" PRIx64 " + HOST_DATA : 0)\n",
			page);
}
