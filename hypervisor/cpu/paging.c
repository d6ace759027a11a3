/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/paging.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"

/* Page-table entry bits (SDM 3.4.5.4) */
#define ENTRY_PRESENT UINT64_C(0x1)
#define ENTRY_WRITE   UINT64_C(0x2)
#define ENTRY_LARGE   UINT64_C(0x80)
#define ENTRY_NX      (UINT64_C(1) << 63)

#define DATA_FLAGS     (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_NX)
#define CONSTANT_FLAGS (ENTRY_PRESENT | ENTRY_NX)
#define CODE_FLAGS     ENTRY_PRESENT

#define TABLE_ENTRIES UINT64_C(512)

/* 2 MiB pages below this, so that no processor feature is needed; 1 GiB pages above. */
#define SMALL_GIGABYTES 4

/* The hypervisor's range is mapped by 4 KiB pages. */
#define IMAGE_TABLES 16

/* From the linker script. */
extern char image_start[], text_end[], constants_end[], image_end[];

static _Alignas(4096) uint64_t pml4[TABLE_ENTRIES];
static _Alignas(4096) uint64_t pdpt[TABLE_ENTRIES];
static _Alignas(4096) uint64_t directories[SMALL_GIGABYTES][TABLE_ENTRIES];
static _Alignas(4096) uint64_t image_tables[IMAGE_TABLES][TABLE_ENTRIES];
static unsigned image_tables_used;

hpa_t paging_end(void)
{
	bool large = cpuid(0x80000001, 0).edx & CPUID_EXT1_EDX_1G;

	return (large ? TABLE_ENTRIES : SMALL_GIGABYTES) * PAGE_SIZE_1G;
}

static void map_everything_as_data(void)
{

	pml4[0] = (uint64_t)pdpt | ENTRY_PRESENT | ENTRY_WRITE;
	for (uint64_t i = 0; i < SMALL_GIGABYTES; i++)
		pdpt[i] = (uint64_t)directories[i] | ENTRY_PRESENT | ENTRY_WRITE;
	for (uint64_t i = 0; i < SMALL_GIGABYTES * TABLE_ENTRIES; i++)
		directories[i / TABLE_ENTRIES][i % TABLE_ENTRIES] =
			i * PAGE_SIZE_2M | DATA_FLAGS | ENTRY_LARGE;
	for (uint64_t i = SMALL_GIGABYTES; i < paging_end() / PAGE_SIZE_1G; i++)
		pdpt[i] = i * PAGE_SIZE_1G | DATA_FLAGS | ENTRY_LARGE;
}

/* The 4 KiB entry of an address in the image; splits its 2 MiB page when it is the first in there. */
static uint64_t *entry_of(hpa_t address)
{
	uint64_t *directory_entry =
		&directories[address / PAGE_SIZE_1G][address / PAGE_SIZE_2M % TABLE_ENTRIES];
	uint64_t *table;

	if (*directory_entry & ENTRY_LARGE) {
		table = image_tables[image_tables_used++];
		for (uint64_t i = 0; i < TABLE_ENTRIES; i++)
			table[i] = (address & ~(PAGE_SIZE_2M - 1)) + i * PAGE_SIZE_4K + DATA_FLAGS;
		*directory_entry = (uint64_t)table | ENTRY_PRESENT | ENTRY_WRITE;
	}
	table = (uint64_t *)(*directory_entry & ~UINT64_C(0xFFF));
	return &table[address / PAGE_SIZE_4K % TABLE_ENTRIES];
}

static void protect(const void *start, const void *end, uint64_t flags)
{
	for (hpa_t page = (hpa_t)start; page < (hpa_t)end; page += PAGE_SIZE_4K)
		*entry_of(page) = flags ? page | flags : 0;
}

void paging_init(void)
{
	map_everything_as_data();
	protect(image_start, text_end, CODE_FLAGS);
	protect(text_end, constants_end, CONSTANT_FLAGS);
	protect(constants_end, image_end, DATA_FLAGS);
	for (uint32_t i = 0; i < cpu_count; i++) {
		protect(cpu_areas[i].guard_stack, cpu_areas[i].stack, 0);
		protect(cpu_areas[i].guard_interrupt, cpu_areas[i].interrupt_stacks, 0);
	}
}

void paging_load(void)
{
	cr3_write((uint64_t)pml4);
}
