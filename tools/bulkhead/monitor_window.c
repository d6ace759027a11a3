/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_window.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
/* No board has more; keeps sums within 64 bits. */
#define ELEMENTS_MAX 65536
#define SIZE_LIMIT   (UINT64_C(1) << 30)
#define FIXED_SIZE   offsetof(struct monitor_header, vms)
#define IOMEM_NAME   "BLKH0001"
/* Longest line of the log, which its writer may have begun without having said so. */
#define LINE_BEGUN 256

/* --- Opening ----------------------------------------------------------------------------------- */

static void copy(const struct window *window, uint64_t offset, void *to, size_t size)
{
	memcpy(to, (const uint8_t *)window->bytes + offset, size);
}

/* Ends the text, and makes it printable: it goes to a terminal. */
static void clean(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* "d0000000-d0093fff : BLKH0001:00" */
static bool find_in_iomem(uint64_t *address, const char *command)
{
	FILE *file = fopen("/proc/iomem", "r");
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, IOMEM_NAME) && sscanf(line, " %" SCNx64, address) == 1;
	if (file)
		fclose(file);
	if (found && *address != 0)
		return true;
	fprintf(stderr,
		found ? "%s: error: /proc/iomem hides addresses: run this as root\n"
		      : "%s: error: /proc/iomem has no device " IOMEM_NAME
			": this system is not a VM with a node monitor@...; "
			"give --address or --file\n",
		command);
	return false;
}

static bool map(struct window *window, const char *path, off_t offset, size_t size,
		const char *command)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes = MAP_FAILED;

	if (file >= 0)
		bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, file, offset);
	if (bytes == MAP_FAILED)
		fprintf(stderr, "%s: error: %s: %s\n", command, path, strerror(errno));
	if (file >= 0)
		close(file);
	if (bytes == MAP_FAILED)
		return false;
	window->bytes = bytes;
	window->size = size;
	return true;
}

static bool size_of_file(const char *path, size_t *size, const char *command)
{
	struct stat status;

	if (stat(path, &status) != 0) {
		fprintf(stderr, "%s: error: %s: %s\n", command, path, strerror(errno));
		return false;
	}
	if (!S_ISREG(status.st_mode) || status.st_size < (off_t)FIXED_SIZE) {
		fprintf(stderr, "%s: error: %s: too short for a copy of a monitor's window\n",
			command, path);
		return false;
	}
	*size = (size_t)status.st_size;
	return true;
}

static bool fits(const struct window *window, uint64_t offset, uint64_t count, uint64_t size,
		 uint64_t least)
{
	return count <= ELEMENTS_MAX && size <= SIZE_LIMIT && (count == 0 || size >= least) &&
	       offset <= window->size && count * size <= window->size - offset;
}

static const char *layout_problem(const struct window *window)
{
	const struct monitor_header *h = &window->header;

	if (h->magic != MONITOR_MAGIC)
		return "there is no monitor's window";
	if (h->version != MONITOR_VERSION)
		return "the window is of another version than this program";
	if (!fits(window, h->vms_offset, h->vm_count, h->vm_size, sizeof(struct monitor_vm)) ||
	    !fits(window, h->cores_offset, h->core_count, h->core_size,
		  sizeof(struct monitor_core)) ||
	    !fits(window, h->rings_offset, h->core_count, h->ring_size,
		  (uint64_t)h->ring_text_offset + h->ring_text_size) ||
	    !fits(window, h->counters_offset, h->core_count, h->counters_size,
		  offsetof(struct core_counters, exits)) ||
	    !fits(window, h->crash_offset, h->crash_count, h->crash_size,
		  sizeof(struct crash_record)) ||
	    !fits(window, h->states_offset, h->state_count, h->state_size, 1) ||
	    !fits(window, h->reasons_offset, h->reason_count, h->reason_size, 1) ||
	    !fits(window, h->exits_offset, h->exit_count, h->exit_size, 1) ||
	    !fits(window, h->registers_offset, h->register_count, h->register_size, 1))
		return "parts of the window lie outside of it: the copy is cut off or damaged";
	if (h->ring_text_offset < sizeof(uint32_t) * 4 || h->ring_text_size == 0 ||
	    (h->ring_text_size & (h->ring_text_size - 1)) != 0)
		return "its log rings are of another kind";
	return NULL;
}

static bool read_header(struct window *window, const char *command)
{
	copy(window, 0, &window->header, FIXED_SIZE);
	clean(window->header.hypervisor, sizeof(window->header.hypervisor));
	clean(window->header.scenario, sizeof(window->header.scenario));
	clean(window->header.board, sizeof(window->header.board));
	const char *problem = layout_problem(window);

	if (problem)
		fprintf(stderr, "%s: error: %s\n", command, problem);
	return !problem;
}

