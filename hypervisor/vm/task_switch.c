/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/task_switch.h"

#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "lib/string.h"
#include "vm/task_segments.h"

/* SDM 3.8.2.1, figure 8-2 */
struct task_segment32 {
	uint32_t link;
	uint32_t stacks[6];
	uint32_t cr3;
	uint32_t eip, eflags;
	uint32_t registers[8]; /* in the order in which instructions number them */
	uint32_t selectors[TASK_SELECTORS];
	uint16_t trap; /* bit 0 */
	uint16_t io_map;
};
_Static_assert(sizeof(struct task_segment32) == 0x68, "a 32-bit TSS is 104 bytes long");
_Static_assert(offsetof(struct task_segment32, eip) == 0x20,
	       "what the processor saves begins here");

/* SDM 3.8.6, figure 8-10 */
struct task_segment16 {
	uint16_t link;
	uint16_t stacks[6];
	uint16_t ip, flags;
	uint16_t registers[8];
	uint16_t selectors[4];
	uint16_t ldt;
};
_Static_assert(sizeof(struct task_segment16) == 0x2C, "a 16-bit TSS is 44 bytes long");
_Static_assert(offsetof(struct task_segment16, ip) == 0x0E, "what the processor saves begins here");

#define SAVED32_FIRST offsetof(struct task_segment32, eip)
#define SAVED32_END   offsetof(struct task_segment32, selectors[GUEST_LDTR])
#define SAVED16_FIRST offsetof(struct task_segment16, ip)
#define SAVED16_END   offsetof(struct task_segment16, ldt)

#define TYPE_MASK UINT32_C(0x1F) /* with S, which is 0 */
#define TYPE_BUSY UINT32_C(0x02)
#define TYPE_TSS  UINT32_C(0x01)
#define TYPE_32   UINT32_C(0x08)

#define DR7_LOCAL_ENABLES  UINT64_C(0x155)
#define DR6_TASK_SWITCH    UINT64_C(0x8000)
#define EFLAGS_LOADED      UINT64_C(0x3F7FD5) /* all that are defined */
#define UPPER_HALF_UNKNOWN UINT32_C(0xFFFF0000)

/* A task's dynamic state, whatever the width of its TSS. */
struct task_state {
	uint32_t ip, flags, cr3;
	uint32_t registers[8];
	uint16_t selectors[TASK_SELECTORS];
	bool is_32, trap;
};

static bool is_tss(uint32_t rights)
{
	return (rights & TYPE_MASK & ~(TYPE_32 | TYPE_BUSY)) == TYPE_TSS;
}

static bool is_busy(uint32_t rights)
{
	return rights & TYPE_BUSY;
}

static bool is_32bit(uint32_t rights)
{
	return rights & TYPE_32;
}

/* An IRET goes back to a busy task, everything else to one that is not (SDM 3.8.3). */
static bool tss_check(struct task_context *task, const struct task_switch *request,
		      const struct guest_segment *tss)
{
	bool instruction =
		request->source == TASK_SWITCH_CALL || request->source == TASK_SWITCH_JUMP;
	bool back = request->source == TASK_SWITCH_IRET;
	size_t size = is_32bit(tss->rights) ? sizeof(struct task_segment32)
					    : sizeof(struct task_segment16);

	if (!is_tss(tss->rights) || is_busy(tss->rights) != back)
		return task_fault(
			task, instruction ? EXCEPTION_GENERAL_PROTECTION : EXCEPTION_INVALID_TSS,
			request->selector);
	if (!(tss->rights & SEGMENT_PRESENT))
		return task_fault(task, EXCEPTION_NOT_PRESENT, request->selector);
	if (tss->limit < size - 1)
		return task_fault(task, EXCEPTION_INVALID_TSS, request->selector);
	return true;
}

static void state_save(struct task_state *state, const struct task_switch *request,
		       const struct guest_registers *registers)
{
	uint64_t flags = guest_flags() & ~RFLAGS_RF;

	if (request->source == TASK_SWITCH_IRET)
		flags &= ~RFLAGS_NT;
	if (request->source == TASK_SWITCH_GATE)
		flags = guest_flags();
	state->ip = (uint32_t)guest_instruction_pointer() + request->length;
	state->flags = (uint32_t)flags;
	for (unsigned i = 0; i < 8; i++)
		state->registers[i] = (uint32_t)registers->gpr[i];
	state->registers[GUEST_RSP] = (uint32_t)guest_stack_pointer();
	for (enum guest_segment_name name = GUEST_ES; name <= GUEST_GS; name++) {
		struct guest_segment segment;

		guest_segment_read(name, &segment);
		state->selectors[name] = segment.selector;
	}
}

