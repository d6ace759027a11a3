/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/exceptions.h"
#include "cpu/registers.h"
#include "lib/texts.h"

#define EXCEPTION_NAMES(X)                                      \
	X(0, divide, "divide error (#DE)")                      \
	X(1, debug, "debug (#DB)")                              \
	X(2, nmi, "NMI")                                        \
	X(3, breakpoint, "breakpoint (#BP)")                    \
	X(4, overflow, "overflow (#OF)")                        \
	X(5, bound, "bound range (#BR)")                        \
	X(6, opcode, "invalid opcode (#UD)")                    \
	X(7, device, "device not available (#NM)")              \
	X(8, double_fault, "double fault (#DF)")                \
	X(10, tss, "invalid TSS (#TS)")                         \
	X(11, not_present, "segment not present (#NP)")         \
	X(12, stack, "stack fault (#SS)")                       \
	X(13, protection, "general protection (#GP)")           \
	X(14, page, "page fault (#PF)")                         \
	X(16, x87, "x87 error (#MF)")                           \
	X(17, alignment, "alignment check (#AC)")               \
	X(18, machine_check, "machine check (#MC)")             \
	X(19, simd, "SIMD error (#XM)")                         \
	X(20, virtualization, "virtualization exception (#VE)") \
	X(21, control, "control protection (#CP)")

TEXTS(names, EXCEPTION_NAMES, "reserved exception");

const char *exception_name(uint64_t vector)
{
	return text_find(&names, vector);
}
