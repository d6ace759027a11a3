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
#define FAULT_ASSERTION      11
#define FAULT_PANIC          12
#define FAULT_UNDEFINED      13 /* #UD */
#define FAULT_PROTECTION     14 /* #GP */
#define FAULT_DOUBLE         15 /* double fault: no stack to deliver an exception on */
#define FAULT_FRAME          16 /* the stack protector's guard is overwritten */
#define FAULT_ENTRY_STATE    17 /* VM entry with a guest state that can't be */
#define FAULT_ENTRY_CONTROLS 18 /* with controls that can't be */
#define FAULT_ENTRY_HOST     19 /* with a host state that can't be */
#define FAULT_NO_VMCS        20 /* no current VMCS */
#define FAULT_WRECKED_VMCS   21 /* the VMCS is overwritten in memory */
#define FAULT_FIELD          22 /* VMREAD of a field that does not exist */
#define FAULT_MACHINE_CHECK  23 /* INT 18 */
#define FAULT_NMI            24 /* page fault in the handler of a kick */
#define FAULT_KICKED         25 /* kicks arrive while a fault is handled */
#define FAULT_REPORT         26 /* a second fault, in the report of the first */
#define FAULT_LOG            27 /* while this core is the printer of the log */
#define FAULT_LOCK           28 /* while this core holds a lock of all VMs */
#define FAULT_RESTART        29 /* on the VM's second core, while the VM restarts */
#define FAULT_STOP           30 /* while the VM comes to rest */
#define FAULT_COUNT          31

/* tests/guests/faults.S: entry of each fault */
#define FAULT_ENTRIES  0x100000
#define FAULT_ENTRY(n) (FAULT_ENTRIES + 16 * (n))

#endif
