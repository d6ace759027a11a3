/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a copy of a monitor's window as a hypervisor would show it: two cores, two VMs, known figures. */
#include <stdio.h>
#include <string.h>

#include "bulkhead/host.h"

#define CORES 2

static struct {
	struct monitor_header header;
	struct log_ring rings[CONFIG_MAX_CORES];
	uint8_t pad[4096];
} shared;
static union {
	struct core_counters counters;
	uint8_t bytes[HOST_COUNTERS_SIZE];
} cores[CORES];
static struct crash_record crashes[CORES];

static void fill_header(struct monitor_header *h)
{
	static const struct monitor_vm vms[] = {
		{.name = "left", .state = 1, .starts = 1, .vcpu_count = 1, .started = 1000},
		{.name = "right", .state = 4, .stop_reason = 1, .starts = 3, .vcpu_count = 1},
	};

	h->magic = MONITOR_MAGIC;
	h->version = MONITOR_VERSION;
	h->header_size = sizeof(*h);
	h->tsc_frequency_hz = 50000000;
	strcpy(h->hypervisor, "test");
	strcpy(h->scenario, "pair");
	strcpy(h->board, "none");
	h->vm_count = 2, h->vms_offset = offsetof(struct monitor_header, vms);
	h->vm_size = sizeof(*h->vms);
	h->core_count = CORES, h->cores_offset = offsetof(struct monitor_header, cores);
	h->core_size = sizeof(*h->cores);
	h->rings_offset = sizeof(*h), h->ring_size = sizeof(struct log_ring);
	h->ring_text_offset = offsetof(struct log_ring, text), h->ring_text_size = LOG_RING_SIZE;
	h->counters_offset = MONITOR_SHARED_SIZE, h->counters_size = HOST_COUNTERS_SIZE;
	h->crash_offset = MONITOR_SHARED_SIZE + CORES * HOST_COUNTERS_SIZE;
	h->crash_size = CRASH_RECORD_SIZE, h->crash_count = CORES;
	h->window_size = h->crash_offset + CORES * CRASH_RECORD_SIZE;
	h->state_count = 5, h->states_offset = offsetof(struct monitor_header, state_names);
	h->state_size = MONITOR_STATE_SIZE;
	strcpy(h->state_names[1], "running"), strcpy(h->state_names[4], "crashed");
	h->reason_count = 2, h->reasons_offset = offsetof(struct monitor_header, reason_names);
	h->reason_size = MONITOR_REASON_SIZE;
	strcpy(h->reason_names[1], "triple fault");
	h->exit_count = 12, h->exits_offset = offsetof(struct monitor_header, exit_names);
	h->exit_size = MONITOR_EXIT_NAME_SIZE;
	for (unsigned i = 0; i < 12; i++)
		snprintf(h->exit_names[i], MONITOR_EXIT_NAME_SIZE, i == 10 ? "CPUID" : "exit %u",
			 i);
	h->register_count = 2,
	h->registers_offset = offsetof(struct monitor_header, register_names);
	h->register_size = MONITOR_REGISTER_SIZE;
	strcpy(h->register_names[0], "rax"), strcpy(h->register_names[1], "rcx");
	memcpy(h->vms, vms, sizeof(vms));
	h->cores[1] = (struct monitor_core){.apic_id = 2, .vm = 1};
}

static void fill_core(struct core_counters *c)
{
	c->magic = COUNTERS_MAGIC, c->version = COUNTERS_VERSION;
	c->header_size = offsetof(struct core_counters, exits);
	c->counter_size = sizeof(struct exit_counter), c->counter_count = EXIT_REASON_COUNT;
	c->record_size = sizeof(struct exit_record), c->record_count = CONFIG_EXIT_TRACE_DEPTH;
	c->records_offset = offsetof(struct core_counters, records);
	c->exits[10] = (struct exit_counter){
		.count = 4, .total = 400, .minimum = 70, .maximum = 160, .share = 1};
	/* the newer one lies first, as in a ring that has wrapped */
	c->records[0] = (struct exit_record){.tsc = 300,
					     .rip = 0x1234,
					     .next_rip = 0x1236,
					     .reason = 10,
					     .ticks = 90,
					     .changed = 3,
					     .before = {1, 2},
					     .after = {3, 4}};
	c->records[1] = (struct exit_record){.tsc = 200, .rip = 0x1000, .reason = 11};
}

/* A ring that has wrapped in the middle of a line. */
static void fill_ring(struct log_ring *ring)
{
	char line[64];
	uint32_t written = 0;

	for (unsigned i = 0; i < 400; i++) {
		int length = snprintf(line, sizeof(line), "[1 right] info: line %u\n", i);

		for (int j = 0; j < length; j++)
			ring->text[written++ % LOG_RING_SIZE] = line[j];
	}
	ring->written = written;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "w") : NULL;

	if (!file)
		return 1;
	fill_header(&shared.header);
	strcpy(shared.rings[0].text, "[0 hv] info: begins\n");
	shared.rings[0].written = 20;
	fill_ring(&shared.rings[1]);
	fill_core(&cores[0].counters);
	fill_core(&cores[1].counters);
	fwrite(&shared, MONITOR_SHARED_SIZE, 1, file);
	fwrite(cores, sizeof(cores), 1, file);
	fwrite(crashes, sizeof(crashes), 1, file);
	return fclose(file) != 0;
}
