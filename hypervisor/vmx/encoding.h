/* SPDX-License-Identifier: Apache-2.0 */
/* VMX encodings: VMCS fields, controls, exit reasons (SDM volume 3, chapters 25-28, appendices A-C). */
#ifndef VMX_ENCODING_H
#define VMX_ENCODING_H

#include "bulkhead/types.h"

/*
 * VMCS field encodings (SDM 3.B). Bits 14:13 are the width (0: 16, 1: 64, 2: 32 bit, 3: natural),
 * bits 11:10 the kind (0: control, 1: read-only data, 2: guest state, 3: host state).
 */
enum vmcs_field {
	VMCS_VPID = 0x0000,

	VMCS_GUEST_ES_SELECTOR = 0x0800,
	VMCS_GUEST_CS_SELECTOR = 0x0802,
	VMCS_GUEST_SS_SELECTOR = 0x0804,
	VMCS_GUEST_DS_SELECTOR = 0x0806,
	VMCS_GUEST_FS_SELECTOR = 0x0808,
	VMCS_GUEST_GS_SELECTOR = 0x080A,
	VMCS_GUEST_LDTR_SELECTOR = 0x080C,
	VMCS_GUEST_TR_SELECTOR = 0x080E,

	VMCS_HOST_ES_SELECTOR = 0x0C00,
	VMCS_HOST_CS_SELECTOR = 0x0C02,
	VMCS_HOST_SS_SELECTOR = 0x0C04,
	VMCS_HOST_DS_SELECTOR = 0x0C06,
	VMCS_HOST_FS_SELECTOR = 0x0C08,
	VMCS_HOST_GS_SELECTOR = 0x0C0A,
	VMCS_HOST_TR_SELECTOR = 0x0C0C,

	VMCS_IO_BITMAP_A = 0x2000,
	VMCS_IO_BITMAP_B = 0x2002,
	VMCS_MSR_BITMAP = 0x2004,
	VMCS_TSC_OFFSET = 0x2010,
	VMCS_EPT_POINTER = 0x201A,
	VMCS_XSS_EXITING_BITMAP = 0x202C,
	VMCS_ENCLS_EXITING_BITMAP = 0x202E,

	VMCS_GUEST_PHYSICAL_ADDRESS = 0x2400,

	VMCS_GUEST_LINK_POINTER = 0x2800,
	VMCS_GUEST_DEBUG_CONTROL = 0x2802,
	VMCS_GUEST_PAT = 0x2804,
	VMCS_GUEST_EFER = 0x2806,
	VMCS_GUEST_PDPTE0 = 0x280A, /* and three more, 2 apart */

	VMCS_HOST_PAT = 0x2C00,
	VMCS_HOST_EFER = 0x2C02,

	VMCS_PIN_CONTROLS = 0x4000,
	VMCS_PROCESSOR_CONTROLS = 0x4002,
	VMCS_EXCEPTION_BITMAP = 0x4004,
	VMCS_PAGE_FAULT_ERROR_MASK = 0x4006,
	VMCS_PAGE_FAULT_ERROR_MATCH = 0x4008,
	VMCS_CR3_TARGET_COUNT = 0x400A,
	VMCS_EXIT_CONTROLS = 0x400C,
	VMCS_EXIT_MSR_STORE_COUNT = 0x400E,
	VMCS_EXIT_MSR_LOAD_COUNT = 0x4010,
	VMCS_ENTRY_CONTROLS = 0x4012,
	VMCS_ENTRY_MSR_LOAD_COUNT = 0x4014,
	VMCS_ENTRY_INTERRUPTION_INFO = 0x4016,
	VMCS_ENTRY_EXCEPTION_ERROR = 0x4018,
	VMCS_ENTRY_INSTRUCTION_LENGTH = 0x401A,
	VMCS_PROCESSOR_CONTROLS2 = 0x401E,

