/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of the verifier link in place of the hypervisor: the symbols that entry.S and the verifier
 * look for. Compiled by the test itself (tool_verify_image.c), which gives the CONFIG_ values.
 */
#include <stdint.h>

/* Guards, stacks, VMXON region, VMCS and struct cpu, as in hypervisor/cpu/cpu.h. */
#define AREA (4096 + CONFIG_STACK_SIZE_KIB * 1024 + 4096 + 3 * 8192 + 2 * 4096 + 2 * 4096)

_Alignas(4096) uint8_t cpu_areas[CONFIG_MAX_CORES][AREA];

/* Something in .data, as the hypervisor has it. */
volatile uint64_t stub_data = 1;

/* hypervisor/boot/times.h; entry.S writes it */
uint64_t boot_times[2];

void boot_main(void);
void boot_main(void)
{
	stub_data++;
}
