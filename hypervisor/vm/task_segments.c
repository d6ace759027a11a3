/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/task_segments.h"

#include "cpu/registers.h"

#define SELECTOR_RPL(s)      ((s)&3u)
#define SELECTOR_LOCAL       4u
#define SELECTOR_OFFSET(s)   ((s) & ~7u)
#define SELECTOR_IS_NULL(s)  (((s) & ~3u) == 0)
#define SELECTOR_IN_ERROR(s) ((s) & ~3u)

#define DESCRIPTOR_TYPE 5 /* offset of the byte with type, S, DPL and P (SDM 3.3.4.5, figure 3-8) */

#define TYPE_MASK UINT32_C(0x1F) /* with S */
#define TYPE_LDT  UINT32_C(0x02)

#define RIGHTS_VIRTUAL_8086 UINT32_C(0xF3)
#define LIMIT_VIRTUAL_8086  UINT32_C(0xFFFF)
/* A code segment that the entry accepts, for a CS that could not be loaded. */
#define RIGHTS_CODE_STANDIN (SEGMENT_PRESENT | SEGMENT_USER | SEGMENT_CODE | SEGMENT_ACCESSED)

bool task_fault(struct task_context *task, uint8_t vector, uint32_t selector)
{
	task->access.fault = (struct guest_exception){
		.vector = vector,
		.has_error = true,
		.error = SELECTOR_IN_ERROR(selector) | task->request->external,
	};
	return false;
}

bool task_memory(struct task_context *task, gva_t linear, void *buffer, unsigned size, bool write)
{
	struct guest_access *access = &task->access;
	enum error error;

	access->address = (uint32_t)linear;
	access->size = size;
	access->write = write;
	error = guest_access_translate(access);
	if (error == ERROR_GUEST_PROTECTED)
		return false;
	if (error == ERROR_OK)
		error = guest_access_copy(access, buffer);
	if (error) {
		log_end(task->vcpu->vm,
			"vCPU %u: task switch with a descriptor table or TSS at linear 0x%lx: %s",
			task->vcpu->config->index, linear, error_text(error));
		vm_stop(task->vcpu, STOP_INSTRUCTION, task->registers);
	}
	return true;
}

/* Base and limit of the table that the selector names; an LDT may be missing. */
static bool table_of(uint32_t selector, struct guest_descriptor_table *table)
{
	struct guest_segment ldt;

	if (!(selector & SELECTOR_LOCAL)) {
		guest_descriptor_table_read(table);
		return true;
	}
	guest_segment_read(GUEST_LDTR, &ldt);
	*table = (struct guest_descriptor_table){.base = ldt.base, .limit = ldt.limit};
	return !(ldt.rights & SEGMENT_UNUSABLE);
}

bool task_segment_read(struct task_context *task, uint32_t selector, uint8_t vector,
		       struct guest_segment *segment)
{
	struct guest_descriptor_table table;
	uint32_t low_high[2], limit, rights;

	if (!table_of(selector, &table) ||
	    SELECTOR_OFFSET(selector) + sizeof(low_high) - 1 > table.limit)
		return task_fault(task, vector, selector);
	task->descriptor = table.base + SELECTOR_OFFSET(selector);
	if (!task_memory(task, task->descriptor, low_high, sizeof(low_high), false))
		return false;
	limit = (low_high[0] & 0xFFFF) | (low_high[1] & 0xF0000);
	rights = low_high[1] >> 8 & 0xF0FF;
	*segment = (struct guest_segment){
		.selector = (uint16_t)selector,
		.base = low_high[0] >> 16 | (low_high[1] & 0xFF) << 16 | (low_high[1] & 0xFF000000),
		.limit = rights & SEGMENT_GRANULAR ? limit << 12 | 0xFFF : limit,
		.rights = rights,
	};
	return true;
}

bool task_type_write(struct task_context *task, uint32_t rights)
{
	return task_memory(task, task->descriptor + DESCRIPTOR_TYPE, &rights, 1, true);
}

/* A segment that is loaded has its accessed bit set, in memory as well (SDM 3.3.4.5.1). */
static bool mark_accessed(struct task_context *task, struct guest_segment *segment)
{
	if ((segment->rights & SEGMENT_ACCESSED) || !(segment->rights & SEGMENT_USER))
		return true;
	segment->rights |= SEGMENT_ACCESSED;
	return task_type_write(task, segment->rights);
}

