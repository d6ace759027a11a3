/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life cycle of a VM: its states, what may lead from one to another (life_states.c), why it ends and
 * what follows (life_policy.c), and how its cores come together to start it again (restart.c).
 *
 * Every change of state is made by a core of the VM itself. Others ask: vm_request_stop() and its
 * relatives set a bit in the BSP's `requests` and kick its core.
 */
#ifndef VM_LIFE_H
#define VM_LIFE_H

#include "bulkhead/error.h"
#include "bulkhead/tables.h"
#include "lib/optional.h"

struct vcpu;
struct vm;

enum vm_state {
	VM_PREPARED,   /* its memory is loaded, its cores have not begun */
	VM_RUNNING,    /* its cores are in the guest, or asleep until it starts them */
	VM_STOPPING,   /* one core has found an end, the others are being called */
	VM_STOPPED,    /* at rest: in an orderly way */
	VM_CRASHED,    /* at rest: not as its guest or its operator wanted */
	VM_RESTARTING, /* its cores scrub and load its memory */
	VM_LOST,       /* one of its cores can't be used any more; for good */
	VM_STATE_COUNT,
};

enum vm_event {
	EVENT_BEGIN,   /* the machine is as expected, all VMs start */
	EVENT_END,     /* an end has been found */
	EVENT_STOP,    /* all cores have come together: orderly end, and nothing follows */
	EVENT_CRASH,   /* all cores have come together: no orderly end, and nothing follows */
	EVENT_RESTART, /* all cores have come together, and it starts again */
	EVENT_LOADED,  /* memory and devices are as at the first start */
	EVENT_LOSE,    /* a core failed while it handled its own failure */
	VM_EVENT_COUNT,
};

/* "running"; never NULL. */
const char *vm_state_name(enum vm_state state);

enum vm_state vm_state(const struct vm *vm);

/* Makes the transition if the table has it, else changes nothing and returns false. */
bool vm_transition(struct vm *vm, enum vm_event event);

/* Why a VM ends. What is said and what follows is in life_policy.c. */
enum stop_reason {
	STOP_NONE,
	STOP_POWER_OFF,
	STOP_RESET,
	STOP_TRIPLE_FAULT,
	STOP_MEMORY,       /* access outside its memory */
	STOP_INSTRUCTION,  /* access that could not be emulated */
	STOP_UNHANDLED,    /* exit that no handler is for */
	STOP_ENTRY_FAILED, /* the processor refused to enter the guest */
	STOP_WATCHDOG,
	STOP_MACHINE_CHECK,
	STOP_HYPERVISOR_FAULT,
	STOP_OPERATOR,
	STOP_OPERATOR_RESTART,
	STOP_MACHINE, /* another VM's policy halts the machine */
	STOP_REASON_COUNT,
};

/* The end in words: "triple fault". Never NULL. */
const char *stop_reason_text(enum stop_reason reason);

/* Asked for by the guest or the operator: no registers and no trace are printed. */
bool stop_is_orderly(enum stop_reason reason);

/*
 * What follows now that the VM has come to rest for `reason`: what the scenario says, unless the limit
 * of restarts has been reached. Counts the restart. On one core of the VM.
 */
enum life_action life_action_of(struct vm *vm, enum stop_reason reason);

/*
 * Whether this end of the VM is told in full; a VM that ends often is told of now and then. The second one
 * only looks: for lines that explain an end that vm_stop() is about to begin.
 */
bool life_tell(struct vm *vm);
bool life_would_tell(const struct vm *vm);
#define log_end(vm, ...)                        \
	do {                                    \
		if (life_would_tell(vm))        \
			log_error(__VA_ARGS__); \
	} while (0)

/* Whether `seconds` have passed since the window began, or it has not begun; begins a new one then. */
bool life_window_is_new(uint64_t *begin, uint64_t seconds);

/* Counts a restart of a restartable VM; false if it has had as many as its policy allows it (restart_limit.c). */
bool life_restart_is_allowed(struct vm *vm) OPTIONAL;

/*
 * What an operator may ask for, from any core. Each asks and returns; the VM's own cores do it. Of
 * several requests that have not been seen yet the last one counts.
 *
 * ERROR_VM_STATE if it makes no sense in the VM's state as it is now (stop: at rest; start: running;
 * any: lost); ERROR_VM_NOT_RESTARTABLE for a start or restart of a VM without pristine images.
 */
enum error vm_request_stop(struct vm *vm);
enum error vm_request_start(struct vm *vm);
enum error vm_request_restart(struct vm *vm);

/* Every VM is stopped, and none starts again. */
void machine_request_halt(void);
bool machine_is_halted(void);

/* The VM's cores, all of which call it, scrub its memory, load its images and run it (restart.c). */
_Noreturn void vcpu_restart(struct vcpu *vcpu) OPTIONAL;

#endif
