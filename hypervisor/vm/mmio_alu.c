/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic, shifts, rotates and multiplications on registers, by the instructions themselves: so flags are right to
 * the bit, those that are undefined too.
 */
#include "vm/mmio_alu.h"

/* Four bytes for each operation and size, in the order of enum mmio_alu: what it does to RAX by CL or RSI, or by RSI to RDX:RAX. */
__asm__(".text\n"
	".balign 4\n"
	"alu_stubs:\n"
	".irp name, rol, ror, rcl, rcr, shl, shr, shl, sar\n"
	"	\\name\\()b %cl, %al; ret; .balign 4\n"
	"	\\name\\()w %cl, %ax; ret; .balign 4\n"
	"	\\name\\()l %cl, %eax; ret; .balign 4\n"
	"	\\name\\()q %cl, %rax; ret; .balign 4\n"
	".endr\n"
	".irp name, add, or, adc, sbb, and, sub, xor, cmp\n"
	"	\\name\\()b %sil, %al; ret; .balign 4\n"
	"	\\name\\()w %si, %ax; ret; .balign 4\n"
	"	\\name\\()l %esi, %eax; ret; .balign 4\n"
	"	\\name\\()q %rsi, %rax; ret; .balign 4\n"
	".endr\n"
	".irp name, mul, imul\n"
	"	\\name\\()b %sil; ret; .balign 4\n"
	"	\\name\\()w %si; ret; .balign 4\n"
	"	\\name\\()l %esi; ret; .balign 4\n"
	"	\\name\\()q %rsi; ret; .balign 4\n"
	".endr\n");
extern const char alu_stubs[];

uint64_t mmio_alu(enum mmio_alu operation, unsigned size, uint64_t rax, uint64_t *rdx,
		  uint64_t operand, uint64_t *flags)
{
	size_t number = 4 * (size_t)operation + (size_t)__builtin_ctz(size);
	const char *stub = alu_stubs + 4 * number;
	uint64_t status = *flags & MMIO_ALU_FLAGS;

	/* the red zone of user programs, in unit tests, is stepped over */
	__asm__("subq $128, %%rsp; pushq %[flags]; popfq; call *%[stub]; pushfq; popq %[flags]; addq $128, %%rsp"
		: "+a"(rax), "+d"(*rdx), [flags] "+r"(status)
		: "c"(operand), "S"(operand), [stub] "r"(stub)
		: "cc", "memory");
	*flags = (*flags & ~MMIO_ALU_FLAGS) | (status & MMIO_ALU_FLAGS);
	return rax;
}