	VMCS_INSTRUCTION_ERROR = 0x4400,
	VMCS_EXIT_REASON = 0x4402,
	VMCS_EXIT_INTERRUPTION_INFO = 0x4404,
	VMCS_EXIT_INTERRUPTION_ERROR = 0x4406,
	VMCS_IDT_VECTORING_INFO = 0x4408,
	VMCS_IDT_VECTORING_ERROR = 0x440A,
	VMCS_EXIT_INSTRUCTION_LENGTH = 0x440C,
	VMCS_EXIT_INSTRUCTION_INFO = 0x440E,

	VMCS_GUEST_ES_LIMIT = 0x4800,
	VMCS_GUEST_CS_LIMIT = 0x4802,
	VMCS_GUEST_SS_LIMIT = 0x4804,
	VMCS_GUEST_DS_LIMIT = 0x4806,
	VMCS_GUEST_FS_LIMIT = 0x4808,
	VMCS_GUEST_GS_LIMIT = 0x480A,
	VMCS_GUEST_LDTR_LIMIT = 0x480C,
	VMCS_GUEST_TR_LIMIT = 0x480E,
	VMCS_GUEST_GDTR_LIMIT = 0x4810,
	VMCS_GUEST_IDTR_LIMIT = 0x4812,
	VMCS_GUEST_ES_RIGHTS = 0x4814,
	VMCS_GUEST_CS_RIGHTS = 0x4816,
	VMCS_GUEST_SS_RIGHTS = 0x4818,
	VMCS_GUEST_DS_RIGHTS = 0x481A,
	VMCS_GUEST_FS_RIGHTS = 0x481C,
	VMCS_GUEST_GS_RIGHTS = 0x481E,
	VMCS_GUEST_LDTR_RIGHTS = 0x4820,
	VMCS_GUEST_TR_RIGHTS = 0x4822,
	VMCS_GUEST_INTERRUPTIBILITY = 0x4824,
	VMCS_GUEST_ACTIVITY = 0x4826,
	VMCS_GUEST_SYSENTER_CS = 0x482A,
	VMCS_PREEMPTION_TIMER = 0x482E,

	VMCS_HOST_SYSENTER_CS = 0x4C00,

	VMCS_CR0_MASK = 0x6000,
	VMCS_CR4_MASK = 0x6002,
	VMCS_CR0_SHADOW = 0x6004,
	VMCS_CR4_SHADOW = 0x6006,

	VMCS_EXIT_QUALIFICATION = 0x6400,
	VMCS_GUEST_LINEAR_ADDRESS = 0x640A,

	VMCS_GUEST_CR0 = 0x6800,
	VMCS_GUEST_CR3 = 0x6802,
	VMCS_GUEST_CR4 = 0x6804,
	VMCS_GUEST_ES_BASE = 0x6806,
	VMCS_GUEST_CS_BASE = 0x6808,
	VMCS_GUEST_SS_BASE = 0x680A,
	VMCS_GUEST_DS_BASE = 0x680C,
	VMCS_GUEST_FS_BASE = 0x680E,
	VMCS_GUEST_GS_BASE = 0x6810,
	VMCS_GUEST_LDTR_BASE = 0x6812,
	VMCS_GUEST_TR_BASE = 0x6814,
	VMCS_GUEST_GDTR_BASE = 0x6816,
	VMCS_GUEST_IDTR_BASE = 0x6818,
	VMCS_GUEST_DR7 = 0x681A,
	VMCS_GUEST_RSP = 0x681C,
	VMCS_GUEST_RIP = 0x681E,
	VMCS_GUEST_RFLAGS = 0x6820,
	VMCS_GUEST_PENDING_DEBUG = 0x6822,
	VMCS_GUEST_SYSENTER_ESP = 0x6824,
	VMCS_GUEST_SYSENTER_EIP = 0x6826,

