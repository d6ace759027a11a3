/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "acpi.h"
#include "emit_output.h"
#include "process.h"

static bool start_failed(int error)
{
	if (error == ENOENT)
		return output_fail("iasl was not found; it compiles the ACPI tables of the VMs. "
				   "Install the Debian package acpica-tools");
	return output_fail("cannot run iasl: %s", strerror(error));
}

bool acpi_compile(struct arena *arena, const char *directory, const char *name)
{
	const char *prefix = arena_format(arena, "%s/%s", directory, name);
	const char *source = arena_format(arena, "%s.asl", prefix);
	const char *const arguments[] = {"iasl", "-we", "-p", prefix, source, NULL};
	struct process_result result;

	process_run(arena, arguments, "", 0, &result);
	if (result.error != 0)
		return start_failed(result.error);
	if (result.status == 0)
		return true;
	fputs(result.out.text, stderr);
	fputs(result.err.text, stderr);
	return output_fail("iasl does not accept %s (status %d)", source, result.status);
}
