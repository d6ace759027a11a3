/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot information of arbitrary bytes: the parser must neither read outside of it nor accept what
 * breaks its own promises. `make fuzz` runs it.
 */
#include "boot/multiboot2.h"

#include "lib/log.h"
#include "promise.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void log_line(const char *fmt, ...)
{
	(void)fmt;
}

static void check_promises(const struct boot_information *out)
{
	PROMISE(out->memory_count > 0 && out->memory_count <= BOOT_MEMORY_PIECES);
	for (uint32_t i = 0; i < out->memory_count; i++) {
		const struct boot_memory *memory = &out->memory[i];

		PROMISE(memory->size > 0 && memory->size <= UINT64_MAX - memory->base);
		PROMISE(memory->type != 0);
		PROMISE(i == 0 || memory->base >= memory[-1].base + memory[-1].size);
	}
	PROMISE(out->module_count <= CONFIG_MAX_MODULES);
	for (uint32_t i = 0; i < out->module_count; i++) {
		PROMISE(strnlen(out->modules[i].name, BOOT_MODULE_NAME_MAX + 1) <=
			BOOT_MODULE_NAME_MAX);
		PROMISE(out->modules[i].start + out->modules[i].size <= UINT32_MAX);
	}
	PROMISE(out->rsdp_size == 0 || out->rsdp_size == 20 || out->rsdp_size == 36);
}

/* A memory map with one entry and the end tag: without both nothing is accepted. */
static const uint32_t map_tag[] = {6, 40, 24, 0, 0x100000, 0, 0x100000, 0, 1, 0};
static const uint32_t end_tag[] = {0, 8};

/*
 * The first byte says what is put around the tags that follow, so that the fuzzer gets beyond the first
 * checks soon. The parser may read as much as total_size says, so that is the size of the copy, whose
 * end the sanitizer guards.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_information out;

	if (size < 1)
		return 0;
	bool with_map = data[0] & 1;
	bool with_end = data[0] & 2;
	size_t tags = (size - 1) & ~(size_t)7;
	uint32_t total = (uint32_t)(8 + (with_map ? sizeof(map_tag) : 0) + tags +
				    (with_end ? sizeof(end_tag) : 0));

	uint8_t *information = aligned_alloc(8, total);
	uint8_t *at = information;
	memcpy(at, (uint32_t[]){total, 0}, 8);
	at += 8;
	if (with_map)
		at = (uint8_t *)memcpy(at, map_tag, sizeof(map_tag)) + sizeof(map_tag);
	at = (uint8_t *)memcpy(at, data + 1, tags) + tags;
	if (with_end)
		memcpy(at, end_tag, sizeof(end_tag));
	if (multiboot2_parse(information, MULTIBOOT2_BOOTLOADER_MAGIC, &out) == ERROR_OK)
		check_promises(&out);
	free(information);
	return 0;
}
