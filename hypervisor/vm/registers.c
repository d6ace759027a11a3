/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/registers.h"

#include "lib/log.h"

void registers_log(const struct guest_registers *r)
{
	log_error("rax=0x%lx rcx=0x%lx rdx=0x%lx rbx=0x%lx", r->rax, r->rcx, r->rdx, r->rbx);
	log_error("rbp=0x%lx rsi=0x%lx rdi=0x%lx r8=0x%lx r9=0x%lx", r->rbp, r->rsi, r->rdi, r->r8,
		  r->r9);
	log_error("r10=0x%lx r11=0x%lx r12=0x%lx r13=0x%lx r14=0x%lx r15=0x%lx", r->r10, r->r11,
		  r->r12, r->r13, r->r14, r->r15);
}
