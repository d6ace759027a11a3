/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/acpi.h"

bool acpi_has_core(const struct acpi_madt *madt, uint32_t apic_id)
{
	for (uint32_t i = 0; i < madt->core_count; i++) {
		if (madt->apic_ids[i] == apic_id)
			return true;
	}
	return false;
}