	VMCS_HOST_CR0 = 0x6C00,
	VMCS_HOST_CR3 = 0x6C02,
	VMCS_HOST_CR4 = 0x6C04,
	VMCS_HOST_FS_BASE = 0x6C06,
	VMCS_HOST_GS_BASE = 0x6C08,
	VMCS_HOST_TR_BASE = 0x6C0A,
	VMCS_HOST_GDTR_BASE = 0x6C0C,
	VMCS_HOST_IDTR_BASE = 0x6C0E,
	VMCS_HOST_SYSENTER_ESP = 0x6C10,
	VMCS_HOST_SYSENTER_EIP = 0x6C12,
	VMCS_HOST_RSP = 0x6C14,
	VMCS_HOST_RIP = 0x6C16,
};

/* Pin-based controls (SDM 3.25.6.1) */
#define PIN_EXTERNAL_INTERRUPT (UINT32_C(1) << 0)
#define PIN_NMI                (UINT32_C(1) << 3)
#define PIN_VIRTUAL_NMI        (UINT32_C(1) << 5)
#define PIN_PREEMPTION_TIMER   (UINT32_C(1) << 6)

/* Primary processor-based controls (SDM 3.25.6.2) */
#define PROCESSOR_INTERRUPT_WINDOW (UINT32_C(1) << 2)
#define PROCESSOR_TSC_OFFSETTING   (UINT32_C(1) << 3)
#define PROCESSOR_HLT              (UINT32_C(1) << 7)
#define PROCESSOR_INVLPG           (UINT32_C(1) << 9)
#define PROCESSOR_MWAIT            (UINT32_C(1) << 10)
#define PROCESSOR_RDPMC            (UINT32_C(1) << 11)
#define PROCESSOR_RDTSC            (UINT32_C(1) << 12)
#define PROCESSOR_CR3_LOAD         (UINT32_C(1) << 15)
#define PROCESSOR_CR3_STORE        (UINT32_C(1) << 16)
#define PROCESSOR_CR8_LOAD         (UINT32_C(1) << 19)
#define PROCESSOR_CR8_STORE        (UINT32_C(1) << 20)
#define PROCESSOR_NMI_WINDOW       (UINT32_C(1) << 22)
#define PROCESSOR_IO_BITMAPS       (UINT32_C(1) << 25)
#define PROCESSOR_MSR_BITMAPS      (UINT32_C(1) << 28)
#define PROCESSOR_MONITOR          (UINT32_C(1) << 29)
#define PROCESSOR_SECONDARY        (UINT32_C(1) << 31)

/* Secondary processor-based controls (SDM 3.25.6.2) */
#define PROCESSOR2_EPT                (UINT32_C(1) << 1)
#define PROCESSOR2_RDTSCP             (UINT32_C(1) << 3)
#define PROCESSOR2_VPID               (UINT32_C(1) << 5)
#define PROCESSOR2_WBINVD             (UINT32_C(1) << 6)
#define PROCESSOR2_UNRESTRICTED_GUEST (UINT32_C(1) << 7)
#define PROCESSOR2_INVPCID            (UINT32_C(1) << 12)
#define PROCESSOR2_ENCLS              (UINT32_C(1) << 15)
#define PROCESSOR2_XSAVES             (UINT32_C(1) << 20)

/* Exit controls (SDM 3.25.7.1) */
#define EXIT_SAVE_DEBUG_CONTROLS (UINT32_C(1) << 2)
#define EXIT_HOST_64_BIT         (UINT32_C(1) << 9)
#define EXIT_ACKNOWLEDGE         (UINT32_C(1) << 15)
#define EXIT_SAVE_PAT            (UINT32_C(1) << 18)
#define EXIT_LOAD_PAT            (UINT32_C(1) << 19)
#define EXIT_SAVE_EFER           (UINT32_C(1) << 20)
#define EXIT_LOAD_EFER           (UINT32_C(1) << 21)
#define EXIT_SAVE_TIMER          (UINT32_C(1) << 22)

/* IA32_VMX_MISC (SDM 3.A.6): the preemption timer counts when this bit of the TSC changes */
#define VMX_MISC_TIMER_SHIFT UINT64_C(0x1F)