/* The header says how long the window is. */
static bool open_memory(struct window *window, uint64_t address, const char *command)
{
	struct monitor_header header;
	uint64_t size;

	if (address == 0 && !find_in_iomem(&address, command))
		return false;
	if (!map(window, "/dev/mem", (off_t)address, PAGE, command))
		return false;
	copy(window, 0, &header, FIXED_SIZE);
	size = header.window_size;
	munmap((void *)window->bytes, window->size);
	window->bytes = NULL;
	if (header.magic != MONITOR_MAGIC || size < PAGE || size > SIZE_LIMIT) {
		fprintf(stderr, "%s: error: there is no monitor's window at 0x%" PRIx64 "\n",
			command, address);
		return false;
	}
	return map(window, "/dev/mem", (off_t)address, (size_t)size, command);
}

bool window_open(struct window *window, const struct window_source *source, const char *command)
{
	size_t size;

	*window = (struct window){.live = !source->file};
	if (source->file) {
		if (!size_of_file(source->file, &size, command) ||
		    !map(window, source->file, 0, size, command))
			return false;
	} else if (!open_memory(window, source->address, command)) {
		return false;
	}
	if (read_header(window, command))
		return true;
	window_close(window);
	return false;
}

void window_close(struct window *window)
{
	if (window->bytes)
		munmap((void *)window->bytes, window->size);
	window->bytes = NULL;
}

/* --- Lists ------------------------------------------------------------------------------------- */

struct monitor_vm window_vm(const struct window *window, uint32_t index)
{
	struct monitor_vm vm;

	copy(window, window->header.vms_offset + (uint64_t)index * window->header.vm_size, &vm,
	     sizeof(vm));
	clean(vm.name, sizeof(vm.name));
	return vm;
}

struct monitor_core window_core(const struct window *window, uint32_t index)
{
	struct monitor_core core;

	copy(window, window->header.cores_offset + (uint64_t)index * window->header.core_size,
	     &core, sizeof(core));
	return core;
}

static void word_at(const struct window *window, uint32_t index, uint32_t count, uint32_t offset,
		    uint32_t size, char word[WINDOW_WORD_SIZE])
{
	size_t length = size < WINDOW_WORD_SIZE ? size : WINDOW_WORD_SIZE;

	if (index >= count) {
		snprintf(word, WINDOW_WORD_SIZE, "%" PRIu32, index);
		return;
	}
	copy(window, offset + (uint64_t)index * size, word, length);
	clean(word, length);
}

void window_state(const struct window *window, uint32_t state, char word[WINDOW_WORD_SIZE])
{
	const struct monitor_header *h = &window->header;

	word_at(window, state, h->state_count, h->states_offset, h->state_size, word);
}

void window_reason(const struct window *window, uint32_t reason, char word[WINDOW_WORD_SIZE])
{
	const struct monitor_header *h = &window->header;

	word_at(window, reason, h->reason_count, h->reasons_offset, h->reason_size, word);
}

void window_exit(const struct window *window, uint32_t reason, char word[WINDOW_WORD_SIZE])
{
	const struct monitor_header *h = &window->header;

	word_at(window, reason, h->exit_count, h->exits_offset, h->exit_size, word);
}

void window_register(const struct window *window, uint32_t number, char word[WINDOW_WORD_SIZE])
{
	const struct monitor_header *h = &window->header;

	word_at(window, number, h->register_count, h->registers_offset, h->register_size, word);
}

/* --- Counters ---------------------------------------------------------------------------------- */

static uint64_t counters_at(const struct window *window, uint32_t core)
{
	return window->header.counters_offset + (uint64_t)core * window->header.counters_size;
}

/* The header of a core's counters, if this program understands them. */
static bool counters_header(const struct window *window, uint32_t core, struct core_counters *c)
{
	copy(window, counters_at(window, core), c, offsetof(struct core_counters, exits));
	return c->magic == COUNTERS_MAGIC && c->version == COUNTERS_VERSION &&
	       c->counter_size >= sizeof(struct exit_counter) &&
	       c->counter_count <= EXIT_REASON_COUNT && c->counter_size <= PAGE &&
	       c->counter_size % sizeof(uint64_t) == 0 && c->header_size % sizeof(uint64_t) == 0 &&
	       window->header.counters_offset % sizeof(uint64_t) == 0 &&
	       window->header.counters_size % sizeof(uint64_t) == 0 &&
	       c->header_size + (uint64_t)c->counter_count * c->counter_size <=
		       window->header.counters_size;
}

/* Each field is written, and so read, as a whole; an exit may be counted whose time is not added yet. */
static void read_counter(const struct window *window, uint64_t offset, struct exit_counter *counter)
{
	const volatile struct exit_counter *source =
		(const volatile struct exit_counter *)(window->bytes + offset);

	counter->total = source->total;
	counter->count = source->count;
	counter->minimum = source->minimum;
	counter->maximum = source->maximum;
	counter->untimed = source->untimed;
	counter->share = source->share;
}

