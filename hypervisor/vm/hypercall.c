/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/platform.h"
#include "lib/reason.h"
#include "vm/counters.h"
#include "vm/handlers.h"
#include "vm/inject.h"
#include "vm/watchdog.h"

struct hypercall {
	uint64_t number;
	uint64_t (*call)(const struct vcpu *vcpu);
	reason_given reason; /* why a guest may have it */
};

static uint64_t exit_count(const struct vcpu *vcpu)
{
	return counters_exits(vcpu->counters);
}

static uint64_t feed_watchdog(const struct vcpu *vcpu)
{
	watchdog_feed(vcpu->vm);
	return 0;
}

static const struct hypercall hypercalls[] = {
	{HYPERCALL_EXIT_COUNT, exit_count, REASON("a guest can show that it runs without exits")},
	{HYPERCALL_WATCHDOG, feed_watchdog, REASON("its own watchdog")},
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

	if (CONFIG_FAULT_INJECTION && registers->rax == HYPERCALL_FAULT)
		inject_fault(registers->rbx);
	if (guest_privilege_level() != 0)
		registers->rax = (uint64_t)HYPERCALL_ERROR_PERM;
	else if (!hypercall)
		registers->rax = (uint64_t)HYPERCALL_ERROR_NOSYS;
	else
		registers->rax = hypercall->call(vcpu);
}
