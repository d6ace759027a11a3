/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts Linux natively as Bulkhead starts it: straight at its entry, with as much memory as the VM has,
 * and says at which TSC. GRUB passes kernel and initramfs as modules of these names; the command line is
 * this program's own. After that, nothing of it is left.
 */
#include "guest.h"

#define TAG_END          0
#define TAG_COMMAND_LINE 1
#define TAG_MODULE       3
#define TAG_MEMORY_MAP   6

#define MEMORY_END      UINT64_C(0x10000000) /* 256 MiB, as in linux.dts */
#define KERNEL_ADDRESS  UINT64_C(0x1000000)
#define ASIDE_KERNEL    UINT64_C(0x20000000) /* both modules, while the kernel is put in its place */
#define ASIDE_RAMDISK   UINT64_C(0x28000000)
#define RAMDISK_ADDRESS UINT64_C(0xC000000)
#define PARAMETERS      UINT64_C(0x90000)
#define COMMAND_LINE    UINT64_C(0x91000)
#define ENTRY_64        0x200

/* struct boot_params (Linux Documentation/x86/boot.rst, zero-page.rst) */
#define E820_COUNT      0x1E8
#define SETUP_SECTORS   0x1F1
#define SETUP_HEADER    0x1F1
#define SETUP_END       0x280
#define LOADER_TYPE     0x210
#define RAMDISK_IMAGE   0x218
#define RAMDISK_SIZE    0x21C
#define COMMAND_POINTER 0x228
#define E820_TABLE      0x2D0
#define LOADER_UNKNOWN  0xFF
#define E820_MAX        32

struct tag {
	uint32_t type, size;
};
struct module_tag {
	struct tag tag;
	uint32_t start, end;
	char name[];
};
struct map_entry {
	uint64_t base, length;
	uint32_t type, reserved;
};
struct map_tag {
	struct tag tag;
	uint32_t entry_size, version;
	struct map_entry entries[];
};
struct e820_entry {
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

const struct program program = {.name = "starter"};

static struct module_tag *kernel, *ramdisk;
static const struct map_tag *map;
static const char *command_line = "";

static void read_tag(struct tag *tag)
{
	if (tag->type == TAG_COMMAND_LINE)
		command_line = (const char *)(tag + 1);
	if (tag->type == TAG_MEMORY_MAP)
		map = (const struct map_tag *)tag;
	if (tag->type == TAG_MODULE) {
		struct module_tag *module = (struct module_tag *)tag;

		if (module->name[0] == 'l')
			kernel = module;
		else
			ramdisk = module;
	}
}

static void read_information(void)
{
	struct tag *tag = (struct tag *)(uint64_t)(multiboot_information + 8);

	while (tag->type != TAG_END) {
		read_tag(tag);
		tag = (struct tag *)((uint64_t)tag + ((tag->size + 7) & ~7u));
	}
}

static void copy(uint64_t to, uint64_t from, uint64_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static void clear(uint64_t to, uint64_t size)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
}

static uint8_t fill_map(struct e820_entry *out)
{
	uint8_t count = 0;
	uint32_t size = (map->tag.size - (uint32_t)sizeof(*map)) / map->entry_size;

	for (uint32_t i = 0; i < size && count < E820_MAX; i++) {
		struct e820_entry entry = {map->entries[i].base, map->entries[i].length,
					   map->entries[i].type};

		if (entry.type == 1 && entry.base >= MEMORY_END)
			continue;
		if (entry.type == 1 && entry.base + entry.length > MEMORY_END)
			entry.length = MEMORY_END - entry.base;
		out[count++] = entry;
	}
	return count;
}

static void write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

static void fill_parameters(uint64_t image, uint32_t ramdisk_size)
{
	uint64_t length = 0;

	clear(PARAMETERS, 4096);
	copy(PARAMETERS + SETUP_HEADER, image + SETUP_HEADER, SETUP_END - SETUP_HEADER);
	*(volatile uint8_t *)(PARAMETERS + LOADER_TYPE) = LOADER_UNKNOWN;
	write32(PARAMETERS + RAMDISK_IMAGE, (uint32_t)RAMDISK_ADDRESS);
	write32(PARAMETERS + RAMDISK_SIZE, ramdisk_size);
	write32(PARAMETERS + COMMAND_POINTER, (uint32_t)COMMAND_LINE);
	while (command_line[length] != '\0')
		length++;
	copy(COMMAND_LINE, (uint64_t)command_line, length + 1);
	*(volatile uint8_t *)(PARAMETERS + E820_COUNT) =
		fill_map((struct e820_entry *)(PARAMETERS + E820_TABLE));
}

static _Noreturn void enter(void)
{
	uint64_t start = tsc_read() + 4000000; /* longer than it takes to say so */

	print_text("work: start tsc=");
	print_unsigned(start);
	print_text("\r\n");
	while (tsc_read() < start)
		;
	__asm__ volatile("jmp *%0" : : "r"(KERNEL_ADDRESS + ENTRY_64), "S"(PARAMETERS) : "memory");
	__builtin_unreachable();
}

_Noreturn void guest_main(uint32_t index, uint32_t count)
{
	uint32_t kernel_size, ramdisk_size, setup;

	(void)index;
	(void)count;
	console_open();
	read_information();
	kernel_size = kernel->end - kernel->start;
	ramdisk_size = ramdisk->end - ramdisk->start;
	copy(ASIDE_RAMDISK, ramdisk->start, ramdisk_size);
	copy(ASIDE_KERNEL, kernel->start, kernel_size);
	setup = (*(volatile uint8_t *)(ASIDE_KERNEL + SETUP_SECTORS) + 1u) * 512;
	fill_parameters(ASIDE_KERNEL, ramdisk_size);
	copy(RAMDISK_ADDRESS, ASIDE_RAMDISK, ramdisk_size);
	copy(KERNEL_ADDRESS, ASIDE_KERNEL + setup, kernel_size - setup);
	enter();
}
