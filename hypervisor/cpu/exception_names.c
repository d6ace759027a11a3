/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/exceptions.h"
#include "cpu/registers.h"

static const char *const exception_names[EXCEPTION_COUNT] = {
	[0] = "divide error (#DE)",
	[1] = "debug (#DB)",
	[2] = "NMI",
	[3] = "breakpoint (#BP)",
	[4] = "overflow (#OF)",
	[5] = "bound range (#BR)",
	[6] = "invalid opcode (#UD)",
	[7] = "device not available (#NM)",
	[8] = "double fault (#DF)",
	[10] = "invalid TSS (#TS)",
	[11] = "segment not present (#NP)",
	[12] = "stack fault (#SS)",
	[13] = "general protection (#GP)",
	[14] = "page fault (#PF)",
	[16] = "x87 error (#MF)",
	[17] = "alignment check (#AC)",
	[18] = "machine check (#MC)",
	[19] = "SIMD error (#XM)",
	[20] = "virtualization exception (#VE)",
	[21] = "control protection (#CP)",
};

const char *exception_name(uint64_t vector)
{
	const char *name = vector < EXCEPTION_COUNT ? exception_names[vector] : NULL;

	return name ? name : "reserved exception";
}
