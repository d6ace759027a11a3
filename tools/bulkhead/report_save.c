/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "emit_output.h"
#include "report.h"

/* A slip of the hand must not cost the user the scenario. */
static bool is_source(const char *file, const char *source)
{
	struct stat a, b;

	return source && stat(file, &a) == 0 && stat(source, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Replacing works by renaming, which is for ordinary files: a device or a pipe would be lost. */
static bool is_special(const char *file)
{
	struct stat status;

	return stat(file, &status) == 0 && !S_ISREG(status.st_mode);
}

static bool write_directly(struct report *report,
			   void (*write)(FILE *stream, const struct report *report),
			   const char *file)
{
	FILE *stream = !strcmp(file, "-") ? stdout : fopen(file, "w");

	if (!stream)
		return output_fail("cannot write %s: %s", file, strerror(errno));
	write(stream, report);
	bool ok = fflush(stream) == 0 && !ferror(stream);
	if (stream != stdout)
		ok = fclose(stream) == 0 && ok;
	return ok || output_fail("cannot write %s: %s", file, strerror(errno));
}

static bool replace(struct report *report, void (*write)(FILE *stream, const struct report *report),
		    const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *folder = ".";
	struct output output;

	if (slash)
		folder = slash == file ? "/"
				       : arena_strndup(report->arena, file, (size_t)(slash - file));
	if (!output_open(&output, folder, slash ? slash + 1 : file))
		return false;
	write(output.stream, report);
	return output_close(&output);
}

bool report_save(struct report *report, void (*write)(FILE *stream, const struct report *report),
		 const char *file)
{
	for (unsigned i = 0; i < report->sources->count; i++)
		if (is_source(file, report->sources->files[i]->name))
			return output_fail("%s is a source of the scenario and is not overwritten",
					   file);
	report_prepare(report);
	if (!strcmp(file, "-") || is_special(file))
		return write_directly(report, write, file);
	return replace(report, write, file);
}
