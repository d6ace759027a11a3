/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every core counts of its guest: exits by reason with their times, and the last exits one by one.
 *
 * One struct core_counters per core, on pages of its own, so that a monitor VM can be given them to read
 * and nothing else. Only the core itself writes it. All times are TSC ticks. Readers find COUNTERS_MAGIC
 * and COUNTERS_VERSION first, and the sizes of all that may grow.
 */
#ifndef BULKHEAD_COUNTERS_H
#define BULKHEAD_COUNTERS_H

#include "bulkhead/types.h"

#define COUNTERS_MAGIC   UINT32_C(0x54434842) /* "BHCT" */
#define COUNTERS_VERSION 2

/* Basic exit reasons that are counted, 0 to 69 (SDM 3D appendix C). */
#define EXIT_REASON_COUNT 70

/*
 * Exits of one reason. All are counted. Timed are the first EXIT_TIMED_FIRST, and later one in `share`: taking
 * the time must cost less than 5 % of an exit, so that short ones have a great share and long ones are all timed
 * (vm/counters.c). A timed exit stands for the `share` - 1 before it, too: its ticks are added that often.
 *
 * Each field is written as a whole; a reader on another core may see an exit counted whose time is not added.
 */
struct exit_counter {
	uint64_t count;   /* with the one that is being handled */
	uint64_t total;   /* ticks of exit_counter_accounted() exits */
	uint32_t minimum; /* of the timed ones; more than maximum: there is none */
	uint32_t maximum;
	uint32_t untimed; /* exits before the next timed one; UINT32_MAX: that is being handled */
	uint32_t share;   /* power of two; 0: nothing is timed */
};
#define EXIT_TIMED_FIRST 16

/* How many exits `total` is about. */
static inline uint64_t exit_counter_accounted(const struct exit_counter *counter)
{
	return counter->count - (uint32_t)(counter->share - 1 - counter->untimed);
}

/* Ticks of an exit on the average; 0 if none was timed. */
static inline uint64_t exit_counter_average(const struct exit_counter *counter)
{
	uint64_t accounted = exit_counter_accounted(counter);

	return counter->minimum <= counter->maximum && accounted ? counter->total / accounted : 0;
}
_Static_assert(sizeof(struct exit_counter) == 32, "the exit path shifts the reason by 5");

/* Registers whose change by a handler is remembered with their values; more are only in `changed`. */
#define EXIT_RECORD_VALUES 4

/* One exit. */
struct exit_record {
	uint64_t tsc; /* at the exit; 0: never used */
	uint64_t rip; /* of the exiting instruction */
	uint64_t qualification;
	uint64_t next_rip; /* where the guest goes on; 0: it did not, or the handler is at work */
	uint32_t reason;   /* basic exit reason */
	uint32_t ticks;    /* from the exit to the end of its handler */
	uint32_t changed;  /* bit per general register, in the order of struct guest_registers */
	uint32_t reserved;
	uint64_t before[EXIT_RECORD_VALUES]; /* of the changed registers with the lowest numbers */
	uint64_t after[EXIT_RECORD_VALUES];
	uint64_t reserved2;
};
_Static_assert(sizeof(struct exit_record) == 120, "layout for readers outside");

struct core_counters {
	uint32_t magic;
	uint16_t version;
	uint16_t header_size; /* offset of `exits` */
	uint32_t counter_size;
	uint32_t counter_count;
	uint32_t record_size;
	uint32_t record_count; /* 0: last exits are not remembered (CONFIG_EXIT_TRACE) */
	uint32_t records_offset;
	uint32_t next_record; /* index of the oldest record, which is overwritten next */
	uint32_t apic_id;     /* of the core */
	uint32_t vm;    /* index into the scenario's VMs; meaningful where `started` is not 0 */
	uint32_t vcpu;  /* index within the VM */
	uint32_t timed; /* 0: exits are only counted (CONFIG_EXIT_TIMES) */
	uint64_t hypervisor_entered; /* TSC when GRUB handed over, the same on all cores */
	uint64_t
		images_placed; /* ticks that copying the guests' images took, the same on all cores */
	uint64_t started;      /* TSC when the guest was last started; 0: never */
	uint64_t reserved[7];
	struct exit_counter exits[EXIT_REASON_COUNT];
	struct exit_record records[CONFIG_EXIT_TRACE_DEPTH];
};
_Static_assert(offsetof(struct core_counters, exits) == 128,
	       "layout for readers outside, and entry.S");

#endif
