/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot information from GRUB (Multiboot2 Specification 2.0, section 3.6), read once and copied, since
 * it lies in memory that may belong to a VM.
 */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include "bulkhead/error.h"
#include "bulkhead/types.h"

/* EAX at the entry (3.3). */
#define MULTIBOOT2_BOOTLOADER_MAGIC 0x36D76289

/* Entries of the firmware's memory map; UEFI machines have about 100. */
#define BOOT_MEMORY_MAX 128
/* Disjoint pieces that BOOT_MEMORY_MAX overlapping entries can make. */
#define BOOT_MEMORY_PIECES   (2 * BOOT_MEMORY_MAX)
#define BOOT_MODULE_NAME_MAX 63
/* RSDP of ACPI 2.0 and later; that of ACPI 1.0 has 20 bytes. */
#define BOOT_RSDP_MAX 36

/* Types of memory (3.6.8); those that are not named here are reserved, too. */
enum boot_memory_type {
	BOOT_MEMORY_RAM = 1,
	BOOT_MEMORY_RESERVED = 2,
	BOOT_MEMORY_ACPI = 3,
	BOOT_MEMORY_NVS = 4,
	BOOT_MEMORY_DEFECTIVE = 5,
};

struct boot_memory {
	hpa_t base;
	uint64_t size; /* not 0 */
	uint32_t type;
};

struct boot_module {
	hpa_t start;
	uint64_t size; /* may be 0 */
	/* First word of the command line; "" if that is empty. */
	char name[BOOT_MODULE_NAME_MAX + 1];
};

struct boot_information {
	uint32_t memory_count;
	uint32_t module_count;
	uint32_t rsdp_size; /* 0: GRUB gave none */
	uint8_t rsdp[BOOT_RSDP_MAX];
	/* Sorted, disjoint, neighbours of one type joined. Where the firmware's entries overlap, the one
	 * that is not RAM counts, and of several such the one with the higher type. */
	struct boot_memory memory[BOOT_MEMORY_PIECES];
	struct boot_module modules[CONFIG_MAX_MODULES]; /* in GRUB's order */
};

/*
 * Reads the boot information at `information` (8-byte aligned; NULL is refused) if `magic` is right.
 * Every problem is logged with the tag and the offset where it is.
 *
 * Errors: ERROR_BOOT_INFORMATION, ERROR_CAPACITY for more modules than CONFIG_MAX_MODULES. Then *out is
 * not to be used.
 */
enum error multiboot2_parse(const void *information, uint32_t magic, struct boot_information *out);

#endif
