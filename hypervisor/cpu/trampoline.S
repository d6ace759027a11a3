/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a core begins after a start-up IPI: real mode, CS = page << 8, IP = 0 (SDM 3.9.4.4). The code
 * is copied to the scenario's trampoline page below 1 MiB and goes to long mode with the boot page tables
 * (they map everything executable; the core changes to the hypervisor's own in C), as the BSP has done.
 */
#include "boot/long_mode.h"

#define HERE(symbol) (symbol - trampoline_start)

	.section .rodata.trampoline, "a"
	.balign 16
	.globl trampoline_start, trampoline_end
	.code16
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl HERE(trampoline_gdt_pointer)
	movl $CR4_PAE_BIT, %eax
	movl %eax, %cr4
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $EFER_MSR, %ecx
	rdmsr
	orl $(EFER_LME_BIT | EFER_NXE_BIT), %eax
	wrmsr
	/* PE and PG at once: from real mode straight into compatibility mode (SDM 3.9.8.5) */
	movl $(CR0_PG_BIT | CR0_NE_BIT | CR0_ET_BIT | CR0_PE_BIT), %eax
	movl %eax, %cr0
	ljmpl $BOOT_CODE, $entry_long

trampoline_gdt_pointer:
	.word BOOT_GDT_LIMIT
	.long boot_gdt
trampoline_end:

	.section .note.GNU-stack, "", @progbits
