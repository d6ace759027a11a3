/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BH5012 and following: whether the files that VMs start from are what their boot protocol needs, and fit
 * into their memory. Only with --modules; the hypervisor's loaders examine the same things once more.
 */
#include <string.h>

#include "bulkhead/platform.h"
#include "image.h"
#include "rules_internal.h"

#define ROM_END (UINT64_C(1) << 32)

static bool is_elf(const struct image *image)
{
	return image->vm->protocol == BOOT_ELF || image->is_elf;
}

/* --- What it is -------------------------------------------------------------------------------- */

static void look_at_format(struct check *check, const struct image *image)
{
	struct finding *finding;

	if (!image->format_problem)
		return;
	finding = REPORT(check, image->vm->image.at, "VM \"%s\": %s is no image for it: %s",
			 image->vm->name, image->path, image->format_problem);
	NOTE(check, finding, image->vm->protocol_at, "the boot protocol is chosen here");
	HELP(check, finding, "%s",
	     image->vm->protocol == BOOT_LINUX
		     ? "boot-protocol \"linux\" takes a bzImage of Linux 2.6.31 or later for x86, or a vmlinux of 64 bits"
	     : is_elf(image)
		     ? "boot-protocol \"elf\" takes a linked executable for x86, of 32 or 64 bits"
		     : "build it again");
}

void rule_image_format(struct check *check)
{
	each_image(check, look_at_format);
}

static void look_at_content(struct check *check, const struct image *image)
{
	if (image->format_problem || !image->content_problem)
		return;
	struct finding *finding =
		REPORT(check, image->vm->image.at, "VM \"%s\": %s cannot be loaded: %s",
		       image->vm->name, image->path, image->content_problem);
	HELP(check, finding, "build it again, or get it again");
}

void rule_image_content(struct check *check)
{
	each_image(check, look_at_content);
}

/* --- Whether it fits --------------------------------------------------------------------------- */

static const char *access_text(uint32_t permissions)
{
	static const char *const texts[] = {"r", "r", "rw", "rw", "rx", "rx", "rwx", "rwx"};

	return texts[permissions & 7];
}

static void report_outside(struct check *check, const struct image *image, struct place at,
			   const char *what, struct span span, struct span gap)
{
	const struct vm *vm = image->vm;
	struct finding *finding =
		REPORT(check, at, "VM \"%s\": %s at %s is not all in RAM of the VM", vm->name, what,
		       span_text(check->arena, span));

	if (gap.first != span.first)
		NOTE(check, finding, NO_PLACE, "0x%" PRIx64 " is the first address without it",
		     gap.first);
	FOR_EACH_MEMORY(vm, memory) {
		struct span piece;
		if (memory->kind == MEMORY_RAM && memory_guest_span(memory, &piece))
			NOTE(check, finding, memory->at, "%s is %s, access \"%s\"", memory->name,
			     span_text(check->arena, piece), access_text(memory->permissions));
	}
}

static void need(struct check *check, const struct image *image, struct place at, const char *what,
		 uint64_t base, uint64_t size, uint32_t permissions)
{
	struct span span, gap;

	if (size && !span_make(base, size, &span)) {
		REPORT(check, at, "VM \"%s\": %s goes beyond 2^64", image->vm->name, what);
		return;
	}
	if (size && vm_lacks(check, image->vm, span, permissions, &gap))
		report_outside(check, image, at, what, span, gap);
}

static void look_at_raw(struct check *check, const struct image *image)
{
	const struct vm *vm = image->vm;
	const struct number *load = vm->load_address.given ? &vm->load_address : &vm->bsp_entry;

	if (load->given)
		need(check, image, load->at,
		     arena_format(check->arena, "%s (%s)", image->path,
				  size_text(check->arena, image->size)),
		     load->value, image->size, MEMORY_READ);
}

static void look_at_segments(struct check *check, const struct image *image)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];
		need(check, image, image->vm->image.at,
		     arena_format(check->arena, "segment %u of %s, access \"%s\",", segment->number,
				  image->path, access_text(segment->permissions)),
		     segment->address, segment->memory_size, segment->permissions);
	}
}

static void look_at_kernel(struct check *check, const struct image *image)
{
	const uint32_t all = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE;
	const struct vm *vm = image->vm;
	struct finding *finding;

	if (!image->kernel_fits) {
		need(check, image, vm->image.at,
		     arena_format(check->arena, "what %s needs to begin (%s)", image->path,
				  size_text(check->arena, image->kernel_size)),
		     image->preferred, image->kernel_size, all);
		return;
	}
	if (!image->ramdisk_size || image->ramdisk_fits)
		return;
	finding = REPORT(
		check, vm->ramdisk.at,
		"VM \"%s\": no room for the ramdisk %s (%s) beside the kernel, below 0x%" PRIx64,
		vm->name, image->ramdisk_path, size_text(check->arena, image->ramdisk_size),
		image->ramdisk_limit);
	FOR_EACH_MEMORY(vm, memory) {
		struct span piece;
		if (memory->kind == MEMORY_RAM && memory_guest_span(memory, &piece))
			NOTE(check, finding, memory->at, "%s is %s", memory->name,
			     span_text(check->arena, piece));
	}
	HELP(check, finding, "give the VM more memory");
}

