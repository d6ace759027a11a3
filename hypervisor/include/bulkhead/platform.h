/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual platform: addresses and numbers that every VM sees and that both the scenario compiler
 * (which writes them into ACPI tables and keeps scenarios away from them) and the hypervisor (which
 * answers accesses to them) must agree on.
 */
#ifndef BULKHEAD_PLATFORM_H
#define BULKHEAD_PLATFORM_H

#include "bulkhead/types.h"

/* Local APIC page (SDM 3.11.4.1). Never mapped in an EPT: accesses exit and are emulated. */
#define PLATFORM_LAPIC_GPA UINT64_C(0xFEE00000)

/*
 * Guest-physical addresses at which programs look for a PC's screen, option ROMs and firmware, and for the ROM below
 * 4 GiB. Where a VM has no memory there, reads are all ones and writes are lost, as on a board without those.
 */
#define PLATFORM_LOW_HOLE_GPA     UINT64_C(0xA0000)
#define PLATFORM_LOW_HOLE_END_GPA UINT64_C(0x100000)
#define PLATFORM_FIRMWARE_GPA     UINT64_C(0xFF000000) /* 16 MiB */

/* Hardware-reduced ACPI registers (ACPI 6.4, 4.8.3.7): virtual ports, one byte each. */
#define PLATFORM_ACPI_SLEEP_CONTROL_PORT 0x600
#define PLATFORM_ACPI_SLEEP_STATUS_PORT  0x601
#define PLATFORM_ACPI_RESET_PORT         0x602
#define PLATFORM_ACPI_RESET_VALUE        0x06
#define PLATFORM_ACPI_S5_SLEEP_TYPE      5

/* Any byte written to this virtual port feeds the VM's watchdog. */
#define PLATFORM_WATCHDOG_PORT 0x603

/*
 * Guest-physical low memory of VMs that get ACPI tables or the Linux boot protocol. All of it lies in
 * the VM's first MiB, which such a VM must own as RAM.
 */
#define PLATFORM_BOOT_PAGE_TABLES_GPA UINT64_C(0x1000)  /* 24 KiB, for a 64-bit entry */
#define PLATFORM_BOOT_GDT_GPA         UINT64_C(0x7000)  /* 4 KiB, flat segments */
#define PLATFORM_LINUX_PARAMETERS_GPA UINT64_C(0x10000) /* 4 KiB, struct boot_params */
#define PLATFORM_LINUX_COMMAND_GPA    UINT64_C(0x20000) /* up to 4 KiB, NUL-terminated */
#define PLATFORM_LOW_RAM_END_GPA      UINT64_C(0x9F000) /* e820 RAM below 1 MiB ends here */
#define PLATFORM_ACPI_GPA             UINT64_C(0xE0000) /* RSDP first, then all other tables */
#define PLATFORM_RESET_VECTOR_GPA     UINT64_C(0xFFFF0) /* F000:FFF0: code that resets the VM */
#define PLATFORM_ACPI_END_GPA         UINT64_C(0x100000)
#define PLATFORM_LINUX_COMMAND_MAX    2048 /* bytes with NUL; Linux' COMMAND_LINE_SIZE on x86 */

/* CPUID leaves of the hypervisor block. */
#define PLATFORM_CPUID_SIGNATURE 0x40000000
#define PLATFORM_CPUID_FEATURES  0x40000001
#define PLATFORM_CPUID_TIMING    0x40000010 /* EAX: TSC kHz, EBX: APIC timer kHz */

/*
 * Hypercall (VMCALL at CPL 0): RAX = number. The result is in RAX; negative values are errors in the
 * convention of Linux' KVM (-1000 no such call, -1 not permitted).
 */
#define HYPERCALL_EXIT_COUNT  0x42480001 /* RAX = exits of this vCPU so far, this one included */
#define HYPERCALL_WATCHDOG    0x48420002 /* feeds the VM's watchdog; RAX = 0 */
#define HYPERCALL_ERROR_NOSYS (-1000)
#define HYPERCALL_ERROR_PERM  (-1)

/* Registers of a vCPU that starts at an entry given in the scenario (raw and ELF guests). */
#define PLATFORM_START_MAGIC UINT32_C(0x42484B44) /* EAX; EDI = vCPU index, ESI = vCPU count */

#endif
