/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot 2, with tags that have to be met and others that may be left out. */
	.section .header, "a"
	.balign	8
header:
	.long	0xE85250D6
	.long	0 /* i386 */
	.long	header_end - header
	.long	-(0xE85250D6 + (header_end - header))

	.balign	8
	.short	1, 0 /* information request: command line, modules, memory, memory map */
	.long	8 + 4 * 4
	.long	1, 3, 4, 6

	.balign	8
	.short	5, 1 /* framebuffer, optional */
	.long	20
	.long	1024, 768, 32

	.balign	8
	.short	3, 0 /* entry */
	.long	12
	.long	start

	.balign	8
	.short	0, 0
	.long	8
header_end:

	.section .note.GNU-stack, "", @progbits
