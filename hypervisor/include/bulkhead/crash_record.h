/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core writes into reserved RAM when its VM crashes, or when it stops itself. It survives a warm
 * reset, is printed at the next boot, and whoever is given the range may read it.
 *
 * The range is the board's node compatible "bulkhead,crash-record": one page for each core of the
 * board, in their order in scenario.cores. A page holds that core's latest record. Only its own core
 * writes it, so no lock is needed, and a core that went wild can't reach another's.
 */
#ifndef BULKHEAD_CRASH_RECORD_H
#define BULKHEAD_CRASH_RECORD_H

#include "bulkhead/types.h"

#define CRASH_RECORD_SIZE    4096
#define CRASH_RECORD_MAGIC   UINT64_C(0x4853415243484B42) /* "BKHCRASH" in memory order */
#define CRASH_RECORD_VERSION 1

#define CRASH_NAME_SIZE   16 /* as a VM's name in a scenario, with its NUL */
#define CRASH_REASON_SIZE 200
#define CRASH_LOG_SIZE    3796

enum crash_kind {
	CRASH_VM = 1,         /* a VM was stopped for what it did */
	CRASH_HYPERVISOR = 2, /* a core stopped itself: panic */
};

struct crash_record {
	uint64_t magic;    /* CRASH_RECORD_MAGIC */
	uint32_t version;  /* of this layout */
	uint32_t checksum; /* CRC-32 (ISO 3309) of the page with this field as 0 */
	uint32_t kind;     /* enum crash_kind */
	uint32_t boots;    /* boots that have seen it: 0 until it has been printed */
	uint32_t apic_id;  /* of the core */
	uint32_t vcpu;     /* number in its VM; only with CRASH_VM */
	uint64_t tsc;      /* when, in ticks since power-on or reset */
	uint64_t tsc_frequency_hz;
	uint8_t scenario_hash[32];      /* of the image that wrote it */
	char vm[CRASH_NAME_SIZE];       /* "" with CRASH_HYPERVISOR */
	char reason[CRASH_REASON_SIZE]; /* one line, NUL-terminated */
	uint32_t log_length;            /* bytes of `log` */
	char log[CRASH_LOG_SIZE];       /* the core's last lines, whole ones, each ending in \n */
};
_Static_assert(sizeof(struct crash_record) == CRASH_RECORD_SIZE, "one page for each core");

#endif
