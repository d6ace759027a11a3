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
	unsigned errors;
	bool own;                    /* the VM of this core must not go on */
	bool all;                    /* no VM must */
	bool others[CONFIG_MAX_VMS]; /* VMs whose memory is concerned */
};

/* Where an error is; a size of 0: the bank does not say. */
struct place {
	hpa_t base;
	uint64_t size;
};

static bool meets(const struct place *place, hpa_t base, uint64_t size)
{
	return place->base < base + size && base < place->base + place->size;
}

static bool is_hypervisors(const struct place *place)
{
	return meets(place, scenario_tables.hypervisor_base, scenario_tables.hypervisor_size) ||
	       meets(place, scenario_tables.trampoline, PAGE_SIZE_4K);
}

/* The first VM from `vm` on that has memory there, shared or not; the number of VMs if none has. */
static uint32_t next_owner(uint32_t vm, const struct place *place)
{
	for (; vm < scenario_tables.vm_count; vm++) {
		const struct vm_config *config = &scenario_tables.vms[vm];

		for (uint32_t i = 0; i < config->memory_count; i++)
			if (meets(place, config->memory[i].host_physical, config->memory[i].size))
				return vm;
	}
	return vm;
}

/* Whose memory it is in; counts shared memory as that of all who have it. False: nobody's. */
static bool attribute(struct verdict *verdict, const struct place *place)
{
	bool found = is_hypervisors(place);
	uint32_t vm = 0;

	verdict->all |= found;
	while ((vm = next_owner(vm, place)) < scenario_tables.vm_count) {
		verdict->others[vm] = true;
		found = true;
		vm++;
	}
	return found;
}

static void judge(struct verdict *verdict, const struct machine_check_error *error,
		  const struct place *place)
{
	enum machine_check_severity severity = machine_check_severity(error);

	verdict->errors++;
	if (severity <= MACHINE_CHECK_NO_ACTION)
		return;
	verdict->own |= !attribute(verdict, place) || severity == MACHINE_CHECK_FATAL;
}

static const char *owner(const struct place *place)
{
	uint32_t vm = next_owner(0, place);

	if (!place->size)
		return TEXT("no place");
	if (is_hypervisors(place))
		return TEXT("the hypervisor's memory");
	return vm < scenario_tables.vm_count ? scenario_tables.vms[vm].name
					     : TEXT("nobody's memory");
}

static void tell(const struct machine_check_error *error, const struct place *place)
{
	enum machine_check_severity severity = machine_check_severity(error);
	char words[WORDS];

	if (severity <= MACHINE_CHECK_NO_ACTION && !log_limit(&this_cpu()->corrected))
		return;
	machine_check_describe(error, words, sizeof(words));
	log_warning("machine check, bank %u: %s: %s; in: %s", error->bank,
		    machine_check_severity_name(severity), words, owner(place));
	log_warning("bank %u: status 0x%lx address 0x%lx misc 0x%lx", error->bank, error->status,
		    error->address, error->misc);
}

enum purpose {
	JUDGE = 1, /* add to the verdict */
	TELL = 2,
	CLEAR = 4,
};

/* Over all banks. */
static void examine(struct verdict *verdict, unsigned purpose)
{
	struct machine_check_error error;
	struct place place;
	unsigned banks = machine_check_banks();

	for (unsigned bank = 0; bank < banks; bank++) {
		if (!machine_check_read(bank, &error))
			continue;
		if (!machine_check_address(&error, &place.base, &place.size))
			place = (struct place){0};
		if (purpose & JUDGE)
			judge(verdict, &error, &place);
		if (purpose & TELL)
			tell(&error, &place);
		if (purpose & CLEAR)
			machine_check_clear(bank);
	}
}

static struct verdict examined(unsigned purpose)
{
	struct verdict verdict = {0};

	examine(&verdict, purpose | JUDGE);
	verdict.own |= !machine_check_can_resume();
	return verdict;
}

/* Those that share this error's memory, the own VM aside, which stops itself. True if that has to. */
static bool carry_out(const struct verdict *verdict)
{
	const struct vcpu *self = this_cpu()->vcpu;
	bool own = verdict->own;

	for (uint32_t i = 0; i < scenario_tables.vm_count; i++) {
		if (!verdict->others[i])
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
	struct verdict verdict = examined(TELL | CLEAR);
	bool stops = carry_out(&verdict);

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
	struct verdict verdict = examined(0);

	if (!carry_out(&verdict)) {
		this_cpu()->alarms++;
		machine_check_end();
		return;
	}
	contain_begin();
	log_error("machine check in the hypervisor, rip=0x%lx", frame->rip);
	examine(&verdict, TELL | CLEAR);
	machine_check_end();
	contain_end_as(STOP_MACHINE_CHECK,
		       verdict.errors ? "machine check"
				      : "machine check, but no bank holds an error",
		       (const void *)frame->rsp);
}

void machine_check_start(void)
{
	struct verdict verdict = {0};

	machine_check_enable();
	examine(&verdict, TELL | CLEAR);
}

void machine_check_poll(void)
{
	struct verdict verdict = {0};

	examine(&verdict, JUDGE | TELL | CLEAR);
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
