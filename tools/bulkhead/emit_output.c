/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_fail(const char *format, ...)
{
	va_list arguments;

	fputs("bulkhead: error: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

static bool make_one_directory(const char *path)
{
	struct stat status;

	if (mkdir(path, 0777) == 0)
		return true;
	if (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return true;
	return output_fail("cannot create directory %s: %s", path, strerror(errno));
}

bool output_make_directory(const char *path)
{
	char *copy = strdup(path);
	bool ok = copy != NULL;

	if (!ok)
		output_fail("out of memory");
	for (char *slash = copy; ok && (slash = strchr(slash + 1, '/')) != NULL;) {
		*slash = '\0';
		ok = make_one_directory(copy);
		*slash = '/';
	}
	ok = ok && make_one_directory(copy);
	free(copy);
	return ok;
}

bool output_open(struct output *output, const char *directory, const char *name)
{
	*output = (struct output){0};
	if (asprintf(&output->path, "%s/%s", directory, name) < 0)
		return output_fail("out of memory");
	output->stream = open_memstream(&output->text, &output->size);
	if (output->stream != NULL)
		return true;
	output_fail("out of memory");
	free(output->path);
	return false;
}

static uint8_t *read_stream(FILE *stream, size_t *size)
{
	uint8_t *bytes = NULL;
	size_t used = 0, room = 0, got;

	do {
		if (used == room) {
			uint8_t *larger = realloc(bytes, room = room * 2 + 4096);

			if (larger == NULL) {
				free(bytes);
				return NULL;
			}
			bytes = larger;
		}
		got = fread(bytes + used, 1, room - used, stream);
		used += got;
	} while (got != 0);
	*size = used;
	return bytes;
}

uint8_t *output_read_file(const char *path, size_t *size)
{
	FILE *stream = fopen(path, "rb");
	uint8_t *bytes;

	if (stream == NULL)
		return NULL;
	bytes = read_stream(stream, size);
	if (ferror(stream)) {
		free(bytes);
		bytes = NULL;
	}
	fclose(stream);
	return bytes;
}

static bool unchanged(const struct output *output)
{
	size_t size = 0;
	uint8_t *old = output_read_file(output->path, &size);
	bool same = old != NULL && size == output->size && memcmp(old, output->text, size) == 0;

	free(old);
	return same;
}

static bool write_all(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "wb");
	bool ok;

	if (file == NULL)
		return false;
	ok = fwrite(text, 1, size, file) == size;
	return fclose(file) == 0 && ok;
}

static bool replace(const struct output *output)
{
	char *temporary;
	bool ok;

	if (asprintf(&temporary, "%s.new", output->path) < 0)
		return output_fail("out of memory");
	ok = write_all(temporary, output->text, output->size) &&
	     rename(temporary, output->path) == 0;
	if (!ok) {
		output_fail("cannot write %s: %s", output->path, strerror(errno));
		unlink(temporary);
	}
	free(temporary);
	return ok;
}

bool output_close(struct output *output)
{
	bool printed = !ferror(output->stream);
	bool ok;

	/* A memory stream fails only for lack of memory; fclose() tells what ferror() could not yet. */
	printed = fclose(output->stream) == 0 && printed;
	if (!printed)
		ok = output_fail("cannot write %s: out of memory", output->path);
	else
		ok = unchanged(output) || replace(output);
	free(output->text);
	free(output->path);
	*output = (struct output){0};
	return ok;
}
