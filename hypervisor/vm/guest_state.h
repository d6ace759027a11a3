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
 * guest_state_log() with the registers as they were at the last exit, after a failure of the hypervisor;
 * false if there is no control structure to read.
 */
bool guest_state_log_if_there(void);

/*
 * An empty control structure, in which nothing of an earlier life is left; guest_state_init() is next.
 * ERROR_VMCLEAR_FAILED, ERROR_VMPTRLD_FAILED.
 */
enum error guest_state_renew(void);

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

/* The same for an INIT that a guest's processor receives while it runs (SDM 3.10.1.1, table 10-1). */
void guest_state_take_init(struct vcpu *vcpu, struct guest_registers *registers);

/* Drops what the TLB has of the vCPU's linear addresses, as an emulated load of CR3 does (SDM 3.4.10.4.1). */
void guest_forget_translations(const struct vcpu *vcpu);

/* The processor starts at `entry` in the given mode. */
void guest_state_enter_at(enum entry_mode mode, gpa_t entry);

/* The processor starts where a start-up IPI with this page number says (SDM 3.9.4.4). */
void guest_state_enter_sipi(uint8_t page);

/* The processor starts at the reset vector (SDM 3.10.1.4), as guest_state_reset() has left it. */
void guest_state_enter_reset_vector(void);

/* The same in 64-bit mode, with paging by the tables at `page_table` in guest memory. */
void guest_state_enter_long(gpa_t entry, gpa_t page_table);

/* Linux' and multiboot's flat GDT, which is already in guest memory. */
void guest_state_set_gdt(gpa_t base, uint16_t limit);

/*
 * The guest is left after it has run for `ticks` of the TSC, or somewhat later, whether other exits come
 * in between or not. Fewer than asked for where the processor's timer has not enough bits.
 */
void guest_exit_after(uint64_t ticks);
/* No time for it any more. */
void guest_exit_never(void);

/* Begins to run the guest; the core returns to the hypervisor only by exits. */
_Noreturn void guest_run(struct guest_registers *registers);

/* What the page-table walk and the instruction decoder need to know. */
void guest_paging_read(struct guest_paging *paging);
uint64_t guest_page_tables(void);         /* CR3 */
uint64_t guest_instruction_address(void); /* linear: CS base + RIP */
unsigned guest_code_bits(void);           /* 16, 32 or 64 */
unsigned guest_privilege_level(void);     /* CPL */
/* PKRU, which is the guest's own and loaded; only for a guest with CR4.PKE. */
uint32_t guest_protection_keys(void);

/* Instructions that a guest can only execute where the processor's virtualization knows of them. */
enum guest_instruction { GUEST_RUNS_RDTSCP = 1, GUEST_RUNS_INVPCID = 2, GUEST_RUNS_XSAVES = 4 };
uint32_t
guest_instructions(void); /* OR of them; others are #UD in the guest, whatever the processor can */

uint64_t guest_cr4(void); /* as it works; bits of the hypervisor's own are set too */

/* Segment registers, in the order in which instructions number them, then the two system ones. */
enum guest_segment_name {
	GUEST_ES,
	GUEST_CS,
	GUEST_SS,
	GUEST_DS,
	GUEST_FS,
	GUEST_GS,
	GUEST_LDTR,
	GUEST_TR,
};

/* A segment register with its hidden part. `limit` is in bytes. */
struct guest_segment {
	uint16_t selector;
	uint64_t base;
	uint32_t limit;
	uint32_t rights; /* as in a descriptor, from its type field on (SDM 3.25.4.1, table 25-2) */
};
#define SEGMENT_ACCESSED    UINT32_C(0x00001)
#define SEGMENT_WRITABLE    UINT32_C(0x00002) /* of a code segment: readable */
#define SEGMENT_DOWN        UINT32_C(0x00004) /* of a code segment: conforming */
#define SEGMENT_CODE        UINT32_C(0x00008)
#define SEGMENT_USER        UINT32_C(0x00010) /* S: code or data */
#define SEGMENT_DPL(rights) ((rights) >> 5 & 3)
#define SEGMENT_PRESENT     UINT32_C(0x00080)
#define SEGMENT_LONG        UINT32_C(0x02000)
#define SEGMENT_DEFAULT     UINT32_C(0x04000)
#define SEGMENT_GRANULAR    UINT32_C(0x08000)
#define SEGMENT_UNUSABLE    UINT32_C(0x10000)

