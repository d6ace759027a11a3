/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest images of arbitrary bytes, as ELF and as Linux kernel: no loader may read outside of the image
 * or plan to write outside of the VM's RAM. Run by `make fuzz`.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/privileged.h"
#include "lib/log.h"
#include "loader/linux_boot.h"
#include "loader/loader.h"
#include "promise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Images lie on the heap in blocks of their size, so that the sanitizer guards both ends. */
void *host_pointer(hpa_t address)
{
	return (void *)address;
}

void log_line(const char *fmt, ...)
{
	(void)fmt;
}

/* Regions that touch, one that does not allow everything, one above 4 GiB, and a device. */
static const struct memory_region regions[] = {
	{0x0, 0x100000000, 0xA0000, 7, MEMORY_RAM},
	{0x100000, 0x200000000, 0x1F00000, 7, MEMORY_RAM},
	{0x2000000, 0x180000000, 0x2000000, 7, MEMORY_RAM},
	{0x4000000, 0x300000000, 0x200000, MEMORY_READ | MEMORY_EXECUTE, MEMORY_RAM},
	{0x8000000, 0x400000000, 0x200000, 7, MEMORY_DEVICE},
	{0x100000000, 0x500000000, 0x1000000, 7, MEMORY_RAM},
};
#define REGION_COUNT (sizeof(regions) / sizeof(regions[0]))

static const struct module_config modules[] = {{"image", ""}, {"ramdisk", ""}};
static const struct guest_module guest_modules[] = {{1, "ramdisk"}, {1, "ramdisk again"}};
static const struct vcpu_config bsp = {.entry = ENTRY_NONE};
static const struct e820_entry map[] = {{0, 0xA0000, 1}};
static struct vm_config vm = {
	.name = "vm",
	.vcpus = &bsp,
	.vcpu_count = 1,
	.memory = regions,
	.memory_count = REGION_COUNT,
	.e820 = map,
	.e820_count = 1,
};
static const struct scenario scenario = {
	.vms = &vm,
	.vm_count = 1,
	.modules = modules,
	.module_count = 2,
};

static bool in_ram(const struct placement *placement)
{
	for (size_t i = 0; i < REGION_COUNT; i++) {
		uint64_t offset = placement->destination - regions[i].host_physical;

		if (regions[i].kind == MEMORY_RAM && offset < regions[i].size &&
		    placement->length <= regions[i].size - offset)
			return true;
	}
	return false;
}

static void check_placements(const struct placement_list *list, const struct module_image *images)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct placement *a = &list->entries[i];

		PROMISE(a->length > 0 && in_ram(a));
		if (a->kind == PLACEMENT_MODULE)
			PROMISE(a->offset <= images[a->module].size &&
				a->length <= images[a->module].size - a->offset);
		for (uint32_t j = 0; j < i; j++) {
			const struct placement *b = &list->entries[j];

			PROMISE(a->destination >= b->destination + b->length ||
				b->destination >= a->destination + a->length);
		}
	}
}

#define MULTIBOOT_AT 64 /* where the header goes */

/* Magic and checksum of the header; an ELF file if the header does not say where the image goes. */
static void make_multiboot(uint8_t *image, size_t size, uint8_t how)
{
	static const uint32_t magics[] = {
		[BOOT_MULTIBOOT] = 0x1BADB002, [BOOT_MULTIBOOT2] = 0xE85250D6};
	uint32_t words[4];
	bool second = vm.boot.protocol == BOOT_MULTIBOOT2;

	if (vm.boot.protocol == BOOT_ROM || size < MULTIBOOT_AT + sizeof(words))
		return;
	if (how & 2)
		memcpy(image,
		       "\x7F"
		       "ELF\x01\x01\x01",
		       7);
	memcpy(words, image + MULTIBOOT_AT, sizeof(words));
	words[0] = magics[vm.boot.protocol];
	if (second)
		words[1] = 0;
	words[second ? 3 : 2] = -(words[0] + words[1] + (second ? words[2] : 0));
	memcpy(image + MULTIBOOT_AT, words, sizeof(words));
}

/* Puts what every image has in its place, so that the fuzzer gets beyond the first checks soon. */
static void make_recognisable(uint8_t *image, size_t size, uint8_t how)
{
	static const uint8_t elf64[] = {0x7F, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1};
	static const uint8_t elf32[] = {0x7F, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1};

	static const enum boot_protocol protocols[] = {BOOT_ELF,        BOOT_LINUX, BOOT_MULTIBOOT,
						       BOOT_MULTIBOOT2, BOOT_ROM,   BOOT_LINUX,
						       BOOT_ELF,        BOOT_LINUX};

	vm.boot.protocol = how < 32 ? protocols[how & 1] : protocols[how >> 5];
	if (vm.boot.protocol == BOOT_LINUX && how & 16 && size >= sizeof(elf64)) {
		memcpy(image, elf64, sizeof(elf64)); /* vmlinux */
	} else if (vm.boot.protocol == BOOT_LINUX && size >= 0x206) {
		memcpy(image + 0x1FE, "\x55\xAA", 2);
		memcpy(image + 0x202, "HdrS", 4);
	} else if (vm.boot.protocol == BOOT_ELF && size >= sizeof(elf64)) {
		memcpy(image, how & 2 ? elf64 : elf32, sizeof(elf64));
	} else {
		make_multiboot(image, size, how);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct placement_list list;
	struct module_image images[2] = {0};
	struct boot_entry entry;
	uint8_t *image;

	if (size < 3)
		return 0;
	image = malloc(size - 3 + (size == 3));
	memcpy(image, data + 3, size - 3);
	make_recognisable(image, size - 3, data[0]);
	images[0] = (struct module_image){(hpa_t)image, size - 3};
	images[1].size = (uint64_t)data[1] << 17; /* a ramdisk, never read */
	vm.boot.image = 0;
	vm.boot.ramdisk = data[0] & 4 ? 1 : MODULE_NONE;
	vm.boot.modules = guest_modules;
	vm.boot.module_count = data[0] & 4 ? 2 : 0;
	vm.boot.bootargs = data[0] & 8 ? "console=ttyS0" : "";
	vm.memory_count = data[2] % (REGION_COUNT + 1);
	memset(&list, 0, sizeof(list));
	if (loader_plan(&scenario, &vm, images, &list, &entry) == ERROR_OK) {
		check_placements(&list, images);
		PROMISE(entry.rip < UINT64_C(0x100000000));
	}
	free(image);
	return 0;
}
