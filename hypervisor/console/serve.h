/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's console: who serves it, and in which address space.
 *
 * Either the core that the scenario sets aside, for good, or the BSP's core of a VM that has come to rest, until
 * that VM starts again; never a core with a guest on it. Meanwhile the core has page tables of its own
 * (core_config.console_root): nothing of any VM, but to read the counters and answers of all cores.
 */
#ifndef CONSOLE_SERVE_H
#define CONSOLE_SERVE_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* The core that is set aside for it. In the core's own address space. */
_Noreturn void console_run(void);

/*
 * Whether the calling core, on which the VM of `vcpu` rests, serves the console from now on: it may, the VM is
 * at rest, and nobody else does. If so, console_serve() is next.
 */
bool console_try(const struct vcpu *vcpu);

/* Serves until *until is not 0, then lets another resting VM's core have it. */
void console_serve(const uint32_t *until);

/* Switches this core, which serves the console, between its address space and that of the core's VM. */
void console_space(bool console);

/* For a fault in the middle of it, which has been logged: begins anew on an empty stack. */
bool console_is_served_here(void);
_Noreturn void console_recover(void);

#endif
