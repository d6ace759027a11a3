/* SPDX-License-Identifier: Apache-2.0 */
/* BHB212: memory that several VMs have by declaration. */
#include "verify_internal.h"

const struct share_config *verify_share_of(const struct verify *verify, hpa_t base, uint64_t size)
{
	for (uint32_t i = 0; i < verify->scenario.share_count; i++)
		if (verify->shares[i].base == base && verify->shares[i].size == size)
			return &verify->shares[i];
	return NULL;
}

/* VMs that have the share; reports those that have it more than once. */
static uint32_t count_peers(struct verify *verify, uint32_t share)
{
	const struct share_config *config = &verify->shares[share];
	uint32_t peers = 0;

	FOR_EACH_VM(verify, vm) {
		uint32_t regions = 0;

		for (uint32_t i = 0; i < vm->config.memory_count; i++)
			regions += vm->memory[i].kind == MEMORY_SHARED &&
				   vm->memory[i].host_physical == config->base;
		peers += regions != 0;
		verify->statistics.pairs += vm->config.memory_count;
		if (regions > 1)
			verify_report(verify, VERIFY_SHARE,
				      "%s: it has the share \"%.32s\" %" PRIu32 " times", vm->label,
				      verify->share_names[share], regions);
	}
	return peers;
}

static void check_share(struct verify *verify, uint32_t index)
{
	const struct share_config *share = &verify->shares[index];
	const char *problem = NULL;

	if ((share->base | share->size) & PAGE_MASK || share->size == 0 ||
	    share->base + share->size < share->base)
		problem = "is not whole pages";
	else if (!verify_ram_holds(verify, share->base, share->size))
		problem = "is not all RAM of the board";
	else if (count_peers(verify, index) < 2)
		problem = "is shared by fewer than two VMs";
	if (problem)
		verify_report(verify, VERIFY_SHARE, "the share \"%.32s\" at host 0x%" PRIx64 " %s",
			      verify->share_names[index], share->base, problem);
}

static int compare_shares(const void *left, const void *right)
{
	uint64_t a = ((const struct share_config *)left)->base;
	uint64_t b = ((const struct share_config *)right)->base;

	return (a > b) - (a < b);
}

/* Neighbours in the order of addresses are enough, since one overlap is enough. */
static void check_disjoint(struct verify *verify)
{
	uint32_t count = verify->scenario.share_count;
	struct share_config *sorted = arena_alloc(verify->arena, count * sizeof(*sorted));

	if (count == 0)
		return;
	memcpy(sorted, verify->shares, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_shares);
	for (uint32_t i = 1; i < count; i++) {
		verify->statistics.pairs++;
		if (sorted[i].base - sorted[i - 1].base < sorted[i - 1].size)
			verify_report(verify, VERIFY_SHARE, "two shares overlap at host 0x%" PRIx64,
				      sorted[i].base);
	}
}

static void check_regions(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		for (uint32_t i = 0; i < vm->config.memory_count; i++) {
			const struct memory_region *region = &vm->memory[i];

			if (region->kind == MEMORY_SHARED &&
			    !verify_share_of(verify, region->host_physical, region->size))
				verify_report(verify, VERIFY_SHARE,
					      "%s: its shared memory at guest 0x%" PRIx64
					      " is none of the scenario's shares",
					      vm->label, region->guest_physical);
		}
	}
}

/* Also where only one VM does, so that no other rule sees two. */
static void check_privates(struct verify *verify)
{
	for (uint32_t i = 0; i < verify->scenario.share_count; i++) {
		const struct share_config *share = &verify->shares[i];

		for (unsigned j = 0; j < verify->private_count; j++) {
			const struct verify_extent *extent = &verify->privates[j];

			verify->statistics.pairs++;
			if (extent->host < share->base + share->size &&
			    share->base < extent->host + extent->size)
				verify_report(verify, VERIFY_SHARE,
					      "%s: its EPT maps host %s, which meets the share "
					      "\"%.32s\", but not as shared memory",
					      verify->vms[extent->vm].label,
					      verify_numbers(verify, extent->host,
							     extent->host + extent->size - 1),
					      verify->share_names[i]);
		}
	}
}

void verify_shares(struct verify *verify)
{
	for (uint32_t i = 0; i < verify->scenario.share_count; i++)
		check_share(verify, i);
	check_disjoint(verify);
	check_regions(verify);
	check_privates(verify);
}
