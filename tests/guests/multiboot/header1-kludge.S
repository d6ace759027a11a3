/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot 1 with addresses of its own, for a file without ELF headers. */
	.section .header, "a"
	.balign	4
header:
	.long	0x1BADB002
	.long	0x00010003
	.long	-(0x1BADB002 + 0x00010003)
	.long	header
	.long	image_start
	.long	image_load_end
	.long	image_end
	.long	start

	.section .note.GNU-stack, "", @progbits
