/* SPDX-License-Identifier: Apache-2.0 */
/* The hostile guest: makes the attack that its entry point named. */
#include "hostile.h"

const struct program program = {.name = "hostile"};

static void survey(void)
{
	console_open();
	print_text("hostile: survey\r\n");
	run_checks(survey_checks, survey_check_count);
	print_text("hostile: survey done\r\n");
}

/* The attack should not come back. If it does, how it did is in the hypervisor's log. */
static void make_ending(void)
{
	uint32_t vector;

	mark(MARK_BEGIN + attack_number);
	vector = probe(endings[attack_number], NULL);
	mark(vector == VECTOR_NONE ? MARK_SURVIVED + attack_number : MARK_EXCEPTION + vector);
}

/* start.S enters here. */
_Noreturn void guest_main(uint32_t index, uint32_t count)
{
	(void)count;
	runtime_setup(index);
	if (attack_number == ATTACK_SURVEY)
		survey();
	else if (attack_number == ATTACK_PAIR)
		pair_main(index);
	else if (attack_number == ATTACK_FUZZ)
		fuzz_main(index);
	else if (index != 0 && attack_number != ATTACK_RACE_DECODE &&
		 attack_number != ATTACK_BOTH_END)
		halt_forever();
	else if (attack_number < ATTACK_COUNT && endings[attack_number])
		make_ending();
	halt_forever();
}
