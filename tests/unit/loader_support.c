/* SPDX-License-Identifier: Apache-2.0 */
#include "loader_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/privileged.h"
#include "fake/fake_log.h"

#define MODULES 2

struct vm_config test_vm;
struct vcpu_config test_bsp;
struct memory_region test_memory[4];
struct boot_entry test_entry;
struct placement_list test_list;

static struct module_image images[MODULES];
static const struct module_config modules[MODULES] = {
	[IMAGE] = {.name = "the-image", .file = ""},
	[RAMDISK] = {.name = "the-ramdisk", .file = ""},
};
static const struct scenario scenario = {
	.vms = &test_vm,
	.vm_count = 1,
	.modules = modules,
	.module_count = MODULES,
};

void *host_pointer(hpa_t address)
{
	return (void *)address;
}

int loader_setup(void **state)
{
	(void)state;
	memset(images, 0, sizeof(images));
	test_bsp = (struct vcpu_config){.entry = ENTRY_NONE};
	memset(test_memory, 0, sizeof(test_memory));
	test_memory[0] = (struct memory_region){0, 0x40000000, 0x4000000, 7, MEMORY_RAM};
	test_vm = (struct vm_config){
		.name = "the-vm",
		.vcpus = &test_bsp,
		.vcpu_count = 3,
		.memory = test_memory,
		.memory_count = 1,
		.boot = {.image = IMAGE, .ramdisk = MODULE_NONE, .bootargs = ""},
	};
	return 0;
}

int loader_teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MODULES; i++)
		free(host_pointer(images[i].start));
	return 0;
}

void set_module(uint32_t module, const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size + (size == 0));

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	free(host_pointer(images[module].start));
	images[module].start = (hpa_t)copy;
	images[module].size = size;
}

enum error load(void)
{
	fake_log_clear();
	memset(&test_list, 0, sizeof(test_list));
	return loader_plan(&scenario, &test_vm, images, &test_list, &test_entry);
}

static void assert_logged(const char *text)
{
	if (!fake_log_has(LOG_ERROR, text)) {
		fake_log_dump();
		fail_msg("\"%s\" is not in the log", text);
	}
}

void assert_refused(enum error error, const char *text)
{
	enum error got = load();

	if (got != error) {
		fake_log_dump();
		fail_msg("%s, not %s", error_name(got), error_name(error));
	}
	assert_int_equal(fake_log_count(LOG_ERROR), 1);
	assert_logged("\"the-vm\"");
	assert_logged("\"the-image\"");
	assert_logged(text);
}

static bool host_address(gpa_t address, hpa_t *host)
{
	for (uint32_t i = 0; i < test_vm.memory_count; i++) {
		const struct memory_region *region = &test_memory[i];

		if (address - region->guest_physical < region->size) {
			*host = region->host_physical + (address - region->guest_physical);
			return true;
		}
	}
	return false;
}

static int source_byte(const struct placement *placement, uint64_t offset)
{
	switch (placement->kind) {
	case PLACEMENT_MODULE: {
		const struct module_image *image = &images[placement->module];

		assert_in_range(placement->offset + offset, 0, image->size - 1);
		return *((const uint8_t *)host_pointer(image->start) + placement->offset + offset);
	}
	case PLACEMENT_BYTES:
		return *((const uint8_t *)placement->bytes + offset);
	default:
		return 0;
	}
}

int placed_byte(gpa_t address)
{
	hpa_t host;

	if (!host_address(address, &host))
		return -1;
	for (uint32_t i = 0; i < test_list.count; i++) {
		const struct placement *placement = &test_list.entries[i];

		if (host - placement->destination < placement->length)
			return source_byte(placement, host - placement->destination);
	}
	return -1;
}

void assert_placed(gpa_t address, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (placed_byte(address + i) != ((const uint8_t *)bytes)[i])
			fail_msg("0x%lx: %d, not %u", address + i, placed_byte(address + i),
				 ((const uint8_t *)bytes)[i]);
	}
}

void assert_placed_zero(gpa_t address, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (placed_byte(address + i) != 0)
			fail_msg("0x%lx: %d, not 0", address + i, placed_byte(address + i));
	}
}

void assert_not_placed(gpa_t address, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (placed_byte(address + i) != -1)
			fail_msg("0x%lx: is written", address + i);
	}
}

static bool in_host_ram(const struct placement *placement)
{
	for (uint32_t i = 0; i < test_vm.memory_count; i++) {
		const struct memory_region *region = &test_memory[i];
		uint64_t offset = placement->destination - region->host_physical;

		if (region->kind == MEMORY_RAM && offset < region->size &&
		    placement->length <= region->size - offset)
			return true;
	}
	return false;
}

void assert_placements_sound(void)
{
	for (uint32_t i = 0; i < test_list.count; i++) {
		const struct placement *a = &test_list.entries[i];

		assert_true(in_host_ram(a));
		for (uint32_t j = 0; j < i; j++) {
			const struct placement *b = &test_list.entries[j];

			assert_false(a->destination < b->destination + b->length &&
				     b->destination < a->destination + a->length);
		}
	}
}
