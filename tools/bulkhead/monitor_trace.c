/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last exits of every core in Common Trace Format 1.8 (diamon.org/ctf): `metadata`, and one stream of one
 * packet for each core. All fields are whole bytes, little-endian.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bulkhead/exit_words.h"
#include "monitor.h"

#define CTF_MAGIC UINT32_C(0xC1FC1FC1)

/* trace.packet.header and stream.packet.context of `metadata` */
struct ctf_packet {
	uint32_t magic;
	uint32_t stream_id;
	uint64_t timestamp_begin;
	uint64_t timestamp_end;
	uint64_t content_size; /* bits */
	uint64_t packet_size;  /* bits */
	uint32_t cpu_id;
	uint32_t vcpu;
	char vm[MONITOR_NAME_SIZE];
} __attribute__((packed));

static FILE *create(const char *folder, const char *name)
{
	char path[4096];
	FILE *file = NULL;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path))
		file = fopen(path, "w");
	if (!file)
		fprintf(stderr, "bulkhead trace: error: %s/%s: %s\n", folder, name,
			strerror(errno));
	return file;
}

static bool finish(FILE *file, const char *folder)
{
	bool written = !ferror(file);

	if (fclose(file) != 0 || !written) {
		fprintf(stderr, "bulkhead trace: error: cannot write into %s\n", folder);
		return false;
	}
	return true;
}

/* --- metadata ---------------------------------------------------------------------------------- */

static const char metadata_types[] =
	"/* CTF 1.8 */\n"
	"typealias integer { size = 8; align = 8; signed = false; encoding = UTF8; } := char8;\n"
	"typealias integer { size = 8; align = 8; signed = false; } := uint8;\n"
	"typealias integer { size = 16; align = 8; signed = false; } := uint16;\n"
	"typealias integer { size = 32; align = 8; signed = false; } := uint32;\n"
	"typealias integer { size = 64; align = 8; signed = false; } := uint64;\n"
	"typealias integer { size = 64; align = 8; signed = false; base = hex; } := hex64;\n"
	"trace {\n"
	"	major = 1;\n"
	"	minor = 8;\n"
	"	byte_order = le;\n"
	"	packet.header := struct { uint32 magic; uint32 stream_id; };\n"
	"};\n";

static void quote(FILE *file, const char *text, size_t size)
{
	fputc('"', file);
	for (size_t i = 0; i < size && text[i]; i++)
		fputc(text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\' ? '?'
											  : text[i],
		      file);
	fputc('"', file);
}

static void print_enum(FILE *file, const struct window *window, uint32_t count,
		       void (*word_of)(const struct window *window, uint32_t index,
				       char word[WINDOW_WORD_SIZE]))
{
	char word[WINDOW_WORD_SIZE];

	for (uint32_t i = 0; i < count; i++) {
		word_of(window, i, word);
		fputs("\t\t\t", file);
		quote(file, word, sizeof(word));
		fprintf(file, " = %" PRIu32 "%s\n", i, i + 1 < count ? "," : "");
	}
}

static void print_environment(FILE *file, const struct monitor_header *h)
{
	fputs("env {\n\thostname = ", file);
	quote(file, h->board, sizeof(h->board));
	fputs(";\n\tdomain = \"hypervisor\";\n\ttracer_name = \"bulkhead\";\n\tscenario = ", file);
	quote(file, h->scenario, sizeof(h->scenario));
	fputs(";\n};\n", file);
	fprintf(file,
		"clock {\n\tname = tsc;\n\tdescription = \"time-stamp counter since reset\";\n"
		"\tfreq = %" PRIu64 ";\n\toffset = 0;\n};\n"
		"typealias integer { size = 64; align = 8; signed = false; map = clock.tsc.value; } "
		":= tsc64;\n",
		h->tsc_frequency_hz ? h->tsc_frequency_hz : 1);
}

static bool write_metadata(const struct window *window, const char *folder)
{
	const struct monitor_header *h = &window->header;
	FILE *file = create(folder, "metadata");

	if (!file)
		return false;
	fputs(metadata_types, file);
	print_environment(file, h);
	fputs("stream {\n"
	      "\tid = 0;\n"
	      "\tpacket.context := struct {\n"
	      "\t\ttsc64 timestamp_begin;\n\t\ttsc64 timestamp_end;\n"
	      "\t\tuint64 content_size;\n\t\tuint64 packet_size;\n"
	      "\t\tuint32 cpu_id;\n\t\tuint32 vcpu;\n",
	      file);
	fprintf(file, "\t\tchar8 vm[%u];\n\t};\n", MONITOR_NAME_SIZE);
	fputs("\tevent.header := struct { uint16 id; tsc64 timestamp; };\n};\n"
	      "event {\n\tid = 0;\n\tname = \"exit\";\n\tstream_id = 0;\n\tfields := struct {\n"
	      "\t\tenum : uint32 {\n",
	      file);
	print_enum(file, window, h->exit_count, window_exit);
	fputs("\t\t} reason;\n\t\thex64 rip;\n\t\thex64 qualification;\n\t\thex64 next_rip;\n"
	      "\t\tuint32 ticks;\n\t\tuint8 change_count;\n\t\tstruct {\n\t\t\tenum : uint8 {\n",
	      file);
	print_enum(file, window, h->register_count, window_register);
	fputs("\t\t\t} register;\n\t\t\thex64 before;\n\t\t\thex64 after;\n"
	      "\t\t} changes[change_count];\n\t\tstring meaning;\n\t\tstring then;\n\t};\n};\n",
	      file);
	return finish(file, folder);
}

