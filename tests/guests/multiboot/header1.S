/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot 1, loaded by the ELF headers: modules on pages, memory information. */
	.section .header, "a"
	.balign	4
	.long	0x1BADB002
	.long	0x00000003
	.long	-(0x1BADB002 + 0x00000003)

	.section .note.GNU-stack, "", @progbits
