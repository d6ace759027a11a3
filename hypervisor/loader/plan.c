/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/plan.h"

#include <stdarg.h>

#include "bulkhead/platform.h"
#include "cpu/privileged.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vm/guest_memory.h"

enum error plan_refuse(const struct load_plan *plan, enum error error, const char *fmt, ...)
{
	const struct module_config *image = &plan->scenario->modules[plan->vm->boot.image];
	static char text[LOG_LINE_MAX]; /* because the stack is small; all is planned by the BSP */
	va_list arguments;

	va_start(arguments, fmt);
	format_text_v(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	log_error("VM \"%s\", image \"%s\": %s: %s", plan->vm->name, image->name, error_text(error),
		  text);
	return error;
}

static enum error refuse_destination(const struct load_plan *plan, const char *what,
				     uint64_t length, gpa_t to)
{
	return plan_refuse(plan, ERROR_IMAGE_OUTSIDE_RAM,
			   "%s needs 0x%lx bytes at guest-physical 0x%lx; give the VM memory there",
			   what, length, to);
}

/* One placement per region that the destination touches; `source` is what they begin with. */
static enum error plan_add(const struct load_plan *plan, const char *what,
			   const struct placement *source, uint64_t length, gpa_t to,
			   uint32_t permissions)
{
	struct placement piece = *source;
	gpa_t end = to + length;

	if (!guest_is_ram(plan->vm, to, length, permissions))
		return refuse_destination(plan, what, length, to);
	for (; to < end; to += piece.length) {
		enum error error = guest_translate_piece(plan->vm, to, end - to, permissions,
							 &piece.destination, &piece.length);

		if (error == ERROR_OK)
			error = placement_add(plan->list, &piece);
		if (error != ERROR_OK)
			return error;
		if (piece.kind == PLACEMENT_BYTES)
			piece.bytes = (const uint8_t *)piece.bytes + piece.length;
		else
			piece.offset += piece.length;
	}
	return ERROR_OK;
}

enum error plan_copy(const struct load_plan *plan, const char *what, uint32_t module,
		     uint64_t offset, uint64_t length, gpa_t to, uint32_t permissions)
{
	const struct placement source = {
		.kind = PLACEMENT_MODULE, .module = module, .offset = offset};

	return plan_add(plan, what, &source, length, to, permissions);
}

enum error plan_bytes(const struct load_plan *plan, const char *what, const void *bytes,
		      uint64_t length, gpa_t to)
{
	const struct placement source = {.kind = PLACEMENT_BYTES, .bytes = bytes};

	return plan_add(plan, what, &source, length, to, MEMORY_READ);
}

enum error plan_zero(const struct load_plan *plan, const char *what, uint64_t length, gpa_t to,
		     uint32_t permissions)
{
	const struct placement source = {.kind = PLACEMENT_ZERO};

	return plan_add(plan, what, &source, length, to, permissions);
}

enum error plan_read(const struct load_plan *plan, uint32_t module, const char *what,
		     uint64_t offset, void *header, size_t size)
{
	const struct module_image *image = &plan->images[module];

	if (offset > image->size || size > image->size - offset)
		return plan_refuse(
			plan, ERROR_IMAGE_TRUNCATED,
			"%s at offset 0x%lx has 0x%lx bytes, the image 0x%lx; build it again", what,
			offset, (uint64_t)size, image->size);
	memcpy(header, (const uint8_t *)host_pointer(image->start) + offset, size);
	return ERROR_OK;
}

void plan_start_registers(const struct load_plan *plan, struct boot_entry *entry)
{
	entry->registers.rax = PLATFORM_START_MAGIC;
	entry->registers.rdi = 0;
	entry->registers.rsi = plan->vm->vcpu_count;
}
