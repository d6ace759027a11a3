/* SPDX-License-Identifier: Apache-2.0 */
#include "vmx/breakpoints.h"

#include "cpu/registers.h"
#include "vmx/vmcs.h"

/* DR7 (SDM 3.18.2.4) */
#define BREAKPOINT_COUNT      4
#define BREAKPOINT_ENABLED(n) (UINT64_C(3) << (2 * (n)))
#define BREAKPOINT_KIND(d, n) ((d) >> (16 + 4 * (n)) & 3)
#define BREAKPOINT_SIZE(d, n) ((d) >> (18 + 4 * (n)) & 3)
#define BREAKPOINT_WRITE      1
#define BREAKPOINT_PORT       2
#define BREAKPOINT_READ_WRITE 3

static uint64_t breakpoint_address(unsigned number)
{
	switch (number) {
	case 0:
		return dr0_read();
	case 1:
		return dr1_read();
	case 2:
		return dr2_read();
	default:
		return dr3_read();
	}
}

static bool kind_matches(uint64_t kind, enum guest_watch access)
{
	switch (kind) {
	case BREAKPOINT_WRITE:
		return access == WATCH_WRITE;
	case BREAKPOINT_PORT:
		return access == WATCH_PORT && (vmcs_read(VMCS_GUEST_CR4) & CR4_DE);
	case BREAKPOINT_READ_WRITE:
		return access != WATCH_PORT;
	default:
		return false;
	}
}

static bool range_matches(uint64_t dr7, unsigned number, uint64_t address, unsigned size)
{
	static const uint8_t sizes[] = {1, 2, 8, 4};
	unsigned watched = sizes[BREAKPOINT_SIZE(dr7, number)];
	uint64_t first = breakpoint_address(number) & ~(uint64_t)(watched - 1);

	return address < first + watched && first < address + size;
}

bool breakpoints_meet(uint64_t dr7, enum guest_watch kind, uint64_t address, unsigned size)
{
	uint64_t met = 0;

	for (unsigned i = 0; i < BREAKPOINT_COUNT; i++)
		if ((dr7 & BREAKPOINT_ENABLED(i)) && kind_matches(BREAKPOINT_KIND(dr7, i), kind) &&
		    range_matches(dr7, i, address, size))
			met |= UINT64_C(1) << i;
	if (met)
		vmcs_change(VMCS_GUEST_PENDING_DEBUG, 0, met | PENDING_DEBUG_ENABLED);
	return met != 0;
}
