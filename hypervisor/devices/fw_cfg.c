/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/fw_cfg.h"

#include "bulkhead/virtual_devices.h"
#include "lib/string.h"

enum item {
	ITEM_SIGNATURE = 0x00,
	ITEM_FEATURES = 0x01,
	ITEM_RAM_SIZE = 0x03,
	ITEM_CPU_COUNT = 0x05,
	ITEM_BOOT_MENU = 0x0E, /* 1: firmware offers its boot menu */
	ITEM_CPU_MAX = 0x0F,
	ITEM_DIRECTORY = 0x19,
	ITEM_FILES = 0x20,
};

#define FEATURE_TRADITIONAL 1 /* the two ports, and no DMA */

/* An entry of the directory: size and item big-endian, a name. */
#define ENTRY_SIZE        64
#define ENTRY_NAME_OFFSET 8

static const char signature[] = "QEMU";

/* Byte `offset` of a number, least significant first; 0 behind it. */
static uint8_t byte_of(uint64_t value, uint32_t offset)
{
	return (uint8_t)(offset < sizeof(value) ? value >> 8 * offset : 0);
}

/* RAM that begins at 0, all of it below 4 GiB. */
static uint64_t ram_size(const struct vm_config *vm)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < vm->e820_count; i++)
		if (vm->e820[i].type == 1 && vm->e820[i].base < UINT32_MAX)
			end = vm->e820[i].base + vm->e820[i].size;
	return end;
}

/* The first serial port that a PC has and the VM owns; 0: none. */
static uint16_t serial_port(const struct vm_config *vm)
{
	static const uint16_t bases[] = {0x3F8, 0x2F8, 0x3E8, 0x2E8};

	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		for (uint32_t j = 0; j < vm->port_count; j++)
			if (bases[i] >= vm->ports[j].first && bases[i] + 7 <= vm->ports[j].last)
				return bases[i];
	return 0;
}

/* --- Files --------------------------------------------------------------------------------------- */

static uint32_t e820_size(const struct vm_config *vm)
{
	return vm->e820_count * (uint32_t)sizeof(struct e820_entry);
}

static uint8_t e820_byte(const struct vm_config *vm, uint32_t offset)
{
	return ((const uint8_t *)vm->e820)[offset];
}

static uint32_t serial_size(const struct vm_config *vm)
{
	return serial_port(vm) ? sizeof(uint64_t) : 0;
}

static uint8_t serial_byte(const struct vm_config *vm, uint32_t offset)
{
	return byte_of(serial_port(vm), offset);
}

/* A file of 0 bytes is not there. */
static const struct file {
	const char *name;
	uint32_t (*size)(const struct vm_config *vm);
	uint8_t (*byte)(const struct vm_config *vm, uint32_t offset);
} files[] = {
	{"etc/e820", e820_size, e820_byte},
	{"etc/sercon-port", serial_size, serial_byte},
};
#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

static uint8_t file_byte(const struct vm_config *vm, unsigned number, uint32_t offset)
{
	const struct file *file = &files[number];

	return (uint8_t)(offset < file->size(vm) ? file->byte(vm, offset) : 0);
}

static uint8_t entry_byte(const struct vm_config *vm, unsigned number, uint32_t offset)
{
	const struct file *file = &files[number];
	uint16_t item = (uint16_t)(ITEM_FILES + number);

	if (offset < 4)
		return byte_of(file->size(vm), 3 - offset);
	if (offset < 6)
		return byte_of(item, 5 - offset);
	if (offset < ENTRY_NAME_OFFSET || offset - ENTRY_NAME_OFFSET >= strlen(file->name))
		return 0;
	return (uint8_t)file->name[offset - ENTRY_NAME_OFFSET];
}

/* The number of files, big-endian, and their entries. */
static uint8_t directory_byte(const struct vm_config *vm, uint32_t offset)
{
	uint32_t count = 0, wanted = (offset - 4) / ENTRY_SIZE;

	for (unsigned i = 0; i < FILE_COUNT; i++) {
		if (files[i].size(vm) == 0)
			continue;
		if (offset >= 4 && count == wanted)
			return entry_byte(vm, i, (offset - 4) % ENTRY_SIZE);
		count++;
	}
	return offset < 4 ? byte_of(count, 3 - offset) : 0;
}

/* --- Items --------------------------------------------------------------------------------------- */

static uint8_t item_byte(const struct vm_config *vm, uint16_t item, uint32_t offset)
{
	switch (item) {
	case ITEM_SIGNATURE:
		return (uint8_t)(offset < sizeof(signature) - 1 ? signature[offset] : 0);
	case ITEM_FEATURES:
		return byte_of(FEATURE_TRADITIONAL, offset);
	case ITEM_RAM_SIZE:
		return byte_of(ram_size(vm), offset);
	case ITEM_CPU_COUNT:
	case ITEM_CPU_MAX:
		return byte_of(vm->vcpu_count, offset);
	case ITEM_BOOT_MENU:
		return byte_of(1, offset);
	case ITEM_DIRECTORY:
		return directory_byte(vm, offset);
	default:
		if (item >= ITEM_FILES && item < ITEM_FILES + FILE_COUNT)
			return file_byte(vm, item - ITEM_FILES, offset);
		return 0; /* as items that are not there */
	}
}

/* The selector can't be read; the data register is a byte. */
uint32_t fw_cfg_read(struct fw_cfg *fw_cfg, const struct vm_config *vm, uint16_t port,
		     unsigned size)
{
	uint8_t value;

	if (port != PLATFORM_FW_CFG_DATA_PORT || size != 1)
		return UINT32_MAX;
	value = item_byte(vm, fw_cfg->item, fw_cfg->offset);
	if (fw_cfg->offset < UINT32_MAX)
		fw_cfg->offset++;
	return value;
}

void fw_cfg_write(struct fw_cfg *fw_cfg, uint16_t port, unsigned size, uint32_t value)
{
	if (port != PLATFORM_FW_CFG_PORT || size > 2)
		return;
	fw_cfg->item = (uint16_t)value;
	fw_cfg->offset = 0;
}
