/* SPDX-License-Identifier: Apache-2.0 */
#include "span.h"

#include <inttypes.h>

const char *span_text(struct arena *arena, struct span span)
{
	if (span.first == span.last)
		return arena_format(arena, "0x%" PRIx64, span.first);
	return arena_format(arena, "0x%" PRIx64 "-0x%" PRIx64, span.first, span.last);
}

const char *size_text(struct arena *arena, uint64_t size)
{
	static const struct {
		unsigned shift;
		const char *name;
	} units[] = {{30, "GiB"}, {20, "MiB"}, {10, "KiB"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (size && size % (UINT64_C(1) << units[i].shift) == 0)
			return arena_format(arena, "%" PRIu64 " %s", size >> units[i].shift,
					    units[i].name);
	return arena_format(arena, "%" PRIu64 " byte%s", size, size == 1 ? "" : "s");
}

bool memory_guest_span(const struct vm_memory *memory, struct span *span)
{
	return memory->guest.given && memory->size.given &&
	       span_make(memory->guest.value, memory->size.value, span);
}

bool memory_host_span(const struct vm_memory *memory, struct span *span)
{
	return memory->host.given && memory->size.given &&
	       span_make(memory->host.value, memory->size.value, span);
}

bool range_span(const struct range *range, struct span *span)
{
	return range->base.given && range->size.given &&
	       span_make(range->base.value, range->size.value, span);
}
