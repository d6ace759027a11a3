/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to guest memory that the hypervisor makes in place of an instruction: with the checks of
 * segmentation and paging that the processor would make, and with its exceptions where they fail.
 */
#ifndef VM_GUEST_ACCESS_H
#define VM_GUEST_ACCESS_H

#include "vm/guest_state.h"

/* One access, or several one after the other. */
struct guest_access {
	const struct vm_config *vm;
	struct guest_paging paging;
	enum {
		ACCESS_BY_SUPERVISOR,
		ACCESS_BY_USER,
		ACCESS_BY_PROCESSOR, /* itself (GDT, TSS): as a supervisor, whatever the CPL is */
	} by;
	bool write;
	unsigned size; /* in bytes, 1 .. 4096 */
	gva_t address; /* linear */
	/* Where the bytes are; one that is not used has size 0. */
	struct {
		gpa_t address;
		unsigned size;
	} piece[2];
	struct guest_exception fault; /* why it is not permitted */
};

/* Accesses of the calling core's guest as it is now; the caller says which. */
void guest_access_begin(struct guest_access *access, const struct vm_config *vm);

/*
 * Linear address of the bytes at `offset` in a segment, with the checks of limit, type and canonical form. False:
 * `fault` is the exception.
 */
bool guest_access_address(struct guest_access *access, enum guest_segment_name segment,
			  uint64_t offset);

/*
 * Finds the pieces of a linear address and makes sure that the access is permitted. Accessed and dirty bits are set.
 *
 * ERROR_GUEST_PROTECTED: `fault` is the page fault. Others: a paging structure is not in the VM's memory.
 */
enum error guest_access_translate(struct guest_access *access);

/* Both; ERROR_GUEST_PROTECTED for all exceptions. */
enum error guest_access_locate(struct guest_access *access, enum guest_segment_name segment,
			       uint64_t offset);

/* Copies from or, if it is a write, to the pieces; ERROR_GUEST_ADDRESS if they are not in the VM's RAM. */
enum error guest_access_copy(const struct guest_access *access, void *buffer);

/* The bits that an address size of 2, 4 or 8 bytes leaves of RCX, RSI or RDI. */
static inline uint64_t guest_index_mask(unsigned address_size)
{
	return UINT64_MAX >> (64 - 8 * address_size);
}

#endif