static void look_at_room(struct check *check, const struct image *image)
{
	if (image->format_problem || image->content_problem || !vm_memory_known(image->vm))
		return;
	switch (image->vm->protocol) {
	case BOOT_RAW:
		look_at_raw(check, image);
		break;
	case BOOT_ELF:
	case BOOT_MULTIBOOT:
	case BOOT_MULTIBOOT2:
		look_at_segments(check, image);
		break;
	case BOOT_ROM:
		need(check, image, image->vm->image.at, image->path, ROM_END - image->size,
		     image->size, MEMORY_READ | MEMORY_EXECUTE);
		break;
	case BOOT_LINUX:
		look_at_segments(check, image); /* of a vmlinux */
		look_at_kernel(check, image);
		break;
	}
}

void rule_image_room(struct check *check)
{
	each_image(check, look_at_room);
}

/* --- Where it begins --------------------------------------------------------------------------- */

static void look_at_entry(struct check *check, const struct image *image)
{
	const struct vm *vm = image->vm;
	uint64_t entry = vm->bsp_entry.given ? vm->bsp_entry.value : image->entry;

	if (!is_elf(image) || image->format_problem || image->content_problem ||
	    (vm->bsp_entry_given && !vm->bsp_entry.given))
		return;
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];
		if (segment->permissions & MEMORY_EXECUTE &&
		    entry - segment->address < segment->memory_size && entry <= UINT32_MAX)
			return;
	}
	struct finding *finding =
		REPORT(check, vm->bsp_entry.given ? vm->bsp_entry.at : vm->image.at,
		       "VM \"%s\": the entry 0x%" PRIx64 " is not in code of %s%s", vm->name, entry,
		       image->path, entry > UINT32_MAX ? " below 4 GiB" : "");
	HELP(check, finding, "%s",
	     vm->bsp_entry.given ? "correct bsp-entry, or leave it out: the image names its own"
				 : "correct the image's entry (ld -e)");
}

void rule_image_entry(struct check *check)
{
	each_image(check, look_at_entry);
}

/* --- What it meets ----------------------------------------------------------------------------- */

static void meet(struct check *check, const struct image *image, const char *what, uint64_t base,
		 uint64_t size)
{
	static const struct span acpi = {PLATFORM_ACPI_GPA, PLATFORM_ACPI_END_GPA - 1};
	struct span span;

	if (!span_make(base, size, &span) || !span_meet(span, acpi))
		return;
	struct finding *finding = REPORT(
		check, image->vm->image.at, "VM \"%s\": %s of %s, %s, meets the ACPI tables at %s",
		image->vm->name, what, image->path, span_text(check->arena, span),
		span_text(check->arena, acpi));
	NOTE(check, finding, image->vm->acpi_at, "the VM gets ACPI tables");
	HELP(check, finding, "load it elsewhere, or say acpi = \"off\";");
}

static void look_at_acpi(struct check *check, const struct image *image)
{
	const struct vm *vm = image->vm;
	const struct number *load = vm->load_address.given ? &vm->load_address : &vm->bsp_entry;

	if (!vm->acpi || image->format_problem || image->content_problem)
		return;
	if (vm->protocol == BOOT_RAW && load->given)
		meet(check, image, "the content", load->value, image->size);
	for (unsigned i = 0; is_elf(image) && i < image->segment_count; i++)
		meet(check, image, "a segment", image->segments[i].address,
		     image->segments[i].memory_size);
}

void rule_image_acpi(struct check *check)
{
	each_image(check, look_at_acpi);
}

static void look_at_bootargs(struct check *check, const struct image *image)
{
	const struct vm *vm = image->vm;
	size_t length = vm->bootargs.value ? strlen(vm->bootargs.value) : 0;

	if (vm->protocol != BOOT_LINUX || image->format_problem ||
	    length <= image->command_line_size || length >= PLATFORM_LINUX_COMMAND_MAX)
		return;
	struct finding *finding = REPORT(
		check, vm->bootargs.at, "VM \"%s\": bootargs has %zu characters; %s reads %" PRIu32,
		vm->name, length, image->path, image->command_line_size);
	HELP(check, finding, "shorten it");
}

void rule_image_bootargs(struct check *check)
{
	each_image(check, look_at_bootargs);
}
