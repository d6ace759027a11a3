/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/trace.h"

void trace_exit(const struct vcpu *vcpu, uint32_t reason, uint64_t qualification, uint64_t rip)
{
	(void)vcpu;
	(void)reason;
	(void)qualification;
	(void)rip;
}

void trace_report(const struct vcpu *vcpu)
{
	(void)vcpu;
}
