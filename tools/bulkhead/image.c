/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bulkhead/platform.h"
#include "rules_internal.h"

/* As the hypervisor's loaders have them. */
#define ELF_HEADERS_MAX  64
#define ELF_SEGMENTS_MAX 16

const char *module_path(struct check *check, const struct module *module)
{
	static const char built[] = "guests/";
	const size_t length = sizeof(built) - 1;

	if (strncmp(module->file, built, length))
		return module->file;
	return arena_format(check->arena, "%s/%s", check->module_folder, module->file + length);
}

/* --- The file ---------------------------------------------------------------------------------- */

struct source {
	struct check *check;
	struct image *image;
	int file;
};

/* False after content_problem has been set. */
static bool read_at(struct source *source, uint64_t offset, void *buffer, size_t size)
{
	uint64_t end = source->image->size;

	if (offset <= end && size <= end - offset &&
	    pread(source->file, buffer, size, (off_t)offset) == (ssize_t)size)
		return true;
	if (!source->image->content_problem)
		source->image->content_problem = arena_format(
			source->check->arena,
			"it ends at 0x%" PRIx64 ", before a header of 0x%zx bytes at 0x%" PRIx64,
			end, size, offset);
	return false;
}

/* Both return false, for `return`. */
static bool format_problem(struct source *source, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static bool content_problem(struct source *source, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool format_problem(struct source *source, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	source->image->format_problem = arena_vformat(source->check->arena, format, arguments);
	va_end(arguments);
	return false;
}

static bool content_problem(struct source *source, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	source->image->content_problem = arena_vformat(source->check->arena, format, arguments);
	va_end(arguments);
	return false;
}

/* --- ELF --------------------------------------------------------------------------------------- */

/* Both classes in the form of 64 bits. */
struct elf_file {
	Elf64_Ehdr header;
	Elf64_Phdr *segments; /* PT_LOAD with content */
	unsigned *numbers;
	unsigned count;
};

static bool read_header(struct source *source, Elf64_Ehdr *header)
{
	Elf32_Ehdr narrow;

	if (header->e_ident[EI_CLASS] == ELFCLASS64)
		return read_at(source, 0, header, sizeof(*header));
	if (!read_at(source, 0, &narrow, sizeof(narrow)))
		return false;
	header->e_type = narrow.e_type;
	header->e_machine = narrow.e_machine;
	header->e_entry = narrow.e_entry;
	header->e_phoff = narrow.e_phoff;
	header->e_phentsize = narrow.e_phentsize;
	header->e_phnum = narrow.e_phnum;
	return true;
}

static bool check_elf_format(struct source *source, Elf64_Ehdr *header)
{
	unsigned char *identity = header->e_ident;
	bool wide;

	if (source->image->size < EI_NIDENT || !read_at(source, 0, identity, EI_NIDENT) ||
	    memcmp(identity, ELFMAG, SELFMAG))
		return format_problem(source, "it is no ELF file");
	if (identity[EI_CLASS] != ELFCLASS32 && identity[EI_CLASS] != ELFCLASS64)
		return format_problem(source, "its class is %u, neither 32 nor 64 bits",
				      identity[EI_CLASS]);
	if (identity[EI_DATA] != ELFDATA2LSB)
		return format_problem(source, "it is not little-endian");
	if (!read_header(source, header))
		return false;
	wide = identity[EI_CLASS] == ELFCLASS64;
	if (header->e_machine != (wide ? EM_X86_64 : EM_386))
		return format_problem(source, "it is for machine %u, not for x86 (%u)",
				      header->e_machine, wide ? EM_X86_64 : EM_386);
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return format_problem(source, "its type is %u, not an executable", header->e_type);
	if (header->e_phentsize < (wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) ||
	    header->e_phnum == 0 || header->e_phnum > ELF_HEADERS_MAX)
		return content_problem(
			source, "it has %u program headers of %u bytes; 1 to %d are possible",
			header->e_phnum, header->e_phentsize, ELF_HEADERS_MAX);
	return true;
}

static bool read_program_header(struct source *source, const Elf64_Ehdr *header, unsigned index,
				Elf64_Phdr *wide)
{
	uint64_t at = header->e_phoff + (uint64_t)index * header->e_phentsize;
	Elf32_Phdr narrow;

	if (header->e_phoff > source->image->size)
		at = header->e_phoff; /* so that the sum does not wrap */
	if (header->e_ident[EI_CLASS] == ELFCLASS64)
		return read_at(source, at, wide, sizeof(*wide));
	if (!read_at(source, at, &narrow, sizeof(narrow)))
		return false;
	*wide = (Elf64_Phdr){
		.p_type = narrow.p_type,
		.p_flags = narrow.p_flags,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_paddr = narrow.p_paddr,
		.p_filesz = narrow.p_filesz,
		.p_memsz = narrow.p_memsz,
	};
	return true;
}

static bool check_segment(struct source *source, const struct elf_file *elf, unsigned index,
			  const Elf64_Phdr *segment)
{
	uint64_t end = source->image->size;

	if (segment->p_filesz > segment->p_memsz)
		return content_problem(source,
				       "segment %u has 0x%" PRIx64
				       " bytes in the file and 0x%" PRIx64 " in memory",
				       index, segment->p_filesz, segment->p_memsz);
	if (segment->p_offset > end || segment->p_filesz > end - segment->p_offset)
		return content_problem(source,
				       "segment %u is 0x%" PRIx64 " bytes at 0x%" PRIx64
				       " of a file of 0x%" PRIx64,
				       index, segment->p_filesz, segment->p_offset, end);
	if (elf->count == ELF_SEGMENTS_MAX)
		return content_problem(source, "it has more than %d segments to load",
				       ELF_SEGMENTS_MAX);
	for (unsigned i = 0; i < elf->count; i++) {
		const Elf64_Phdr *other = &elf->segments[i];
		struct span a, b;
		if (span_make(other->p_paddr, other->p_memsz, &a) &&
		    span_make(segment->p_paddr, segment->p_memsz, &b) && span_meet(a, b))
			return content_problem(source, "segments %u and %u overlap at 0x%" PRIx64,
					       elf->numbers[i], index, span_common(a, b).first);
	}
	return true;
}

static bool read_segments(struct source *source, struct elf_file *elf)
{
	struct arena *arena = source->check->arena;

	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		Elf64_Phdr segment;
		unsigned count = elf->count;
		if (!read_program_header(source, &elf->header, i, &segment))
			return false;
		if (segment.p_type != PT_LOAD || segment.p_memsz == 0)
			continue;
		if (!check_segment(source, elf, i, &segment))
			return false;
		*ARENA_PUSH(arena, elf->numbers, count) = i;
		*ARENA_PUSH(arena, elf->segments, elf->count) = segment;
	}
	if (elf->count == 0)
		return content_problem(source, "it has no segment to load");
	return true;
}

static uint32_t permissions_of(const Elf64_Phdr *segment)
{
	return (segment->p_flags & PF_R ? MEMORY_READ : 0) |
	       (segment->p_flags & PF_W ? MEMORY_WRITE : 0) |
	       (segment->p_flags & PF_X ? MEMORY_EXECUTE : 0);
}

/* Virtual by the book; kernels that are linked high often give the physical address. */
static uint64_t physical_entry(const struct elf_file *elf)
{
	uint64_t entry = elf->header.e_entry;

	for (unsigned i = 0; i < elf->count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		if (segment->p_flags & PF_X && entry - segment->p_vaddr < segment->p_memsz)
			return entry - segment->p_vaddr + segment->p_paddr;
	}
	return entry;
}

/* Returns the ELF class, or ELFCLASSNONE after a problem has been found. */
static unsigned read_elf(struct source *source)
{
	struct image *image = source->image;
	struct elf_file elf = {0};

	if (!check_elf_format(source, &elf.header) || !read_segments(source, &elf))
		return ELFCLASSNONE;
	image->entry = physical_entry(&elf);
	for (unsigned i = 0; i < elf.count; i++)
		*ARENA_PUSH(source->check->arena, image->segments, image->segment_count) =
			(struct image_segment){
				.number = elf.numbers[i],
				.address = elf.segments[i].p_paddr,
				.memory_size = elf.segments[i].p_memsz,
				.permissions = permissions_of(&elf.segments[i]),
			};
	return elf.header.e_ident[EI_CLASS];
}

/* --- Linux (Documentation/arch/x86/boot.rst) ---------------------------------------------------- */

#define SETUP_SIZE          0x290
#define SECTOR              512
#define SYSTEM_UNIT         16
#define VERSION_MIN         0x020A
#define LOAD_HIGH           0x01
#define LOWEST_KERNEL       UINT64_C(0x100000)
#define ADDRESS_END         (UINT64_C(1) << 32)
#define DEFAULT_SETUP_SECTS 4
#define XLOAD_KERNEL_64     0x01
#define VERSION_XLOADFLAGS  0x020C
#define ENTRY_64            0x200
#define ALIGNMENT_SHIFT_MAX 31
#define ROM_MAX             UINT64_C(0x1000000)
#define ROM_UNIT            UINT64_C(0x10000)
#define VMLINUX_RAMDISK_END UINT64_C(0x80000000)

/* Offsets of fields in the file. */
enum setup_field {
	SETUP_SECTS = 0x1F1,
	SYSSIZE = 0x1F4,
	BOOT_FLAG = 0x1FE,
	HEADER = 0x202,
	VERSION = 0x206,
	LOADFLAGS = 0x211,
	INITRD_ADDR_MAX = 0x22C,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE = 0x234,
	MIN_ALIGNMENT = 0x235,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24C,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
};

static uint64_t field(const uint8_t *setup, enum setup_field offset, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, setup + offset, bytes);
	return value;
}

