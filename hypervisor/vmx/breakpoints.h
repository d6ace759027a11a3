/* SPDX-License-Identifier: Apache-2.0 */
/* Breakpoint conditions of the debug registers (SDM 3.18.2.4), which only few guests set. */
#ifndef VMX_BREAKPOINTS_H
#define VMX_BREAKPOINTS_H

#include "vm/guest_state.h"

/* What guest_watch_access() does for a guest whose DR7 enables some. */
bool breakpoints_meet(uint64_t dr7, enum guest_watch kind, uint64_t address, unsigned size);

#endif
