/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/paging.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "lib/panic.h"

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

/* Windows of 2 MiB, from the image's on, with text, constants or guard pages: mapped by 4 KiB pages. */
#define IMAGE_TABLES 64

/* From the linker script. */
extern char image_start[], text_end[], constants_end[];

#define TABLE_FLAGS    (ENTRY_PRESENT | ENTRY_WRITE)
#define TABLE(address) ((uint64_t)(address) + TABLE_FLAGS)

static _Alignas(4096) uint64_t directories[SMALL_GIGABYTES * TABLE_ENTRIES];
static _Alignas(4096) uint64_t image_tables[IMAGE_TABLES * TABLE_ENTRIES];
static _Alignas(4096) uint64_t pdpt[TABLE_ENTRIES] = {
	TABLE(directories),
	TABLE(directories + TABLE_ENTRIES),
	TABLE(directories + 2 * TABLE_ENTRIES),
	TABLE(directories + 3 * TABLE_ENTRIES),
};
_Static_assert(SMALL_GIGABYTES == 4, "as many as the table above has");
static _Alignas(4096) uint64_t pml4[TABLE_ENTRIES] = {TABLE(pdpt)};

hpa_t paging_end(void)
{
	bool large = cpuid(0x80000001, 0).edx & CPUID_EXT1_EDX_1G;

	return (large ? TABLE_ENTRIES : SMALL_GIGABYTES) * PAGE_SIZE_1G;
}

static void map_everything_as_data(void)
{
	for (uint64_t i = 0; i < SMALL_GIGABYTES * TABLE_ENTRIES; i++)
		directories[i] = i * PAGE_SIZE_2M | DATA_FLAGS | ENTRY_LARGE;
	for (uint64_t i = SMALL_GIGABYTES; i < paging_end() / PAGE_SIZE_1G; i++)
		pdpt[i] = i * PAGE_SIZE_1G | DATA_FLAGS | ENTRY_LARGE;
}

/* Where the entries of image_tables begin. */
static hpa_t image_window(void)
{
	return (hpa_t)image_start & ~(PAGE_SIZE_2M - 1);
}

/* All windows of 2 MiB before `end`, by pages of 4 KiB that protect() can change. */
static void split_image(hpa_t end)
{
	hpa_t base = image_window();
	uint64_t *directory = &directories[base / PAGE_SIZE_2M];

	assert_always(end <= base + IMAGE_TABLES * PAGE_SIZE_2M);
	for (uint64_t i = 0; base + i * PAGE_SIZE_4K < end || i % TABLE_ENTRIES != 0; i++) {
		directory[i / TABLE_ENTRIES] = TABLE(&image_tables[i & ~(TABLE_ENTRIES - 1)]);
		image_tables[i] = base + i * PAGE_SIZE_4K + DATA_FLAGS;
	}
}

static void protect(const void *start, const void *end, uint64_t flags)
{
	for (hpa_t page = (hpa_t)start; page < (hpa_t)end; page += PAGE_SIZE_4K)
		image_tables[(page - image_window()) / PAGE_SIZE_4K] = flags ? page | flags : 0;
}

static void protect_guards(const struct cpu_area *area)
{
	protect(area->guard_stack, area->stack, 0);
	for (unsigned i = 0; i < INTERRUPT_STACK_COUNT; i++)
		protect(area->interrupt_stacks[i].guard, area->interrupt_stacks[i].stack, 0);
}

void paging_init(void)
{
	map_everything_as_data();
	split_image((hpa_t)&cpu_areas[cpu_count]);
	protect(image_start, text_end, CODE_FLAGS);
	protect(text_end, constants_end, CONSTANT_FLAGS);
	for (uint32_t i = 0; i < cpu_count; i++)
		protect_guards(&cpu_areas[i]);
}

void paging_load(void)
{
	cr3_write((uint64_t)pml4);
}

static bool has_gigabyte_pages(const uint64_t *root)
{
	for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
		const uint64_t *table = host_pointer(root[i] & ~(PAGE_SIZE_4K - 1));

		for (uint64_t j = 0; root[i] && j < TABLE_ENTRIES; j++)
			if (table[j] & ENTRY_LARGE)
				return true;
	}
	return false;
}

bool paging_own_is_usable(const struct scenario *scenario)
{
	return (cpuid(0x80000001, 0).edx & CPUID_EXT1_EDX_1G) ||
	       !has_gigabyte_pages(scenario->cores[this_cpu()->index].host_root);
}

/* paging.S */
_Noreturn void paging_switch(hpa_t root, const void *stack, void (*entry)(void));

/*
 * The top of the stack is where the first VM entry takes the guest's registers from (guest_run()); what
 * runs until then stays below.
 */
#define STACK_RESERVE 512

_Noreturn void paging_enter_own(const struct scenario *scenario, void (*entry)(void))
{
	struct cpu_area *area = cpu_area_of(this_cpu());

	paging_switch((hpa_t)scenario->cores[this_cpu()->index].host_root,
		      area->stack + sizeof(area->stack) - STACK_RESERVE, entry);
}