static bool check_linux_format(struct source *source, const uint8_t *setup)
{
	uint64_t version = field(setup, VERSION, 2);

	if (field(setup, BOOT_FLAG, 2) != 0xAA55 || field(setup, HEADER, 4) != 0x53726448)
		return format_problem(source, "it does not have the signature of a bzImage");
	if (version < VERSION_MIN)
		return format_problem(source, "its boot protocol is %u.%02u, older than 2.10",
				      (unsigned)(version >> 8), (unsigned)(version & 0xFF));
	if (!(field(setup, LOADFLAGS, 1) & LOAD_HIGH))
		return format_problem(source, "it is a zImage");
	return true;
}

static bool check_linux_content(struct source *source, const uint8_t *setup, uint64_t *size)
{
	uint64_t sectors = field(setup, SETUP_SECTS, 1);
	uint64_t system = field(setup, SYSSIZE, 4) * SYSTEM_UNIT;
	uint64_t alignment = field(setup, KERNEL_ALIGNMENT, 4);
	uint64_t offset = ((sectors ? sectors : DEFAULT_SETUP_SECTS) + 1) * SECTOR;
	uint64_t end = source->image->size;

	if (end <= offset || end - offset + SYSTEM_UNIT <= system)
		return content_problem(
			source, "its header asks for 0x%" PRIx64 " bytes, the file has 0x%" PRIx64,
			offset + system, end);
	if (field(setup, PAYLOAD_OFFSET, 4) + field(setup, PAYLOAD_LENGTH, 4) > end - offset)
		return content_problem(source,
				       "its payload of 0x%" PRIx64 " bytes at 0x%" PRIx64
				       " is beyond its 0x%" PRIx64 " bytes",
				       field(setup, PAYLOAD_LENGTH, 4),
				       field(setup, PAYLOAD_OFFSET, 4), end - offset);
	if (field(setup, VERSION, 2) >= VERSION_XLOADFLAGS &&
	    field(setup, XLOADFLAGS, 2) & XLOAD_KERNEL_64 && end - offset <= ENTRY_64)
		return content_problem(source, "it ends before its 64-bit entry");
	if (alignment == 0 || alignment & (alignment - 1))
		return content_problem(source, "its alignment 0x%" PRIx64 " is no power of two",
				       alignment);
	if (field(setup, MIN_ALIGNMENT, 1) > ALIGNMENT_SHIFT_MAX)
		return content_problem(source, "its minimal alignment is 2^%" PRIu64,
				       field(setup, MIN_ALIGNMENT, 1));
	if (field(setup, PREF_ADDRESS, 8) < LOWEST_KERNEL)
		return content_problem(source, "its address 0x%" PRIx64 " is below 1 MiB",
				       field(setup, PREF_ADDRESS, 8));
	*size = end - offset;
	return true;
}

