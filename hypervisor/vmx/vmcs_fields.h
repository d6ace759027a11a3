/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a VMCS that Bulkhead uses, with names: for the operator's console. */
#ifndef VMX_VMCS_FIELDS_H
#define VMX_VMCS_FIELDS_H

#include "vmx/encoding.h"

#define VMCS_FIELD_COUNT 115

struct vmcs_field_name {
	enum vmcs_field field;
	const char *name;
};

extern const struct vmcs_field_name vmcs_fields[VMCS_FIELD_COUNT];

/* Index in vmcs_fields[]; VMCS_FIELD_COUNT if it is not there. */
unsigned vmcs_field_index(enum vmcs_field field);

#endif
