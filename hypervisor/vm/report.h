/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of a vCPU when it stops. */
#ifndef VM_REPORT_H
#define VM_REPORT_H

#include "vm/vcpu.h"

/* Exits by reason. */
void report_exits(const struct vcpu *vcpu);

#endif
