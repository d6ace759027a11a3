/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/crash_record.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"

/* ISO 3309, 8.1.1.6.2, least significant bit first; bit by bit, because it runs once in a crash. */
#define CRC32_POLYNOMIAL UINT32_C(0xEDB88320)

static uint32_t crc32_add(uint32_t crc, uint8_t byte)
{
	crc ^= byte;
	for (unsigned bit = 0; bit < 8; bit++)
		crc = crc >> 1 ^ (crc & 1 ? CRC32_POLYNOMIAL : 0);
	return crc;
}

/* Of the whole record with zeros in the place of the checksum. */
static uint32_t record_checksum(const struct crash_record *record)
{
	const uint8_t *bytes = (const uint8_t *)record;
	const size_t at = offsetof(struct crash_record, checksum);
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < sizeof(*record); i++)
		crc = crc32_add(crc, i - at < sizeof(record->checksum) ? 0 : bytes[i]);
	return ~crc;
}

static bool record_is_valid(const struct crash_record *record)
{
	return record->magic == CRASH_RECORD_MAGIC && record->version == CRASH_RECORD_VERSION &&
	       record->log_length <= CRASH_LOG_SIZE && record_checksum(record) == record->checksum;
}

static struct crash_record *record_of(const struct scenario *scenario, uint32_t core)
{
	uint64_t offset = (uint64_t)core * CRASH_RECORD_SIZE;

	if (offset + CRASH_RECORD_SIZE > scenario->crash_record_size)
		return NULL;
	return host_pointer(scenario->crash_record_base + offset);
}

const struct crash_record *crash_record_of(uint32_t core)
{
	const struct crash_record *record = record_of(&scenario_tables, core);

	return record && record_is_valid(record) ? record : NULL;
}

/* Line by line; the checksum says that they are those that were written, not that they are short. */
static void print_log(const struct crash_record *record)
{
	uint32_t start = 0;

	for (uint32_t i = 0; i < record->log_length; i++) {
		if (record->log[i] == '\n') {
			log_warning("  then: %.*s", (int)(i - start), record->log + start);
			start = i + 1;
		}
	}
}

static void print_record(const struct crash_record *record)
{
	uint64_t frequency = record->tsc_frequency_hz ? record->tsc_frequency_hz : 1;
	uint64_t ticks = record->tsc % frequency;

	log_warning(
		"crash record of an earlier run: APIC id %u, %lu.%03lu s after power-on, %s%.*s: %.*s",
		record->apic_id, record->tsc / frequency, ticks * 1000 / frequency,
		record->kind == CRASH_VM ? "VM " : "the hypervisor", CRASH_NAME_SIZE, record->vm,
		CRASH_REASON_SIZE, record->reason);
	print_log(record);
}

void crash_record_report(const struct scenario *scenario)
{
	for (uint32_t core = 0; core < scenario->core_count; core++) {
		struct crash_record *record = record_of(scenario, core);

		if (!record || !record_is_valid(record))
			continue;
		if (record->boots == 0)
			print_record(record);
		record->boots++;
		record->checksum = record_checksum(record);
	}
}

static void record_fill(struct crash_record *record, const struct scenario *scenario)
{
	memset(record, 0, sizeof(*record));
	record->version = CRASH_RECORD_VERSION;
	record->apic_id = this_cpu()->apic_id;
	record->tsc = tsc_read();
	record->tsc_frequency_hz = scenario->tsc_frequency_hz;
	memcpy(record->scenario_hash, scenario->hash, sizeof(record->scenario_hash));
	record->log_length = (uint32_t)log_tail(record->log, sizeof(record->log));
}

void crash_record_write(enum crash_kind kind, const char *vm, uint32_t vcpu, const char *reason)
{
	const struct scenario *scenario = &scenario_tables;
	struct crash_record *record = record_of(scenario, this_cpu()->index);

	if (!record)
		return;
	record_fill(record, scenario);
	record->kind = kind;
	record->vcpu = vcpu;
	format_text(record->vm, sizeof(record->vm), "%s", vm);
	format_text(record->reason, sizeof(record->reason), "%s", reason);
	/* The magic counts in the checksum. A reset in between leaves a page that says nothing. */
	record->magic = CRASH_RECORD_MAGIC;
	record->checksum = record_checksum(record);
}
