/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads: what takes the time of a Linux, in small. Deterministic, so that ticks can be compared. */
#include "bench.h"

#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNITS        24
#define SOURCE_SIZE  (48 * 1024)
#define SYMBOLS      4096
#define CHAIN_BYTES  (32u << 20)
#define CHAIN_STEPS  400000
#define COPY_BYTES   (16u << 20)
#define SYSTEM_CALLS 20000
#define PIPE_ROUNDS  1500
#define FAULT_PAGES  4096

static uint32_t random_state;

static uint32_t random_next(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

struct symbol {
	char name[24];
	uint32_t uses;
};

/* Words and punctuation, as a compiler finds them. */
static void write_source(char *text)
{
	size_t at = 0;

	while (at < SOURCE_SIZE - 32) {
		int length = sprintf(text + at, "name_%u = call(%u, x%u);\n", random_next() % 900,
				     random_next() % 5000, random_next() % 60);

		at += (size_t)length;
	}
	text[at] = '\0';
}

static struct symbol *find_symbol(struct symbol *table, const char *name, size_t length)
{
	uint32_t hash = 5381;

	for (size_t i = 0; i < length; i++)
		hash = hash * 33 + (unsigned char)name[i];
	for (;; hash++) {
		struct symbol *symbol = &table[hash % SYMBOLS];

		if (symbol->uses == 0)
			memcpy(symbol->name, name, length);
		if (strncmp(symbol->name, name, length) == 0 && symbol->name[length] == '\0')
			return symbol;
	}
}

static void read_tokens(struct symbol *table, const char *text)
{
	while (*text != '\0') {
		size_t length = 0;

		while (isalnum((unsigned char)text[length]) || text[length] == '_')
			length++;
		if (length > 0 && isalpha((unsigned char)*text) && length < 24)
			find_symbol(table, text, length)->uses++;
		text += length > 0 ? length : 1;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

int work_unit(const char *number)
{
	char path[64];
	char *text = malloc(SOURCE_SIZE);
	struct symbol *table = calloc(SYMBOLS, sizeof(*table));
	FILE *file;

	random_state = (uint32_t)atoi(number);
	write_source(text);
	read_tokens(table, text);
	qsort(table, SYMBOLS, sizeof(*table), by_name);
	snprintf(path, sizeof(path), "/tmp/unit%s.o", number);
	file = fopen(path, "w");
	fwrite(table, sizeof(*table), SYMBOLS, file);
	fclose(file);
	return 0;
}

static void start_unit(unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	if (fork() == 0) {
		execl("/init", "init", "unit", text, NULL);
		_exit(1);
	}
	wait(NULL);
}

/* A process per source file, then all results are read and joined. */
static void compile_like(void)
{
	static char buffer[65536];

	for (unsigned i = 0; i < UNITS; i++)
		start_unit(i);
	for (unsigned i = 0; i < UNITS; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/tmp/unit%u.o", i);
		fd = open(path, O_RDONLY);
		while (read(fd, buffer, sizeof(buffer)) > 0)
			;
		close(fd);
		unlink(path);
	}
}

/* A chain through memory in which each step depends on the one before; then copies. */
static void memory_bound(void)
{
	uint32_t count = CHAIN_BYTES / sizeof(uint32_t), at = 0;
	uint32_t *chain =
		mmap(NULL, CHAIN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (uint32_t i = 0; i < count; i += 16)
		chain[i] = (i + 7919 * 16) % count;
	for (unsigned i = 0; i < CHAIN_STEPS; i++)
		at = chain[at];
	chain[1] = at;
	for (unsigned i = 0; i < 4; i++)
		memcpy(chain + COPY_BYTES / 4, chain, COPY_BYTES);
	munmap(chain, CHAIN_BYTES);
}

static void system_calls(void)
{
	for (unsigned i = 0; i < SYSTEM_CALLS; i++)
		syscall(SYS_getppid);
}

static void pipe_switches(void)
{
	int there[2], back[2];
	char byte = 0;

	if (pipe(there) != 0 || pipe(back) != 0)
		return;
	if (fork() == 0) {
		while (read(there[0], &byte, 1) == 1 && byte == 0)
			if (write(back[1], &byte, 1) != 1)
				break;
		_exit(0);
	}
	for (unsigned i = 0; i < PIPE_ROUNDS; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return;
	byte = 1;
	if (write(there[1], &byte, 1) == 1)
		wait(NULL);
}

static void page_faults(void)
{
	volatile char *area = mmap(NULL, FAULT_PAGES * 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise((void *)area, FAULT_PAGES * 4096, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < FAULT_PAGES; i++)
		area[i * 4096] = 1;
	munmap((void *)area, FAULT_PAGES * 4096);
}

void work_all(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} works[] = {
		{"compile_like", compile_like},     {"memory_bound", memory_bound},
		{"system_calls", system_calls},     {"pipe_switches", pipe_switches},
		{"linux_page_faults", page_faults},
	};

	for (unsigned i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		uint64_t begin = tsc_read();

		works[i].run();
		printf("work: %s ticks=%lu\n", works[i].name, tsc_read() - begin);
		fflush(stdout);
	}
}
