/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on registers by the processor's own instructions: so flags are right to the bit, those that are undefined
 * too. A guest has come here by the same instruction with an operand in memory, so the processor has it; POPCNT, the one
 * that might be missing where the guest has put it there only now, is older than what Bulkhead needs of VMX.
 */
#include "vm/mmio_alu.h"

/*
 * What each operation does to RAX by RCX, in the order of enum mmio_operation: with words, which without the first prefix
 * is that with doublewords, with quadwords and, where there is one, with bytes.
 */
__asm__(".text\n"
	".macro alu_stub name, words, quadwords, bytes\n"
	"0:	\\name\\()w \\words; ret; .org 0b + 6, 0xCC\n"
	"	\\name\\()q \\quadwords; ret\n"
	".ifnb \\bytes\n"
	"	.org 0b + 10, 0xCC; \\name\\()b \\bytes; ret\n"
	".endif\n"
	"	.org 0b + 13, 0xCC\n"
	".endm\n"
	"alu_stubs:\n"
	".irp name, shld, shrd\n"
	"	alu_stub \\name, \"%cl, %dx, %ax\", \"%cl, %rdx, %rax\"\n"
	".endr\n"
	".irp name, rol, ror, rcl, rcr, shl, shr, shl, sar\n"
	"	alu_stub \\name, \"%cl, %ax\", \"%cl, %rax\", \"%cl, %al\"\n"
	".endr\n"
	".irp name, add, or, adc, sbb, and, sub, xor, cmp\n"
	"	alu_stub \\name, \"%cx, %ax\", \"%rcx, %rax\", \"%cl, %al\"\n"
	".endr\n"
	".irp name, not, neg\n"
	"	alu_stub \\name, %ax, %rax, %al\n"
	".endr\n"
	".irp name, mul, imul, div, idiv\n"
	"	alu_stub \\name, %cx, %rcx, %cl\n"
	".endr\n"
	".irp name, inc, dec\n"
	"	alu_stub \\name, %ax, %rax, %al\n"
	".endr\n"
	".irp name, bt, bts, btr, btc, imul, bsf, bsr, popcnt, tzcnt, lzcnt\n"
	"	alu_stub \\name, \"%cx, %ax\", \"%rcx, %rax\"\n"
	".endr\n");
#define STUB_SIZE 13
extern const char alu_stubs[][STUB_SIZE];

uint64_t mmio_alu(enum mmio_operation operation, uint64_t *rdx, uint64_t *flags, uint64_t left,
		  uint64_t right, unsigned size)
{
	static const uint8_t place[] = {[1] = 10, [2] = 0, [4] = 1, [8] = 6};
	const char *stub = &alu_stubs[operation - MMIO_SHLD][place[size]];
	uint64_t status = *flags & MMIO_ALU_FLAGS;

	/* the red zone of user programs, in unit tests, is stepped over */
	__asm__("addq $-128, %%rsp; pushq %[flags]; popfq; call *%[stub]; pushfq; popq %[flags]; subq $-128, %%rsp"
		: "+a"(left), "+d"(*rdx), [flags] "+r"(status)
		: "c"(right), [stub] "r"(stub)
		: "cc", "memory");
	*flags = (*flags & ~MMIO_ALU_FLAGS) | (status & MMIO_ALU_FLAGS);
	return left;
}

/* In halves of `size` bytes: 128 bits would take functions of the compiler's library. */
bool mmio_division_faults(const struct mmio_instruction *instruction,
			  const struct guest_registers *registers, uint64_t divisor)
{
	unsigned size = instruction->memory_size;
	unsigned last = 8 * size - 1;
	uint64_t mask = UINT64_MAX >> (63 - last), sign = UINT64_C(1) << last;
	uint64_t low = registers->rax & mask;
	uint64_t high = (size == 1 ? registers->rax >> 8 : registers->rdx) & mask;
	bool negative = false;

	divisor &= mask;
	if (instruction->operation == MMIO_DIV)
		return high >= divisor;
	if (instruction->operation != MMIO_IDIV)
		return false;
	if (high & sign) {
		low = (0 - low) & mask;
		high = (~high + !low) & mask;
		negative = true;
	}
	if (divisor & sign) {
		divisor = (0 - divisor) & mask;
		negative = !negative;
	}
	/* there is one number more below 0 */
	if (negative && high == 0 && low < divisor)
		return false;
	if (negative) {
		high -= low < divisor;
		low = (low - divisor) & mask;
	}
	return high & sign || (high << 1 | low >> last) >= divisor;
}
