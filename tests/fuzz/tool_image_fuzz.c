/* SPDX-License-Identifier: Apache-2.0 */
/* The rules on images, for a VM of each boot protocol that starts from a file of arbitrary bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image.h"
#include "rules_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROTOCOLS (BOOT_ROM + 1)

static char path[64];
static struct module modules[] = {{.name = "image", .file = path}};
static struct vm_memory memory[] = {
	{.name = "memory@0",
	 .guest = {.given = true, .value = 0},
	 .size = {.given = true, .value = UINT64_C(64) << 20},
	 .permissions = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE},
	{.name = "memory@fffc0000",
	 .guest = {.given = true, .value = UINT64_C(0xFFFC0000)},
	 .size = {.given = true, .value = UINT64_C(0x40000)},
	 .permissions = MEMORY_READ | MEMORY_EXECUTE},
};

/* The file is the ramdisk as well. */
static void make_vms(struct vm *vms)
{
	for (unsigned i = 0; i < PROTOCOLS; i++)
		vms[i] = (struct vm){
			.name = "fuzz",
			.protocol_given = true,
			.protocol = (enum boot_protocol)i,
			.image = {.value = "image"},
			.ramdisk = {.value = "image"},
			.bootargs = {.value = "console=ttyS0"},
			.memory = memory,
			.memory_count = sizeof(memory) / sizeof(memory[0]),
			.acpi = i % 2 == 0,
		};
}

static int file_of(const uint8_t *data, size_t size)
{
	int file = memfd_create("image", MFD_CLOEXEC);

	if (file < 0 || write(file, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const looks[])(struct check * check) = {
		rule_image_format, rule_image_content, rule_image_room,
		rule_image_entry,  rule_image_acpi,    rule_image_bootargs,
	};
	struct arena arena = {0};
	struct diagnostics diagnostics = {.arena = &arena};
	struct vm vms[PROTOCOLS];
	struct model model = {.name = "fuzz",
			      .vms = vms,
			      .vm_count = PROTOCOLS,
			      .modules = modules,
			      .module_count = 1};
	struct placement placement = {0};
	struct check check = {.model = &model,
			      .placement = &placement,
			      .module_folder = "",
			      .diagnostics = &diagnostics,
			      .arena = &arena,
			      .rule = &rules[READING_RULE_COUNT]};
	int file = file_of(data, size);

	make_vms(vms);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		looks[i](&check);
	for (unsigned i = 0; i < diagnostics.count; i++)
		if (!diagnostics.findings[i]->message)
			abort();
	close(file);
	arena_free(&arena);
	return 0;
}
