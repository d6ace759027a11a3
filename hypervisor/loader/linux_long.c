/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables with which a guest enters long mode (boot.rst, "64-bit boot protocol"). */
#include "bulkhead/platform.h"
#include "lib/section.h"
#include "loader/linux_image.h"

#define ENTRIES     UINT64_C(512)
#define DIRECTORIES 4 /* of 1 GiB each, all that is below 4 GiB */

/* SDM 3.4.5.4. Pages of 2 MiB, which every 64-bit processor has. */
#define ENTRY_PRESENT  UINT64_C(0x01)
#define ENTRY_WRITABLE UINT64_C(0x02)
#define ENTRY_LARGE    UINT64_C(0x80)

/* As it lies in guest memory. */
struct page_tables {
	uint64_t pml4[ENTRIES];
	uint64_t directory_pointers[ENTRIES];
	uint64_t directories[DIRECTORIES * ENTRIES];
};
_Static_assert(sizeof(struct page_tables) <= PLATFORM_BOOT_GDT_GPA - PLATFORM_BOOT_PAGE_TABLES_GPA,
	       "the page tables end before the GDT");

/* The same for all VMs. Made at run time, because the image is smaller for it. */
static struct page_tables tables SEALED_ZEROS;

static uint64_t table_entry(size_t offset)
{
	return (PLATFORM_BOOT_PAGE_TABLES_GPA + offset) | ENTRY_PRESENT | ENTRY_WRITABLE;
}

static void make_tables(void)
{
	const size_t directories = offsetof(struct page_tables, directories);

	tables.pml4[0] = table_entry(offsetof(struct page_tables, directory_pointers));
	for (size_t i = 0; i < DIRECTORIES; i++)
		tables.directory_pointers[i] = table_entry(directories + i * PAGE_SIZE_4K);
	for (size_t i = 0; i < DIRECTORIES * ENTRIES; i++)
		tables.directories[i] =
			(i * PAGE_SIZE_2M) | ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_LARGE;
}

enum error linux_plan_page_tables(const struct load_plan *plan)
{
	make_tables();
	return plan_bytes(plan, "the boot page tables", &tables, sizeof(tables),
			  PLATFORM_BOOT_PAGE_TABLES_GPA);
}