/* Entry controls (SDM 3.25.8.1) */
#define ENTRY_LOAD_DEBUG_CONTROLS (UINT32_C(1) << 2)
#define ENTRY_IA32E_GUEST         (UINT32_C(1) << 9)
#define ENTRY_LOAD_PAT            (UINT32_C(1) << 14)
#define ENTRY_LOAD_EFER           (UINT32_C(1) << 15)

/* IA32_VMX_EPT_VPID_CAP (SDM 3.A.10) */
#define EPT_CAPABILITY_4_LEVEL        (UINT64_C(1) << 6)
#define EPT_CAPABILITY_WRITE_BACK     (UINT64_C(1) << 14)
#define EPT_CAPABILITY_2M             (UINT64_C(1) << 16)
#define EPT_CAPABILITY_1G             (UINT64_C(1) << 17)
#define EPT_CAPABILITY_INVEPT         (UINT64_C(1) << 20)
#define EPT_CAPABILITY_INVEPT_SINGLE  (UINT64_C(1) << 25)
#define EPT_CAPABILITY_INVVPID        (UINT64_C(1) << 32)
#define EPT_CAPABILITY_INVVPID_SINGLE (UINT64_C(1) << 41)

/* EPT pointer (SDM 3.25.6.11): write-back tables, page walk of 4 */
#define EPT_POINTER_FLAGS (UINT64_C(6) | (UINT64_C(3) << 3))

#define INVEPT_SINGLE_CONTEXT  1
#define INVVPID_SINGLE_CONTEXT 1

/* Interruption information (SDM 3.25.8.3, 3.25.9.2) */
#define INTERRUPTION_VALID        (UINT32_C(1) << 31)
#define INTERRUPTION_ERROR_VALID  (UINT32_C(1) << 11)
#define INTERRUPTION_VECTOR       UINT32_C(0xFF)
#define INTERRUPTION_TYPE         UINT32_C(0x700)
#define INTERRUPTION_EXTERNAL     (UINT32_C(0) << 8)
#define INTERRUPTION_NMI          (UINT32_C(2) << 8)
#define INTERRUPTION_EXCEPTION    (UINT32_C(3) << 8)
#define INTERRUPTION_SOFTWARE     (UINT32_C(4) << 8)
#define INTERRUPTION_PRIVILEGED   (UINT32_C(5) << 8)
#define INTERRUPTION_SOFTWARE_EXC (UINT32_C(6) << 8)

/* Guest interruptibility (SDM 3.25.4.2) */
#define INTERRUPTIBILITY_STI    (UINT32_C(1) << 0)
#define INTERRUPTIBILITY_MOV_SS (UINT32_C(1) << 1)
#define INTERRUPTIBILITY_NMI    (UINT32_C(1) << 3)

/* In the interruption information and the qualification of EPT violations (SDM 3.28.2.3) */
#define NMI_UNBLOCKED_BY_IRET (UINT64_C(1) << 12)

/* Pending debug exceptions: an enabled breakpoint was met, single step (SDM 3.25.4.2) */
#define PENDING_DEBUG_ENABLED (UINT64_C(1) << 12)
#define PENDING_DEBUG_BS      (UINT64_C(1) << 14)

#define ACTIVITY_ACTIVE 0
#define ACTIVITY_HLT    1

/* Exit reasons (SDM 3.C). Bit 31 of the field says that the entry itself failed. */
#define VMX_EXIT_ENTRY_FAILURE UINT32_C(0x80000000)