/* --- Streams ----------------------------------------------------------------------------------- */

static void put(FILE *file, const void *bytes, size_t size)
{
	fwrite(bytes, size, 1, file);
}

/* The lowest bits of `changed` have their values in the record. */
static void write_changes(FILE *file, const struct exit_record *record)
{
	uint8_t count = (uint8_t)__builtin_popcount(record->changed);
	unsigned written = 0;

	if (count > EXIT_RECORD_VALUES)
		count = EXIT_RECORD_VALUES;
	put(file, &count, sizeof(count));
	for (uint8_t i = 0; i < 32 && written < count; i++) {
		if (!(record->changed >> i & 1))
			continue;
		put(file, &i, sizeof(i));
		put(file, &record->before[written], sizeof(uint64_t));
		put(file, &record->after[written], sizeof(uint64_t));
		written++;
	}
}

/* What qualification and next RIP mean, each with its NUL. */
static void write_words(FILE *file, const struct exit_record *record)
{
	char words[EXIT_WORDS_SIZE];

	put(file, words, exit_words(words, record->reason, record->qualification) + 1);
	put(file, words, next_rip_words(words, record->rip, record->next_rip) + 1);
}

static void write_event(FILE *file, const struct exit_record *record)
{
	const uint16_t id = 0;

	put(file, &id, sizeof(id));
	put(file, &record->tsc, sizeof(record->tsc));
	put(file, &record->reason, sizeof(record->reason));
	put(file, &record->rip, sizeof(record->rip));
	put(file, &record->qualification, sizeof(record->qualification));
	put(file, &record->next_rip, sizeof(record->next_rip));
	put(file, &record->ticks, sizeof(record->ticks));
	write_changes(file, record);
	write_words(file, record);
}

static bool write_stream(const struct window *window, const char *folder, uint32_t core,
			 const struct exit_record *records, uint32_t count)
{
	struct monitor_core owner = window_core(window, core);
	struct ctf_packet packet = {
		.magic = CTF_MAGIC,
		.timestamp_begin = records[0].tsc,
		.timestamp_end = records[count - 1].tsc,
		.cpu_id = core,
		.vcpu = owner.vcpu,
	};
	char name[32];
	FILE *file;

	if (owner.vm < window->header.vm_count)
		memcpy(packet.vm, window_vm(window, owner.vm).name, sizeof(packet.vm));
	snprintf(name, sizeof(name), "exits_%" PRIu32, core);
	file = create(folder, name);
	if (!file)
		return false;
	put(file, &packet, sizeof(packet));
	for (uint32_t i = 0; i < count; i++)
		write_event(file, &records[i]);
	packet.content_size = packet.packet_size = (uint64_t)ftell(file) * 8;
	if (fseek(file, 0, SEEK_SET) == 0)
		put(file, &packet, sizeof(packet));
	return finish(file, folder);
}

int monitor_trace(const struct window *window, const struct monitor_options *options)
{
	int status = MONITOR_NOTHING;

	if (!options->output) {
		fputs("bulkhead trace: error: say by -o DIR where to write\n", stderr);
		return MONITOR_TROUBLE;
	}
	if (mkdir(options->output, 0777) != 0 && errno != EEXIST) {
		fprintf(stderr, "bulkhead trace: error: %s: %s\n", options->output,
			strerror(errno));
		return MONITOR_TROUBLE;
	}
	if (!write_metadata(window, options->output))
		return MONITOR_TROUBLE;
	for (uint32_t core = 0; core < window->header.core_count; core++) {
		struct exit_record *records;
		uint32_t count;
		bool ok = true;

		if (options->core != MONITOR_NONE && options->core != core)
			continue;
		if (window_records(window, core, &records, &count) && count) {
			ok = write_stream(window, options->output, core, records, count);
			status = MONITOR_DONE;
		}
		free(records);
		if (!ok)
			return MONITOR_TROUBLE;
	}
	if (status == MONITOR_NOTHING)
		fputs("bulkhead trace: there are no exits: nothing has run, or the hypervisor was built "
		      "without CONFIG_EXIT_TRACE\n",
		      stderr);
	return status;
}
