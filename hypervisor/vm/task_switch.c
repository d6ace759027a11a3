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

static bool nests(const struct task_switch *request)
{
	return request->source == TASK_SWITCH_CALL || request->source == TASK_SWITCH_GATE;
}

/* An IRET goes back to a busy task, everything else to one that is not (SDM 3.8.3). */
static bool tss_check(struct task_context *task, uint8_t vector)
{
	const struct task_switch *request = task->request;
	uint32_t rights = task->new.rights;

	if (!is_tss(rights) || is_busy(rights) != (request->source == TASK_SWITCH_IRET))
		return task_fault(task, vector, request->selector);
	if (!(rights & SEGMENT_PRESENT))
		return task_fault(task, EXCEPTION_NOT_PRESENT, request->selector);
	if (task->new.limit < layout_of(&task->new)->size - UINT32_C(1))
		return task_fault(task, EXCEPTION_INVALID_TSS, request->selector);
	return true;
}

/* The first `count` words, between `words` and `tss`; of selectors the lower halves. Out of line: it has two callers. */
static __attribute__((noinline)) void
copy_words(struct task_context *task, const struct layout *layout, unsigned count, bool load)
{
	uint8_t *packed = task->tss + layout->first;

	for (unsigned i = 0; i < count; i++) {
		size_t size = i < TASK_SELECTORS ? layout->word : sizeof(uint16_t);

		if (load)
			memcpy(&task->words[i], packed, size);
		else
			memcpy(packed, &task->words[i], size);
		packed += layout->word;
	}
}

/* RSP is among the registers. */
static void words_read(struct task_context *task)
{
	const struct task_switch *request = task->request;
	uint64_t flags = guest_flags();
	struct guest_segment segment;

	if (request->source != TASK_SWITCH_GATE)
		flags &= ~RFLAGS_RF;
	if (request->source == TASK_SWITCH_IRET)
		flags &= ~RFLAGS_NT;
	task->words[TASK_IP] = (uint32_t)guest_instruction_pointer() + request->length;
	task->words[TASK_FLAGS] = (uint32_t)flags;
	for (unsigned i = 0; i < 8; i++)
		task->words[TASK_REGISTERS + i] = (uint32_t)task->registers->gpr[i];
	for (enum guest_segment_name name = GUEST_ES; name <= GUEST_GS; name++) {
		guest_segment_read(name, &segment);
		task->words[TASK_SELECTORS + name] = segment.selector;
	}
}

static bool state_save(struct task_context *task)
{
	const struct layout *layout = layout_of(&task->old);
	unsigned count = TASK_SELECTORS + layout->selectors;

	words_read(task);
	copy_words(task, layout, count, false);
	return task_memory(task, task->old.base + layout->first, task->tss + layout->first,
			   count * layout->word, true);
}

/* Upper halves of registers are undefined with 16 bits; emulators and old processors set them. FS and GS are null then. */
static bool state_load(struct task_context *task)
{
	const struct layout *layout = layout_of(&task->new);
	uint32_t *selectors = &task->words[TASK_SELECTORS];

	if (!task_memory(task, task->new.base, task->tss, layout->size, false))
		return false;
	memset(task->words, 0, sizeof(task->words));
	copy_words(task, layout, TASK_SELECTORS + layout->selectors + 1u, true);
	if (is_32bit(task->new.rights))
		return true;
	selectors[GUEST_LDTR] = selectors[GUEST_FS];
	selectors[GUEST_FS] = 0;
	for (unsigned i = 0; i < 8; i++)
		task->words[TASK_REGISTERS + i] |= UPPER_HALF_UNKNOWN;
	return true;
}

/* Sets or clears the busy bit of a TSS descriptor in the GDT. */
static bool set_busy(struct task_context *task, uint32_t selector, uint32_t busy)
{
	struct guest_segment tss;

	if (!task_segment_read(task, selector, EXCEPTION_INVALID_TSS, &tss))
		return false;
	return task_type_write(task, (tss.rights & ~TYPE_BUSY) | busy);
}

/*
 * All that touches memory under the old task's page tables. What is written before a page fault is
 * written again when the instruction is executed again.
 */
