/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void cpu_load_descriptors(struct cpu *cpu, const struct descriptor_pointer *gdt, uint16_t task)
 *
 * In assembly because between LGDT and the reload of CS and GS no C code may run: GS holds the core's
 * area, which the stack protector and this_cpu() use.
 */
	.set SELECTOR_CODE, 0x08
	.set SELECTOR_DATA, 0x10
	.set MSR_GS_BASE, 0xC0000101

	.section .text.cpu_load_descriptors, "ax"
	.globl cpu_load_descriptors
	.type cpu_load_descriptors, @function
cpu_load_descriptors:
	movl %edx, %r8d
	lgdt (%rsi)
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl $MSR_GS_BASE, %ecx
	movq %rdi, %rax
	movq %rdi, %rdx
	shrq $32, %rdx
	wrmsr
	ltr %r8w
	popq %rax
	pushq $SELECTOR_CODE
	pushq %rax
	lretq
	.size cpu_load_descriptors, . - cpu_load_descriptors

	.section .note.GNU-stack, "", @progbits
