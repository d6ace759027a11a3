/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/exit_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void qualifications(void **state)
{
	static const struct {
		uint32_t reason;
		uint64_t qualification;
		const char *words;
	} cases[] = {
		{48, 0x181, "read, not mapped"},
		{48, 0x182, "write, not mapped"},
		{48, 0x18A, "write, mapped r--"},
		{48, 0x1AC, "instruction fetch, mapped r-x"},
		{48, 0x081, "read, not mapped, by a page walk"},
		{48, 0x001, "read, not mapped, no linear address"},
		{28, 0x000, "MOV to CR0 of rax"},
		{28, 0xF13, "MOV from CR3 into r15"},
		{28, 0x020, "CLTS"},
		{28, 0x12340030, "LMSW 0x1234"},
		{29, 0x107, "MOV to DR7 of rcx"},
		{29, 0x016, "MOV from DR6 into rax"},
		{30, 0x03F80000, "OUT port 0x3f8, 1 byte"},
		{30, 0x0CFC000B, "IN port 0xcfc, 4 bytes"},
		{30, 0x01F00039, "REP INS port 0x1f0, 2 bytes"},
		{30, 0x00800010, "OUTS port 0x80, 1 byte"},
		{9, 0x40000028, "IRET, TSS 0x28"},
		{9, 0xC0000030, "task gate in the IDT, TSS 0x30"},
		{44, 0x10B0, "write of offset 0xb0"},
		{44, 0xF300, "access by physical address of offset 0x300"},
		{44, 0x7300, "access of offset 0x300"},
		{45, 0x31, "vector 0x31"},
		{56, 0x300, "offset 0x300"},
		{4, 0x9A, "vector 0x9a"},
		{14, 0x1000, "address 0x1000"},
		{33, 0, "a check of the guest's registers"},
		{33, 4, "VMCS link pointer"},
		{33, 9, "unknown cause 9"},
		{34, 2, "entry 2 of the list"},
		{36, 1, "armed"},
		{10, 0, ""},
		{10, 0x55, "qualification 0x55"},
		{UINT32_MAX, 0, ""},
	};
	char text[EXIT_WORDS_SIZE];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(exit_words(text, cases[i].reason, cases[i].qualification),
				 strlen(cases[i].words));
		assert_string_equal(text, cases[i].words);
	}
}

/* Whatever a processor may say: the text ends inside its buffer. */
static void anything(void **state)
{
	char text[EXIT_WORDS_SIZE];
	uint64_t q = UINT64_MAX;

	(void)state;
	for (uint32_t reason = 0; reason < 80; reason++)
		for (unsigned i = 0; i < 64; i++, q = q * 6364136223846793005 + 1)
			assert_true(exit_words(text, reason, q) < EXIT_WORDS_SIZE);
	assert_true(debug_words(text, UINT64_MAX) < EXIT_WORDS_SIZE);
}

static void where_it_goes_on(void **state)
{
	char text[EXIT_WORDS_SIZE];

	(void)state;
	next_rip_words(text, 0x1000, 0x1002);
	assert_string_equal(text, "+2");
	next_rip_words(text, 0x1000, 0x1000);
	assert_string_equal(text, "again");
	next_rip_words(text, 0x1000, 0);
	assert_string_equal(text, "not yet");
	next_rip_words(text, 0x1000, 0x1010);
	assert_string_equal(text, "at 0x1010");
	next_rip_words(text, 0x1000, 0xFFF);
	assert_string_equal(text, "at 0xfff");
}

static void others(void **state)
{
	char text[EXIT_WORDS_SIZE];

	(void)state;
	debug_words(text, 0x4005);
	assert_string_equal(text, "breakpoint 0, breakpoint 2, single step");
	debug_words(text, 0xFFFF0FF0);
	assert_string_equal(text, "");
	assert_string_equal(apic_mode_words(0xFEE00900), "xAPIC");
	assert_string_equal(apic_mode_words(0xFEE00D00), "x2APIC");
	assert_string_equal(apic_mode_words(0xFEE00000), "off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qualifications),
		cmocka_unit_test(anything),
		cmocka_unit_test(where_it_goes_on),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
