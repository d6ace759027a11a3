/* SPDX-License-Identifier: Apache-2.0 */
/* What monitor VMs find in their window and what never changes. Only in an image with such a VM. */
#include "vm/monitor.h"

#include "boot/times.h"
#include "bulkhead/host.h"
#include "bulkhead/register_names.h"
#include "bulkhead/version.h"
#include "cpu/frequency.h"
#include "lib/format.h"
#include "lib/string.h"
#include "vm/vcpu.h"

_Static_assert(VM_STATE_COUNT <= MONITOR_STATE_COUNT && STOP_REASON_COUNT <= MONITOR_REASON_COUNT,
	       "every word has its place");
_Static_assert(GUEST_REGISTER_COUNT == MONITOR_REGISTER_COUNT, "every register has its name");

/* Where the parts are. */
static void fill_layout(struct monitor_header *h, const struct scenario *scenario)
{
	h->vm_count = scenario->vm_count;
	h->vms_offset = offsetof(struct monitor_header, vms);
	h->vm_size = sizeof(struct monitor_vm);
	h->core_count = scenario->core_count;
	h->cores_offset = offsetof(struct monitor_header, cores);
	h->core_size = sizeof(struct monitor_core);
	h->rings_offset = sizeof(struct monitor_header);
	h->ring_size = sizeof(struct log_ring);
	h->ring_text_offset = offsetof(struct log_ring, text);
	h->ring_text_size = LOG_RING_SIZE;
	h->counters_offset = MONITOR_SHARED_SIZE;
	h->counters_size = HOST_COUNTERS_SIZE;
	h->crash_offset = h->counters_offset + h->core_count * h->counters_size;
	h->crash_size = CRASH_RECORD_SIZE;
	h->crash_count = scenario->crash_record_size / CRASH_RECORD_SIZE >= h->core_count
				 ? h->core_count
				 : 0;
	h->window_size = h->crash_offset + (uint64_t)h->crash_count * h->crash_size;
}

static void fill_words(struct monitor_header *h)
{
	h->state_count = VM_STATE_COUNT;
	h->states_offset = offsetof(struct monitor_header, state_names);
	h->state_size = MONITOR_STATE_SIZE;
	for (uint32_t i = 0; i < VM_STATE_COUNT; i++)
		format_text(h->state_names[i], MONITOR_STATE_SIZE, "%s",
			    vm_state_name((enum vm_state)i));
	h->reason_count = STOP_REASON_COUNT;
	h->reasons_offset = offsetof(struct monitor_header, reason_names);
	h->reason_size = MONITOR_REASON_SIZE;
	for (uint32_t i = 0; i < STOP_REASON_COUNT; i++)
		format_text(h->reason_names[i], MONITOR_REASON_SIZE, "%s",
			    stop_reason_text((enum stop_reason)i));
	h->exit_count = EXIT_REASON_COUNT;
	h->exits_offset = offsetof(struct monitor_header, exit_names);
	h->exit_size = MONITOR_EXIT_NAME_SIZE;
	for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++)
		format_text(h->exit_names[i], MONITOR_EXIT_NAME_SIZE, "%s", exit_reason_name(i));
	h->register_count = MONITOR_REGISTER_COUNT;
	h->registers_offset = offsetof(struct monitor_header, register_names);
	h->register_size = MONITOR_REGISTER_SIZE;
	for (uint32_t i = 0; i < MONITOR_REGISTER_COUNT; i++)
		format_text(h->register_names[i], MONITOR_REGISTER_SIZE, "%s", register_names[i]);
}

static void fill_vm(struct monitor_vm *entry, const struct vm_config *vm)
{
	format_text(entry->name, MONITOR_NAME_SIZE, "%s", vm->name);
	entry->vcpu_count = vm->vcpu_count;
	entry->restartable = vm->life.restartable;
}

static void fill_core(struct monitor_core *entry, const struct scenario *scenario, uint32_t core)
{
	uint32_t vcpu = scenario->cores[core].vcpu;

	entry->apic_id = scenario->cores[core].apic_id;
	entry->vm = vcpu == VCPU_NONE ? MONITOR_NONE : scenario->vcpus[vcpu].vm;
	entry->vcpu = vcpu == VCPU_NONE ? 0 : scenario->vcpus[vcpu].index;
}

void monitor_init(const struct scenario *scenario)
{
	struct monitor_header *h = &monitor_header;

	h->version = MONITOR_VERSION;
	h->header_size = sizeof(*h);
	h->tsc_frequency_hz = tsc_frequency(scenario);
	h->hypervisor_entered = boot_times.entered;
	memcpy(h->scenario_hash, scenario->hash, sizeof(h->scenario_hash));
	format_text(h->hypervisor, sizeof(h->hypervisor), "%s", BULKHEAD_VERSION);
	format_text(h->scenario, sizeof(h->scenario), "%s", scenario->name);
	format_text(h->board, sizeof(h->board), "%s", scenario->board);
	fill_layout(h, scenario);
	fill_words(h);
	for (uint32_t i = 0; i < scenario->vm_count; i++)
		fill_vm(&h->vms[i], &scenario->vms[i]);
	for (uint32_t i = 0; i < scenario->core_count; i++)
		fill_core(&h->cores[i], scenario, i);
	/* release: no guest runs yet, but what follows stays behind what it announces */
	__atomic_store_n(&h->magic, MONITOR_MAGIC, __ATOMIC_RELEASE);
}
