/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/frequency.h"
#include "cpu/privileged.h"
#include "cpu/tsc.h"
#include "lib/texts.h"
#include "vm/life.h"
#include "vm/vcpu.h"

/* Who wanted the end; that decides what follows. */
enum stop_class {
	CLASS_CRASH,    /* nobody: on_crash */
	CLASS_RESET,    /* the guest, to begin again: on_reset */
	CLASS_FINAL,    /* guest or operator, to end */
	CLASS_OPERATOR, /* the operator, to begin again */
};

#define STOP_TEXTS(X)                                                              \
	X(STOP_NONE, none, "not stopped")                                          \
	X(STOP_POWER_OFF, power_off, "powered off by its guest")                   \
	X(STOP_RESET, reset, "reset requested by its guest")                       \
	X(STOP_TRIPLE_FAULT, triple_fault, "triple fault")                         \
	X(STOP_MEMORY, memory, "access outside its memory")                        \
	X(STOP_INSTRUCTION, instruction, "access that can't be emulated")          \
	X(STOP_UNHANDLED, unhandled, "exit without a handler")                     \
	X(STOP_ENTRY_FAILED, entry_failed, "VM entry failed")                      \
	X(STOP_WATCHDOG, watchdog, "watchdog not fed")                             \
	X(STOP_MACHINE_CHECK, machine_check, "machine check on its core")          \
	X(STOP_HYPERVISOR_FAULT, fault, "fault inside the hypervisor on its core") \
	X(STOP_OPERATOR, operator, "stopped by the operator")                      \
	X(STOP_OPERATOR_RESTART, operator_restart, "restarted by the operator")    \
	X(STOP_MACHINE, machine, "the machine is halted")

TEXTS(stop_texts, STOP_TEXTS, "?");

struct stop_rule {
	uint8_t class; /* enum stop_class */
	bool orderly;
};

static const struct stop_rule stop_rules[STOP_REASON_COUNT] = {
	[STOP_NONE] = {CLASS_FINAL, .orderly = true},
	[STOP_POWER_OFF] = {CLASS_FINAL, .orderly = true},
	[STOP_RESET] = {CLASS_RESET, .orderly = true},
	/* resets a real machine, and some systems use it for that; rarely on purpose, so it is told */
	[STOP_TRIPLE_FAULT] = {CLASS_RESET, .orderly = false},
	[STOP_MEMORY] = {CLASS_CRASH, .orderly = false},
	[STOP_INSTRUCTION] = {CLASS_CRASH, .orderly = false},
	[STOP_UNHANDLED] = {CLASS_CRASH, .orderly = false},
	[STOP_ENTRY_FAILED] = {CLASS_CRASH, .orderly = false},
	[STOP_WATCHDOG] = {CLASS_CRASH, .orderly = false},
	[STOP_MACHINE_CHECK] = {CLASS_FINAL, .orderly = false},
	/* what failed once is not tried again without an operator who has read the report */
	[STOP_HYPERVISOR_FAULT] = {CLASS_FINAL, .orderly = false},
	[STOP_OPERATOR] = {CLASS_FINAL, .orderly = true},
	[STOP_OPERATOR_RESTART] = {CLASS_OPERATOR, .orderly = true},
	[STOP_MACHINE] = {CLASS_FINAL, .orderly = true},
};

const char *stop_reason_text(enum stop_reason reason)
{
	return text_find(&stop_texts, reason);
}

bool stop_is_orderly(enum stop_reason reason)
{
	return stop_rules[reason].orderly;
}

/* 0: it has not begun. */
static bool window_is_over(uint64_t begin, uint64_t seconds)
{
	return !begin || tsc_host() - begin >= seconds * tsc_frequency(&scenario_tables);
}

bool life_window_is_new(uint64_t *begin, uint64_t seconds)
{
	if (!window_is_over(*begin, seconds))
		return false;
	*begin = tsc_host();
	return true;
}

static enum life_action wanted_action(const struct life_config *life, enum stop_class class)
{
	switch (class) {
	case CLASS_CRASH:
		return life->on_crash;
	case CLASS_RESET:
		return life->on_reset;
	case CLASS_OPERATOR:
		return LIFE_RESTART;
	case CLASS_FINAL:
		break;
	}
	return LIFE_STOP;
}

enum life_action life_action_of(struct vm *vm, enum stop_reason reason)
{
	const struct life_config *life = &vm->config->life;
	enum stop_class class = (enum stop_class)stop_rules[reason].class;
	enum life_action action = wanted_action(life, class);

	if (action != LIFE_RESTART)
		return action;
	if (!life->restartable || machine_is_halted())
		return LIFE_STOP;
	return class == CLASS_OPERATOR || life_restart_is_allowed(vm) ? LIFE_RESTART : LIFE_STOP;
}

/* An end in full is about 40 lines. */
#define TOLD_PER_WINDOW     4
#define TOLD_WINDOW_SECONDS 10

bool life_would_tell(const struct vm *vm)
{
	return vm->told < TOLD_PER_WINDOW || window_is_over(vm->told_window, TOLD_WINDOW_SECONDS);
}

bool life_tell(struct vm *vm)
{
	if (life_window_is_new(&vm->told_window, TOLD_WINDOW_SECONDS)) {
		if (vm->untold)
			log_info("VM \"%s\" ended %u times more, which were not reported",
				 vm->config->name, vm->untold);
		vm->told = 0;
		vm->untold = 0;
	}
	if (vm->told < TOLD_PER_WINDOW) {
		vm->told++;
		return true;
	}
	vm->untold++;
	return false;
}
