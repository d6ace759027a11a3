/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/trace.h"

void trace_report(const struct vcpu *vcpu)
{
	(void)vcpu;
}
