/* SPDX-License-Identifier: Apache-2.0 */
/* Command vmcs: every field with its name, and words where a number has some. */
#include "console/vcpu_words.h"
#include "vmx/controls.h"
#include "vmx/exit.h"

/* Which word of controls a field is; CONTROL_WORD_COUNT: none. */
static enum vmx_control_word control_word(enum vmcs_field name)
{
	switch (name) {
	case VMCS_PIN_CONTROLS:
		return CONTROL_PIN;
	case VMCS_PROCESSOR_CONTROLS:
		return CONTROL_PROCESSOR;
	case VMCS_PROCESSOR_CONTROLS2:
		return CONTROL_PROCESSOR2;
	case VMCS_EXIT_CONTROLS:
		return CONTROL_EXIT;
	case VMCS_ENTRY_CONTROLS:
		return CONTROL_ENTRY;
	default:
		return CONTROL_WORD_COUNT;
	}
}

static void say_controls(struct console *console, enum vmx_control_word word, uint64_t value)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		const char *name = vmx_control_name(word, UINT32_C(1) << bit);

		/* those without a name are reserved, and 1 on every processor */
		if (value & UINT64_C(1) << bit && name != vmx_control_name(word, 0))
			say(console, "%38s %s", "", name);
	}
}

static const char *words_of(char text[EXIT_WORDS_SIZE], const struct vcpu_snapshot *v,
			    enum vmcs_field name, uint64_t value)
{
	uint32_t reason = (uint32_t)field(v, VMCS_EXIT_REASON) & 0xFFFF;

	text[0] = '\0';
	switch (name) {
	case VMCS_EXIT_REASON:
		return exit_reason_name(reason);
	case VMCS_EXIT_QUALIFICATION:
		exit_words(text, reason, value);
		return text;
	case VMCS_INSTRUCTION_ERROR:
		return value ? vmx_instruction_error_name(value) : "";
	case VMCS_EXIT_INTERRUPTION_INFO:
		return interruption_text(text, value, field(v, VMCS_EXIT_INTERRUPTION_ERROR));
	case VMCS_IDT_VECTORING_INFO:
		return interruption_text(text, value, field(v, VMCS_IDT_VECTORING_ERROR));
	case VMCS_ENTRY_INTERRUPTION_INFO:
		return interruption_text(text, value, field(v, VMCS_ENTRY_EXCEPTION_ERROR));
	case VMCS_GUEST_ACTIVITY:
		return activity_text(v);
	case VMCS_GUEST_PENDING_DEBUG:
		debug_words(text, value);
		return text;
	case VMCS_GUEST_INTERRUPTIBILITY:
		return bits_text(text, EXIT_WORDS_SIZE, value, interruptibility_names.names,
				 interruptibility_names.count);
	case VMCS_GUEST_CR0:
	case VMCS_CR0_SHADOW:
	case VMCS_CR0_MASK:
		return bits_text(text, EXIT_WORDS_SIZE, value, cr0_names.names, cr0_names.count);
	case VMCS_GUEST_CR4:
	case VMCS_CR4_SHADOW:
		return bits_text(text, EXIT_WORDS_SIZE, value, cr4_names.names, cr4_names.count);
	case VMCS_GUEST_EFER:
		return bits_text(text, EXIT_WORDS_SIZE, value, efer_names.names, efer_names.count);
	case VMCS_GUEST_RFLAGS:
		return bits_text(text, EXIT_WORDS_SIZE, value, rflags_names.names,
				 rflags_names.count);
	default:
		break;
	}
	if (name >= VMCS_GUEST_ES_RIGHTS && name <= VMCS_GUEST_TR_RIGHTS)
		return rights_text(text, value);
	return text;
}

static void say_field(struct console *console, const struct vcpu_snapshot *v, unsigned index)
{
	enum vmcs_field name = vmcs_fields[index].field;
	uint64_t value = v->fields[index];
	enum vmx_control_word word = control_word(name);
	char text[EXIT_WORDS_SIZE];

	if (!v->field_valid[index]) {
		say(console, "%04x %-32s %16s", (unsigned)name, vmcs_fields[index].name,
		    "(can't be read)");
		return;
	}
	say(console, "%04x %-32s %016lx  %s", (unsigned)name, vmcs_fields[index].name, value,
	    words_of(text, v, name, value));
	if (word != CONTROL_WORD_COUNT)
		say_controls(console, word, value);
}

void command_vmcs(struct console *console, const struct words *words)
{
	const struct vcpu_snapshot *vcpu = say_vcpu_of(console, words);

	if (!vcpu)
		return;
	for (unsigned i = 0; i < VMCS_FIELD_COUNT; i++)
		say_field(console, vcpu, i);
}