static bool save32(struct task_context *task, gva_t base, const struct task_state *state)
{
	struct task_segment32 tss = {.eip = state->ip, .eflags = state->flags};

	memcpy(tss.registers, state->registers, sizeof(tss.registers));
	for (unsigned i = GUEST_ES; i <= GUEST_GS; i++)
		tss.selectors[i] = state->selectors[i];
	return task_memory(task, base + SAVED32_FIRST, (uint8_t *)&tss + SAVED32_FIRST,
			   SAVED32_END - SAVED32_FIRST, true);
}

static bool save16(struct task_context *task, gva_t base, const struct task_state *state)
{
	struct task_segment16 tss = {.ip = (uint16_t)state->ip, .flags = (uint16_t)state->flags};

	for (unsigned i = 0; i < 8; i++)
		tss.registers[i] = (uint16_t)state->registers[i];
	for (unsigned i = GUEST_ES; i <= GUEST_DS; i++)
		tss.selectors[i] = state->selectors[i];
	return task_memory(task, base + SAVED16_FIRST, (uint8_t *)&tss + SAVED16_FIRST,
			   SAVED16_END - SAVED16_FIRST, true);
}

static bool load32(struct task_context *task, gva_t base, struct task_state *state)
{
	struct task_segment32 tss;

	if (!task_memory(task, base, &tss, sizeof(tss), false))
		return false;
	*state = (struct task_state){.ip = tss.eip,
				     .flags = tss.eflags,
				     .cr3 = tss.cr3,
				     .is_32 = true,
				     .trap = tss.trap & 1};
	memcpy(state->registers, tss.registers, sizeof(tss.registers));
	for (unsigned i = 0; i < TASK_SELECTORS; i++)
		state->selectors[i] = (uint16_t)tss.selectors[i];
	return true;
}

/* Upper halves of registers are undefined then; emulators and old processors set them. */
static bool load16(struct task_context *task, gva_t base, struct task_state *state)
{
	struct task_segment16 tss;

	if (!task_memory(task, base, &tss, sizeof(tss), false))
		return false;
	*state = (struct task_state){.ip = tss.ip, .flags = tss.flags};
	for (unsigned i = 0; i < 8; i++)
		state->registers[i] = UPPER_HALF_UNKNOWN | tss.registers[i];
	for (unsigned i = GUEST_ES; i <= GUEST_DS; i++)
		state->selectors[i] = tss.selectors[i];
	state->selectors[GUEST_LDTR] = tss.ldt;
	return true;
}

/* Sets or clears the busy bit of a TSS descriptor in the GDT. */
static bool set_busy(struct task_context *task, uint16_t selector, bool busy)
{
	struct descriptor descriptor;
	gva_t address;

	if (!task_descriptor_read(task, selector, EXCEPTION_INVALID_TSS, &descriptor, &address))
		return false;
	descriptor.high =
		busy ? descriptor.high | DESCRIPTOR_BUSY : descriptor.high & ~DESCRIPTOR_BUSY;
	return task_memory(task, address + 4, &descriptor.high, sizeof(descriptor.high), true);
}

static bool nests(const struct task_switch *request)
{
	return request->source == TASK_SWITCH_CALL || request->source == TASK_SWITCH_GATE;
}

/*
 * All that touches memory under the old task's page tables. What is written before a page fault is
 * written again when the instruction is executed again.
 */
static bool leave(struct task_context *task, const struct task_switch *request,
		  const struct guest_segment *old, const struct guest_segment *new,
		  struct task_state *state)
{
	struct task_state saved = {0};
	uint16_t link = old->selector;

	state_save(&saved, request, task->registers);
	if (!(is_32bit(old->rights) ? save32(task, old->base, &saved)
				    : save16(task, old->base, &saved)))
		return false;
	if (nests(request) && !task_memory(task, new->base, &link, sizeof(link), true))
		return false;
	if (!(is_32bit(new->rights) ? load32(task, new->base, state)
				    : load16(task, new->base, state)))
		return false;
	if (!nests(request) && !set_busy(task, old->selector, false))
		return false;
	return request->source == TASK_SWITCH_IRET || set_busy(task, request->selector, true);
}

