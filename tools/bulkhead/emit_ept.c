/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "emit_tables.h"

#define LEAVES_PER_LINE 4

static const char *const level_names[EPT_LEVEL_ROOT + 1] = {"", "pt", "pd", "pdpt", "pml4"};
static const char *const leaf_names[EPT_LEVEL_ROOT + 1] = {"", "4 KiB", "2 MiB", "1 GiB", ""};

static void emit_table_name(FILE *file, const struct ept_table *table, uint32_t vm)
{
	if (table->level == EPT_LEVEL_ROOT)
		fprintf(file, "vm%u_ept_pml4", vm);
	else
		fprintf(file, "vm%u_ept_%s%u", vm, level_names[table->level], table->number);
}

/* The same rights and memory type, and the host address goes on where the one before ended. */
static bool leaf_continues(const struct ept_table *table, unsigned index)
{
	const struct ept_entry *entries = table->entries;

	return ept_is_leaf(&entries[index]) &&
	       entries[index].bits == entries[index - 1].bits + ept_entry_size(table->level);
}

static void emit_run_comment(FILE *file, const struct ept_table *table, unsigned first,
			     unsigned end)
{
	uint64_t bits = table->entries[first].bits;
	uint64_t size = ept_entry_size(table->level);
	gpa_t guest = table->base + first * size;
	hpa_t host = bits & EPT_ADDRESS_MASK;
	uint64_t length = (end - first) * size;

	fprintf(file, "\t/* 0x%" PRIx64 "-0x%" PRIx64 " -> host 0x%" PRIx64 "-0x%" PRIx64, guest,
		guest + length - 1, host, host + length - 1);
	fprintf(file, " %c%c%c %s, %u x %s */\n", bits & MEMORY_READ ? 'r' : '-',
		bits & MEMORY_WRITE ? 'w' : '-', bits & MEMORY_EXECUTE ? 'x' : '-',
		(bits >> 3 & 7) == EPT_MEMORY_TYPE_WB ? "WB" : "UC", end - first,
		leaf_names[table->level]);
}

/* Leaves from `first` on that make one contiguous piece; returns the index after them. */
static unsigned emit_run(FILE *file, const struct ept_table *table, unsigned first)
{
	unsigned end = first + 1;

	while (end < EPT_ENTRIES && leaf_continues(table, end))
		end++;
	emit_run_comment(file, table, first, end);
	for (unsigned i = first; i < end; i++) {
		fputs((i - first) % LEAVES_PER_LINE == 0 ? "\t" : " ", file);
		fprintf(file, "[%u] = 0x%" PRIx64 ",", i, table->entries[i].bits);
		if ((i - first) % LEAVES_PER_LINE == LEAVES_PER_LINE - 1 || i == end - 1)
			fputc('\n', file);
	}
	return end;
}

static void emit_reference(FILE *file, const struct ept *ept, const struct ept_table *table,
			   unsigned index, uint32_t vm)
{
	const struct ept_entry *entry = &table->entries[index];

	fprintf(file, "\t[%u] = (uint64_t)&", index);
	emit_table_name(file, ept->tables[entry->child], vm);
	fprintf(file, " + 0x%" PRIx64 ", /* from 0x%" PRIx64 " */\n", entry->bits,
		ept->tables[entry->child]->base);
}

static void emit_entries(FILE *file, const struct ept *ept, const struct ept_table *table,
			 uint32_t vm)
{
	for (unsigned i = 0; i < EPT_ENTRIES;) {
		if (ept_is_leaf(&table->entries[i])) {
			i = emit_run(file, table, i);
			continue;
		}
		if (table->entries[i].child != EPT_NO_CHILD)
			emit_reference(file, ept, table, i, vm);
		i++;
	}
}

static bool is_empty(const struct ept_table *table)
{
	for (unsigned i = 0; i < EPT_ENTRIES; i++) {
		if (table->entries[i].bits != 0)
			return false;
	}
	return true;
}

static void emit_table(FILE *file, const struct ept *ept, const struct ept_table *table,
		       uint32_t vm, const char *vm_name)
{
	for (unsigned i = 0; i < EPT_ENTRIES; i++) {
		if (table->entries[i].child != EPT_NO_CHILD)
			emit_table(file, ept, ept->tables[table->entries[i].child], vm, vm_name);
	}
	fprintf(file, "\n/* %s: guest 0x%" PRIx64 "-0x%" PRIx64 " */\n", vm_name, table->base,
		table->base + EPT_ENTRIES * ept_entry_size(table->level) - 1);
	fputs("static const uint64_t ", file);
	emit_table_name(file, table, vm);
	fprintf(file, "[%u] TABLE = {\n", EPT_ENTRIES);
	if (is_empty(table))
		fputs("\t0\n", file);
	emit_entries(file, ept, table, vm);
	fputs("};\n", file);
}

void emit_ept(FILE *file, const struct ept *ept, uint32_t vm, const char *vm_name)
{
	emit_table(file, ept, ept->tables[0], vm, vm_name);
}
