/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark's first process of Linux: workloads, or KVM with the measuring guest. */
#ifndef BENCH_LINUX_BENCH_H
#define BENCH_LINUX_BENCH_H

#include <stdint.h>

#define VMM_VCPUS 2

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/*
 * VMs of KVM. None returns: their programs end when the guest says that it is done.
 * The ELF image with two vCPUs, on this core and the next; Linux with one, on the first core.
 */
void vmm_run_measure(const char *image, int first_core);
void vmm_run_linux(const char *kernel, const char *initrd, const char *command_line);

/* work.c: each workload, with its time in ticks on the console */
void work_all(void);
/* One of the processes that the compile-like workload starts. */
int work_unit(const char *number);

#endif
