/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/reset.h"

#include "bulkhead/tables.h"
#include "cpu/frequency.h"
#include "cpu/privileged.h"

/* Reset control of Intel's chipsets since the PIIX: a hard reset of the processors, on the second write. */
#define RESET_CONTROL       0xCF9
#define RESET_CONTROL_HARD  0x02
#define RESET_CONTROL_RESET 0x04

/* Keyboard controller: a pulse on its output line 0, which is the reset (IBM PC AT). */
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET   0xFE

static void wait_a_tenth(void)
{
	uint64_t begin = tsc_read();

	while (tsc_read() - begin < tsc_frequency(&scenario_tables) / 10)
		cpu_pause();
}

_Noreturn void machine_reset(void)
{
	io_write8(RESET_CONTROL, RESET_CONTROL_HARD);
	io_write8(RESET_CONTROL, RESET_CONTROL_HARD | RESET_CONTROL_RESET);
	wait_a_tenth();
	io_write8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	wait_a_tenth();
	cpu_halt_forever();
}
