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

static bool is_user(const struct guest_access *access)
{
	return !access->system && guest_privilege_level() == USER_PRIVILEGE;
}

/* SMAP; AC only permits what the program itself does. */
static bool user_pages_closed(const struct guest_paging *paging, const struct guest_access *access)
{
	return (paging->cr0 & CR0_PG) && (paging->cr4 & CR4_SMAP) &&
	       (access->system || !(guest_flags() & RFLAGS_AC));
}

/* SDM 3.4.6.2: keys of pages for users, whoever accesses them. */
static bool key_permits(const struct guest_paging *paging, const struct guest_mapping *mapping,
			const struct guest_access *access)
{
	uint32_t rights;

	if (!(paging->cr4 & CR4_PKE) || !(paging->efer & EFER_LMA) || !mapping->user)
		return true;
	rights = guest_protection_keys() >> 2 * mapping->key;
	if (rights & KEY_ACCESS_DISABLED)
		return false;
	return !access->write || !(rights & KEY_WRITE_DISABLED) ||
	       (!is_user(access) && !(paging->cr0 & CR0_WP));
}

/* SDM 3.4.6.1: what paging-structure entries permit. */
static bool permitted(const struct guest_paging *paging, const struct guest_mapping *mapping,
		      const struct guest_access *access)
{
	bool user = is_user(access);

	if (user && !mapping->user)
		return false;
	if (!user && mapping->user && user_pages_closed(paging, access))
		return false;
	return !access->write || mapping->writable || (!user && !(paging->cr0 & CR0_WP));
}

static enum error page_fault(const struct guest_access *access, gva_t address, uint32_t error,
			     struct guest_exception *fault)
{
	*fault = (struct guest_exception){
		.vector = EXCEPTION_PAGE_FAULT,
		.has_error = true,
		.error = error | (access->write ? FAULT_WRITE : 0) |
			 (is_user(access) ? FAULT_USER : 0),
		.address = address,
	};
	return ERROR_GUEST_PROTECTED;
}

static enum error translate_byte(const struct vm_config *vm, const struct guest_paging *paging,
				 const struct guest_access *access, gva_t address, gpa_t *physical,
				 struct guest_exception *fault)
{
	struct guest_mapping mapping;
	enum error error = guest_linear_map(vm, paging, address, &mapping);

	if (error == ERROR_GUEST_NOT_MAPPED)
		return page_fault(access, address, 0, fault);
	if (error != ERROR_OK)
		return error;
	if (mapping.reserved)
		return page_fault(access, address, FAULT_PRESENT | FAULT_RESERVED, fault);
	if (!permitted(paging, &mapping, access))
		return page_fault(access, address, FAULT_PRESENT, fault);
	if (!key_permits(paging, &mapping, access))
		return page_fault(access, address, FAULT_PRESENT | FAULT_KEY, fault);
	*physical = mapping.physical;
	return ERROR_OK;
}

enum error guest_access_translate(const struct vm_config *vm, const struct guest_paging *paging,
				  const struct guest_access *access, struct guest_span *span,
				  struct guest_exception *fault)
{
	unsigned left = access->size;
	gva_t address = access->address;

	*span = (struct guest_span){0};
	for (unsigned i = 0; i < 2 && left > 0; i++) {
		uint64_t room = PAGE_SIZE_4K - (address & (PAGE_SIZE_4K - 1));
		enum error error =
			translate_byte(vm, paging, access, address, &span->piece[i].address, fault);

		if (error)
			return error;
		span->piece[i].size = room < left ? (unsigned)room : left;
		left -= span->piece[i].size;
		address += span->piece[i].size;
	}
	guest_linear_mark(vm, paging, access->address, access->write);
	if (span->piece[1].size)
		guest_linear_mark(vm, paging, access->address + span->piece[0].size, access->write);
	return ERROR_OK;
}

enum error guest_span_read(const struct vm_config *vm, const struct guest_span *span, void *buffer)
{
	uint8_t *to = buffer;
	enum error error = guest_read(vm, span->piece[0].address, to, span->piece[0].size);

	if (error)
		return error;
	return guest_read(vm, span->piece[1].address, to + span->piece[0].size,
			  span->piece[1].size);
}

enum error guest_span_write(const struct vm_config *vm, const struct guest_span *span,
			    const void *buffer)
{
	const uint8_t *from = buffer;
	enum error error;

	if (!guest_is_ram(vm, span->piece[1].address, span->piece[1].size, MEMORY_WRITE))
		return ERROR_GUEST_ADDRESS;
	error = guest_write(vm, span->piece[0].address, from, span->piece[0].size);
	if (error)
		return error;
	return guest_write(vm, span->piece[1].address, from + span->piece[0].size,
			   span->piece[1].size);
}

/* Stack-segment faults of the stack segment, general protection of the others; both with error code 0. */
static bool refuse(enum guest_segment_name name, struct guest_exception *fault)
{
	*fault = (struct guest_exception){
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

static bool is_canonical(gva_t address, unsigned size)
{
	gva_t last = address + size - 1;

	return (gva_t)((int64_t)(address << 16) >> 16) == address &&
	       (gva_t)((int64_t)(last << 16) >> 16) == last;
}

bool guest_segment_address(enum guest_segment_name name, uint64_t offset, unsigned size, bool write,
			   gva_t *linear, struct guest_exception *fault)
{
	struct guest_segment segment;

	guest_segment_read(name, &segment);
	if (guest_code_bits() == 64) {
		*linear = offset + (name == GUEST_FS || name == GUEST_GS ? segment.base : 0);
		return is_canonical(*linear, size) || refuse(name, fault);
	}
	*linear = (uint32_t)(segment.base + offset);
	if (!type_permits(&segment, write) || !within_limit(&segment, offset, size))
		return refuse(name, fault);
	return true;
}
