/* SPDX-License-Identifier: Apache-2.0 */
/* Requests between the cores of a VM: one word per vCPU, announced by an NMI. */
#include "cpu/apic.h"
#include "vm/vcpu.h"

void vcpu_post(struct vcpu *vcpu, uint32_t request)
{
	uint32_t before;

	/* A start-up IPI that came before an INIT must not start the vCPU after it. */
	if (request & REQUEST_INIT)
		__atomic_and_fetch(vcpu_requests(vcpu), ~(uint32_t)REQUEST_SIPI, __ATOMIC_RELAXED);
	/* release: pairs with the acquire in vcpu_take_requests() */
	before = __atomic_fetch_or(vcpu_requests(vcpu), request, __ATOMIC_RELEASE);
	/*
	 * A processor takes the first NMI at once and remembers the second. Here the first may still be on its way
	 * when the second comes, and must not be taken for the same. Each of
	 * the two bits is one NMI, also when the target has taken the first one meanwhile.
	 */
	if (before & request & REQUEST_NMI)
		__atomic_or_fetch(vcpu_requests(vcpu), REQUEST_NMI_MORE, __ATOMIC_RELEASE);
	apic_send_nmi(vcpu_config_of(vcpu)->apic_id);
}

void vm_post(const struct vm *vm, const struct vcpu *but, uint32_t request)
{
	for (uint32_t i = 0; i < vm->config->vcpu_count; i++) {
		struct vcpu *vcpu = vm_vcpu(vm, i);

		if (vcpu != but)
			vcpu_post(vcpu, request);
	}
}

uint32_t vcpu_take_requests(struct vcpu *vcpu)
{
	/* acquire: pairs with the release in vcpu_post() */
	return __atomic_exchange_n(vcpu_requests(vcpu), 0, __ATOMIC_ACQUIRE);
}
