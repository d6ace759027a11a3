/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the Linux guest's initramfs: reads or writes one I/O port, as any root process may.
 *
 *     port 0x2fd          prints the byte read, as 0xff
 *     port 0x2f8 0x58     writes a byte
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: port PORT [BYTE]\n");
		return 2;
	}
	unsigned short port = (unsigned short)strtoul(argv[1], NULL, 0);
	if (iopl(3) != 0) {
		fprintf(stderr, "port: no access to ports: %s\n", strerror(errno));
		return 1;
	}
	if (argc == 2)
		printf("0x%02x\n", inb(port));
	else
		outb((unsigned char)strtoul(argv[2], NULL, 0), port);
	return 0;
}
