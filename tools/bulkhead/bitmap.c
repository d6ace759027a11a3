/* SPDX-License-Identifier: Apache-2.0 */
#include "bitmap.h"

#include <string.h>

static void clear_bit(uint8_t *bitmap, uint32_t bit)
{
	bitmap[bit / 8] &= (uint8_t) ~(1u << (bit % 8));
}

void io_bitmap_build(uint8_t bitmap[IO_BITMAP_SIZE], const struct port_range *ports, size_t count)
{
	memset(bitmap, 0xFF, IO_BITMAP_SIZE);
	for (size_t i = 0; i < count; i++) {
		for (uint32_t port = ports[i].first; port <= ports[i].last; port++)
			clear_bit(bitmap, port);
	}
}

/* Not covered by the bitmap: stays an exit. */
static void allow_msr(uint8_t *bitmap, uint32_t msr, enum msr_access access)
{
	bool high = msr >= MSR_HIGH_FIRST && msr <= MSR_HIGH_LAST;
	uint32_t bit = high ? msr - MSR_HIGH_FIRST : msr;

	if (!high && msr > MSR_LOW_LAST)
		return;
	if (access & MSR_READ)
		clear_bit(bitmap + (high ? MSR_BITMAP_READ_HIGH : MSR_BITMAP_READ_LOW), bit);
	if (access & MSR_WRITE)
		clear_bit(bitmap + (high ? MSR_BITMAP_WRITE_HIGH : MSR_BITMAP_WRITE_LOW), bit);
}

void msr_bitmap_build(uint8_t bitmap[MSR_BITMAP_SIZE])
{
	memset(bitmap, 0xFF, MSR_BITMAP_SIZE);
	for (size_t i = 0; i < msr_policy_count; i++) {
		const struct msr_policy *row = &msr_policy[i];

		for (uint32_t msr = row->first; msr <= row->last; msr++)
			allow_msr(bitmap, msr, row->access);
	}
}
