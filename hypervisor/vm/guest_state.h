/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the calling core's guest that the processor keeps (for VMX: in the VMCS), in terms that
 * do not depend on the vendor. Implemented in vmx/guest_state.c; all functions are for the calling
 * core's own vCPU, between two of its runs.
 */
#ifndef VM_GUEST_STATE_H
#define VM_GUEST_STATE_H

#include "bulkhead/error.h"
#include "bulkhead/tables.h"
#include "vm/guest_memory.h"
#include "vm/registers.h"

struct vcpu;

/*
 * First preparation of the vCPU's control structure: controls, bitmaps, EPT, host state. The core is
 * in VMX operation. Errors: as vmx_controls_read().
 */
enum error guest_state_init(struct vcpu *vcpu);

/*
 * Architectural state after INIT (SDM 3.10.1.1), to be followed by one of the two below. Also drops
 * every cached translation of the vCPU and of its VM's EPT.
 */
void guest_state_reset(struct vcpu *vcpu, struct guest_registers *registers);

/* The processor starts at `entry` in the given mode. */
void guest_state_enter_at(enum entry_mode mode, gpa_t entry);

/* The processor starts where a start-up IPI with this page number says (SDM 3.9.4.4). */
void guest_state_enter_sipi(uint8_t page);

/* The same in 64-bit mode, with paging by the tables at `page_table` in guest memory. */
void guest_state_enter_long(gpa_t entry, gpa_t page_table);

/* Linux' and multiboot's flat GDT, which is already in guest memory. */
void guest_state_set_gdt(gpa_t base, uint16_t limit);

/* Begins to run the guest; the core returns to the hypervisor only by exits. */
_Noreturn void guest_run(struct guest_registers *registers);

/* What the page-table walk and the instruction decoder need to know. */
void guest_paging_read(struct guest_paging *paging);
uint64_t guest_cr4(void);                 /* the real one, without what the guest believes */
uint64_t guest_instruction_address(void); /* linear: CS base + RIP */
unsigned guest_code_bits(void);           /* 16, 32 or 64 */
unsigned guest_privilege_level(void);     /* CPL */

/* RSP and RFLAGS, which the exit path does not save with the other registers. */
uint64_t guest_stack_pointer(void);
void guest_set_stack_pointer(uint64_t value);
uint64_t guest_flags(void);
void guest_set_flags(uint64_t value);

/* Moves RIP behind the exiting instruction, with all that this means for shadows and single-step. */
void guest_skip_instruction(void);
/* The same for an instruction whose length the hypervisor has decoded itself. */
void guest_skip_bytes(unsigned length);

/* Exceptions, delivered at the next entry instead of the exiting instruction. */
void guest_inject_invalid_opcode(void);
void guest_inject_general_protection(void); /* error code 0 */
void guest_inject_alignment_check(void);    /* error code 0 */

/* Delivers an NMI as soon as the guest can take one; several pending ones become one. */
void guest_inject_nmi(void);

/* Value of IA32_DEBUGCTL, which the processor switches with the guest. */
uint64_t guest_debug_control(void);
void guest_set_debug_control(uint64_t value);

/* Writes RIP, control registers, segments and the like to the log, for a VM that stops. */
void guest_state_log(const struct guest_registers *registers);

/* Why the guest exited, with the vendor's own details, and where it is now. */
void guest_exit_read(uint32_t *reason, uint64_t *qualification, uint64_t *rip);

/* Name of an exit reason ("CPUID"); never NULL. There are EXIT_REASON_COUNT (bulkhead/counters.h). */
const char *exit_reason_name(uint32_t reason);

#endif
