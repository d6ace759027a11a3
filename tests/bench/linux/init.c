/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First process. "bench=kvm" on the kernel's command line: loads KVM and runs the measuring guest with a
 * neighbour; "bench=linux-kvm": runs Linux in KVM, whose first process is this once more, with what is before that
 * word for its command line; else: the workloads. Powers off in the end.
 */
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define LINUX_IN_KVM "bench=linux-kvm"

static void console_open(void)
{
	int fd;

	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mkdir("/tmp", 0755);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	fd = open("/dev/console", O_RDWR);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
}

static char command_line[4096];

static void command_line_read(void)
{
	FILE *file = fopen("/proc/cmdline", "r");

	if (file == NULL || fgets(command_line, sizeof(command_line), file) == NULL)
		return;
	fclose(file);
}

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0)
		printf("bench: cannot load %s\n", path);
	close(fd);
}

static void load_kvm(void)
{
	load_module("/irqbypass.ko");
	load_module("/kvm.ko");
	load_module("/kvm-intel.ko");
}

static void run_measure(void)
{
	pid_t guest;

	load_kvm();
	if (fork() == 0)
		vmm_run_measure("/bench-neighbour", 2);
	guest = fork();
	if (guest == 0)
		vmm_run_measure("/bench", 0);
	waitpid(guest, NULL, 0);
}

static void run_linux(void)
{
	load_kvm();
	*strstr(command_line, LINUX_IN_KVM) = '\0';
	if (fork() == 0)
		vmm_run_linux("/linux", "/initrd", command_line);
	wait(NULL);
}

int main(int argc, char **argv)
{
	uint64_t begin = tsc_read();

	if (argc == 3 && strcmp(argv[1], "unit") == 0)
		return work_unit(argv[2]);
	console_open();
	printf("work: init tsc=%lu\n", begin);
	command_line_read();
	if (strstr(command_line, LINUX_IN_KVM) != NULL)
		run_linux();
	else if (strstr(command_line, "bench=kvm") != NULL)
		run_measure();
	else
		work_all();
	printf("work: end\n");
	fflush(stdout);
	tcdrain(1);
	reboot(RB_POWER_OFF);
	return 0;
}
