/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where GRUB jumps to: 32-bit protected mode, paging off, EAX = magic, EBX = boot information
 * (multiboot2 3.3). Goes to long mode with page tables that map the first 4 GiB one to one, and calls
 * boot_main(magic, information).
 */
#include "boot/long_mode.h"

#define MULTIBOOT2_MAGIC        0xE85250D6
#define MULTIBOOT2_ARCHITECTURE 0 /* i386 protected mode */

	.section .multiboot, "a"
	.balign 8
header:
	.long MULTIBOOT2_MAGIC
	.long MULTIBOOT2_ARCHITECTURE
	.long header_end - header
	.long -(MULTIBOOT2_MAGIC + MULTIBOOT2_ARCHITECTURE + (header_end - header))
	/* information request: memory map (6); RSDP tags come where there is one */
	.word 1, 0
	.long 12
	.long 6
	.balign 8
	/* module alignment: on pages */
	.word 6, 0
	.long 8
	/* end */
	.word 0, 0
	.long 8
header_end:

	.section .text.entry, "ax"
	.code32
	.globl entry
	.type entry, @function
entry:
	cli
	cld
	movl %eax, core_start + 8  /* arguments of boot_main() */
	movl %ebx, core_start + 12
	rdtsc
	movl %eax, boot_times      /* struct boot_times.entered */
	movl %edx, boot_times + 4

	movl $0x80000001, %eax
	cpuid
	testl $(1 << 29), %edx     /* long mode (SDM 2A CPUID) */
	jz no_long_mode

	movl $CR4_PAE_BIT, %eax
	movl %eax, %cr4
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $EFER_MSR, %ecx
	rdmsr
	orl $(EFER_LME_BIT | EFER_NXE_BIT), %eax
	wrmsr
	movl $(CR0_PG_BIT | CR0_NE_BIT | CR0_ET_BIT | CR0_PE_BIT), %eax
	movl %eax, %cr0
	lgdt boot_gdt_pointer
	ljmp $BOOT_CODE, $entry_long

	/* No console driver yet: the reason goes to the VGA text screen, for whoever looks. */
no_long_mode:
	movl $no_long_mode_text, %esi
	movl $0xB8000, %edi
	movb $0x4F, %ah
1:	lodsb
	testb %al, %al
	jz 2f
	stosw
	jmp 1b
2:	hlt
	jmp 2b

	/* Every core's way on, from here or from the trampoline, with what struct core_start says. */
	.code64
	.globl entry_long
entry_long:
	movl $BOOT_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq core_start, %rsp
	movl core_start + 8, %edi
	movl core_start + 12, %esi
	xorl %ebp, %ebp
	call *core_start + 16
3:	hlt
	jmp 3b
	.size entry, . - entry

	.section .rodata.entry, "a"
no_long_mode_text:
	.asciz "Bulkhead: this processor has no 64-bit mode"
	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad BOOT_GDT_CODE
	.quad BOOT_GDT_DATA
boot_gdt_pointer:
	.word BOOT_GDT_LIMIT
	.long boot_gdt

	/* struct core_start (boot/core_start.h), for the BSP at first */
	.section .data.core_start, "aw"
	.balign 8
	.globl core_start
core_start:
	.quad boot_stack_end
	.long 0, 0
	.quad boot_main

	/* Present and writable; 0x80: 2 MiB page (SDM 3.4.5.4). They map everything executable, so they lie
	   among the data for the start, which no core has mapped any more when it runs a guest. */
	.section .data.boot_tables, "aw"
	.balign 4096
	.globl boot_pml4
boot_pml4:
	.quad boot_pdpt + 0x23
	.fill 511, 8, 0
boot_pdpt:
	.quad boot_directories + 0x23
	.quad boot_directories + 0x1023
	.quad boot_directories + 0x2023
	.quad boot_directories + 0x3023
	.fill 508, 8, 0
boot_directories:
	.set address, 0
	.rept 2048
	.quad address + 0xE3
	.set address, address + 0x200000
	.endr

	.section .bss.boot_stack, "aw", @nobits
	.balign 4096
	.fill 16384, 1, 0
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
