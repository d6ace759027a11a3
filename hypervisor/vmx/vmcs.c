/* SPDX-License-Identifier: Apache-2.0 */
#include "vmx/vmcs.h"

uint64_t vmcs_read(enum vmcs_field field)
{
	return vmcs_read_fast(field);
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	vmcs_write_fast(field, value);
}

void vmcs_change(enum vmcs_field field, uint64_t clear, uint64_t set)
{
	vmcs_write(field, (vmcs_read(field) & ~clear) | set);
}

void vmcs_write_all(const struct vmcs_value *values, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		vmcs_write((enum vmcs_field)values[i].field, values[i].value);
}
