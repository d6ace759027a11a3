/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_features.h"

#include <stdlib.h>

#include "cpu_features.h"

static int compare_number(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_masks(const void *left, const void *right)
{
	const struct cpuid_mask *a = left, *b = right;
	int order = compare_number(a->leaf, b->leaf);

	if (order == 0)
		order = compare_number(a->subleaf, b->subleaf);
	return order ? order : compare_number(a->result, b->result);
}

/* Sorts, and makes one of those that concern the same word. */
static uint32_t join_masks(struct cpuid_mask *masks, uint32_t count)
{
	uint32_t last = 0;

	if (count == 0)
		return 0;
	qsort(masks, count, sizeof(*masks), compare_masks);
	for (uint32_t i = 1; i < count; i++) {
		if (compare_masks(&masks[last], &masks[i]) == 0)
			masks[last].clear |= masks[i].clear;
		else
			masks[++last] = masks[i];
	}
	return last + 1;
}

void plan_cpuid(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	struct cpuid_mask *masks = arena_alloc(
		&plan->arena, (size_t)vm->cpuid_hide_count * CPU_FEATURE_MASKS * sizeof(*masks));
	uint32_t count = 0;

	for (unsigned i = 0; i < vm->cpuid_hide_count; i++) {
		const struct cpu_feature *feature = cpu_feature_find(vm->cpuid_hide[i].value);

		for (unsigned j = 0;
		     feature && j < CPU_FEATURE_MASKS && feature->masks[j].clear != 0; j++)
			masks[count++] = feature->masks[j];
	}
	config->cpuid_mask_count = join_masks(masks, count);
	config->cpuid_masks = config->cpuid_mask_count == 0 ? NULL : masks;
}

void emit_cpuid_masks(FILE *file, const struct vm_config *vm)
{
	static const char *const results[] = {"CPUID_EAX", "CPUID_EBX", "CPUID_ECX", "CPUID_EDX"};

	if (vm->cpuid_mask_count == 0)
		return;
	fprintf(file, "\nstatic const struct cpuid_mask vm%u_cpuid_masks[] = {\n", vm->id);
	for (uint32_t i = 0; i < vm->cpuid_mask_count; i++) {
		const struct cpuid_mask *mask = &vm->cpuid_masks[i];

		fprintf(file, "\t{ .leaf = 0x%x, .subleaf = ", mask->leaf);
		if (mask->subleaf == CPUID_SUBLEAF_ANY)
			fputs("CPUID_SUBLEAF_ANY", file);
		else
			fprintf(file, "%u", mask->subleaf);
		fprintf(file, ", .result = %s, .clear = 0x%x },\n", results[mask->result],
			mask->clear);
	}
	fputs("};\n", file);
}
