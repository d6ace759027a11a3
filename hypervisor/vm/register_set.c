/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/string.h"
#include "vm/registers.h"

void guest_register_set(void *reg, unsigned size, uint64_t value)
{
	if (size == sizeof(uint32_t)) {
		value = (uint32_t)value;
		size = sizeof(uint64_t);
	}
	memcpy(reg, &value, size);
}
