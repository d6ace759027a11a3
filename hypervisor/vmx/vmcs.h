/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the current VMCS of the calling core. */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "cpu/privileged.h"
#include "vmx/encoding.h"

/*
 * A failure would be a field that the processor does not have or no current VMCS: a defect of the
 * hypervisor. All of these stop this core's VM then, with the field's number.
 */
_Noreturn void vmcs_access_failed(enum vmcs_field field);

uint64_t vmcs_read(enum vmcs_field field);
void vmcs_write(enum vmcs_field field, uint64_t value);
/* Clears the bits of `clear` in a field, then sets those of `set`. */
void vmcs_change(enum vmcs_field field, uint64_t clear, uint64_t set);

static inline uint32_t vmcs_read32(enum vmcs_field field)
{
	return (uint32_t)vmcs_read(field);
}

/* A field of a table with what is written to it. */
struct vmcs_value {
	uint16_t field; /* enum vmcs_field */
	uint16_t value;
};
void vmcs_write_all(const struct vmcs_value *values, unsigned count);

/* The same inline, for the path of frequent exits. */
static inline uint64_t vmcs_read_fast(enum vmcs_field field)
{
	uint64_t value;

	if (__builtin_expect(vmx_read(field, &value), false))
		vmcs_access_failed(field);
	return value;
}

static inline void vmcs_write_fast(enum vmcs_field field, uint64_t value)
{
	if (__builtin_expect(vmx_write(field, value), false))
		vmcs_access_failed(field);
}

/*
 * The same again for fields only that guest_state_init() or an earlier exit has read: what they hold was stored
 * by the processor at this very exit, and reading cannot fail any more.
 */
static inline uint64_t vmcs_read_known(enum vmcs_field field)
{
	uint64_t value = 0;

	(void)vmx_read(field, &value);
	return value;
}

#endif
