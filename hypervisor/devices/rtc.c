/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/rtc.h"

#include "cpu/privileged.h"
#include "cpu/tsc.h"
#include "devices/clock.h"
#include "lib/section.h"

#define PORT_INDEX 0x70
#define PORT_DATA  0x71
#define INDEX_BITS 0x7F /* bit 7 masks NMIs, which are not the guest's */

/* Registers (MC146818 data sheet); the century is where PCs keep it. */
enum register_index {
	SECONDS = 0,
	MINUTES = 2,
	HOURS = 4,
	WEEKDAY = 6,
	DAY = 7,
	MONTH = 8,
	YEAR = 9,
	REGISTER_A = 10,
	REGISTER_B = 11,
	REGISTER_C = 12,
	REGISTER_D = 13,
	CENTURY = 0x32,
};

#define A_UPDATE    0x80
#define A_DIVIDER   0x26 /* 32.768 kHz, 1024 Hz */
#define B_SET       0x80
#define B_BINARY    0x04
#define B_24_HOURS  0x02
#define D_VALID     0x80
#define HOURS_PM    0x80
#define UPDATE_HZ   512 /* bit UIP is set for the last 1/512 of each second: 244 us and 1.7 ms */
#define READ_TRIES  100000
#define SECONDS_DAY 86400

/* The machine's clock when it was read, and the TSC then. */
static uint64_t start_seconds SEALED_ZEROS;
static uint64_t start_tsc SEALED_ZEROS;

struct date {
	unsigned year, month, day, hours, minutes, seconds;
};

/* --- Calendar ---------------------------------------------------------------------------------- */

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

static uint64_t days_before_year(unsigned year)
{
	uint64_t days = 0;

	for (unsigned i = 1970; i < year; i++)
		days += is_leap(i) ? 366 : 365;
	return days;
}

static uint64_t to_seconds(const struct date *date)
{
	uint64_t days = days_before_year(date->year) + date->day - 1;

	for (unsigned month = 1; month < date->month; month++)
		days += days_of_month(date->year, month);
	return ((days * 24 + date->hours) * 60 + date->minutes) * 60 + date->seconds;
}

static struct date to_date(uint64_t seconds)
{
	struct date date = {.year = 1970, .month = 1};
	uint64_t days = seconds / SECONDS_DAY;

	for (; days >= (is_leap(date.year) ? 366 : 365); date.year++)
		days -= is_leap(date.year) ? 366 : 365;
	for (; days >= days_of_month(date.year, date.month); date.month++)
		days -= days_of_month(date.year, date.month);
	date.day = (unsigned)days + 1;
	date.hours = (unsigned)(seconds % SECONDS_DAY / 3600);
	date.minutes = (unsigned)(seconds % 3600 / 60);
	date.seconds = (unsigned)(seconds % 60);
	return date;
}

/* 1 is Sunday; 1970-01-01 was a Thursday. */
static unsigned weekday(uint64_t seconds)
{
	return (unsigned)((seconds / SECONDS_DAY + 4) % 7 + 1);
}

static bool is_date(const struct date *date)
{
	return date->year >= 1970 && date->year < 2200 && date->month >= 1 && date->month <= 12 &&
	       date->day >= 1 && date->day <= days_of_month(date->year, date->month) &&
	       date->hours < 24 && date->minutes < 60 && date->seconds < 60;
}

/* --- Register formats -------------------------------------------------------------------------- */

static uint8_t encode(unsigned value, uint8_t format)
{
	return (uint8_t)(format & B_BINARY ? value : value / 10 << 4 | value % 10);
}

