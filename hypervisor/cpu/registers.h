/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of control registers and of CPUID that the hypervisor names (SDM 3.2.5, 2A CPUID). */
#ifndef CPU_REGISTERS_H
#define CPU_REGISTERS_H

#include "bulkhead/types.h"

#define CR0_PE UINT64_C(0x00000001)
#define CR0_TS UINT64_C(0x00000008)
#define CR0_ET UINT64_C(0x00000010)
#define CR0_NE UINT64_C(0x00000020)
#define CR0_WP UINT64_C(0x00010000)
#define CR0_AM UINT64_C(0x00040000)
#define CR0_NW UINT64_C(0x20000000)
#define CR0_CD UINT64_C(0x40000000)
#define CR0_PG UINT64_C(0x80000000)

/* All bits that MOV CR0 takes without #GP; the others are reserved. */
#define CR0_DEFINED UINT64_C(0xE005003F)

#define CR4_DE       UINT64_C(0x000008)
#define CR4_PSE      UINT64_C(0x000010)
#define CR4_PAE      UINT64_C(0x000020)
#define CR4_MCE      UINT64_C(0x000040)
#define CR4_PGE      UINT64_C(0x000080)
#define CR4_OSFXSR   UINT64_C(0x000200)
#define CR4_UMIP     UINT64_C(0x000800)
#define CR4_LA57     UINT64_C(0x001000)
#define CR4_VMXE     UINT64_C(0x002000)
#define CR4_SMXE     UINT64_C(0x004000)
#define CR4_FSGSBASE UINT64_C(0x010000)
#define CR4_PCIDE    UINT64_C(0x020000)
#define CR4_OSXSAVE  UINT64_C(0x040000)
#define CR4_SMEP     UINT64_C(0x100000)
#define CR4_SMAP     UINT64_C(0x200000)
#define CR4_PKE      UINT64_C(0x400000)

#define CR3_PCID UINT64_C(0xFFF)

#define RFLAGS_FIXED UINT64_C(0x2)
#define RFLAGS_TF    UINT64_C(0x100)
#define RFLAGS_IF    UINT64_C(0x200)
#define RFLAGS_DF    UINT64_C(0x400)
#define RFLAGS_NT    UINT64_C(0x4000)
#define RFLAGS_RF    UINT64_C(0x10000)
#define RFLAGS_VM    UINT64_C(0x20000)
#define RFLAGS_AC    UINT64_C(0x40000)

#define CPUID_1_ECX_VMX               (UINT32_C(1) << 5)
#define CPUID_1_ECX_X2APIC            (UINT32_C(1) << 21)
#define CPUID_1_ECX_XSAVE             (UINT32_C(1) << 26)
#define CPUID_1_ECX_OSXSAVE           (UINT32_C(1) << 27)
#define CPUID_1_ECX_HYPER             (UINT32_C(1) << 31)
#define CPUID_1_EDX_APIC              (UINT32_C(1) << 9)
#define CPUID_1_EDX_HTT               (UINT32_C(1) << 28)
#define CPUID_6_EAX_ARAT              (UINT32_C(1) << 2)
#define CPUID_7_EBX_SMEP              (UINT32_C(1) << 7)
#define CPUID_7_EBX_INVPCID           (UINT32_C(1) << 10)
#define CPUID_7_EBX_SMAP              (UINT32_C(1) << 20)
#define CPUID_7_ECX_UMIP              (UINT32_C(1) << 2)
#define CPUID_7_ECX_PKU               (UINT32_C(1) << 3)
#define CPUID_7_ECX_RDPID             (UINT32_C(1) << 22)
#define CPUID_7_ECX_OSPKE             (UINT32_C(1) << 4)
#define CPUID_7_EDX_ARCH_CAPABILITIES (UINT32_C(1) << 29)
#define CPUID_7_EBX_TSC_ADJUST        (UINT32_C(1) << 1)
#define CPUID_EXT1_EDX_SYSCALL        (UINT32_C(1) << 11)
#define CPUID_EXT1_EDX_NX             (UINT32_C(1) << 20)
#define CPUID_EXT1_EDX_RDTSCP         (UINT32_C(1) << 27)
#define CPUID_EXT1_EDX_1G             (UINT32_C(1) << 26)

/* Exception vectors (SDM 3.6.3.1). */
enum exception_vector {
	EXCEPTION_DIVIDE_ERROR = 0,
	EXCEPTION_DEBUG = 1,
	EXCEPTION_NMI = 2,
	EXCEPTION_INVALID_OPCODE = 6,
	EXCEPTION_DOUBLE_FAULT = 8,
	EXCEPTION_INVALID_TSS = 10,
	EXCEPTION_NOT_PRESENT = 11,
	EXCEPTION_STACK_FAULT = 12,
	EXCEPTION_GENERAL_PROTECTION = 13,
	EXCEPTION_PAGE_FAULT = 14,
	EXCEPTION_ALIGNMENT_CHECK = 17,
	EXCEPTION_MACHINE_CHECK = 18,
	EXCEPTION_COUNT = 32,
};

#endif
