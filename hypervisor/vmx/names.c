/* SPDX-License-Identifier: Apache-2.0 */
/* Names for what VMX reports as numbers. */
#include "lib/texts.h"
#include "vmx/controls.h"
#include "vmx/exit.h"

TEXTS(exit_texts, VMX_EXIT_REASONS, "unknown exit reason");
_Static_assert(EXIT_REASON_COUNT == VMX_EXIT_COUNT, "vm/ counts exits by these numbers");

/* SDM 3.31.4, table 31-1, without those of VMCALL in root operation and of SMM's dual-monitor treatment: neither is used */
#define INSTRUCTION_ERRORS(X)                                              \
	X(2, error_2, "VMCLEAR with invalid physical address")             \
	X(3, error_3, "VMCLEAR with VMXON pointer")                        \
	X(4, error_4, "VMLAUNCH with non-clear VMCS")                      \
	X(5, error_5, "VMRESUME with non-launched VMCS")                   \
	X(6, error_6, "VMRESUME after VMXOFF")                             \
	X(7, error_7, "VM entry with invalid control fields")              \
	X(8, error_8, "VM entry with invalid host-state fields")           \
	X(9, error_9, "VMPTRLD with invalid physical address")             \
	X(10, error_10, "VMPTRLD with VMXON pointer")                      \
	X(11, error_11, "VMPTRLD with incorrect VMCS revision identifier") \
	X(12, error_12, "VMREAD or VMWRITE of unsupported VMCS component") \
	X(13, error_13, "VMWRITE to read-only VMCS component")             \
	X(15, error_15, "VMXON in VMX root operation")                     \
	X(26, error_26, "VM entry with events blocked by MOV SS")          \
	X(28, error_28, "invalid operand to INVEPT or INVVPID")

TEXTS(error_texts, INSTRUCTION_ERRORS, "unknown VM-instruction error");

/* A control by its word and bit, as one number */
#define CONTROL(word, bit) ((unsigned)(word) << 5 | (unsigned)__builtin_ctz(bit))

/* SDM 3.25.6 to 3.25.8 */
#define CONTROL_NAMES(X)                                                                          \
	X(CONTROL(CONTROL_PIN, PIN_EXTERNAL_INTERRUPT), pin_external_interrupt,                   \
	  "external-interrupt exiting")                                                           \
	X(CONTROL(CONTROL_PIN, PIN_NMI), pin_nmi, "NMI exiting")                                  \
	X(CONTROL(CONTROL_PIN, PIN_VIRTUAL_NMI), pin_virtual_nmi, "virtual NMIs")                 \
	X(CONTROL(CONTROL_PIN, PIN_PREEMPTION_TIMER), pin_preemption_timer,                       \
	  "activate VMX-preemption timer")                                                        \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_TSC_OFFSETTING), processor_tsc_offsetting,         \
	  "use TSC offsetting")                                                                   \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_HLT), processor_hlt, "HLT exiting")                \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_INVLPG), processor_invlpg, "INVLPG exiting")       \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_MWAIT), processor_mwait, "MWAIT exiting")          \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_RDPMC), processor_rdpmc, "RDPMC exiting")          \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_RDTSC), processor_rdtsc, "RDTSC exiting")          \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_CR3_LOAD), processor_cr3_load, "CR3-load exiting") \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_CR3_STORE), processor_cr3_store,                   \
	  "CR3-store exiting")                                                                    \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_CR8_LOAD), processor_cr8_load, "CR8-load exiting") \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_CR8_STORE), processor_cr8_store,                   \
	  "CR8-store exiting")                                                                    \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_NMI_WINDOW), processor_nmi_window,                 \
	  "NMI-window exiting")                                                                   \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_IO_BITMAPS), processor_io_bitmaps,                 \
	  "use I/O bitmaps")                                                                      \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_MSR_BITMAPS), processor_msr_bitmaps,               \
	  "use MSR bitmaps")                                                                      \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_MONITOR), processor_monitor, "MONITOR exiting")    \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_SECONDARY), processor_secondary,                   \
	  "activate secondary controls")                                                          \
	X(CONTROL(CONTROL_PROCESSOR2, PROCESSOR2_EPT), processor2_ept, "enable EPT")              \
	X(CONTROL(CONTROL_PROCESSOR2, PROCESSOR2_VPID), processor2_vpid, "enable VPID")           \
	X(CONTROL(CONTROL_PROCESSOR2, PROCESSOR2_UNRESTRICTED_GUEST),                             \
	  processor2_unrestricted_guest, "unrestricted guest")                                    \
	X(CONTROL(CONTROL_EXIT, EXIT_SAVE_DEBUG_CONTROLS), exit_save_debug_controls,              \
	  "save debug controls")                                                                  \
	X(CONTROL(CONTROL_EXIT, EXIT_HOST_64_BIT), exit_host_64_bit, "host address-space size")   \
	X(CONTROL(CONTROL_EXIT, EXIT_ACKNOWLEDGE), exit_acknowledge,                              \
	  "acknowledge interrupt on exit")                                                        \
	X(CONTROL(CONTROL_EXIT, EXIT_SAVE_PAT), exit_save_pat, "save IA32_PAT")                   \
	X(CONTROL(CONTROL_EXIT, EXIT_LOAD_PAT), exit_load_pat, "load IA32_PAT")                   \
	X(CONTROL(CONTROL_EXIT, EXIT_SAVE_EFER), exit_save_efer, "save IA32_EFER")                \
	X(CONTROL(CONTROL_EXIT, EXIT_LOAD_EFER), exit_load_efer, "load IA32_EFER")                \
	X(CONTROL(CONTROL_ENTRY, ENTRY_LOAD_DEBUG_CONTROLS), entry_load_debug_controls,           \
	  "load debug controls")                                                                  \
	X(CONTROL(CONTROL_ENTRY, ENTRY_IA32E_GUEST), entry_ia32e_guest, "IA-32e mode guest")      \
	X(CONTROL(CONTROL_ENTRY, ENTRY_LOAD_PAT), entry_load_pat, "load IA32_PAT")                \
	X(CONTROL(CONTROL_ENTRY, ENTRY_LOAD_EFER), entry_load_efer, "load IA32_EFER")             \
	X(CONTROL(CONTROL_PROCESSOR, PROCESSOR_INTERRUPT_WINDOW), processor_interrupt_window,     \
	  "interrupt-window exiting")

TEXTS(control_texts, CONTROL_NAMES, "unnamed control");
_Static_assert(CONTROL(CONTROL_WORD_COUNT - 1, UINT32_C(1) << 31) <= UINT8_MAX, "numbers of texts");

const char *vmx_control_name(enum vmx_control_word word, uint32_t bit)
{
	return text_find(&control_texts, bit != 0 ? CONTROL(word, bit) : UINT64_MAX);
}

const char *exit_reason_name(uint32_t reason)
{
	return text_find(&exit_texts, reason);
}

const char *vmx_instruction_error_name(uint64_t number)
{
	return text_find(&error_texts, number);
}
