/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/fault.h"

#include "cpu/cpu.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/texts.h"
#include "vm/vcpu.h"

#define FAULT_PRESENT 0x01
#define FAULT_WRITE   0x02
#define FAULT_FETCH   0x10

/* From the linker script. */
extern const char image_start[], text_end[], constants_end[], sealed_start[], sealed_end[],
	shared_start[], shared_end[], image_end[];

#define WORDS 96

static bool is_between(hpa_t address, const char *start, const char *end)
{
	return address >= (hpa_t)start && address < (hpa_t)end;
}

/* Offset in the area of its core; guards are the page at each stack's start. */
static bool is_guard(uint64_t offset)
{
	const uint64_t stride = HOST_GUARD_SIZE + HOST_INTERRUPT_STACK_SIZE;

	if (offset < HOST_GUARD_SIZE)
		return true;
	return offset >= HOST_AREA_INTERRUPT_STACKS && offset < HOST_AREA_OWN &&
	       (offset - HOST_AREA_INTERRUPT_STACKS) % stride < HOST_GUARD_SIZE;
}

static bool is_area(hpa_t address, char words[WORDS])
{
	uint64_t offset = address - (hpa_t)cpu_areas;
	uint64_t core = offset / HOST_AREA_SIZE;

	if (address < (hpa_t)cpu_areas || core >= scenario_tables.core_count)
		return false;
	if (is_guard(offset % HOST_AREA_SIZE))
		format_text(words, WORDS, "a guard page of core %lu: its stack has overflowed",
			    core);
	else
		format_text(words, WORDS, "the area of core %lu", core);
	return true;
}

static bool is_state(hpa_t address, char words[WORDS])
{
	uint64_t vm = (address - (hpa_t)vms) / HOST_VM_SIZE;
	uint64_t vcpu = (address - (hpa_t)vcpus) / HOST_VCPU_SIZE;

	if (address >= (hpa_t)vms && vm < scenario_tables.vm_count)
		format_text(words, WORDS, "run-time state of VM \"%s\"",
			    scenario_tables.vms[vm].name);
	else if (address >= (hpa_t)vcpus && vcpu < scenario_tables.vcpu_count)
		format_text(words, WORDS, "run-time state of a vCPU of VM \"%s\"",
			    scenario_tables.vms[scenario_tables.vcpus[vcpu].vm].name);
	else
		return false;
	return true;
}

static bool is_memory_of(const struct vm_config *vm, hpa_t address)
{
	for (uint32_t i = 0; i < vm->memory_count; i++)
		if (address - vm->memory[i].host_physical < vm->memory[i].size)
			return true;
	return false;
}

static bool is_memory(hpa_t address, char words[WORDS])
{
	for (uint32_t i = 0; i < scenario_tables.vm_count; i++) {
		const struct vm_config *vm = &scenario_tables.vms[i];

		if (!is_memory_of(vm, address))
			continue;
		format_text(words, WORDS, "memory of VM \"%s\"", vm->name);
		return true;
	}
	return false;
}

static const char *image_part(hpa_t address)
{
	if (!is_between(address, image_start, image_end))
		return address < PAGE_SIZE_4K ? TEXT("a null pointer") : TEXT("nobody's");
	if (address < (hpa_t)text_end)
		return TEXT("the hypervisor's text");
	if (address < (hpa_t)constants_end)
		return TEXT("the hypervisor's constants");
	if (is_between(address, sealed_start, sealed_end))
		return TEXT("data that is sealed after the start");
	if (is_between(address, shared_start, shared_end))
		return TEXT("data that all cores share");
	return TEXT("data for the start, which is over (lib/section.h)");
}

void fault_log(hpa_t address, uint64_t error)
{
	const char *did = error & FAULT_FETCH   ? "executes"
			  : error & FAULT_WRITE ? "writes to"
						: "reads";
	const char *why = error & FAULT_PRESENT ? "may not" : "does not have it mapped";
	char words[WORDS];

	if (!is_area(address, words) && !is_state(address, words) && !is_memory(address, words))
		format_text(words, WORDS, "%s", image_part(address));
	log_error("it %s 0x%lx and %s: that is %s", did, address, why, words);
}

#define CALLERS       8
#define STACK_WORDS   256 /* that are looked at */
#define CALLERS_WORDS (CALLERS * 20)

static bool is_on_stack(const uint64_t *word)
{
	const struct cpu_area *area = cpu_area_of(this_cpu());

	return (uint64_t)word % sizeof(*word) == 0 && (const uint8_t *)word >= area->stack &&
	       (const uint8_t *)word < area->stack + sizeof(area->stack);
}

void fault_log_stack(const void *stack)
{
	const uint64_t *word = stack;
	char words[CALLERS_WORDS];
	size_t length = 0;
	unsigned callers = 0;

	for (unsigned i = 0; i < STACK_WORDS && callers < CALLERS && is_on_stack(word + i); i++) {
		if (!is_between(word[i], image_start, text_end))
			continue;
		length += format_text(words + length, sizeof(words) - length, " 0x%lx", word[i]);
		callers++;
	}
	if (callers)
		log_error("called from%s", words);
}
