/* SPDX-License-Identifier: Apache-2.0 */
/* Records of crashes in reserved RAM; layout and place are in bulkhead/crash_record.h. */
#ifndef LIB_CRASH_RECORD_H
#define LIB_CRASH_RECORD_H

#include "bulkhead/crash_record.h"
#include "bulkhead/tables.h"

/*
 * Prints the records that an earlier run has left and that no boot has printed yet, and counts this boot
 * in them. On the BSP, before any other core runs. A page without a valid record is left alone.
 */
void crash_record_report(const struct scenario *scenario);

/* The valid record of a core, by index; NULL if there is none. For who has it mapped. */
const struct crash_record *crash_record_of(uint32_t core);

/*
 * Records that the calling core's VM crashed, or the core itself, with the last lines of its log. `vm`
 * is "" and `vcpu` 0 for CRASH_HYPERVISOR. Does nothing on a board without the range. Takes no lock and
 * trusts nothing but the tables, so that panic() can use it.
 */
void crash_record_write(enum crash_kind kind, const char *vm, uint32_t vcpu, const char *reason);

#endif