static bool has_ram(struct source *source, uint64_t base, uint64_t size, uint32_t permissions)
{
	struct span span, gap;

	return span_make(base, size, &span) && span.last < ADDRESS_END &&
	       !vm_lacks(source->check, source->image->vm, span, permissions, &gap);
}

/* The lowest above its own address where it fits. ADDRESS_END: nowhere. */
static uint64_t aligned_address(struct source *source, uint64_t alignment)
{
	const uint32_t all = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE;
	const struct image *image = source->image;
	uint64_t best = ADDRESS_END;

	FOR_EACH_MEMORY(image->vm, memory) {
		uint64_t start = memory->guest.value;
		if (start < image->preferred || start >= ADDRESS_END)
			continue;
		start = (start + alignment - 1) & ~(alignment - 1);
		if (start < best && has_ram(source, start, image->kernel_size, all))
			best = start;
	}
	return best;
}

/* Where it goes: its own address, or if it can be moved the lowest above. ADDRESS_END: nowhere. */
static uint64_t kernel_address(struct source *source, const uint8_t *setup)
{
	const uint32_t all = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE;
	const struct image *image = source->image;
	uint64_t alignment = field(setup, KERNEL_ALIGNMENT, 4);
	uint64_t least = UINT64_C(1) << field(setup, MIN_ALIGNMENT, 1);
	uint64_t address;

	if (has_ram(source, image->preferred, image->kernel_size, all))
		return image->preferred;
	if (!field(setup, RELOCATABLE, 1))
		return ADDRESS_END;
	address = aligned_address(source, alignment);
	if (address == ADDRESS_END && least > 1 && least < alignment)
		address = aligned_address(source, least);
	return address;
}

