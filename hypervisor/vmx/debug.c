/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a processor does when an instruction is complete, for those that the hypervisor completes:
 * shadows end, the resume flag is cleared, and debug conditions are reported (SDM 3.18.3).
 */
#include "cpu/registers.h"
#include "vm/guest_state.h"
#include "vmx/vmcs.h"

/* DR7 (SDM 3.18.2.4) */
#define BREAKPOINT_COUNT      4
#define BREAKPOINTS_ENABLED   UINT64_C(0xFF)
#define BREAKPOINT_ENABLED(n) (UINT64_C(3) << (2 * (n)))
#define BREAKPOINT_KIND(d, n) ((d) >> (16 + 4 * (n)) & 3)
#define BREAKPOINT_SIZE(d, n) ((d) >> (18 + 4 * (n)) & 3)
#define BREAKPOINT_WRITE      1
#define BREAKPOINT_PORT       2
#define BREAKPOINT_READ_WRITE 3

#define DEBUG_CONTROL_BTF UINT64_C(2) /* single steps are branches (SDM 3.18.4.1) */

static void debug_exception_pending(uint64_t conditions)
{
	vmcs_write(VMCS_GUEST_PENDING_DEBUG, vmcs_read(VMCS_GUEST_PENDING_DEBUG) | conditions);
}

/* None of the instructions that exit is a branch. */
static void single_step(void)
{
	if (!(vmcs_read(VMCS_GUEST_DEBUG_CONTROL) & DEBUG_CONTROL_BTF))
		debug_exception_pending(PENDING_DEBUG_BS);
}

#define SHADOWS (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)

/*
 * What is seldom to be done when an instruction is complete: RIP wraps outside 64-bit mode, shadows and the
 * resume flag end, a single step is reported. Out of line, so that skip() saves no registers.
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

/* Part of nearly every exit, hence inline. That the write is refused would show that the VMCS is not there. */
static inline void skip(uint32_t length)
{
	uint64_t rip = vmcs_read_known(VMCS_GUEST_RIP) + length;
	uint64_t flags = vmcs_read_known(VMCS_GUEST_RFLAGS);
	uint64_t blocked = vmcs_read_known(VMCS_GUEST_INTERRUPTIBILITY);

	vmcs_write(VMCS_GUEST_RIP, rip);
	/* the lower half is less than what was added: there was a carry out of it */
	if ((uint32_t)rip < length || (flags & (RFLAGS_RF | RFLAGS_TF)) || (blocked & SHADOWS))
		complete(rip - length, rip, flags);
}

void guest_skip_bytes(unsigned length)
{
	skip(length);
}

void guest_skip_instruction(void)
{
	skip((uint32_t)vmcs_read_known(VMCS_EXIT_INSTRUCTION_LENGTH));
}

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

bool guest_watch_access(enum guest_watch kind, uint64_t address, unsigned size)
{
	uint64_t dr7 = vmcs_read(VMCS_GUEST_DR7);
	uint64_t met = 0;

	if (!(dr7 & BREAKPOINTS_ENABLED))
		return false;
	for (unsigned i = 0; i < BREAKPOINT_COUNT; i++)
		if ((dr7 & BREAKPOINT_ENABLED(i)) && kind_matches(BREAKPOINT_KIND(dr7, i), kind) &&
		    range_matches(dr7, i, address, size))
			met |= UINT64_C(1) << i;
	if (met)
		debug_exception_pending(met | PENDING_DEBUG_ENABLED);
	return met != 0;
}
