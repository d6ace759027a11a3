/* SPDX-License-Identifier: Apache-2.0 */
/* Command regs: what a stopped vCPU would go on with. */
#include "cpu/registers.h"
#include "bulkhead/exit_words.h"
#include "console/examine.h"
#include "console/vcpu_words.h"
#include "lib/format.h"

static void say_general(struct console *console, const struct vcpu_snapshot *v)
{
	const struct guest_registers *r = &v->registers;

	say(console, "rax %016lx  rbx %016lx  rcx %016lx", r->rax, r->rbx, r->rcx);
	say(console, "rdx %016lx  rsi %016lx  rdi %016lx", r->rdx, r->rsi, r->rdi);
	say(console, "rbp %016lx  rsp %016lx  r8  %016lx", r->rbp, field(v, VMCS_GUEST_RSP), r->r8);
	say(console, "r9  %016lx  r10 %016lx  r11 %016lx", r->r9, r->r10, r->r11);
	say(console, "r12 %016lx  r13 %016lx  r14 %016lx", r->r12, r->r13, r->r14);
	say(console, "r15 %016lx", r->r15);
}

static void say_flags(struct console *console, const char *name, uint64_t value,
		      const struct bit_names *names)
{
	char text[SAY_SIZE];

	say(console, "%-6s %016lx  %s", name, value,
	    bits_text(text, sizeof(text), value, names->names, names->count));
}

static void say_control(struct console *console, const struct vcpu_snapshot *v)
{
	char debug[EXIT_WORDS_SIZE];

	say_flags(console, "rip", field(v, VMCS_GUEST_RIP), &no_names);
	say_flags(console, "rflags", field(v, VMCS_GUEST_RFLAGS), &rflags_names);
	say_flags(console, "cr0", field(v, VMCS_GUEST_CR0), &cr0_names);
	say_flags(console, "cr2", v->cr2, &no_names);
	say_flags(console, "cr3", field(v, VMCS_GUEST_CR3), &no_names);
	say_flags(console, "cr4", field(v, VMCS_GUEST_CR4), &cr4_names);
	say_flags(console, "efer", field(v, VMCS_GUEST_EFER), &efer_names);
	say_flags(console, "xcr0", v->xcr0, &xcr0_names);
	debug_words(debug, v->dr6);
	say(console, "%-6s %016lx  %s", "dr6", v->dr6, debug);
	say_flags(console, "dr7", field(v, VMCS_GUEST_DR7), &no_names);
	say(console, "dr0 %016lx  dr1 %016lx", v->dr[0], v->dr[1]);
	say(console, "dr2 %016lx  dr3 %016lx", v->dr[2], v->dr[3]);
}

static void say_segments(struct console *console, const struct vcpu_snapshot *v)
{
	static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};
	char text[EXIT_WORDS_SIZE];

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t rights = field(v, VMCS_GUEST_ES_RIGHTS + 2 * i);

		say(console, "%-5s %04lx  base %016lx  limit %08lx  %s", names[i],
		    field(v, VMCS_GUEST_ES_SELECTOR + 2 * i), field(v, VMCS_GUEST_ES_BASE + 2 * i),
		    field(v, VMCS_GUEST_ES_LIMIT + 2 * i), rights_text(text, rights));
	}
	say(console, "gdtr        base %016lx  limit %08lx", field(v, VMCS_GUEST_GDTR_BASE),
	    field(v, VMCS_GUEST_GDTR_LIMIT));
	say(console, "idtr        base %016lx  limit %08lx", field(v, VMCS_GUEST_IDTR_BASE),
	    field(v, VMCS_GUEST_IDTR_LIMIT));
}

static void say_state(struct console *console, const struct vcpu_snapshot *v)
{
	char blocked[EXIT_WORDS_SIZE];

	say(console, "mode: %s, CPL %lu, %s; events blocked by: %s; local APIC: %s%s", mode_text(v),
	    field(v, VMCS_GUEST_SS_RIGHTS) >> 5 & 3, activity_text(v),
	    *bits_text(blocked, sizeof(blocked), field(v, VMCS_GUEST_INTERRUPTIBILITY),
		       interruptibility_names.names, interruptibility_names.count)
		    ? blocked
		    : "nothing",
	    apic_mode_words(v->apic_base), v->apic_base & 0x100 ? ", boot processor" : "");
}

void command_regs(struct console *console, const struct words *words)
{
	const struct vcpu_snapshot *vcpu = say_vcpu_of(console, words);

	if (!vcpu)
		return;
	if (vcpu->waits_for_sipi) {
		say(console, "it waits for a start-up IPI of its VM: it has run nothing yet");
		return;
	}
	say_control(console, vcpu);
	say_general(console, vcpu);
	say_segments(console, vcpu);
	say_state(console, vcpu);
	say_last_exit(console, vcpu);
}