/* Room for the ramdisk in [start, end), beside the kernel: at the upper end or below the kernel. */
static bool ramdisk_fits(const struct image *image, uint64_t kernel, uint64_t start, uint64_t end)
{
	uint64_t size = image->ramdisk_size, kernel_end = kernel + image->kernel_size;
	uint64_t at;

	if (start < LOWEST_KERNEL)
		start = LOWEST_KERNEL;
	if (end <= start || end - start < size)
		return false;
	at = (end - size) & ~(PAGE_SIZE_4K - 1);
	if (at < start)
		return false;
	if (at >= kernel_end || at + size <= kernel)
		return true;
	return kernel > start && kernel - start >= size &&
	       ((kernel - size) & ~(PAGE_SIZE_4K - 1)) >= start;
}

static void place_ramdisk(struct image *image, uint64_t kernel)
{
	FOR_EACH_MEMORY(image->vm, memory) {
		struct span span;
		uint64_t end;
		if (memory->kind != MEMORY_RAM || !memory_guest_span(memory, &span))
			continue;
		end = span.last < image->ramdisk_limit ? span.last + 1 : image->ramdisk_limit;
		image->ramdisk_fits =
			image->ramdisk_fits || ramdisk_fits(image, kernel, span.first, end);
	}
}

static bool is_elf(struct source *source)
{
	char magic[SELFMAG];

	return source->image->size >= SELFMAG && read_at(source, 0, magic, SELFMAG) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

/* The kernel without the part that unpacks and moves it: it lies where it is linked to. */
static void read_vmlinux(struct source *source)
{
	struct image *image = source->image;
	uint64_t first = UINT64_MAX, end = 0;
	unsigned class = read_elf(source);

	image->is_elf = true;
	if (class == ELFCLASSNONE)
		return;
	if (class != ELFCLASS64) {
		format_problem(source, "it is an ELF file of 32 bits, no vmlinux of 64 bits");
		return;
	}
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];
		uint64_t segment_end = segment->address + segment->memory_size;

		first = segment->address < first ? segment->address : first;
		end = segment_end > end ? segment_end : end;
	}
	if (first < LOWEST_KERNEL || end > UINT32_MAX) {
		content_problem(source, "a vmlinux lies between 1 MiB and 4 GiB");
		return;
	}
	image->preferred = first;
	image->kernel_size = ((end + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1)) - first;
	image->command_line_size = PLATFORM_LINUX_COMMAND_MAX - 1;
	image->ramdisk_limit = VMLINUX_RAMDISK_END;
	image->kernel_fits = true; /* as far as its segments do */
	if (image->ramdisk_size)
		place_ramdisk(image, first);
}

