/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/guest_access.h"

#include "cpu/msr.h"
#include "cpu/registers.h"

#define USER_PRIVILEGE 3

/* Error code of page faults (SDM 3.4.7) */
#define FAULT_PRESENT  UINT32_C(0x1)
#define FAULT_WRITE    UINT32_C(0x2)
#define FAULT_USER     UINT32_C(0x4)
#define FAULT_RESERVED UINT32_C(0x8)
#define FAULT_KEY      UINT32_C(0x20)

/* Rights of a key in PKRU (SDM 3.4.6.2) */
#define KEY_ACCESS_DISABLED 1
#define KEY_WRITE_DISABLED  2

/* SMAP; AC only permits what the program itself does. */
static bool user_pages_closed(const struct guest_access *access)
{
	return (access->paging.cr0 & CR0_PG) && (access->paging.cr4 & CR4_SMAP) &&
	       (access->by == ACCESS_BY_PROCESSOR || !(guest_flags() & RFLAGS_AC));
}

/* A write that read-only pages refuse: a supervisor's only with CR0.WP. Out of line: it has two callers. */
static __attribute__((noinline)) bool is_strict_write(const struct guest_access *access)
{
	return access->write && (access->by == ACCESS_BY_USER || (access->paging.cr0 & CR0_WP));
}

/* SDM 3.4.6.2: keys of pages for users, whoever accesses them. */
static bool key_permits(const struct guest_access *access, const struct guest_mapping *mapping)
{
	uint32_t rights;

	if (!(access->paging.cr4 & CR4_PKE) || !(access->paging.efer & EFER_LMA) ||
	    !(mapping->rights & GUEST_ENTRY_USER))
		return true;
	rights = guest_protection_keys() >> 2 * GUEST_ENTRY_KEY(mapping->last);
	if (rights & KEY_ACCESS_DISABLED)
		return false;
	return !(rights & KEY_WRITE_DISABLED) || !is_strict_write(access);
}

/* SDM 3.4.6.1: what paging-structure entries permit. */
static bool permitted(const struct guest_access *access, const struct guest_mapping *mapping)
{
	bool user = mapping->rights & GUEST_ENTRY_USER;

	if (access->by == ACCESS_BY_USER ? !user : user && user_pages_closed(access))
		return false;
	return (mapping->rights & GUEST_ENTRY_WRITE) || !is_strict_write(access);
}

static enum error page_fault(struct guest_access *access, gva_t address, uint32_t error)
{
	access->fault = (struct guest_exception){
		.vector = EXCEPTION_PAGE_FAULT,
		.has_error = true,
		.error = error | (access->write ? FAULT_WRITE : 0) |
			 (access->by == ACCESS_BY_USER ? FAULT_USER : 0),
		.address = address,
	};
	return ERROR_GUEST_PROTECTED;
}

static enum error translate_byte(struct guest_access *access, gva_t address, gpa_t *physical)
{
	struct guest_mapping mapping;
	enum error error = guest_linear_map(access->vm, &access->paging, address, &mapping);

	*physical = mapping.physical;
	if (error == ERROR_GUEST_NOT_MAPPED)
		return page_fault(access, address, 0);
	if (error != ERROR_OK)
		return error;
	if (mapping.reserved)
		return page_fault(access, address, FAULT_PRESENT | FAULT_RESERVED);
	if (!permitted(access, &mapping))
		return page_fault(access, address, FAULT_PRESENT);
	if (!key_permits(access, &mapping))
		return page_fault(access, address, FAULT_PRESENT | FAULT_KEY);
	return ERROR_OK;
}

void guest_access_begin(struct guest_access *access, const struct vm_config *vm)
{
	*access = (struct guest_access){.vm = vm};
	if (guest_privilege_level() == USER_PRIVILEGE)
		access->by = ACCESS_BY_USER;
	guest_paging_read(&access->paging);
}

enum error guest_access_translate(struct guest_access *access)
{
	gva_t address = access->address;
	unsigned room = PAGE_SIZE_4K - (address & (PAGE_SIZE_4K - 1));

	access->piece[0].size = room < access->size ? room : access->size;
	access->piece[1].size = access->size - access->piece[0].size;
	for (unsigned i = 0; i < 2 && access->piece[i].size; i++) {
		enum error error = translate_byte(access, address, &access->piece[i].address);

		if (error)
			return error;
		address += access->piece[i].size;
	}
	address = access->address;
	for (unsigned i = 0; i < 2 && access->piece[i].size; i++) {
		guest_linear_mark(access->vm, &access->paging, address, access->write);
		address += access->piece[i].size;
	}
	return ERROR_OK;
}

enum error guest_access_copy(const struct guest_access *access, void *buffer)
{
	enum memory_permission permission = access->write ? MEMORY_WRITE : MEMORY_READ;
	uint8_t *bytes = buffer;

	/* all or nothing */
	if (!guest_is_ram(access->vm, access->piece[1].address, access->piece[1].size, permission))
		return ERROR_GUEST_ADDRESS;
	for (unsigned i = 0; i < 2; i++) {
		enum error error = guest_copy(access->vm, access->piece[i].address, bytes,
					      access->piece[i].size, permission);

		if (error)
			return error;
		bytes += access->piece[i].size;
	}
	return ERROR_OK;
}

/* Stack-segment faults of the stack segment, general protection of the others; both with error code 0. */
static bool refuse(struct guest_access *access, enum guest_segment_name name)
{
	access->fault = (struct guest_exception){
		.vector = name == GUEST_SS ? EXCEPTION_STACK_FAULT : EXCEPTION_GENERAL_PROTECTION,
		.has_error = true,
	};
	return false;
}

/* SDM 3.5.3: of a segment that grows down, the limit is what lies below its first byte. */
static bool within_limit(const struct guest_segment *segment, uint64_t offset, unsigned size)
{
	uint64_t last = offset + size - 1;
	uint64_t top = segment->rights & SEGMENT_DEFAULT ? UINT32_MAX : UINT16_MAX;

	if ((segment->rights & (SEGMENT_CODE | SEGMENT_DOWN)) == SEGMENT_DOWN)
		return offset > segment->limit && last <= top;
	return last <= segment->limit || segment->limit == UINT32_MAX; /* flat: addresses wrap */
}

static bool type_permits(const struct guest_segment *segment, bool write)
{
	if (segment->rights & SEGMENT_UNUSABLE)
		return false;
	if (write)
		return (segment->rights & (SEGMENT_CODE | SEGMENT_WRITABLE)) == SEGMENT_WRITABLE;
	return !(segment->rights & SEGMENT_CODE) || (segment->rights & SEGMENT_WRITABLE);
}

bool guest_access_address(struct guest_access *access, enum guest_segment_name name,
			  uint64_t offset)
{
	struct guest_segment segment;

	guest_segment_read(name, &segment);
	if (guest_code_bits() == 64) {
		access->address = offset;
		if (name == GUEST_FS || name == GUEST_GS)
			access->address += segment.base;
		return (guest_is_canonical(access->address, GUEST_LEVELS) &&
			guest_is_canonical(access->address + access->size - 1, GUEST_LEVELS)) ||
		       refuse(access, name);
	}
	access->address = (uint32_t)(segment.base + offset);
	return (type_permits(&segment, access->write) &&
		within_limit(&segment, offset, access->size)) ||
	       refuse(access, name);
}

enum error guest_access_locate(struct guest_access *access, enum guest_segment_name segment,
			       uint64_t offset)
{
	if (!guest_access_address(access, segment, offset))
		return ERROR_GUEST_PROTECTED;
	return guest_access_translate(access);
}
