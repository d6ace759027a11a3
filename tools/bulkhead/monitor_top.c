/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "monitor.h"

/* One look at the window. */
struct sample {
	double time;  /* seconds, of this VM's clock */
	uint64_t tsc; /* 0: not known */
	struct monitor_vm *vms;
	struct window_counters *cores;
};

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The guest's TSC is the processor's, as is that of the window. */
static uint64_t tsc_now(const struct window *window)
{
	return window->live ? __builtin_ia32_rdtsc() : 0;
}

static struct sample *sample_take(const struct window *window)
{
	const struct monitor_header *h = &window->header;
	struct sample *sample = calloc(1, sizeof(*sample));

	if (!sample)
		return NULL;
	sample->vms = calloc(h->vm_count + 1, sizeof(*sample->vms));
	sample->cores = calloc(h->core_count + 1, sizeof(*sample->cores));
	for (uint32_t i = 0; sample->vms && i < h->vm_count; i++)
		sample->vms[i] = window_vm(window, i);
	for (uint32_t i = 0; sample->cores && i < h->core_count; i++)
		window_counters(window, i, &sample->cores[i]);
	sample->time = seconds_now();
	sample->tsc = tsc_now(window);
	return sample;
}

static void sample_free(struct sample *sample)
{
	if (sample) {
		free(sample->vms);
		free(sample->cores);
	}
	free(sample);
}

/* Exits a second since the sample before; negative: not known. */
static double rate(const struct sample *now, const struct sample *before, uint64_t count,
		   uint64_t count_before)
{
	double time = before ? now->time - before->time : 0;

	if (time <= 0 || count < count_before)
		return -1;
	return (double)(count - count_before) / time;
}

static uint64_t exits_of(const struct window_counters *counters)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < counters->count; i++)
		sum += counters->exits[i].count;
	return sum;
}

static uint64_t exits_of_vm(const struct window *window, const struct sample *sample, uint32_t vm)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < window->header.core_count; i++)
		if (window_core(window, i).vm == vm)
			sum += exits_of(&sample->cores[i]);
	return sum;
}

/* Of the counter's times: they are known only for exits that were timed. */
static bool is_timed(const struct exit_counter *counter)
{
	return counter->count != 0 && counter->minimum <= counter->maximum;
}

static double up_seconds(const struct window *window, const struct sample *sample, uint64_t since)
{
	uint64_t frequency = window->header.tsc_frequency_hz;

	if (sample->tsc <= since || since == 0 || frequency == 0)
		return -1;
	return (double)(sample->tsc - since) / (double)frequency;
}

/* --- Text -------------------------------------------------------------------------------------- */

static void print_rate(double value)
{
	if (value < 0)
		printf(" %9s", "-");
	else
		printf(" %9.1f", value);
}

static void print_vm(const struct window *window, const struct sample *now,
		     const struct sample *before, uint32_t i)
{
	const struct monitor_vm *vm = &now->vms[i];
	char state[WINDOW_WORD_SIZE], reason[WINDOW_WORD_SIZE];
	uint64_t exits = exits_of_vm(window, now, i);
	double up = up_seconds(window, now, vm->started);

	window_state(window, vm->state, state);
	window_reason(window, vm->stop_reason, reason);
	printf("%-15s %-10s %5" PRIu32 " %6" PRIu32 " ", vm->name, state, vm->vcpu_count,
	       vm->starts);
	if (up < 0)
		printf("%9s", "-");
	else
		printf("%9.1f", up);
	printf(" %10" PRIu64, exits);
	print_rate(rate(now, before, exits, before ? exits_of_vm(window, before, i) : 0));
	printf("  %s\n", vm->stop_reason ? reason : "-");
}

static void print_counter(const struct window *window, uint32_t core, uint32_t reason,
			  const struct sample *now, const struct sample *before)
{
	const struct exit_counter *counter = &now->cores[core].exits[reason];
	struct monitor_core owner = window_core(window, core);
	char word[WINDOW_WORD_SIZE], place[WINDOW_WORD_SIZE];

	window_exit(window, reason, word);
	snprintf(place, sizeof(place), "%s/%" PRIu32,
		 owner.vm < window->header.vm_count ? now->vms[owner.vm].name : "?", owner.vcpu);
	printf("%4" PRIu32 " %-18s %-24s %10" PRIu64, core, place, word, counter->count);
	print_rate(rate(now, before, counter->count,
			before ? before->cores[core].exits[reason].count : 0));
	if (is_timed(counter))
		printf(" %8" PRIu32 " %8" PRIu64 " %8" PRIu32 " %12" PRIu64 "\n", counter->minimum,
		       exit_counter_average(counter), counter->maximum, counter->total);
	else
		printf(" %8s %8s %8s %12s\n", "-", "-", "-", "-");
}

