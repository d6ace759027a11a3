/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/machine_check.h"

#include "cpu/cpu.h"
#include "cpu/exceptions.h"
#include "cpu/frequency.h"
#include "cpu/machine_check.h"
#include "cpu/tsc.h"
#include "lib/texts.h"
#include "vm/contain.h"

#define WORDS 80

/* What all banks together ask for. */
struct verdict {
	uint64_t vms; /* those whose memory is concerned, as bits */
	unsigned errors;
	bool own; /* the VM of this core must not go on */
	bool all; /* no VM must */
};
_Static_assert(CONFIG_MAX_VMS <= 64, "a bit for each");

/* Where an error is, and whose memory that is; a size of 0: the bank does not say. */
struct place {
	hpa_t base;
	uint64_t size;
	uint64_t vms; /* all who have it, shared or not */
	bool hypervisors;
};

static bool meets(const struct place *place, hpa_t base, uint64_t size)
{
	return place->base < base + size && base < place->base + place->size;
}

static uint64_t owners(const struct place *place)
{
	uint64_t found = 0;

	for (uint32_t vm = 0; vm < scenario_tables.vm_count; vm++) {
		const struct vm_config *config = &scenario_tables.vms[vm];

		for (uint32_t i = 0; i < config->memory_count; i++)
			if (meets(place, config->memory[i].host_physical, config->memory[i].size))
				found |= UINT64_C(1) << vm;
	}
	return found;
}

static void place_find(struct place *place, const struct machine_check_error *error)
{
	if (!machine_check_address(error, &place->base, &place->size))
		place->base = place->size = 0;
	place->vms = owners(place);
	place->hypervisors =
		meets(place, scenario_tables.hypervisor_base, scenario_tables.hypervisor_size) ||
		meets(place, scenario_tables.trampoline, PAGE_SIZE_4K);
}

/* Nobody's memory is as bad for the own VM as none of the core's context. */
static void judge(struct verdict *verdict, enum machine_check_severity severity,
		  const struct place *place)
{
	verdict->errors++;
	if (severity <= MACHINE_CHECK_NO_ACTION)
		return;
	verdict->vms |= place->vms;
	verdict->all |= place->hypervisors;
	verdict->own |= (!place->vms && !place->hypervisors) || severity == MACHINE_CHECK_FATAL;
}

static const char *owner(const struct place *place)
{
	if (!place->size)
		return TEXT("no place");
	if (place->hypervisors)
		return TEXT("the hypervisor's memory");
	return place->vms ? scenario_tables.vms[__builtin_ctzll(place->vms)].name
			  : TEXT("nobody's memory");
}

static void tell(const struct machine_check_error *error, enum machine_check_severity severity,
		 const struct place *place)
{
	char words[WORDS];

	if (severity <= MACHINE_CHECK_NO_ACTION && !log_limit(&this_cpu()->corrected))
		return;
	machine_check_describe(error, words, sizeof(words));
	log_warning("machine check, bank %u: %s: %s; in: %s", error->bank,
		    machine_check_severity_name(severity), words, owner(place));
	log_warning("bank %u: status 0x%lx address 0x%lx misc 0x%lx", error->bank, error->status,
		    error->address, error->misc);
}

/* Over all banks, which are cleared when they are told. */
static void examine(struct verdict *verdict, bool tells)
{
	struct machine_check_error error;
	struct place place;
	unsigned banks = machine_check_banks();

	*verdict = (struct verdict){0};
	for (unsigned bank = 0; bank < banks; bank++) {
		enum machine_check_severity severity;

		if (!machine_check_read(bank, &error))
			continue;
		severity = machine_check_severity(&error);
		place_find(&place, &error);
		judge(verdict, severity, &place);
		if (!tells)
			continue;
		tell(&error, severity, &place);
		machine_check_clear(bank);
	}
}

/* In a machine check, which may not let what was interrupted go on. */
static void examine_exception(struct verdict *verdict, bool tells)
{
	examine(verdict, tells);
	verdict->own |= !machine_check_can_resume();
}

/* Those that share this error's memory, the own VM aside, which stops itself. True if that has to. */
static bool carry_out(const struct verdict *verdict)
{
	const struct vcpu *self = this_cpu()->vcpu;
	bool own = verdict->own;

	for (uint32_t i = 0; i < scenario_tables.vm_count; i++) {
		if (!(verdict->vms >> i & 1))
			continue;
		if (self && self->config->vm == i)
			own = true;
		else
			vcpu_post(vm_vcpu(&vms[i], 0), REQUEST_MACHINE_CHECK);
	}
	if (verdict->all)
		machine_request_halt();
	return own || verdict->all;
}

void vm_machine_check(struct vcpu *vcpu, struct guest_registers *registers)
{
	struct verdict verdict;
	bool stops;

	examine_exception(&verdict, true);
	stops = carry_out(&verdict);
	machine_check_end();
	if (!stops)
		return;
	if (verdict.errors == 0)
		log_error("machine check, but no bank holds an error");
	vm_stop(vcpu, STOP_MACHINE_CHECK, registers);
}

/* It may have interrupted anything, the log's writer too: who returns has told nothing and changed no bank. */
void machine_check_in_hypervisor(const struct exception_frame *frame)
{
	struct verdict verdict;

	examine_exception(&verdict, false);
	if (!carry_out(&verdict)) {
		this_cpu()->alarms++;
		machine_check_end();
		return;
	}
	contain_begin();
	log_error("machine check in the hypervisor, rip=0x%lx", frame->rip);
	examine(&verdict, true);
	machine_check_end();
	contain_end_as(STOP_MACHINE_CHECK,
		       verdict.errors ? "machine check"
				      : "machine check, but no bank holds an error",
		       (const void *)frame->rsp);
}

void machine_check_start(void)
{
	struct verdict verdict;

	machine_check_enable();
	examine(&verdict, true);
}

void machine_check_poll(void)
{
	struct verdict verdict;

	examine(&verdict, true);
	/* its own VM learns of it as others do: the caller may be on its way into the guest */
	if (carry_out(&verdict))
		vcpu_post(vm_vcpu(this_cpu()->vcpu->vm, 0), REQUEST_MACHINE_CHECK);
}

/* A look costs a read for each bank, and some VMs come here every millisecond. */
#define LOOKS_PER_SECOND 10

void machine_check_look(void)
{
	struct cpu *cpu = this_cpu();
	uint64_t now = tsc_host();
	uint32_t alarms = cpu->alarms;

	if (alarms == cpu->alarms_heard &&
	    now - cpu->polled < tsc_frequency(&scenario_tables) / LOOKS_PER_SECOND)
		return;
	/* as they were before: one that comes from here on is heard the next time */
	cpu->alarms_heard = alarms;
	cpu->polled = now;
	machine_check_poll();
}
