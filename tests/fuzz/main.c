/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its corpus: what once went wrong, and what reaches far, is tried by every
 * `make check`. A sanitizer ends the program at the first fault.
 */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* The copy has the exact size, so that the sanitizer sees a read behind its end. */
static void run(const char *path)
{
	FILE *stream = fopen(path, "rb");

	if (!stream || fseek(stream, 0, SEEK_END))
		fail(path);
	size_t size = (size_t)ftell(stream);
	uint8_t *data = malloc(size ? size : 1);
	rewind(stream);
	if (!data || fread(data, 1, size, stream) != size)
		fail(path);
	fclose(stream);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static int is_input(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

/* build/unit/fuzz_NAME runs tests/fuzz/corpus/NAME. */
int main(int argc, char **argv)
{
	const char *program = basename(argv[0]);
	const char *name = strchr(program, '_');
	char folder[256];
	struct dirent **entries;

	if (argc != 1 || !name)
		return 2;
	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name + 1);
	int count = scandir(folder, &entries, is_input, alphasort);
	if (count < 0)
		fail(folder);
	for (int i = 0; i < count; i++) {
		char path[600];
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		run(path);
		free(entries[i]);
	}
	free(entries);
	printf("%d passed, 0 failed\n", count);
	return 0;
}
