/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM finds in its memory that looks like a PC: its tables, and code at the reset vector, F000:FFF0 in
 * real mode, for a guest that jumps there to begin again. Linux does so on hardware-reduced ACPI: it takes
 * EFI's way there, and without EFI the BIOS's. That code resets the VM; without it the guest would execute
 * zeros until something ends it.
 */
#include "bulkhead/platform.h"
#include "loader/plan.h"
#include "vm/guest_memory.h"

#define LOW(port)  ((port)&0xFF)
#define HIGH(port) ((port) >> 8)

static const uint8_t code[] = {
	0xB0, PLATFORM_ACPI_RESET_VALUE,                                     /* mov al, value */
	0xBA, LOW(PLATFORM_ACPI_RESET_PORT), HIGH(PLATFORM_ACPI_RESET_PORT), /* mov dx, port */
	0xEE,                                                                /* out dx, al */
};
_Static_assert(sizeof(code) <= PLATFORM_ACPI_END_GPA - PLATFORM_RESET_VECTOR_GPA,
	       "the code ends with the first MiB");

static enum error plan_reset_vector(const struct load_plan *plan)
{
	const struct vm_config *vm = plan->vm;

	if (vm->boot.protocol != BOOT_LINUX && vm->blob_count == 0)
		return ERROR_OK;
	/* only if it has memory there */
	if (!guest_is_ram(vm, PLATFORM_RESET_VECTOR_GPA, sizeof(code),
			  MEMORY_READ | MEMORY_EXECUTE))
		return ERROR_OK;
	return plan_bytes(plan, "the reset vector", code, sizeof(code), PLATFORM_RESET_VECTOR_GPA);
}

enum error plan_platform(const struct load_plan *plan)
{
	for (uint32_t i = 0; i < plan->vm->blob_count; i++) {
		const struct guest_blob *blob = &plan->vm->blobs[i];
		enum error error =
			plan_bytes(plan, blob->name, blob->bytes, blob->size, blob->guest_physical);

		if (error != ERROR_OK)
			return error;
	}
	return plan_reset_vector(plan);
}
