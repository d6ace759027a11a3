/* SPDX-License-Identifier: Apache-2.0 */
#include "console/vcpu_words.h"

#include "cpu/exceptions.h"
#include "cpu/msr.h"
#include "cpu/registers.h"
#include "lib/format.h"
#include "vm/monitor.h"
#include "vmx/exit.h"

static const char *const rflags_bits[] = {
	[0] = "CF",  [2] = "PF",   [4] = "AF",   [6] = "ZF",  [7] = "SF",  [8] = "TF",
	[9] = "IF",  [10] = "DF",  [11] = "OF",  [14] = "NT", [16] = "RF", [17] = "VM",
	[18] = "AC", [19] = "VIF", [20] = "VIP", [21] = "ID"};
static const char *const cr0_bits[] = {
	[0] = "PE",  [1] = "MP",  [2] = "EM",  [3] = "TS",  [4] = "ET", [5] = "NE",
	[16] = "WP", [18] = "AM", [29] = "NW", [30] = "CD", [31] = "PG"};
static const char *const cr4_bits[] = {
	[0] = "VME",         [1] = "PVI",    [2] = "TSD",      [3] = "DE",    [4] = "PSE",
	[5] = "PAE",         [6] = "MCE",    [7] = "PGE",      [8] = "PCE",   [9] = "OSFXSR",
	[10] = "OSXMMEXCPT", [11] = "UMIP",  [12] = "LA57",    [13] = "VMXE", [14] = "SMXE",
	[16] = "FSGSBASE",   [17] = "PCIDE", [18] = "OSXSAVE", [20] = "SMEP", [21] = "SMAP",
	[22] = "PKE"};
static const char *const efer_bits[] = {[0] = "SCE", [8] = "LME", [10] = "LMA", [11] = "NXE"};
static const char *const xcr0_bits[] = {
	[0] = "x87",    [1] = "SSE",       [2] = "AVX",      [3] = "BNDREG", [4] = "BNDCSR",
	[5] = "opmask", [6] = "ZMM_Hi256", [7] = "Hi16_ZMM", [9] = "PKRU"};
static const char *const interruptibility_bits[] = {
	[0] = "STI", [1] = "MOV-SS", [2] = "SMI", [3] = "NMI"};

#define NAMES(array)                                      \
	{                                                 \
		array, sizeof(array) / sizeof((array)[0]) \
	}
const struct bit_names no_names = {NULL, 0};
const struct bit_names rflags_names = NAMES(rflags_bits);
const struct bit_names cr0_names = NAMES(cr0_bits);
const struct bit_names cr4_names = NAMES(cr4_bits);
const struct bit_names efer_names = NAMES(efer_bits);
const struct bit_names xcr0_names = NAMES(xcr0_bits);
const struct bit_names interruptibility_names = NAMES(interruptibility_bits);

uint64_t field(const struct vcpu_snapshot *vcpu, enum vmcs_field name)
{
	unsigned index = vmcs_field_index(name);

	return index < VMCS_FIELD_COUNT ? vcpu->fields[index] : 0;
}

/* --- Segments and modes ------------------------------------------------------------------------- */

static const char *size_words(uint64_t rights)
{
	if (rights & SEGMENT_LONG)
		return "64-bit";
	return rights & SEGMENT_DEFAULT ? "32-bit" : "16-bit";
}

/* SDM 3.3.5, table 3-2 */
static const char *system_words(uint64_t rights)
{
	switch (rights & 0xF) {
	case 2:
		return "LDT";
	case 3:
		return "TSS, 16-bit, busy";
	case 11:
		return "TSS, busy";
	default:
		return "system";
	}
}

const char *rights_text(char text[EXIT_WORDS_SIZE], uint64_t rights)
{
	if (rights & SEGMENT_UNUSABLE)
		format_text(text, EXIT_WORDS_SIZE, "unusable");
	else if (!(rights & SEGMENT_USER))
		format_text(text, EXIT_WORDS_SIZE, "%s", system_words(rights));
	else if (rights & SEGMENT_CODE)
		format_text(text, EXIT_WORDS_SIZE, "code, %s, DPL %lu%s", size_words(rights),
			    SEGMENT_DPL(rights), rights & SEGMENT_WRITABLE ? "" : ", not readable");
	else
		format_text(text, EXIT_WORDS_SIZE, "data, %s, DPL %lu",
			    rights & SEGMENT_WRITABLE ? "writable" : "read-only",
			    SEGMENT_DPL(rights));
	return text;
}

