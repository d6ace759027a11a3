/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual machine of KVM: what its two kinds of guests have in common. */
#ifndef BENCH_LINUX_VMM_H
#define BENCH_LINUX_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the first vCPU finds in its registers; segments are flat, protected mode is on. */
struct vmm_entry {
	uint32_t rip;
	uint32_t rax;
	uint32_t rsi;
};

/* A guest's program and devices. */
struct vmm_guest {
	uint32_t memory_size; /* bytes, a multiple of 2 MiB */
	unsigned vcpu_count;  /* at most VMM_VCPUS */
	int first_core;
	bool timer; /* PIT */
	/* Puts the program into memory. */
	struct vmm_entry (*load)(uint8_t *memory, uint32_t memory_size);
	/* Ports that the kernel does not know: one access of `size` bytes. */
	void (*port_read)(uint16_t port, uint8_t *data, unsigned size);
	void (*port_write)(uint16_t port, const uint8_t *data, unsigned size);
};

/* Ends the program with what failed if `result` is negative. Returns it. */
int vmm_must(int result, const char *what);

/* Reads a file into `at`, where it has room for `room` bytes. Returns its size. */
uint32_t vmm_read_file(const char *path, uint8_t *at, uint32_t room);

/* Level of an input of the interrupt controllers. */
void vmm_irq(uint32_t line, bool high);

/* Of a line of the guest's console: prints it, and ends the program after one that begins with `last`. */
void vmm_console_put(char character, const char *last);

/* Never returns; vmm_console_put() ends the program. */
void vmm_run(const struct vmm_guest *guest) __attribute__((noreturn));

#endif
