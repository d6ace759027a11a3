/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest finds that jumps to the reset vector of a PC, F000:FFF0 in real mode, to begin again. Linux
 * does so on hardware-reduced ACPI: it takes EFI's way there, and without EFI the BIOS's. Code in its place
 * resets the VM; without it the guest would execute zeros until something ends it.
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

/* A VM that looks like a PC, if it has memory there. */
enum error plan_reset_vector(const struct load_plan *plan)
{
	const struct vm_config *vm = plan->vm;

	if (vm->boot.protocol != BOOT_LINUX && vm->blob_count == 0)
		return ERROR_OK;
	if (!guest_is_ram(vm, PLATFORM_RESET_VECTOR_GPA, sizeof(code),
			  MEMORY_READ | MEMORY_EXECUTE))
		return ERROR_OK;
	return plan_bytes(plan, "the reset vector", code, sizeof(code), PLATFORM_RESET_VECTOR_GPA);
}
