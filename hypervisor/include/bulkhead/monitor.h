/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's window: what a VM with a node `monitor@...` may read of the hypervisor, and nobody may write
 * through it. In its guest-physical addresses, from vm_config.monitor on:
 *
 *   struct monitor_header, then struct log_ring of each core; unused rings up to CONFIG_MAX_CORES
 *   struct core_counters of each core of the board, each on HOST_COUNTERS_SIZE bytes
 *   struct crash_record of each core, if the board has a place for them
 *
 * The first part lies in the hypervisor's memory behind vcpus[] (bulkhead/host.h). A reader goes by the
 * offsets and sizes in the header, which leave room for what is added at the end of a structure; all words
 * for states and reasons are in there, too. Values are written by single aligned stores.
 */
#ifndef BULKHEAD_MONITOR_H
#define BULKHEAD_MONITOR_H

#include "bulkhead/counters.h"
#include "bulkhead/crash_record.h"
#include "bulkhead/log_ring.h"
#include "bulkhead/tables.h"

#define MONITOR_MAGIC   UINT64_C(0x52544E4F4D4B4842) /* "BHKMONTR" in memory order */
#define MONITOR_VERSION 1

#define MONITOR_NAME_SIZE      16 /* of a VM, with its NUL */
#define MONITOR_TEXT_SIZE      64 /* names of scenario and board, cut off if longer */
#define MONITOR_STATE_COUNT    8
#define MONITOR_STATE_SIZE     16
#define MONITOR_REASON_COUNT   24
#define MONITOR_REASON_SIZE    48
#define MONITOR_EXIT_NAME_SIZE 32
#define MONITOR_REGISTER_COUNT 16
#define MONITOR_REGISTER_SIZE  4

struct monitor_vm {
	char name[MONITOR_NAME_SIZE];
	uint32_t state;       /* index into state_names; atomic */
	uint32_t stop_reason; /* of its last end: index into reason_names */
	uint32_t starts;      /* how often it was started */
	uint32_t vcpu_count;
	uint32_t restartable; /* 1: an operator can start it again */
	uint32_t reserved;
	uint64_t started; /* TSC when it was started last; 0: never */
	uint64_t reserved2[2];
};
_Static_assert(sizeof(struct monitor_vm) == 64, "layout for readers outside");

#define MONITOR_NONE UINT32_MAX

struct monitor_core {
	uint32_t apic_id;
	uint32_t vm;   /* MONITOR_NONE: has none */
	uint32_t vcpu; /* number within its VM */
	uint32_t reserved;
};

struct monitor_header {
	uint64_t magic; /* written last */
	uint32_t version;
	uint32_t header_size;
	uint64_t window_size; /* bytes from here to the end of the crash records */
	uint64_t tsc_frequency_hz;
	uint64_t hypervisor_entered; /* TSC when GRUB handed over */
	uint8_t scenario_hash[SCENARIO_HASH_SIZE];
	char hypervisor[MONITOR_TEXT_SIZE]; /* version */
	char scenario[MONITOR_TEXT_SIZE];
	char board[MONITOR_TEXT_SIZE];
	/* Offsets from the start of the window; sizes of one element. */
	uint32_t vm_count, vms_offset, vm_size;
	uint32_t core_count, cores_offset, core_size;
	uint32_t rings_offset, ring_size, ring_text_offset, ring_text_size;
	uint32_t counters_offset, counters_size;
	uint32_t crash_count, crash_offset, crash_size;
	uint32_t state_count, states_offset, state_size;
	uint32_t reason_count, reasons_offset, reason_size;
	uint32_t exit_count, exits_offset, exit_size;
	uint32_t register_count, registers_offset, register_size;
	uint32_t reserved;
	struct monitor_vm vms[CONFIG_MAX_VMS];
	struct monitor_core cores[CONFIG_MAX_CORES];
	char state_names[MONITOR_STATE_COUNT][MONITOR_STATE_SIZE];
	char reason_names[MONITOR_REASON_COUNT][MONITOR_REASON_SIZE];
	char exit_names[EXIT_REASON_COUNT][MONITOR_EXIT_NAME_SIZE];
	char register_names[MONITOR_REGISTER_COUNT][MONITOR_REGISTER_SIZE];
} __attribute__((aligned(4096)));

/* Bytes of the first part: header and rings, whole pages. */
#define MONITOR_SHARED_SIZE                                                                    \
	((sizeof(struct monitor_header) + CONFIG_MAX_CORES * sizeof(struct log_ring) + 4095) / \
	 4096 * 4096)

/* One piece of the window, contiguous on both sides. */
struct monitor_piece {
	uint64_t offset; /* in the window */
	hpa_t host;
	uint64_t size;
};

#endif
