/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of the attacks. Only the preprocessor reads this, so that scenarios (dtc) and programs (C,
 * assembly) share it: a VM's entry point says which attack it makes (entries.S). README.md describes them.
 */
#ifndef HOSTILE_ATTACKS_H
#define HOSTILE_ATTACKS_H

#define HOSTILE_ENTRIES    0x102000 /* where entries.S is linked */
#define HOSTILE_ENTRY_SIZE 16
#define HOSTILE_ENTRY(n)   (HOSTILE_ENTRIES + HOSTILE_ENTRY_SIZE * (n))

/* What every attacker's scenario looks like. */
#define HOSTILE_LOW_SIZE     0x80000  /* RAM at 0 */
#define HOSTILE_MAIN         0x100000 /* RAM with the program */
#define HOSTILE_MAIN_SIZE    0x100000 /* nothing behind it: there the hypervisor is, in host memory */
#define HOSTILE_READ_ONLY    0x400000 /* RAM without the right to write */
#define HOSTILE_NO_EXECUTE   0x500000 /* RAM without the right to execute */
#define HOSTILE_LIMITED_SIZE 0x10000  /* of both */

/* The neighbour: what it sums up lies behind its program. */
#define HOSTILE_VICTIM_GUEST  0x100000
#define HOSTILE_VICTIM_HOST   0x20100000
#define HOSTILE_VICTIM_OFFSET 0x100000
#define HOSTILE_VICTIM_SIZE   0x200000
#define HOSTILE_SUM_SIZE      0x40000

/* Shared memory that outlives a restart, and the interrupt that ends an instruction (fuzz.c). */
#define HOSTILE_RECORD      0x80000000
#define HOSTILE_FUZZ_VECTOR 0x50

/* Attacks that the guest answers for itself, one line each. */
#define ATTACK_SURVEY 0
#define ATTACK_PAIR   1

/* Attacks that end the VM, or hang it. */
#define ATTACK_READ_GAP           2
#define ATTACK_WRITE_GAP          3
#define ATTACK_FETCH_FOREIGN      4
#define ATTACK_WRITE_FOREIGN      5
#define ATTACK_READ_HPET          6
#define ATTACK_READ_TOP           7
#define ATTACK_WALK_OUTSIDE       8
#define ATTACK_GDT_OUTSIDE        9
#define ATTACK_IDT_OUTSIDE        10
#define ATTACK_TSS_OUTSIDE        11
#define ATTACK_STACK_OUTSIDE      12
#define ATTACK_STOS_END           13
#define ATTACK_MOVS_END           14
#define ATTACK_STRADDLE_END       15
#define ATTACK_FXSAVE_OUTSIDE     16
#define ATTACK_CLFLUSH            17
#define ATTACK_REAL_MODE          18
#define ATTACK_WRITE_READONLY     19
#define ATTACK_FETCH_DATA         20
#define ATTACK_FETCH_DEVICE       21
#define ATTACK_WALK_DEVICE        22
#define ATTACK_FRAME_DEVICE       23
#define ATTACK_MMIO_SSE           24
#define ATTACK_MMIO_STRING        25
#define ATTACK_MMIO_PUSH          26
#define ATTACK_MMIO_CMPXCHG16B    27
#define ATTACK_INS_OUTSIDE        28
#define ATTACK_OUTS_OUTSIDE       29
#define ATTACK_TRIPLE_FAULT       30
#define ATTACK_TASK_SWITCH        31
#define ATTACK_PDPTE_RESERVED     32
#define ATTACK_INIT_SELF          33
#define ATTACK_RESET              34
#define ATTACK_POWER_OFF          35
#define ATTACK_HALT               36
#define ATTACK_UD_LOOP            37
#define ATTACK_AC_LOOP            38
#define ATTACK_DB_LOOP            39
#define ATTACK_IRQ_STORM          40
#define ATTACK_SIPI_OUTSIDE       41
#define ATTACK_RACE_DECODE        42
#define ATTACK_TASK_FAULT         43
#define ATTACK_XSAVE_OUTSIDE      44
#define ATTACK_CMPXCHG16B_OUTSIDE 45
#define ATTACK_SGDT_OUTSIDE       46
#define ATTACK_IRET_OUTSIDE       47
#define ATTACK_LDT_OUTSIDE        48
#define ATTACK_IST_OUTSIDE        49
#define ATTACK_STRING_IN_DEVICE   50
#define ATTACK_BOTH_END           51
#define ATTACK_TIMER_HOG          52
#define ATTACK_EXIT_HOG           53
/* Random instructions for as long as the test wants; the VM begins again whenever they end it. */
#define ATTACK_FUZZ  54
#define ATTACK_COUNT 55

#endif
