/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of the hypervisor that a guest may ask for in a build with CONFIG_FAULT_INJECTION, by
 * HYPERCALL_FAULT with one of these numbers in RBX. Only the preprocessor reads this, so that scenarios
 * (dtc), guests and the hypervisor share it.
 */
#ifndef BULKHEAD_FAULTS_H
#define BULKHEAD_FAULTS_H

#define HYPERCALL_FAULT 0x424800F0

#define FAULT_READ_VM        0 /* read RAM of the scenario's last VM */
#define FAULT_WRITE_VM       1
#define FAULT_READ_STATE     2 /* read its struct vm */
#define FAULT_READ_CORE      3 /* read the area of its first core */
#define FAULT_WRITE_CORE     4
#define FAULT_STACK          5 /* recursion without end */
#define FAULT_WRITE_CONSTANT 6 /* write to the scenario's tables */
#define FAULT_WRITE_TABLE    7 /* write to this core's own page tables */
#define FAULT_EXECUTE_DATA   8 /* jump into this core's own area */
#define FAULT_START_DATA     9 /* read data that only the start uses */
#define FAULT_NULL           10
#define FAULT_COUNT          11

/* tests/guests/faults.S: entry of each fault */
#define FAULT_ENTRIES  0x100000
#define FAULT_ENTRY(n) (FAULT_ENTRIES + 16 * (n))

#endif