static bool leave(struct task_context *task)
{
	const struct task_switch *request = task->request;
	uint16_t link = task->old.selector;

	if (!state_save(task))
		return false;
	if (nests(request) && !task_memory(task, task->new.base, &link, sizeof(link), true))
		return false;
	if (!state_load(task))
		return false;
	if (!nests(request) && !set_busy(task, link, 0))
		return false;
	return request->source == TASK_SWITCH_IRET || set_busy(task, request->selector, TYPE_BUSY);
}

static void load_registers(const struct task_context *task)
{
	uint64_t flags = (task->words[TASK_FLAGS] & EFLAGS_LOADED) | RFLAGS_FIXED;

	for (unsigned i = 0; i < 8; i++)
		task->registers->gpr[i] = task->words[TASK_REGISTERS + i];
	guest_set_stack_pointer(task->registers->rsp);
	guest_set_flags(nests(task->request) ? flags | RFLAGS_NT : flags);
	guest_set_instruction_pointer(task->words[TASK_IP]);
}

/* The event's error code, as wide as the TSS is. */
static bool push_error(struct task_context *task)
{
	unsigned size = layout_of(&task->new)->word;
	struct guest_segment stack;
	uint64_t mask, pointer = task->registers->rsp;
	uint32_t error = task->request->error;

	if (!task->request->has_error)
		return true;
	guest_segment_read(GUEST_SS, &stack);
	mask = stack.rights & SEGMENT_DEFAULT ? UINT32_MAX : UINT16_MAX;
	task->access.size = size;
	task->access.write = true;
	if (!guest_access_address(&task->access, GUEST_SS, (pointer - size) & mask) ||
	    !task_memory(task, task->access.address, &error, size, true))
		return false;
	guest_set_stack_pointer((pointer & ~mask) | ((pointer - size) & mask));
	return true;
}

static bool load_page_tables(const struct task_context *task)
{
	uint32_t cr3;

	__builtin_memcpy(&cr3, task->tss + OFFSET_CR3, sizeof(cr3));
	return guest_page_tables_load(task->vcpu, cr3);
}

/* What the new task meets before its first instruction, with its registers in place. */
static bool arrive(struct task_context *task)
{
	struct guest_segment code;

	if (is_32bit(task->new.rights) && (task->access.paging.cr0 & CR0_PG) &&
	    !load_page_tables(task))
		return task_fault(task, EXCEPTION_INVALID_TSS, task->request->selector);
	guest_paging_read(&task->access.paging);
	if (!task_segments_load(task) || !push_error(task))
		return false;
	guest_segment_read(GUEST_CS, &code);
	return task->words[TASK_IP] <= code.limit ||
	       task_fault(task, EXCEPTION_GENERAL_PROTECTION, 0);
}

/* The T flag of the TSS (SDM 3.18.3.1.5). */
static void trap(void)
{
	dr6_write(dr6_read() | DR6_TASK_SWITCH);
	guest_inject(&(struct guest_exception){.vector = EXCEPTION_DEBUG});
}

static void switch_to(struct task_context *task)
{
	bool traps = is_32bit(task->new.rights) && (task->tss[OFFSET_TRAP] & 1);

	task->new.rights |= TYPE_BUSY;
	guest_segment_write(GUEST_TR, &task->new);
	guest_set_task_switched();
	guest_set_debug_enables(guest_debug_enables() & ~DR7_LOCAL_ENABLES);
	load_registers(task);
	if (!arrive(task))
		guest_inject(&task->access.fault);
	else if (traps)
		trap();
}

/* Out of line: by way of a pointer all of it is within reach of short instructions. */
static __attribute__((noinline)) void switch_task(struct task_context *task, uint8_t missing)
{
	guest_segment_read(GUEST_TR, &task->old);
	if (task_segment_read(task, task->request->selector, missing, &task->new) &&
	    tss_check(task, missing) && leave(task))
		switch_to(task);
	else
		guest_inject(&task->access.fault);
}

void vm_task_switch(struct vcpu *vcpu, struct guest_registers *registers,
		    const struct task_switch *request)
{
	struct task_context task = {.vcpu = vcpu, .registers = registers, .request = request};
	bool instruction =
		request->source == TASK_SWITCH_CALL || request->source == TASK_SWITCH_JUMP;
	uint8_t missing = instruction ? EXCEPTION_GENERAL_PROTECTION : EXCEPTION_INVALID_TSS;

	registers->rsp = guest_stack_pointer();
	guest_access_begin(&task.access, vcpu->vm->config);
	task.access.by = ACCESS_BY_PROCESSOR;
	switch_task(&task, missing);
}