const char *mode_text(const struct vcpu_snapshot *v)
{
	uint64_t rights = field(v, VMCS_GUEST_CS_RIGHTS);

	if (!(field(v, VMCS_GUEST_CR0) & CR0_PE))
		return "real";
	if (field(v, VMCS_GUEST_RFLAGS) & RFLAGS_VM)
		return "virtual-8086";
	if ((field(v, VMCS_GUEST_EFER) & EFER_LMA) && (rights & SEGMENT_LONG))
		return "64-bit";
	return rights & SEGMENT_DEFAULT ? "32-bit protected" : "16-bit protected";
}

/* SDM 3.25.4.2 */
const char *activity_text(const struct vcpu_snapshot *v)
{
	static const char *const words[] = {"active", "halted (HLT)", "shut down",
					    "waits for a start-up IPI"};
	uint64_t state = field(v, VMCS_GUEST_ACTIVITY);

	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "in an unknown state";
}

/* SDM 3.25.9.2, table 25-15 */
const char *interruption_text(char text[EXIT_WORDS_SIZE], uint64_t information, uint64_t error)
{
	static const char *const kinds[] = {
		"external interrupt", "reserved",           "NMI",
		"exception",          "software interrupt", "privileged software exception",
		"software exception", "other event"};
	uint64_t vector = information & INTERRUPTION_VECTOR;
	uint64_t kind = (information & INTERRUPTION_TYPE) >> 8;
	size_t length;

	if (!(information & INTERRUPTION_VALID)) {
		format_text(text, EXIT_WORDS_SIZE, "none");
		return text;
	}
	length = format_text(text, EXIT_WORDS_SIZE, "%s 0x%lx", kinds[kind], vector);
	if (kind == 2)
		length = format_text(text, EXIT_WORDS_SIZE, "NMI");
	if (kind == 3 || kind == 6)
		length = format_text(text, EXIT_WORDS_SIZE, "%s", exception_name(vector));
	if (information & INTERRUPTION_ERROR_VALID)
		format_text(text + length, EXIT_WORDS_SIZE - length, ", error code 0x%lx", error);
	return text;
}

/* --- Lines -------------------------------------------------------------------------------------- */

static void say_title(struct console *console, uint32_t vcpu)
{
	const struct vcpu_config *config = &scenario_tables.vcpus[vcpu];

	say(console, "VM %s, vCPU %u on core %u: %s, %s", scenario_tables.vms[config->vm].name,
	    config->index, core_of_vcpu(vcpu), vm_state_name(state_of(config->vm)),
	    stop_reason_text((enum stop_reason)monitor_header.vms[config->vm].stop_reason));
}

const struct vcpu_snapshot *say_vcpu_of(struct console *console, const struct words *words)
{
	const struct console_answer *answer;
	uint32_t vcpu;

	if (!console_vcpu(console, words, 1, &vcpu))
		return NULL;
	answer = examine(console, vcpu, ASK_VCPU, 0, 0);
	if (!answer)
		return NULL;
	say_title(console, vcpu);
	return &answer->vcpu;
}

static void say_event(struct console *console, const struct vcpu_snapshot *v, const char *what,
		      enum vmcs_field information, enum vmcs_field error)
{
	char text[EXIT_WORDS_SIZE];

	if (field(v, information) & INTERRUPTION_VALID)
		say(console, "%s: %s", what,
		    interruption_text(text, field(v, information), field(v, error)));
}

void say_last_exit(struct console *console, const struct vcpu_snapshot *v)
{
	uint64_t reason = field(v, VMCS_EXIT_REASON), basic = reason & 0xFFFF;
	uint64_t qualification = field(v, VMCS_EXIT_QUALIFICATION);
	char text[SAY_SIZE];

	say(console, "last exit: %s", exit_text(text, (uint32_t)basic, qualification));
	if (basic == VMX_EXIT_EPT_VIOLATION || basic == VMX_EXIT_EPT_MISCONFIGURATION)
		say(console, "           guest-physical 0x%lx, linear 0x%lx",
		    field(v, VMCS_GUEST_PHYSICAL_ADDRESS), field(v, VMCS_GUEST_LINEAR_ADDRESS));
	if (basic == VMX_EXIT_EXCEPTION_OR_NMI)
		say_event(console, v, "           event", VMCS_EXIT_INTERRUPTION_INFO,
			  VMCS_EXIT_INTERRUPTION_ERROR);
	say_event(console, v, "           while delivering", VMCS_IDT_VECTORING_INFO,
		  VMCS_IDT_VECTORING_ERROR);
	if (reason & VMX_EXIT_ENTRY_FAILURE)
		say(console, "           the processor has refused to enter the guest");
	if (field(v, VMCS_INSTRUCTION_ERROR) != 0)
		say(console, "           last VMX instruction that failed: %s",
		    vmx_instruction_error_name(field(v, VMCS_INSTRUCTION_ERROR)));
}