static bool is_code(uint32_t rights)
{
	return (rights & (SEGMENT_USER | SEGMENT_CODE)) == (SEGMENT_USER | SEGMENT_CODE);
}

static bool is_writable_data(uint32_t rights)
{
	return (rights & (SEGMENT_USER | SEGMENT_CODE | SEGMENT_WRITABLE)) ==
	       (SEGMENT_USER | SEGMENT_WRITABLE);
}

static bool is_readable(uint32_t rights)
{
	return (rights & SEGMENT_USER) && (!(rights & SEGMENT_CODE) || (rights & SEGMENT_WRITABLE));
}

static bool is_conforming(uint32_t rights)
{
	return is_code(rights) && (rights & SEGMENT_DOWN);
}

/* Type and privilege; `level` is the new CPL. */
static bool may_load(enum guest_segment_name name, uint32_t selector, uint32_t rights,
		     unsigned level)
{
	unsigned requested = SELECTOR_RPL(selector);
	unsigned privilege = SEGMENT_DPL(rights);

	switch (name) {
	case GUEST_LDTR:
		return (rights & TYPE_MASK) == TYPE_LDT;
	case GUEST_CS:
		return is_code(rights) &&
		       (is_conforming(rights) ? privilege <= level : privilege == level);
	case GUEST_SS:
		return is_writable_data(rights) && requested == level && privilege == level;
	default:
		return is_readable(rights) &&
		       (is_conforming(rights) || (privilege >= level && privilege >= requested));
	}
}

static uint8_t vector_if_not_present(enum guest_segment_name name)
{
	switch (name) {
	case GUEST_LDTR:
		return EXCEPTION_INVALID_TSS;
	case GUEST_SS:
		return EXCEPTION_STACK_FAULT;
	default:
		return EXCEPTION_NOT_PRESENT;
	}
}

/* An LDT has to be in the GDT: while it is loaded, there is no other. */
static bool load_segment(struct task_context *task, enum guest_segment_name name, uint32_t selector,
			 unsigned level)
{
	struct guest_segment segment;

	if (SELECTOR_IS_NULL(selector))
		return (name != GUEST_CS && name != GUEST_SS) ||
		       task_fault(task, EXCEPTION_INVALID_TSS, selector);
	if (!task_segment_read(task, selector, EXCEPTION_INVALID_TSS, &segment))
		return false;
	if (!may_load(name, selector, segment.rights, level))
		return task_fault(task, EXCEPTION_INVALID_TSS, selector);
	if (!(segment.rights & SEGMENT_PRESENT))
		return task_fault(task, vector_if_not_present(name), selector);
	if (!mark_accessed(task, &segment))
		return false;
	guest_segment_write(name, &segment);
	return true;
}

/*
 * What holds until descriptors are loaded, if any are. The privilege level is that of SS (SDM 3.25.4.1), and the entry
 * wants CS to agree.
 */
static void set_selectors(const uint32_t *selectors, unsigned level, bool virtual_8086)
{
	for (enum guest_segment_name name = GUEST_ES; name <= GUEST_LDTR; name++) {
		struct guest_segment segment = {.selector = (uint16_t)selectors[name],
						.rights = SEGMENT_UNUSABLE | level << 5};

		if (name == GUEST_CS)
			segment.rights = RIGHTS_CODE_STANDIN | level << 5;
		if (virtual_8086 && name != GUEST_LDTR) {
			segment.base = selectors[name] << 4;
			segment.limit = LIMIT_VIRTUAL_8086;
			segment.rights = RIGHTS_VIRTUAL_8086;
		}
		guest_segment_write(name, &segment);
	}
}

bool task_segments_load(struct task_context *task)
{
	/* the stack before others: with it, a fault in another one can be delivered to the new task */
	static const uint8_t order[] = {GUEST_LDTR, GUEST_SS, GUEST_CS, GUEST_DS,
					GUEST_ES,   GUEST_FS, GUEST_GS};
	const uint32_t *selectors = &task->words[TASK_SELECTORS];
	bool virtual_8086 = task->words[TASK_FLAGS] & RFLAGS_VM;
	unsigned level = SELECTOR_RPL(selectors[GUEST_CS]);
	unsigned count = virtual_8086 ? 1 : sizeof(order);

	set_selectors(selectors, level, virtual_8086);
	for (unsigned i = 0; i < count; i++)
		if (!load_segment(task, order[i], selectors[order[i]], level))
			return false;
	return true;
}