void guest_segment_read(enum guest_segment_name segment, struct guest_segment *state);
void guest_segment_write(enum guest_segment_name segment, const struct guest_segment *state);

/* The GDT; `limit` is the last byte's offset. */
struct guest_descriptor_table {
	gva_t base;
	uint32_t limit;
};
void guest_descriptor_table_read(struct guest_descriptor_table *table);

uint64_t guest_instruction_pointer(void);
void guest_set_instruction_pointer(uint64_t value);

/* For task switches: CR0.TS becomes 1; DR7; MOV to CR3, false for invalid PDPTEs of PAE paging. */
void guest_set_task_switched(void);
uint64_t guest_debug_enables(void);
void guest_set_debug_enables(uint64_t value);
bool guest_page_tables_load(const struct vcpu *vcpu, uint64_t cr3);

/* RSP and RFLAGS, which the exit path does not save with the other registers. */
uint64_t guest_stack_pointer(void);
void guest_set_stack_pointer(uint64_t value);
uint64_t guest_flags(void);
void guest_set_flags(uint64_t value);

/*
 * Moves RIP behind the exiting instruction, with all that this means for shadows, single-step and the
 * resume flag.
 */
void guest_skip_instruction(void);
/* The same for an instruction whose length the hypervisor has decoded itself. */
void guest_skip_bytes(unsigned length);

/* An exception that the guest is to get. */
struct guest_exception {
	uint8_t vector; /* enum exception_vector */
	bool has_error;
	uint32_t error;
	gva_t address; /* goes into CR2 with a page fault */
};

/*
 * Delivers it at the next entry, instead of the instruction that exited or behind one that was skipped.
 * Meets an event that was being delivered as the processor lets exceptions meet: #DF, or the VM stops
 * with a triple fault (SDM 3.6.15, table 6-5).
 */
void guest_inject(const struct guest_exception *exception);
void guest_inject_invalid_opcode(void);
void guest_inject_general_protection(void); /* error code 0 */

/* The event whose delivery the exit interrupted, if any, is delivered again at the next entry. */
void guest_redeliver(void);
/* True if the exit interrupted the delivery of an event. */
bool guest_is_delivering(void);

/* Ends the shadows of STI and MOV SS, as events and completed instructions do. */
void guest_end_shadows(void);

/*
 * Breakpoint conditions of the debug registers for an access that the hypervisor makes in the guest's
 * place, at a linear address or a port. What matches is reported by #DB behind the instruction.
 */
enum guest_watch { WATCH_READ, WATCH_WRITE, WATCH_PORT };
/* True if a breakpoint was met. */
bool guest_watch_access(enum guest_watch kind, uint64_t address, unsigned size);

/*
 * Raises `more` NMIs (0 .. 2), and delivers one as soon as the guest can take it. As on a processor, one is remembered
 * while another is handled, and the rest become one with it (SDM 3.6.7.1).
 */
void guest_inject_nmi(unsigned more);

/*
 * An external interrupt: whether the guest could take one at the next entry; its delivery there, only if so;
 * and whether the guest is left as soon as it could take one.
 */
bool guest_can_take_interrupt(void);
void guest_inject_interrupt(uint8_t vector);
void guest_interrupt_window(bool open);

/*
 * Whether the x2APIC MSRs that the VM's MSR bitmap passes do pass. Outside x2APIC mode they exit, and are
 * #GP as on the processor (SDM 3.11.12.1.2).
 */
void guest_pass_x2apic(const struct vcpu *vcpu, bool pass);

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
