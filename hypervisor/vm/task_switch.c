/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/task_switch.h"

#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "lib/string.h"
#include "vm/task_segments.h"

/*
 * A TSS of 32 or of 16 bits (SDM 3.8.2.1, figure 8-2; 3.8.6, figure 8-10): a run of words for the instruction pointer,
 * flags, general registers and selectors, and before and behind it what the processor only reads.
 */
struct layout {
	uint8_t size;      /* of all of it, in bytes */
	uint8_t word;      /* in bytes */
	uint8_t first;     /* offset of the run */
	uint8_t selectors; /* in the run, from ES on; then LDTR, which is not saved */
};
static const struct layout layouts[] = {
	{.size = 0x2C, .word = 2, .first = 0x0E, .selectors = 4},
	{.size = 0x68, .word = 4, .first = 0x20, .selectors = 6},
};
#define LAYOUT_SIZE_MAX 0x68

/* Only with 32 bits. */
#define OFFSET_CR3  0x1C
#define OFFSET_TRAP 0x64 /* bit 0 */

#define TYPE_MASK UINT32_C(0x1F) /* with S, which is 0 */
#define TYPE_BUSY UINT32_C(0x02)
#define TYPE_TSS  UINT32_C(0x01)
#define TYPE_32   UINT32_C(0x08)

#define DR7_LOCAL_ENABLES  UINT64_C(0x155)
#define DR6_TASK_SWITCH    UINT64_C(0x8000)
#define EFLAGS_LOADED      UINT64_C(0x3F7FD5) /* all that are defined */
#define UPPER_HALF_UNKNOWN UINT32_C(0xFFFF0000)

/* A task's dynamic state in the order of a TSS, whatever its width. */
enum task_word {
	TASK_IP,
	TASK_FLAGS,
	TASK_REGISTERS, /* eight, in the order in which instructions number them */
	TASK_SELECTOR_WORDS = TASK_REGISTERS + 8,
	TASK_WORDS = TASK_SELECTOR_WORDS + TASK_SELECTORS,
};

struct task_state {
	uint32_t words[TASK_WORDS];
	uint32_t cr3;
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

static const struct layout *layout_of(const struct guest_segment *tss)
{
	return &layouts[is_32bit(tss->rights)];
}

/* An IRET goes back to a busy task, everything else to one that is not (SDM 3.8.3). */
static bool tss_check(struct task_context *task, const struct task_switch *request,
		      const struct guest_segment *tss)
{
	bool instruction =
		request->source == TASK_SWITCH_CALL || request->source == TASK_SWITCH_JUMP;
	bool back = request->source == TASK_SWITCH_IRET;

	if (!is_tss(tss->rights) || is_busy(tss->rights) != back)
		return task_fault(
			task, instruction ? EXCEPTION_GENERAL_PROTECTION : EXCEPTION_INVALID_TSS,
			request->selector);
	if (!(tss->rights & SEGMENT_PRESENT))
		return task_fault(task, EXCEPTION_NOT_PRESENT, request->selector);
	if (tss->limit < layout_of(tss)->size - UINT32_C(1))
		return task_fault(task, EXCEPTION_INVALID_TSS, request->selector);
	return true;
}

static void state_read(struct task_state *state, const struct task_switch *request,
		       const struct guest_registers *registers)
{
	uint64_t flags = guest_flags() & ~RFLAGS_RF;

	if (request->source == TASK_SWITCH_IRET)
		flags &= ~RFLAGS_NT;
	if (request->source == TASK_SWITCH_GATE)
		flags = guest_flags();
	state->words[TASK_IP] = (uint32_t)guest_instruction_pointer() + request->length;
	state->words[TASK_FLAGS] = (uint32_t)flags;
	for (unsigned i = 0; i < 8; i++)
		state->words[TASK_REGISTERS + i] = (uint32_t)registers->gpr[i];
	state->words[TASK_REGISTERS + GUEST_RSP] = (uint32_t)guest_stack_pointer();
	for (enum guest_segment_name name = GUEST_ES; name <= GUEST_GS; name++) {
		struct guest_segment segment;

		guest_segment_read(name, &segment);
		state->words[TASK_SELECTOR_WORDS + name] = segment.selector;
	}
}

static bool state_save(struct task_context *task, const struct guest_segment *tss,
		       const struct task_state *state)
{
	const struct layout *layout = layout_of(tss);
	size_t count = TASK_SELECTOR_WORDS + (size_t)layout->selectors;
	uint8_t bytes[LAYOUT_SIZE_MAX];

	for (size_t i = 0; i < count; i++)
		memcpy(bytes + i * layout->word, &state->words[i], layout->word);
	return task_memory(task, tss->base + layout->first, bytes, (unsigned)count * layout->word,
			   true);
}

/* Upper halves of registers are undefined with 16 bits; emulators and old processors set them. FS and GS are null then. */
static bool state_load(struct task_context *task, const struct guest_segment *tss,
		       struct task_state *state)
{
	const struct layout *layout = layout_of(tss);
	size_t ldtr = TASK_SELECTOR_WORDS + (size_t)layout->selectors;
	uint8_t bytes[LAYOUT_SIZE_MAX];

