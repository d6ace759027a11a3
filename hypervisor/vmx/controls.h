/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The five control words of the VMCS, computed from what Bulkhead wants and what the processor's
 * capability MSRs allow (SDM 3.A.2 to 3.A.5).
 */
#ifndef VMX_CONTROLS_H
#define VMX_CONTROLS_H

#include "bulkhead/error.h"
#include "bulkhead/types.h"

enum vmx_control_word {
	CONTROL_PIN,
	CONTROL_PROCESSOR,
	CONTROL_PROCESSOR2,
	CONTROL_EXIT,
	CONTROL_ENTRY,
	CONTROL_WORD_COUNT,
};

struct vmx_controls {
	uint32_t word[CONTROL_WORD_COUNT];
};

/* What Bulkhead wants of one control word. */
struct vmx_control_policy {
	const char *name;
	uint32_t capability_msr;
	uint32_t required;  /* bits that must be 1 */
	uint32_t optional;  /* bits that are 1 where the processor has them */
	uint32_t available; /* bits that start as 0 and are set for a while; must be possible */
	uint32_t forbidden; /* bits that must be 0; the rest takes what the processor forces */
};

extern const struct vmx_control_policy vmx_control_policies[CONTROL_WORD_COUNT];

/*
 * The value of one word. `capability` is its capability MSR: bits 31:0 are forced to 1, bits 63:32 may
 * be 1. ERROR_VMX_CONTROL_UNSUPPORTED when a required or available bit can't be 1 or a forbidden one can't
 * be 0;
 * then *missing has those bits.
 */
enum error vmx_control_compute(const struct vmx_control_policy *policy, uint64_t capability,
			       uint32_t *value, uint32_t *missing);

/*
 * Name of a control bit that some policy mentions, as the SDM calls it; "unnamed control" for others.
 * `bit` has exactly one bit set.
 */
const char *vmx_control_name(enum vmx_control_word word, uint32_t bit);

/* All words for the calling core. The core has passed vmx_check(). */
enum error vmx_controls_read(struct vmx_controls *controls);

#endif
