/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/exit_words.h"
#include "console/console.h"
#include "cpu/frequency.h"
#include "lib/format.h"
#include "lib/string.h"

static void say_names(struct console *console, const char *wrong)
{
	const struct scenario *s = &scenario_tables;
	char names[SAY_SIZE];
	size_t length = 0;

	names[0] = '\0';
	for (uint32_t i = 0; i < s->vm_count; i++)
		length += format_text(names + length, sizeof(names) - length, "%s%s",
				      i == 0 ? "" : ", ", s->vms[i].name);
	say(console, "there is no VM \"%s\"; there are: %s", wrong, names);
}

bool console_vm(struct console *console, const char *name, uint32_t *vm)
{
	for (uint32_t i = 0; i < scenario_tables.vm_count; i++) {
		if (strcmp(scenario_tables.vms[i].name, name) == 0) {
			*vm = i;
			return true;
		}
	}
	say_names(console, name);
	return false;
}

bool console_number(struct console *console, const char *what, const char *word, uint64_t least,
		    uint64_t most, uint64_t *value)
{
	if (!words_number(word, value)) {
		say(console, "%s \"%s\" is no number: write 12 or 0xc", what, word);
		return false;
	}
	if (*value < least || *value > most) {
		say(console, "%s %lu is not between %lu and %lu", what, *value, least, most);
		return false;
	}
	return true;
}

bool console_vcpu(struct console *console, const struct words *words, uint32_t first,
		  uint32_t *vcpu)
{
	uint64_t number = 0;
	uint32_t vm, count;

	if (!console_vm(console, words->word[first], &vm))
		return false;
	count = scenario_tables.vms[vm].vcpu_count;
	if (words->count > first + 1 &&
	    !console_number(console, "vCPU", words->word[first + 1], 0, count - 1, &number))
		return false;
	*vcpu = first_vcpu(vm) + (uint32_t)number;
	return true;
}

uint32_t core_of_vcpu(uint32_t vcpu)
{
	uint32_t core = 0;

	while (core + 1 < scenario_tables.core_count && scenario_tables.cores[core].vcpu != vcpu)
		core++;
	return core;
}

uint32_t first_vcpu(uint32_t vm)
{
	return (uint32_t)(scenario_tables.vms[vm].vcpus - scenario_tables.vcpus);
}

enum vm_state state_of(uint32_t vm)
{
	return vm_state(&vms[vm]);
}

bool is_at_rest(uint32_t vm)
{
	return state_of(vm) == VM_STOPPED || state_of(vm) == VM_CRASHED;
}

const char *time_text(char text[TIME_SIZE], uint64_t ticks)
{
	uint64_t frequency = tsc_frequency(&scenario_tables);
	uint64_t seconds = ticks / frequency;
	uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days != 0)
		format_text(text, TIME_SIZE, "%lu d %02lu h", days, hours % 24);
	else if (hours != 0)
		format_text(text, TIME_SIZE, "%lu h %02lu min", hours, minutes % 60);
	else if (minutes != 0)
		format_text(text, TIME_SIZE, "%lu min %02lu s", minutes, seconds % 60);
	else
		format_text(text, TIME_SIZE, "%lu.%03lu s", seconds,
			    ticks % frequency * 1000 / frequency);
	return text;
}

const char *exit_text(char text[SAY_SIZE], uint32_t reason, uint64_t qualification)
{
	char words[EXIT_WORDS_SIZE];

	exit_words(words, reason, qualification);
	format_text(text, SAY_SIZE, "%s%s%s", exit_reason_name(reason), words[0] ? ": " : "",
		    words);
	return text;
}

const char *bits_text(char *text, size_t size, uint64_t value, const char *const *names,
		      unsigned count)
{
	size_t length = 0;

	text[0] = '\0';
	for (unsigned i = count; i > 0; i--)
		if ((value & UINT64_C(1) << (i - 1)) && names[i - 1])
			length += format_text(text + length, size - length, "%s%s",
					      length == 0 ? "" : " ", names[i - 1]);
	return text;
}