	if (!task_memory(task, tss->base, bytes, layout->size, false))
		return false;
	*state = (struct task_state){.is_32 = is_32bit(tss->rights)};
	for (size_t i = 0; i <= ldtr; i++)
		memcpy(&state->words[i == ldtr ? TASK_SELECTOR_WORDS + GUEST_LDTR : i],
		       bytes + layout->first + i * layout->word,
		       i < TASK_SELECTOR_WORDS ? layout->word : sizeof(uint16_t));
	if (state->is_32) {
		memcpy(&state->cr3, bytes + OFFSET_CR3, sizeof(state->cr3));
		state->trap = bytes[OFFSET_TRAP] & 1;
	} else
		for (unsigned i = 0; i < 8; i++)
			state->words[TASK_REGISTERS + i] |= UPPER_HALF_UNKNOWN;
	return true;
}

/* Sets or clears the busy bit of a TSS descriptor in the GDT. */
static bool set_busy(struct task_context *task, uint16_t selector, bool busy)
{
	struct guest_segment tss;
	gva_t descriptor;

	if (!task_segment_read(task, selector, EXCEPTION_INVALID_TSS, &tss, &descriptor))
		return false;
	return task_type_write(task, descriptor,
			       busy ? tss.rights | TYPE_BUSY : tss.rights & ~TYPE_BUSY);
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

	state_read(&saved, request, task->registers);
	if (!state_save(task, old, &saved))
		return false;
	if (nests(request) && !task_memory(task, new->base, &link, sizeof(link), true))
		return false;
	if (!state_load(task, new, state))
		return false;
	if (!nests(request) && !set_busy(task, old->selector, false))
		return false;
	return request->source == TASK_SWITCH_IRET || set_busy(task, request->selector, true);
}

static void load_registers(const struct task_switch *request, const struct task_state *state,
			   struct guest_registers *registers)
{
	uint64_t flags = (state->words[TASK_FLAGS] & EFLAGS_LOADED) | RFLAGS_FIXED;

	for (unsigned i = 0; i < 8; i++)
		registers->gpr[i] = state->words[TASK_REGISTERS + i];
	guest_set_stack_pointer(state->words[TASK_REGISTERS + GUEST_RSP]);
	guest_set_flags(nests(request) ? flags | RFLAGS_NT : flags);
	guest_set_instruction_pointer(state->words[TASK_IP]);
}

/* The event's error code, as wide as the TSS is. */
static bool push_error(struct task_context *task, const struct task_switch *request,
		       const struct task_state *state)
{
	unsigned size = state->is_32 ? 4 : 2;
	struct guest_segment stack;
	uint64_t mask, pointer;
	uint32_t error = request->error;

	if (!request->has_error)
		return true;
	guest_segment_read(GUEST_SS, &stack);
	mask = stack.rights & SEGMENT_DEFAULT ? UINT32_MAX : UINT16_MAX;
	pointer = (guest_stack_pointer() - size) & mask;
	task->access.size = size;
	task->access.write = true;
	if (!guest_access_address(&task->access, GUEST_SS, pointer) ||
	    !task_memory(task, task->access.address, &error, size, true))
		return false;
	guest_set_stack_pointer((guest_stack_pointer() & ~mask) | pointer);
	return true;
}

/* What the new task meets before its first instruction, with its registers in place. */
static bool arrive(struct task_context *task, const struct task_switch *request,
		   const struct task_state *state)
{
	struct guest_segment code;
	bool virtual_8086 = state->words[TASK_FLAGS] & RFLAGS_VM;

	if (state->is_32 && (task->access.paging.cr0 & CR0_PG) &&
	    !guest_page_tables_load(task->vcpu, state->cr3))
		return task_fault(task, EXCEPTION_INVALID_TSS, request->selector);
	guest_paging_read(&task->access.paging);
	if (!task_segments_load(task, &state->words[TASK_SELECTOR_WORDS], virtual_8086))
		return false;
	if (!push_error(task, request, state))
		return false;
	guest_segment_read(GUEST_CS, &code);
	return state->words[TASK_IP] <= code.limit ||
	       task_fault(task, EXCEPTION_GENERAL_PROTECTION, 0);
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
		guest_inject(&task->access.fault);
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
	struct task_state state;
	gva_t descriptor;

	guest_access_begin(&task.access, vcpu->vm->config);
	task.access.system = true;
	guest_segment_read(GUEST_TR, &old);
	if (!task_segment_read(&task, request->selector, missing, &new, &descriptor) ||
	    !tss_check(&task, request, &new) || !leave(&task, request, &old, &new, &state)) {
		guest_inject(&task.access.fault);
		return;
	}
	switch_to(&task, request, &new, &state, registers);
}
