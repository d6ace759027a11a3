/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where static data lies once guests run. Ordinary static data is for the start only: no core has it
 * mapped when it enters its guest (docs/architecture.md, "Per core, nothing shared"). What is needed later
 * says here why it may be. Data of one core belongs into struct cpu, of one VM into struct vm, of one vCPU
 * into struct vcpu instead.
 */
#ifndef LIB_SECTION_H
#define LIB_SECTION_H

/*
 * Read and written by cores of different VMs: atomics and what a lock guards. Begins as zeros. Each use is a
 * row of the table in docs/architecture.md.
 */
#define SHARED_DATA __attribute__((section(".sbss.shared")))

/*
 * Shared data that monitor VMs can read (bulkhead/monitor.h), in the order of the part: the header is "0", the
 * log rings are "1", and there is nothing else.
 */
#define MONITOR_DATA(part) __attribute__((section(".sbss.owned_monitor." part)))

/* Written during the start, read-only for good afterwards. SEALED_ZEROS begins as zeros. */
#define SEALED_DATA  __attribute__((section(".sdata.sealed")))
#define SEALED_ZEROS __attribute__((section(".sbss.sealed")))

#endif
