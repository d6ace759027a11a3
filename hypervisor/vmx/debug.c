/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a processor does when an instruction is complete, for those that the hypervisor completes:
 * shadows end, the resume flag is cleared, and debug conditions are reported (SDM 3.18.3).
 */
#include "cpu/registers.h"
#include "vm/guest_state.h"
#include "vmx/breakpoints.h"
#include "vmx/vmcs.h"

#define DEBUG_CONTROL_BTF UINT64_C(2) /* single steps are branches (SDM 3.18.4.1) */

/* None of the instructions that exit is a branch. */
static void single_step(void)
{
	if (!(vmcs_read(VMCS_GUEST_DEBUG_CONTROL) & DEBUG_CONTROL_BTF))
		vmcs_change(VMCS_GUEST_PENDING_DEBUG, 0, PENDING_DEBUG_BS);
}

#define SHADOWS (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)

/*
 * What is seldom to be done when an instruction is complete: RIP wraps outside 64-bit mode, shadows and the
 * resume flag end, a single step is reported. Out of line, so that nothing else saves registers.
 */
static __attribute__((noinline)) void complete(uint64_t from, uint64_t rip, uint64_t flags)
{
	if ((from ^ rip) >> 32 && guest_code_bits() != 64)
		vmcs_write(VMCS_GUEST_RIP, (uint32_t)rip);
	guest_end_shadows();
	if (flags & RFLAGS_RF)
		vmcs_write(VMCS_GUEST_RFLAGS, flags & ~RFLAGS_RF);
	if (flags & RFLAGS_TF)
		single_step();
}

/* Part of nearly every exit. That the write is refused would show that the VMCS is not there. */
__attribute__((noinline)) void guest_skip_bytes(unsigned length)
{
	uint64_t rip = vmcs_read_known(VMCS_GUEST_RIP) + length;
	uint64_t flags = vmcs_read_known(VMCS_GUEST_RFLAGS);
	uint64_t blocked = vmcs_read_known(VMCS_GUEST_INTERRUPTIBILITY);

	vmcs_write_fast(VMCS_GUEST_RIP, rip);
	/* the lower half is less than what was added: there was a carry out of it */
	if ((uint32_t)rip < length || (flags & (RFLAGS_RF | RFLAGS_TF)) || (blocked & SHADOWS))
		complete(rip - length, rip, flags);
}

void guest_skip_instruction(void)
{
	guest_skip_bytes((uint32_t)vmcs_read_known(VMCS_EXIT_INSTRUCTION_LENGTH));
}

#define BREAKPOINTS_ENABLED UINT64_C(0xFF) /* of DR7 (SDM 3.18.2.4) */

bool guest_watch_access(enum guest_watch kind, uint64_t address, unsigned size)
{
	uint64_t dr7 = vmcs_read_fast(VMCS_GUEST_DR7);

	return (dr7 & BREAKPOINTS_ENABLED) && breakpoints_meet(dr7, kind, address, size);
}
