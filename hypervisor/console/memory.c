/* SPDX-License-Identifier: Apache-2.0 */
/* Command mem: what a stopped VM has in its RAM. */
#include "console/console.h"
#include "console/examine.h"
#include "lib/format.h"
#include "vm/guest_memory.h"

#define LENGTH_DEFAULT 128
#define LENGTH_MAX     65536
#define PER_LINE       16

static void say_bytes(struct console *console, gpa_t address, const uint8_t *bytes, uint64_t count)
{
	char hex[PER_LINE * 3 + 2], text[PER_LINE + 1];
	size_t length = 0;

	for (unsigned i = 0; i < PER_LINE; i++) {
		if (i < count)
			length += format_text(hex + length, sizeof(hex) - length, "%s%02x",
					      i == PER_LINE / 2 ? "  "
					      : i               ? " "
								: "",
					      bytes[i]);
		text[i] = i >= count                           ? '\0'
			  : bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i]
							       : '.';
	}
	text[PER_LINE] = '\0';
	say(console, "%012lx  %-48s  %s", address, hex, text);
}

/* Where the VM does have RAM: the operator may have meant that. */
static void say_regions(struct console *console, const struct vm_config *vm)
{
	for (uint32_t i = 0; i < vm->memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];

		if (region->kind != MEMORY_DEVICE)
			say(console, "  0x%lx-0x%lx%s", region->guest_physical,
			    region->guest_physical + region->size - 1,
			    region->kind == MEMORY_SHARED ? " (shared)" : "");
	}
}

static bool is_inside(struct console *console, uint32_t vm, gpa_t address, uint64_t length)
{
	const struct vm_config *config = &scenario_tables.vms[vm];

	if (guest_is_ram(config, address, length, MEMORY_READ))
		return true;
	say(console, "0x%lx, %lu bytes, is not all in RAM of VM \"%s\", which has:", address,
	    length, config->name);
	say_regions(console, config);
	return false;
}

void command_mem(struct console *console, const struct words *words)
{
	uint64_t address, length = LENGTH_DEFAULT;
	uint32_t vm;

	if (!console_vm(console, words->word[1], &vm) ||
	    !console_number(console, "ADDRESS", words->word[2], 0, UINT64_MAX, &address))
		return;
	if (words->count > 3 &&
	    !console_number(console, "LENGTH", words->word[3], 1, LENGTH_MAX, &length))
		return;
	if (!is_inside(console, vm, address, length))
		return;
	while (length > 0 && !console->interrupted) {
		uint32_t part = length < ANSWER_BYTES ? (uint32_t)length : ANSWER_BYTES;
		const struct console_answer *answer =
			examine(console, first_vcpu(vm), ASK_MEMORY, address, part);

		if (!answer)
			return;
		for (uint32_t i = 0; i < part; i += PER_LINE)
			say_bytes(console, address + i, answer->bytes + i, part - i);
		address += part;
		length -= part;
	}
}
