/* SPDX-License-Identifier: Apache-2.0 */
/* What guests may have in control registers. */
#ifndef VMX_CONTROL_REGISTERS_H
#define VMX_CONTROL_REGISTERS_H

#include "bulkhead/types.h"

/*
 * Bits of CR4 that a guest may set, if the processor has them: those of the features that CPUID offers
 * (vm/cpuid.c). Not among them: VMX, SMX, 5-level paging, key locker, CET, protection keys of supervisor
 * pages, user interrupts.
 */
#define CR4_OFFERED UINT64_C(0x00770FFF)

#endif
