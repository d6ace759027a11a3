/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First process of a Linux whose exits are counted: says when it began, and powers off. It does without a C library,
 * since glibc asks CPUID 66 times at the start of each program, which is not the kernel's boot.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define LINE_SIZE 64
#define DRAIN     1 /* TCSBRK with anything but 0 waits until all is sent (ioctl_tty(2)) */

static long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static long call_path(long number, const char *path, long argument)
{
	return call(number, (long)path, argument, 0, 0, 0);
}

static char *put_text(char *at, const char *text)
{
	while (*text != '\0')
		*at++ = *text++;
	return at;
}

static char *put_number(char *at, uint64_t value)
{
	uint64_t digit = 1;

	while (value / digit >= 10)
		digit *= 10;
	for (; digit > 0; digit /= 10)
		*at++ = (char)('0' + value / digit % 10);
	return at;
}

static uint64_t tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static long console_open(void)
{
	call_path(SYS_mkdir, "/dev", 0755);
	call(SYS_mount, (long)"devtmpfs", (long)"/dev", (long)"devtmpfs", 0, 0);
	return call_path(SYS_open, "/dev/console", O_RDWR);
}

__attribute__((noreturn, used)) static void boot(void)
{
	char line[LINE_SIZE], *end;
	uint64_t begin = tsc_read();
	long console = console_open();

	end = put_text(line, "work: init tsc=");
	end = put_number(end, begin);
	end = put_text(end, "\nwork: end\n");
	call(SYS_write, console, (long)line, end - line, 0, 0);
	call(SYS_ioctl, console, TCSBRK, DRAIN, 0, 0);
	for (;;)
		call(SYS_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		     LINUX_REBOOT_CMD_POWER_OFF, 0, 0);
}

/* Linux enters with RSP at a multiple of 16 (System V ABI, AMD64, 3.4.1). */
__asm__(".globl _start\n"
	"_start:\n"
	"	call boot\n");
