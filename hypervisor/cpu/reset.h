/* SPDX-License-Identifier: Apache-2.0 */
/* Reset of the whole machine. */
#ifndef CPU_RESET_H
#define CPU_RESET_H

/*
 * A warm reset, by the chipset, else by the keyboard controller: RAM keeps what firmware does not overwrite.
 * If neither works the core halts.
 */
_Noreturn void machine_reset(void);

#endif
