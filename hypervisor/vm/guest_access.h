/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to guest memory that the hypervisor makes in place of an instruction: with the checks of
 * segmentation and paging that the processor would make, and with its exceptions where they fail.
 */
#ifndef VM_GUEST_ACCESS_H
#define VM_GUEST_ACCESS_H

#include "vm/guest_state.h"

struct guest_access {
	gva_t address; /* linear */
	unsigned size; /* in bytes, 1 .. 4096 */
	bool write;
	bool system; /* by the processor itself (GDT, TSS): supervisor mode, whatever the CPL is */
};

/* Where the bytes are; one that is not used has size 0. */
struct guest_span {
	struct {
		gpa_t address;
		unsigned size;
	} piece[2];
};

/*
 * Translates the access and makes sure that it is permitted. Accessed and dirty bits are set.
 *
 * ERROR_OK: *span is where the bytes are. ERROR_GUEST_PROTECTED: *fault is the page fault. Others: a
 * paging structure is not in the VM's memory.
 */
enum error guest_access_translate(const struct vm_config *vm, const struct guest_paging *paging,
				  const struct guest_access *access, struct guest_span *span,
				  struct guest_exception *fault);

/* Copies; ERROR_GUEST_ADDRESS if the span is not in the VM's RAM. */
enum error guest_span_read(const struct vm_config *vm, const struct guest_span *span, void *buffer);
enum error guest_span_write(const struct vm_config *vm, const struct guest_span *span,
			    const void *buffer);

/*
 * Linear address of `size` bytes at `offset` in a segment, with the checks of limit, type and canonical
 * form. False: *fault is the exception.
 */
bool guest_segment_address(enum guest_segment_name name, uint64_t offset, unsigned size, bool write,
			   gva_t *linear, struct guest_exception *fault);

#endif
