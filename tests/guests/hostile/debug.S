/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences that are single-stepped. Each sets TF; the first trap comes behind the next instruction. */
#define RFLAGS_TF 0x100

	.text
	.code64

.macro trap_on
	pushfq
	orq	$RFLAGS_TF, (%rsp)
	popfq
.endm

/* void step_emulated(void *unused): seven instructions, most of which exit */
	.globl	step_emulated, step_emulated_end
step_emulated:
	pushq	%rbx
	movw	$0x1F0, %dx
	xorl	%eax, %eax
	trap_on
	cpuid
	nop
	movw	$0x1F0, %dx
	inb	%dx, %al
	outb	%al, %dx
	invd
	movq	%cr0, %rax
step_emulated_end:
	nop
	popq	%rbx
	ret

/* One trap, behind CPUID: MOV SS holds it back. */
	.globl	step_shadow, step_shadow_end
step_shadow:
	pushq	%rbx
	movl	%ss, %ecx
	xorl	%eax, %eax
	trap_on
	nop
	movl	%ecx, %ss
	cpuid
step_shadow_end:
	nop
	popq	%rbx
	ret

/* An instruction that the hypervisor answers with #UD, in the shadow of MOV SS, with TF. */
	.globl	fault_in_shadow
fault_in_shadow:
	movl	%ss, %ecx
	trap_on
	movl	%ecx, %ss
	vmxoff
	ret

/* The same with #GP, and in the shadow of STI, which does not hold traps back. */
	.globl	fault_behind_sti
fault_behind_sti:
	movl	$0x480, %ecx
	sti
	rdmsr
	ret

/* The REP INS of one port that is not the VM's traps after each byte. */
	.globl	step_string, step_string_end
step_string:
	leaq	scratch(%rip), %rdi
	movl	$3, %ecx
	movw	$0x1F0, %dx
	trap_on
	rep insb
step_string_end:
	nop
	ret

	.section .note.GNU-stack, "", @progbits
