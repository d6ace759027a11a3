/* SPDX-License-Identifier: Apache-2.0 */
/* The MSRs that a guest reaches without an exit. What has no row here exits. */
#ifndef BULKHEAD_TOOL_MSR_POLICY_H
#define BULKHEAD_TOOL_MSR_POLICY_H

#include <stddef.h>
#include <stdint.h>

/* MSRs that the bitmap covers (SDM 3.25.6.9); all others exit whatever it says. */
#define MSR_LOW_FIRST  UINT32_C(0x00000000)
#define MSR_LOW_LAST   UINT32_C(0x00001FFF)
#define MSR_HIGH_FIRST UINT32_C(0xC0000000)
#define MSR_HIGH_LAST  UINT32_C(0xC0001FFF)

enum msr_access {
	MSR_READ = 1,
	MSR_WRITE = 2,
	MSR_READ_WRITE = MSR_READ | MSR_WRITE,
};

/* Access to [first, last] that cannot leave the guest's own core. */
struct msr_policy {
	uint32_t first;
	uint32_t last; /* inclusive */
	enum msr_access access;
	const char *name;   /* as in SDM volume 4 */
	const char *reason; /* why it is harmless, and why an exit would hurt */
};

/* Sorted by MSR, disjoint. */
extern const struct msr_policy msr_policy[];
extern const size_t msr_policy_count;

#endif