#define VMX_EXIT_REASONS(X)                                              \
	X(0, EXCEPTION_OR_NMI, "exception or NMI")                       \
	X(1, EXTERNAL_INTERRUPT, "external interrupt")                   \
	X(2, TRIPLE_FAULT, "triple fault")                               \
	X(3, INIT_SIGNAL, "INIT signal")                                 \
	X(4, SIPI, "start-up IPI")                                       \
	X(5, IO_SMI, "I/O SMI")                                          \
	X(6, OTHER_SMI, "other SMI")                                     \
	X(7, INTERRUPT_WINDOW, "interrupt window")                       \
	X(8, NMI_WINDOW, "NMI window")                                   \
	X(9, TASK_SWITCH, "task switch")                                 \
	X(10, CPUID, "CPUID")                                            \
	X(11, GETSEC, "GETSEC")                                          \
	X(12, HLT, "HLT")                                                \
	X(13, INVD, "INVD")                                              \
	X(14, INVLPG, "INVLPG")                                          \
	X(15, RDPMC, "RDPMC")                                            \
	X(16, RDTSC, "RDTSC")                                            \
	X(17, RSM, "RSM")                                                \
	X(18, VMCALL, "VMCALL")                                          \
	X(19, VMCLEAR, "VMCLEAR")                                        \
	X(20, VMLAUNCH, "VMLAUNCH")                                      \
	X(21, VMPTRLD, "VMPTRLD")                                        \
	X(22, VMPTRST, "VMPTRST")                                        \
	X(23, VMREAD, "VMREAD")                                          \
	X(24, VMRESUME, "VMRESUME")                                      \
	X(25, VMWRITE, "VMWRITE")                                        \
	X(26, VMXOFF, "VMXOFF")                                          \
	X(27, VMXON, "VMXON")                                            \
	X(28, CONTROL_REGISTER, "control-register access")               \
	X(29, DEBUG_REGISTER, "debug-register access")                   \
	X(30, PORT, "I/O instruction")                                   \
	X(31, RDMSR, "RDMSR")                                            \
	X(32, WRMSR, "WRMSR")                                            \
	X(33, INVALID_GUEST_STATE, "entry failure: invalid guest state") \
	X(34, MSR_LOADING, "entry failure: MSR loading")                 \
	X(36, MWAIT, "MWAIT")                                            \
	X(37, MONITOR_TRAP, "monitor trap flag")                         \
	X(39, MONITOR, "MONITOR")                                        \
	X(40, PAUSE, "PAUSE")                                            \
	X(41, MACHINE_CHECK_ENTRY, "entry failure: machine check")       \
	X(43, TPR_BELOW_THRESHOLD, "TPR below threshold")                \
	X(44, APIC_ACCESS, "APIC access")                                \
	X(45, VIRTUALIZED_EOI, "virtualized EOI")                        \
	X(46, GDTR_IDTR, "access to GDTR or IDTR")                       \
	X(47, LDTR_TR, "access to LDTR or TR")                           \
	X(48, EPT_VIOLATION, "EPT violation")                            \
	X(49, EPT_MISCONFIGURATION, "EPT misconfiguration")              \
	X(50, INVEPT, "INVEPT")                                          \
	X(51, RDTSCP, "RDTSCP")                                          \
	X(52, PREEMPTION_TIMER, "preemption timer")                      \
	X(53, INVVPID, "INVVPID")                                        \
	X(54, WBINVD, "WBINVD")                                          \
	X(55, XSETBV, "XSETBV")                                          \
	X(56, APIC_WRITE, "APIC write")                                  \
	X(57, RDRAND, "RDRAND")                                          \
	X(58, INVPCID, "INVPCID")                                        \
	X(59, VMFUNC, "VMFUNC")                                          \
	X(60, ENCLS, "ENCLS")                                            \
	X(61, RDSEED, "RDSEED")                                          \
	X(62, PML_FULL, "page-modification log full")                    \
	X(63, XSAVES, "XSAVES")                                          \
	X(64, XRSTORS, "XRSTORS")                                        \
	X(67, UMWAIT, "UMWAIT")                                          \
	X(68, TPAUSE, "TPAUSE")                                          \
	X(69, LOADIWKEY, "LOADIWKEY")

#define VMX_EXIT_ENUM(number, name, text) VMX_EXIT_##name = number,
enum vmx_exit_reason { VMX_EXIT_REASONS(VMX_EXIT_ENUM) VMX_EXIT_COUNT = 70 };
#undef VMX_EXIT_ENUM

#endif
