/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of the verifier link in place of the hypervisor: the symbols that entry.S and the verifier
 * look for. Compiled by the test itself (tool_verify_image.c), which gives the CONFIG_ values.
 */
#include "bulkhead/host.h"
#include "lib/section.h"

/* What belongs to VMs and vCPUs, as hypervisor/vm/vm.c has it. */
_Alignas(4096) uint8_t vms[CONFIG_MAX_VMS][HOST_VM_SIZE]
	__attribute__((section(".sbss.owned_vms")));
_Alignas(4096) uint8_t vcpus[CONFIG_MAX_VCPUS][HOST_VCPU_SIZE]
	__attribute__((section(".sbss.owned_vcpus")));

/* What monitors are given. */
struct monitor_header monitor_header MONITOR_DATA("0");
struct log_ring log_rings[CONFIG_MAX_CORES] MONITOR_DATA("1");

/* Something in each kind of data, as the hypervisor has it. */
volatile uint64_t stub_data = 1;
volatile uint64_t stub_sealed SEALED_DATA = 1;
volatile uint64_t stub_shared SHARED_DATA;

/* What entry.S notes. */
uint64_t boot_times[2];

/* hypervisor/boot/times.h; entry.S writes it */
uint64_t boot_times[2];

void boot_main(void);
void boot_main(void)
{
	stub_data++;
	stub_shared += stub_sealed;
}
