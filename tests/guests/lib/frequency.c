/* SPDX-License-Identifier: Apache-2.0 */
/* Where the TSC and local APIC timer frequencies come from. */
#include "guest.h"

#include "bulkhead/platform.h"

#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_TSC              0x15

#define MULTIBOOT_TAG_END          0
#define MULTIBOOT_TAG_COMMAND_LINE 1

struct multiboot_tag {
	uint32_t type;
	uint32_t size;
	char string[];
};

bool hypervisor_present(void)
{
	return (cpuid(1).ecx & CPUID_1_ECX_HYPERVISOR) != 0;
}

/* Command line that GRUB passed, "" if there is none. */
static const char *command_line(void)
{
	const struct multiboot_tag *tag;

	if (multiboot_information == 0)
		return "";
	tag = (const void *)(uint64_t)(multiboot_information + 8);
	while (tag->type != MULTIBOOT_TAG_END) {
		if (tag->type == MULTIBOOT_TAG_COMMAND_LINE)
			return tag->string;
		tag = (const void *)((uint64_t)tag + ((tag->size + 7) & ~7u));
	}
	return "";
}

/* Text after the first `name` in `text`, NULL if it is not there. */
static const char *text_after(const char *text, const char *name)
{
	for (; *text != '\0'; text++) {
		size_t length = 0;

		while (name[length] != '\0' && text[length] == name[length])
			length++;
		if (name[length] == '\0')
			return text + length;
	}
	return NULL;
}

static uint32_t command_line_number(const char *name)
{
	const char *digit = text_after(command_line(), name);
	uint32_t value = 0;

	for (; digit != NULL && *digit >= '0' && *digit <= '9'; digit++)
		value = value * 10 + (uint32_t)(*digit - '0');
	return value;
}

static void from_hypervisor(struct frequencies *frequencies)
{
	struct cpuid timing;

	if (cpuid(PLATFORM_CPUID_SIGNATURE).eax < PLATFORM_CPUID_TIMING)
		return;
	timing = cpuid(PLATFORM_CPUID_TIMING);
	frequencies->tsc_khz = timing.eax;
	frequencies->apic_khz = timing.ebx;
}

/* EBX / EAX is TSC by crystal, ECX the crystal in Hz; the APIC timer counts the crystal (SDM 3.11.5.4). */
static void from_processor(struct frequencies *frequencies)
{
	struct cpuid tsc;

	if (cpuid(0).eax < CPUID_TSC)
		return;
	tsc = cpuid(CPUID_TSC);
	if (tsc.eax == 0)
		return;
	frequencies->tsc_khz = (uint32_t)((uint64_t)tsc.ecx * tsc.ebx / tsc.eax / 1000);
	frequencies->apic_khz = tsc.ecx / 1000;
}

bool frequencies_read(struct frequencies *frequencies)
{
	frequencies->tsc_khz = command_line_number("tsc_khz=");
	frequencies->apic_khz = command_line_number("apic_khz=");
	if (frequencies->tsc_khz == 0 && hypervisor_present())
		from_hypervisor(frequencies);
	if (frequencies->tsc_khz == 0)
		from_processor(frequencies);
	return frequencies->tsc_khz != 0 && frequencies->apic_khz != 0;
}