static void print_text(const struct window *window, const struct sample *now,
		       const struct sample *before)
{
	const struct monitor_header *h = &window->header;
	double up = up_seconds(window, now, h->hypervisor_entered);

	printf("Bulkhead %.*s, scenario \"%.*s\" on board \"%.*s\"", MONITOR_TEXT_SIZE - 1,
	       h->hypervisor, MONITOR_TEXT_SIZE - 1, h->scenario, MONITOR_TEXT_SIZE - 1, h->board);
	if (up >= 0)
		printf(", up %.1f s", up);
	printf("\n%-15s %-10s %5s %6s %9s %10s %9s  %s\n", "VM", "state", "vCPUs", "starts",
	       "up (s)", "exits", "exits/s", "last end");
	for (uint32_t i = 0; i < h->vm_count; i++)
		print_vm(window, now, before, i);
	printf("\n%4s %-18s %-24s %10s %9s %8s %8s %8s %12s\n", "core", "VM/vCPU", "exit reason",
	       "exits", "exits/s", "min", "avg", "max", "total ticks");
	for (uint32_t core = 0; core < h->core_count; core++)
		for (uint32_t i = 0; i < now->cores[core].count; i++)
			if (now->cores[core].exits[i].count)
				print_counter(window, core, i, now, before);
}

/* --- JSON -------------------------------------------------------------------------------------- */

static json_t *real_or_null(double value)
{
	return value < 0 ? json_null() : json_real(value);
}

static json_t *vm_json(const struct window *window, const struct sample *now,
		       const struct sample *before, uint32_t i)
{
	const struct monitor_vm *vm = &now->vms[i];
	char state[WINDOW_WORD_SIZE], reason[WINDOW_WORD_SIZE];
	uint64_t exits = exits_of_vm(window, now, i);

	window_state(window, vm->state, state);
	window_reason(window, vm->stop_reason, reason);
	return json_pack(
		"{s:s, s:s, s:I, s:I, s:b, s:o, s:I, s:o, s:s?}", "name", vm->name, "state", state,
		"vcpus", (json_int_t)vm->vcpu_count, "starts", (json_int_t)vm->starts,
		"restartable", vm->restartable != 0, "up_seconds",
		real_or_null(up_seconds(window, now, vm->started)), "exits", (json_int_t)exits,
		"exits_per_second",
		real_or_null(rate(now, before, exits, before ? exits_of_vm(window, before, i) : 0)),
		"last_end", vm->stop_reason ? reason : NULL);
}

static json_t *counter_json(const struct window *window, uint32_t core, uint32_t reason,
			    const struct sample *now, const struct sample *before)
{
	const struct exit_counter *counter = &now->cores[core].exits[reason];
	char word[WINDOW_WORD_SIZE];
	json_t *object;

	window_exit(window, reason, word);
	object =
		json_pack("{s:s, s:I, s:o}", "reason", word, "count", (json_int_t)counter->count,
			  "per_second",
			  real_or_null(rate(now, before, counter->count,
					    before ? before->cores[core].exits[reason].count : 0)));
	if (object && is_timed(counter)) {
		uint64_t total = counter->total;

		json_object_set_new(object, "min", json_integer(counter->minimum));
		json_object_set_new(object, "avg",
				    json_integer((json_int_t)exit_counter_average(counter)));
		json_object_set_new(object, "max", json_integer(counter->maximum));
		json_object_set_new(object, "total", json_integer((json_int_t)total));
	}
	return object;
}

static json_t *core_json(const struct window *window, uint32_t core, const struct sample *now,
			 const struct sample *before)
{
	struct monitor_core owner = window_core(window, core);
	json_t *exits = json_array();

	for (uint32_t i = 0; i < now->cores[core].count; i++)
		if (now->cores[core].exits[i].count)
			json_array_append_new(exits, counter_json(window, core, i, now, before));
	return json_pack("{s:I, s:I, s:s?, s:I, s:o}", "core", (json_int_t)core, "apic_id",
			 (json_int_t)owner.apic_id, "vm",
			 owner.vm < window->header.vm_count ? now->vms[owner.vm].name : NULL,
			 "vcpu", (json_int_t)owner.vcpu, "exits", exits);
}

static void print_json(const struct window *window, const struct sample *now,
		       const struct sample *before)
{
	const struct monitor_header *h = &window->header;
	json_t *vms = json_array(), *cores = json_array(), *all;
	char hash[2 * SCENARIO_HASH_SIZE + 1];

	for (unsigned i = 0; i < SCENARIO_HASH_SIZE; i++)
		snprintf(hash + 2 * (size_t)i, 3, "%02x", h->scenario_hash[i]);
	for (uint32_t i = 0; i < h->vm_count; i++)
		json_array_append_new(vms, vm_json(window, now, before, i));
	for (uint32_t i = 0; i < h->core_count; i++)
		json_array_append_new(cores, core_json(window, i, now, before));
	all = json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "scenario", h->scenario, "board",
			h->board, "hash", hash, "tsc_frequency_hz", (json_int_t)h->tsc_frequency_hz,
			"up_seconds", real_or_null(up_seconds(window, now, h->hypervisor_entered)),
			"vms", vms, "cores", cores);
	if (all)
		json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(all);
}

int monitor_top(const struct window *window, const struct monitor_options *options)
{
	struct sample *before = NULL;
	uint32_t shown = 0;
	bool more = true;

	while (more) {
		struct sample *now = sample_take(window);

		if (!now || !now->vms || !now->cores) {
			sample_free(now);
			sample_free(before);
			return MONITOR_TROUBLE;
		}
		if (!options->batch)
			fputs("\033[H\033[2J", stdout);
		if (options->json)
			print_json(window, now, before);
		else
			print_text(window, now, before);
		sample_free(before);
		before = now;
		shown++;
		more = shown != options->times && monitor_wait(options->delay);
		if (more && options->batch && !options->json)
			putchar('\n');
	}
	sample_free(before);
	return MONITOR_DONE;
}