void window_counters(const struct window *window, uint32_t core, struct window_counters *counters)
{
	struct core_counters header;

	*counters = (struct window_counters){0};
	if (!counters_header(window, core, &header))
		return;
	counters->valid = true;
	counters->timed = header.timed;
	counters->started = header.started;
	counters->count = header.counter_count;
	for (uint32_t i = 0; i < header.counter_count; i++)
		read_counter(window,
			     counters_at(window, core) + header.header_size +
				     (uint64_t)i * header.counter_size,
			     &counters->exits[i]);
}

static int compare_records(const void *left, const void *right)
{
	uint64_t a = ((const struct exit_record *)left)->tsc;
	uint64_t b = ((const struct exit_record *)right)->tsc;

	return (a > b) - (a < b);
}

/* Copied twice: what has changed in between may be torn, and is left out. */
static uint32_t keep_whole(const struct window *window, uint64_t offset, uint32_t size,
			   struct exit_record *records, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		copy(window, offset + (uint64_t)i * size, &records[i], sizeof(*records));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (uint32_t i = 0; i < count; i++) {
		struct exit_record again;

		copy(window, offset + (uint64_t)i * size, &again, sizeof(again));
		if (records[i].tsc != 0 && memcmp(&records[i], &again, sizeof(again)) == 0)
			records[kept++] = again;
	}
	return kept;
}

bool window_records(const struct window *window, uint32_t core, struct exit_record **records,
		    uint32_t *count)
{
	struct core_counters header;

	*records = NULL;
	*count = 0;
	if (!counters_header(window, core, &header) || header.record_count == 0 ||
	    header.record_size < sizeof(struct exit_record) || header.record_size > PAGE ||
	    header.record_count > ELEMENTS_MAX ||
	    header.records_offset + (uint64_t)header.record_count * header.record_size >
		    window->header.counters_size)
		return false;
	*records = calloc(header.record_count, sizeof(**records));
	if (!*records)
		return false;
	*count = keep_whole(window, counters_at(window, core) + header.records_offset,
			    header.record_size, *records, header.record_count);
	qsort(*records, *count, sizeof(**records), compare_records);
	return true;
}

/* --- Log --------------------------------------------------------------------------------------- */

static uint64_t ring_at(const struct window *window, uint32_t core)
{
	return window->header.rings_offset + (uint64_t)core * window->header.ring_size;
}

static uint32_t ring_written(const struct window *window, uint32_t core)
{
	uint32_t written = *(const volatile uint32_t *)(window->bytes + ring_at(window, core) +
							offsetof(struct log_ring, written));

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return written;
}

/* Oldest position that no line which is being written can have reached. */
static uint32_t oldest(const struct window *window, uint32_t written)
{
	uint32_t size = window->header.ring_text_size;
	uint32_t safe = window->live && size > LINE_BEGUN ? size - LINE_BEGUN : size;

	return written > safe ? written - safe : 0;
}

uint32_t window_log_start(const struct window *window, uint32_t core)
{
	return oldest(window, ring_written(window, core));
}

char *window_log(const struct window *window, uint32_t core, uint32_t *position, uint32_t *lost,
		 size_t *length)
{
	const struct monitor_header *h = &window->header;
	uint64_t text = ring_at(window, core) + h->ring_text_offset;
	uint32_t end = ring_written(window, core);
	uint32_t start = *position, first;
	char *lines;

	if (end - start > h->ring_text_size)
		start = end - h->ring_text_size;
	if (end == start)
		return NULL;
	lines = malloc(end - start);
	if (!lines)
		return NULL;
	for (uint32_t i = 0; i < end - start; i++)
		lines[i] = (char)window->bytes[text + (start + i) % h->ring_text_size];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* what the writer may have reused meanwhile */
	first = oldest(window, ring_written(window, core));
	if ((int32_t)(first - start) < 0)
		first = start;
	if ((int32_t)(end - first) < 0)
		first = end;
	*lost += first - *position;
	memmove(lines, lines + (first - start), end - first);
	*length = end - first;
	*position = end;
	return lines;
}

/* --- Crash records ----------------------------------------------------------------------------- */

/* ISO 3309, 8.1.1.6.2, as hypervisor/lib/crash_record.c */
static uint32_t crc32(const uint8_t *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xEDB88320) : 0);
	}
	return ~crc;
}

bool window_crash(const struct window *window, uint32_t core, struct crash_record *record)
{
	const struct monitor_header *h = &window->header;
	uint32_t checksum;

	if (core >= h->crash_count)
		return false;
	copy(window, h->crash_offset + (uint64_t)core * h->crash_size, record, sizeof(*record));
	checksum = record->checksum;
	record->checksum = 0;
	if (record->magic != CRASH_RECORD_MAGIC || record->version != CRASH_RECORD_VERSION ||
	    record->log_length > CRASH_LOG_SIZE ||
	    crc32((const uint8_t *)record, sizeof(*record)) != checksum)
		return false;
	record->checksum = checksum;
	clean(record->vm, sizeof(record->vm));
	clean(record->reason, sizeof(record->reason));
	return true;
}
