/* SPDX-License-Identifier: Apache-2.0 */
/* BHB002: the header that GRUB looks for. */
#include "verify_internal.h"

/* Multiboot2 specification 1.6, 3.1 */
#define HEADER_SEARCH      32768
#define HEADER_ALIGNMENT   8
#define HEADER_MAGIC       UINT32_C(0xE85250D6)
#define HEADER_FIXED_SIZE  16
#define TAG_END            0
#define TAG_INFORMATION    1
#define TAG_MODULE_ALIGN   6
#define INFORMATION_MEMORY 6 /* memory map */

static uint32_t read32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint16_t read16(const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* Length of the header at the beginning of the bytes if GRUB would take it for one, else 0. */
static uint32_t header_length(const uint8_t *bytes, size_t room)
{
	uint32_t words[HEADER_FIXED_SIZE / 4]; /* magic, architecture, length, checksum */

	memcpy(words, bytes, sizeof(words));
	if (words[0] != HEADER_MAGIC || words[0] + words[1] + words[2] + words[3] != 0)
		return 0;
	return words[2] >= HEADER_FIXED_SIZE && words[2] <= room ? words[2] : 0;
}

/* The first one; NULL if there is none. */
static const uint8_t *find_header(const struct verify_image *image, uint32_t *length)
{
	size_t end = image->size < HEADER_SEARCH ? image->size : HEADER_SEARCH;

	for (size_t at = 0; at + HEADER_FIXED_SIZE <= end; at += HEADER_ALIGNMENT) {
		*length = header_length(image->bytes + at, end - at);
		if (*length)
			return image->bytes + at;
	}
	return NULL;
}

struct tags {
	unsigned information, alignment;
	bool memory_map;
	const char *problem;
};

static void take_tag(struct tags *tags, const uint8_t *tag, uint32_t size)
{
	unsigned type = read16(tag);

	if (read16(tag + 2) != 0)
		tags->problem = "has an optional tag: GRUB would ignore what it cannot do";
	if (type == TAG_INFORMATION) {
		tags->information++;
		for (uint32_t at = 8; at + 4 <= size; at += 4)
			tags->memory_map =
				tags->memory_map || read32(tag + at) == INFORMATION_MEMORY;
	} else if (type == TAG_MODULE_ALIGN && size == 8) {
		tags->alignment++;
	} else {
		/* Address and entry tags would override what the ELF headers say. */
		tags->problem = "has a tag of an unexpected type or size";
	}
}

/* True at the end tag, which must be the last thing in the header. */
static bool read_tags(struct tags *tags, const uint8_t *header, uint32_t length)
{
	uint32_t at = HEADER_FIXED_SIZE;

	while (length - at >= 8) {
		uint32_t size = read32(header + at + 4);

		if (size < 8 || size > length - at)
			return false;
		if (read16(header + at) == TAG_END)
			return size == 8 && read16(header + at + 2) == 0 && at + size == length;
		take_tag(tags, header + at, size);
		size = (size + HEADER_ALIGNMENT - 1) & ~(uint32_t)(HEADER_ALIGNMENT - 1);
		if (size > length - at)
			return false;
		at += size;
	}
	return false;
}

static const char *header_problem(const uint8_t *header, uint32_t length)
{
	struct tags tags = {0};

	if (read32(header + 4) != 0)
		return "is not for the i386 architecture";
	if (!read_tags(&tags, header, length))
		return "has tags that do not fit together";
	if (tags.problem)
		return tags.problem;
	if (tags.information != 1 || !tags.memory_map)
		return "does not ask for the memory map";
	if (tags.alignment != 1)
		return "does not ask for modules on page boundaries";
	return NULL;
}

void verify_multiboot(struct verify *verify)
{
	uint32_t length = 0;
	const uint8_t *header = find_header(&verify->image, &length);
	const char *problem;

	if (!header) {
		verify_report(verify, VERIFY_MULTIBOOT,
			      "no multiboot2 header with a right checksum in the first %d bytes",
			      HEADER_SEARCH);
		return;
	}
	problem = header_problem(header, length);
	if (problem)
		verify_report(verify, VERIFY_MULTIBOOT, "the multiboot2 header %s", problem);
}