static unsigned decode(uint8_t value, uint8_t format)
{
	return format & B_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

static uint8_t encode_hours(unsigned hours, uint8_t format)
{
	if (format & B_24_HOURS)
		return encode(hours, format);
	return (uint8_t)(encode(hours % 12 ? hours % 12 : 12, format) |
			 (hours >= 12 ? HOURS_PM : 0));
}

static unsigned decode_hours(uint8_t value, uint8_t format)
{
	if (format & B_24_HOURS)
		return decode(value, format);
	return decode(value & (uint8_t)~HOURS_PM, format) % 12 + (value & HOURS_PM ? 12 : 0);
}

static void write_date(uint8_t *time, uint8_t *century, uint64_t seconds, uint8_t format)
{
	struct date date = to_date(seconds);

	time[SECONDS] = encode(date.seconds, format);
	time[MINUTES] = encode(date.minutes, format);
	time[HOURS] = encode_hours(date.hours, format);
	time[WEEKDAY] = (uint8_t)weekday(seconds);
	time[DAY] = encode(date.day, format);
	time[MONTH] = encode(date.month, format);
	time[YEAR] = encode(date.year % 100, format);
	*century = encode(date.year / 100, format);
}

static struct date read_date(const uint8_t *time, uint8_t century, uint8_t format)
{
	return (struct date){
		.year = decode(century, format) * 100 + decode(time[YEAR], format),
		.month = decode(time[MONTH], format),
		.day = decode(time[DAY], format),
		.hours = decode_hours(time[HOURS], format),
		.minutes = decode(time[MINUTES], format),
		.seconds = decode(time[SECONDS], format),
	};
}

/* --- The machine's clock ----------------------------------------------------------------------- */

static uint8_t real_read(uint8_t index)
{
	io_write8(PORT_INDEX, index);
	return io_read8(PORT_DATA);
}

static void read_real_time(uint8_t *time)
{
	for (unsigned i = 0; i < READ_TRIES && (real_read(REGISTER_A) & A_UPDATE); i++)
		cpu_pause();
	for (unsigned i = SECONDS; i <= YEAR; i++)
		time[i] = real_read((uint8_t)i);
}

/* A clock that shows no date is taken for the epoch: a guest can do no worse with it. */
void rtc_init(void)
{
	uint8_t time[YEAR + 1], century = real_read(CENTURY), format = real_read(REGISTER_B);
	struct date date;

	read_real_time(time);
	date = read_date(time, century, format);
	if (date.year / 100 < 19) /* no century where PCs have it */
		date.year = 2000 + date.year % 100;
	start_seconds = is_date(&date) ? to_seconds(&date) : 0;
	start_tsc = tsc_host();
}

/* --- The guest's clock ------------------------------------------------------------------------- */

static uint64_t ticks_since_start(uint64_t hz)
{
	return clock_since(start_tsc, hz);
}

static uint64_t guest_seconds(const struct rtc *rtc)
{
	return start_seconds + ticks_since_start(1) + (uint64_t)rtc->offset;
}

static uint8_t format_of(const struct rtc *rtc)
{
	return rtc->memory[REGISTER_B];
}

static bool is_time(uint8_t index)
{
	return index == SECONDS || index == MINUTES || index == HOURS ||
	       (index >= WEEKDAY && index <= YEAR) || index == CENTURY;
}

static uint8_t *time_byte(struct rtc *rtc, uint8_t index)
{
	return index == CENTURY ? &rtc->written_century : &rtc->written[index];
}

static void show_time(struct rtc *rtc)
{
	write_date(rtc->written, &rtc->written_century, guest_seconds(rtc), format_of(rtc));
}

/* What the guest has written counts from now on; nonsense is dropped. */
static void set_time(struct rtc *rtc)
{
	struct date date = read_date(rtc->written, rtc->written_century, format_of(rtc));

	if (is_date(&date))
		rtc->offset += (int64_t)(to_seconds(&date) - guest_seconds(rtc));
}

static uint8_t register_read(struct rtc *rtc, uint8_t index)
{
	if (is_time(index)) {
		if (!rtc->frozen)
			show_time(rtc);
		return *time_byte(rtc, index);
	}
	if (index == REGISTER_A && !rtc->frozen &&
	    ticks_since_start(UPDATE_HZ) % UPDATE_HZ == UPDATE_HZ - 1)
		return rtc->memory[index] | A_UPDATE;
	if (index == REGISTER_C)
		return 0; /* no interrupt was ever raised */
	return index == REGISTER_D ? D_VALID : rtc->memory[index];
}

/* While SET is on, the time stands still for the guest; then it goes on from what was written. */
static void write_register_b(struct rtc *rtc, uint8_t value)
{
	bool freeze = value & B_SET;

	if (freeze && !rtc->frozen)
		show_time(rtc);
	rtc->memory[REGISTER_B] = value;
	if (!freeze && rtc->frozen)
		set_time(rtc);
	rtc->frozen = freeze;
}

static void write_time(struct rtc *rtc, uint8_t index, uint8_t value)
{
	if (!rtc->frozen)
		show_time(rtc);
	*time_byte(rtc, index) = value;
	if (!rtc->frozen)
		set_time(rtc);
}

static void register_write(struct rtc *rtc, uint8_t index, uint8_t value)
{
	if (is_time(index))
		write_time(rtc, index, value);
	else if (index == REGISTER_B)
		write_register_b(rtc, value);
	else if (index == REGISTER_A)
		rtc->memory[index] = value & (uint8_t)~A_UPDATE;
	else if (index != REGISTER_C && index != REGISTER_D)
		rtc->memory[index] = value;
}

uint8_t rtc_read(struct rtc *rtc, uint16_t port)
{
	return port == PORT_INDEX ? UINT8_MAX : register_read(rtc, rtc->index);
}

void rtc_write(struct rtc *rtc, uint16_t port, uint8_t value)
{
	if (port == PORT_INDEX)
		rtc->index = value & INDEX_BITS;
	else
		register_write(rtc, rtc->index, value);
}

/* --- Memory sizes, where PC firmware notes them ------------------------------------------------ */

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

/* RAM from `base` on without a gap, up to `limit`, in bytes. */
static uint64_t ram_from(const struct vm_config *vm, gpa_t base, gpa_t limit)
{
	gpa_t end = base;

	for (uint32_t i = 0; i < vm->memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];

		if (region->kind == MEMORY_RAM && region->guest_physical <= end &&
		    region->guest_physical + region->size > end)
			end = region->guest_physical + region->size;
	}
	return (end < limit ? end : limit) - base;
}

static void put(struct rtc *rtc, uint8_t index, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		rtc->memory[index + i] = (uint8_t)(value >> 8 * i);
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

static void note_memory(struct rtc *rtc, const struct vm_config *vm)
{
	uint64_t extended = ram_from(vm, MIB, 4 * GIB);
	uint64_t beyond_16 = ram_from(vm, 16 * MIB, 4 * GIB);

	put(rtc, 0x15, 640, 2);                                         /* KiB below 1 MiB */
	put(rtc, 0x17, at_most(extended / 1024, 0xFFFF), 2);            /* KiB above 1 MiB */
	put(rtc, 0x30, at_most(extended / 1024, 0xFFFF), 2);            /* the same */
	put(rtc, 0x34, at_most(beyond_16 / 0x10000, 0xFFFF), 2);        /* 64 KiB above 16 MiB */
	put(rtc, 0x5B, ram_from(vm, 4 * GIB, UINT64_MAX) / 0x10000, 3); /* 64 KiB above 4 GiB */
	put(rtc, 0x5F, vm->vcpu_count - 1, 1);                          /* application processors */
}

void rtc_reset(struct rtc *rtc, const struct vm_config *vm)
{
	*rtc = (struct rtc){0};
	rtc->memory[REGISTER_A] = A_DIVIDER;
	rtc->memory[REGISTER_B] = B_24_HOURS;
	note_memory(rtc, vm);
}