static void read_bzimage(struct source *source)
{
	struct image *image = source->image;
	uint8_t setup[SETUP_SIZE] = {0};
	uint64_t size = 0;

	if (image->size < SETUP_SIZE || !read_at(source, 0, setup, sizeof(setup))) {
		format_problem(source, "it is too short for a bzImage");
		return;
	}
	if (!check_linux_format(source, setup) || !check_linux_content(source, setup, &size))
		return;
	image->preferred = field(setup, PREF_ADDRESS, 8);
	image->kernel_size = field(setup, INIT_SIZE, 4);
	if (image->kernel_size < size)
		image->kernel_size = size;
	image->command_line_size = (uint32_t)field(setup, CMDLINE_SIZE, 4);
	image->ramdisk_limit = field(setup, INITRD_ADDR_MAX, 4) + 1;
	uint64_t kernel = kernel_address(source, setup);
	image->kernel_fits = kernel != ADDRESS_END;
	if (image->kernel_fits && image->ramdisk_size)
		place_ramdisk(image, kernel);
}

static void read_linux(struct source *source)
{
	if (is_elf(source))
		read_vmlinux(source);
	else
		read_bzimage(source);
}

/* --- Multiboot and ROM --------------------------------------------------------------------------- */

/* Where and how a header is looked for; its first words add up to 0. */
static const struct multiboot_format {
	const char *name;
	uint32_t magic;
	unsigned words, alignment, reach;
} multiboot_formats[] = {
	[BOOT_MULTIBOOT] = {"multiboot", 0x1BADB002, 3, 4, 8192},
	[BOOT_MULTIBOOT2] = {"multiboot2", 0xE85250D6, 4, 8, 32768},
};
#define MULTIBOOT_WORDS_MAX 4

static bool is_multiboot_header(struct source *source, uint64_t offset,
				const struct multiboot_format *format)
{
	uint32_t words[MULTIBOOT_WORDS_MAX], sum = 0;

	if (pread(source->file, words, format->words * sizeof(*words), (off_t)offset) !=
		    (ssize_t)(format->words * sizeof(*words)) ||
	    words[0] != format->magic)
		return false;
	for (unsigned i = 0; i < format->words; i++)
		sum += words[i];
	return sum == 0;
}

