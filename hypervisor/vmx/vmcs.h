/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the current VMCS of the calling core. */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "cpu/privileged.h"
#include "vmx/encoding.h"

/*
 * A failure would be a field that the processor does not have or no current VMCS: a defect of the
 * hypervisor. Both stop this core's VM with the field's number (vmcs.c).
 */
_Noreturn void vmcs_access_failed(enum vmcs_field field);

static inline uint64_t vmcs_read(enum vmcs_field field)
{
	uint64_t value;

	if (__builtin_expect(vmx_read(field, &value), false))
		vmcs_access_failed(field);
	return value;
}

/*
 * The same for the path of frequent exits, and for fields only that guest_state_init() or an earlier exit has
 * read: what they hold was stored by the processor at this very exit, and reading cannot fail any more.
 */
static inline uint64_t vmcs_read_known(enum vmcs_field field)
{
	uint64_t value = 0;

	(void)vmx_read(field, &value);
	return value;
}

static inline uint32_t vmcs_read32(enum vmcs_field field)
{
	return (uint32_t)vmcs_read(field);
}

static inline void vmcs_write(enum vmcs_field field, uint64_t value)
{
	if (__builtin_expect(vmx_write(field, value), false))
		vmcs_access_failed(field);
}

#endif
