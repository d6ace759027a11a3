/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/platform.h"
#include "vm/counters.h"
#include "vm/handlers.h"

struct hypercall {
	uint64_t number;
	uint64_t (*call)(const struct vcpu *vcpu);
	const char *reason; /* why a guest may have it */
};

static uint64_t exit_count(const struct vcpu *vcpu)
{
	return counters_exits(vcpu->counters);
}

static const struct hypercall hypercalls[] = {
	{HYPERCALL_EXIT_COUNT, exit_count, "a guest can show that it runs without exits"},
};

static const struct hypercall *find(uint64_t number)
{
	for (unsigned i = 0; i < sizeof(hypercalls) / sizeof(hypercalls[0]); i++)
		if (hypercalls[i].number == number)
			return &hypercalls[i];
	return NULL;
}

void vm_hypercall(const struct vcpu *vcpu, struct guest_registers *registers)
{
	const struct hypercall *hypercall = find(registers->rax);

	if (guest_privilege_level() != 0)
		registers->rax = (uint64_t)HYPERCALL_ERROR_PERM;
	else if (!hypercall)
		registers->rax = (uint64_t)HYPERCALL_ERROR_NOSYS;
	else
		registers->rax = hypercall->call(vcpu);
}
