/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/acpi.h"
#include "cpu/privileged.h"

/*
 * Firmware keeps its tables below 4 GiB, so that 32-bit systems reach them, and all of that is mapped.
 * The first page is never a table: an address in it is a 0 or a small number that is no address.
 */
#define MAP_START UINT64_C(0x1000)
#define MAP_END   UINT64_C(0x100000000)

const void *acpi_map(hpa_t address, uint64_t size)
{
	if (address < MAP_START || address >= MAP_END || size > MAP_END - address)
		return NULL;
	return host_pointer(address);
}