/* The rest of the header is read by the hypervisor; a file that is no ELF file names its addresses there. */
static void read_multiboot(struct source *source)
{
	const struct multiboot_format *format = &multiboot_formats[source->image->vm->protocol];
	uint64_t offset = 0;

	while (offset < format->reach && !is_multiboot_header(source, offset, format))
		offset += format->alignment;
	if (offset >= format->reach)
		format_problem(source,
			       "it has no %s header with a right checksum in its first %u KiB",
			       format->name, format->reach / 1024);
	else if (is_elf(source))
		read_elf(source);
}

static void read_rom(struct source *source)
{
	uint64_t size = source->image->size;

	if (size == 0 || size > ROM_MAX || size % ROM_UNIT != 0)
		format_problem(source,
			       "it has 0x%" PRIx64
			       " bytes; a ROM has a multiple of 64 KiB, up to 16 MiB",
			       size);
}

/* --- All --------------------------------------------------------------------------------------- */

static int compare_modules(const void *left, const void *right)
{
	const struct module *a = *(const struct module *const *)left;
	const struct module *b = *(const struct module *const *)right;

	return strcmp(a->name, b->name);
}

static const struct module **sorted_modules(struct check *check)
{
	unsigned count = check->model->module_count;
	const struct module **sorted =
		arena_alloc(check->arena, count * sizeof(const struct module *));

	for (unsigned i = 0; i < count; i++)
		sorted[i] = &check->model->modules[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), compare_modules);
	return sorted;
}

static const struct module *find_module(struct check *check, const struct module **sorted,
					const char *name)
{
	const struct module key = {.name = name};
	const struct module *wanted = &key;
	const struct module **found = name && check->model->module_count
					      ? bsearch(&wanted, sorted, check->model->module_count,
							sizeof(*sorted), compare_modules)
					      : NULL;

	return found ? *found : NULL;
}

static bool file_size(const char *path, uint64_t *size)
{
	struct stat status;

	if (stat(path, &status) || !S_ISREG(status.st_mode))
		return false;
	*size = (uint64_t)status.st_size;
	return true;
}

static void find_ramdisk(struct check *check, const struct module **modules, struct image *image)
{
	const struct module *module = find_module(check, modules, image->vm->ramdisk.value);

	if (!module)
		return;
	image->ramdisk_path = module_path(check, module);
	if (!file_size(image->ramdisk_path, &image->ramdisk_size))
		image->ramdisk_size = 0;
}

static void read_image(struct source *source)
{
	switch (source->image->vm->protocol) {
	case BOOT_RAW:
		if (source->image->size == 0)
			format_problem(source, "it is empty");
		break;
	case BOOT_ELF:
		read_elf(source);
		break;
	case BOOT_LINUX:
		read_linux(source);
		break;
	case BOOT_MULTIBOOT:
	case BOOT_MULTIBOOT2:
		read_multiboot(source);
		break;
	case BOOT_ROM:
		read_rom(source);
		break;
	}
}

/* What is no file, or cannot be read, is reported as missing. */
static bool open_image(struct check *check, const struct vm *vm, const struct module **modules,
		       struct image *image)
{
	const struct module *module = find_module(check, modules, vm->image.value);
	struct source source = {check, image, -1};

	if (!module || !vm->protocol_given)
		return false;
	*image = (struct image){.vm = vm, .path = module_path(check, module)};
	if (!file_size(image->path, &image->size))
		return false;
	source.file = open(image->path, O_RDONLY | O_CLOEXEC);
	if (source.file < 0)
		return false;
	if (vm->protocol == BOOT_LINUX)
		find_ramdisk(check, modules, image);
	read_image(&source);
	close(source.file);
	return true;
}

void each_image(struct check *check, void (*look)(struct check *check, const struct image *image))
{
	const struct module **modules;

	if (!check->module_folder)
		return;
	modules = sorted_modules(check);
	FOR_EACH_VM(check, vm) {
		struct image image;
		if (open_image(check, vm, modules, &image))
			look(check, &image);
	}
}
