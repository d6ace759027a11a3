/* SPDX-License-Identifier: Apache-2.0 */
/* VM exits: what the assembly calls, and the table of handlers. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vm/vcpu.h"
#include "vmx/encoding.h"

/* In entry.S. `registers` is where HOST_RSP expects them. */
_Noreturn void vmx_launch(struct guest_registers *registers);
extern const char vmx_exit_entry[];

/*
 * What to do about an exit, by basic reason; NULL: nothing is known. entry.S counts the exit, calls the
 * handler and resumes the guest when it returns.
 */
typedef void exit_handler(struct vcpu *vcpu, struct guest_registers *registers);
extern exit_handler *const vmx_exit_handlers[VMX_EXIT_COUNT];

/*
 * Handlers that may change any of the guest's registers. All others leave RBP and R12 to R15 as they are, which
 * the exit path does not load again. The table has those in entry.S, which call the other ones.
 */
exit_handler vmx_changing_exception, vmx_handle_exception;
exit_handler vmx_changing_task_switch, vmx_handle_task_switch;
exit_handler vmx_changing_ept_violation, vmx_handle_ept_violation;
exit_handler vmx_changing_preemption_timer, vmx_handle_preemption_timer;

/* The other handlers outside exit.c. */
exit_handler vmx_handle_interrupt_window, vmx_handle_nmi_window;
exit_handler vmx_handle_triple_fault;
exit_handler vmx_handle_control_register; /* control_registers.c */

/* Called by entry.S when no handler is known, or a VM entry failed after it had begun. */
_Noreturn void vmx_unhandled_exit(struct guest_registers *registers);

/* Called by entry.S when VMLAUNCH or VMRESUME did not enter the guest. */
_Noreturn void vmx_entry_failed(struct guest_registers *registers);

/* Text of a VM-instruction error number (SDM 3.31.4); never NULL. */
const char *vmx_instruction_error_name(uint64_t number);

#endif