static void load_registers(const struct task_switch *request, const struct task_state *state,
			   struct guest_registers *registers)
{
	uint64_t flags = (state->flags & EFLAGS_LOADED) | RFLAGS_FIXED;

	for (unsigned i = 0; i < 8; i++)
		registers->gpr[i] = state->registers[i];
	guest_set_stack_pointer(state->registers[GUEST_RSP]);
	guest_set_flags(nests(request) ? flags | RFLAGS_NT : flags);
	guest_set_instruction_pointer(state->ip);
}

/* The event's error code, as wide as the TSS is. */
static bool push_error(struct task_context *task, const struct task_switch *request,
		       const struct task_state *state)
{
	unsigned size = state->is_32 ? 4 : 2;
	struct guest_segment stack;
	uint64_t mask, pointer;
	gva_t linear;
	uint32_t error = request->error;

	if (!request->has_error)
		return true;
	guest_segment_read(GUEST_SS, &stack);
	mask = stack.rights & SEGMENT_DEFAULT ? UINT32_MAX : UINT16_MAX;
	pointer = (guest_stack_pointer() - size) & mask;
	if (!guest_segment_address(GUEST_SS, pointer, size, true, &linear, &task->fault) ||
	    !task_memory(task, linear, &error, size, true))
		return false;
	guest_set_stack_pointer((guest_stack_pointer() & ~mask) | pointer);
	return true;
}

/* What the new task meets before its first instruction, with its registers in place. */
static bool arrive(struct task_context *task, const struct task_switch *request,
		   const struct task_state *state)
{
	struct guest_segment code;
	bool virtual_8086 = state->flags & RFLAGS_VM;

	if (state->is_32 && (task->paging.cr0 & CR0_PG) &&
	    !guest_page_tables_load(task->vcpu, state->cr3))
		return task_fault(task, EXCEPTION_INVALID_TSS, request->selector);
	guest_paging_read(&task->paging);
	if (!task_segments_load(task, state->selectors, virtual_8086))
		return false;
	if (!push_error(task, request, state))
		return false;
	guest_segment_read(GUEST_CS, &code);
	return state->ip <= code.limit || task_fault(task, EXCEPTION_GENERAL_PROTECTION, 0);
}

/* The T flag of the TSS (SDM 3.18.3.1.5). */
static void trap(void)
{
	dr6_write(dr6_read() | DR6_TASK_SWITCH);
	guest_inject(&(struct guest_exception){.vector = EXCEPTION_DEBUG});
}

static void switch_to(struct task_context *task, const struct task_switch *request,
		      struct guest_segment *new, const struct task_state *state,
		      struct guest_registers *registers)
{
	new->rights |= TYPE_BUSY;
	guest_segment_write(GUEST_TR, new);
	guest_set_task_switched();
	guest_set_debug_enables(guest_debug_enables() & ~DR7_LOCAL_ENABLES);
	load_registers(request, state, registers);
	if (!arrive(task, request, state))
		guest_inject(&task->fault);
	else if (state->trap)
		trap();
}

void vm_task_switch(struct vcpu *vcpu, struct guest_registers *registers,
		    const struct task_switch *request)
{
	struct task_context task = {
		.vcpu = vcpu, .registers = registers, .external = request->external};
	uint8_t missing = request->source == TASK_SWITCH_CALL || request->source == TASK_SWITCH_JUMP
				  ? EXCEPTION_GENERAL_PROTECTION
				  : EXCEPTION_INVALID_TSS;
	struct guest_segment old, new;
	struct descriptor descriptor;
	struct task_state state;
	gva_t address;

	guest_paging_read(&task.paging);
	guest_segment_read(GUEST_TR, &old);
	if (!task_descriptor_read(&task, request->selector, missing, &descriptor, &address)) {
		guest_inject(&task.fault);
		return;
	}
	segment_from_descriptor(&descriptor, request->selector, &new);
	if (!tss_check(&task, request, &new) || !leave(&task, request, &old, &new, &state)) {
		guest_inject(&task.fault);
		return;
	}
	switch_to(&task, request, &new, &state, registers);
}
