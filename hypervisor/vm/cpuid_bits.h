/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feature bits of CPUID (SDM 2A, CPUID), one by one: what guests are shown of the real processor, and
 * why. Each list has a row for every bit that a processor is known to set; bits without a row are reserved,
 * or not known to this table, and read as 0.
 *
 *   SHOW(bit, name, reason)   as the processor has it
 *   HIDE(bit, name, reason)   reads as 0
 *   MAKE(bit, name, reason)   does not come from the processor but is computed (cpuid.c)
 *
 * A bit may be shown if it stands for instructions that compute, or for state that VM entry and exit or
 * the MSR policy (msr.c, tools/bulkhead/msr_policy.c) handle. It is hidden if what it stands for reaches
 * beyond the core, writes to host-physical memory, or needs a control or an MSR that guests do not get.
 */
#ifndef VM_CPUID_BITS_H
#define VM_CPUID_BITS_H

/* Leaf 1, ECX */
#define CPUID_BITS_1_ECX(SHOW, HIDE, MAKE)                                        \
	SHOW(0, SSE3, "computation")                                              \
	SHOW(1, PCLMULQDQ, "computation")                                         \
	HIDE(2, DTES64, "debug store writes to memory by linear address in root") \
	HIDE(3, MONITOR, "MWAIT would sleep beyond the timer's C-states")         \
	HIDE(4, DS_CPL, "debug store")                                            \
	HIDE(5, VMX, "no nested virtualisation")                                  \
	HIDE(6, SMX, "no measured launch inside a partition")                     \
	HIDE(7, EIST, "frequency is the machine's")                               \
	HIDE(8, TM2, "temperature is the machine's")                              \
	SHOW(9, SSSE3, "computation")                                             \
	HIDE(10, CNXT_ID, "L1 context mode is the BIOS's")                        \
	HIDE(11, SDBG, "silicon debug")                                           \
	SHOW(12, FMA, "computation")                                              \
	SHOW(13, CMPXCHG16B, "computation")                                       \
	HIDE(14, XTPR, "changes messages on the bus")                             \
	HIDE(15, PDCM, "performance counters are hidden")                         \
	SHOW(17, PCID, "guest state; VPID keeps translations apart")              \
	HIDE(18, DCA, "prefetch by devices needs its MSR")                        \
	SHOW(19, SSE4_1, "computation")                                           \
	SHOW(20, SSE4_2, "computation")                                           \
	SHOW(21, X2APIC, "the core's APIC is the guest's")                        \
	SHOW(22, MOVBE, "computation")                                            \
	SHOW(23, POPCNT, "computation")                                           \
	SHOW(24, TSC_DEADLINE, "timer of the own APIC")                           \
	SHOW(25, AES, "computation")                                              \
	SHOW(26, XSAVE, "XCR0 is the guest's own")                                \
	MAKE(27, OSXSAVE, "follows the guest's CR4")                              \
	SHOW(28, AVX, "computation")                                              \
	SHOW(29, F16C, "computation")                                             \
	SHOW(30, RDRAND, "computation")                                           \
	MAKE(31, HYPERVISOR, "guests look for the hypervisor leaves")

/* Leaf 1, EDX */
#define CPUID_BITS_1_EDX(SHOW, HIDE, MAKE)                                    \
	SHOW(0, FPU, "computation")                                           \
	SHOW(1, VME, "guest state")                                           \
	SHOW(2, DE, "guest state")                                            \
	SHOW(3, PSE, "guest state")                                           \
	SHOW(4, TSC, "not offset, not trapped")                               \
	SHOW(5, MSR, "by the MSR policy")                                     \
	SHOW(6, PAE, "guest state")                                           \
	SHOW(7, MCE, "CR4.MCE can be set; no machine check is ever reported") \
	SHOW(8, CX8, "computation")                                           \
	MAKE(9, APIC, "follows the guest's IA32_APIC_BASE")                   \
	SHOW(11, SEP, "guest state")                                          \
	SHOW(12, MTRR, "without ranges (msr.c)")                              \
	SHOW(13, PGE, "guest state")                                          \
	SHOW(14, MCA, "without banks (msr.c)")                                \
	SHOW(15, CMOV, "computation")                                         \
	SHOW(16, PAT, "guest state")                                          \
	SHOW(17, PSE36, "guest state")                                        \
	HIDE(18, PSN, "the machine's serial number")                          \
	SHOW(19, CLFSH, "own memory only")                                    \
	HIDE(21, DS, "debug store")                                           \
	HIDE(22, ACPI, "thermal control is the machine's")                    \
	SHOW(23, MMX, "computation")                                          \
	SHOW(24, FXSR, "computation")                                         \
	SHOW(25, SSE, "computation")                                          \
	SHOW(26, SSE2, "computation")                                         \
	SHOW(27, SS, "own caches")                                            \
	MAKE(28, HTT, "more than one APIC id in a package")                   \
	HIDE(29, TM, "temperature is the machine's")                          \
	HIDE(31, PBE, "break event to the chipset")

/* Leaf 7, subleaf 0, EBX */
#define CPUID_BITS_7_EBX(SHOW, HIDE, MAKE)                               \
	SHOW(0, FSGSBASE, "guest state")                                 \
	SHOW(1, TSC_ADJUST, "the TSC is the guest's; put back after it") \
	HIDE(2, SGX, "enclave memory is the machine's")                  \
	SHOW(3, BMI1, "computation")                                     \
	SHOW(4, HLE, "computation")                                      \
	SHOW(5, AVX2, "computation")                                     \
	SHOW(6, FDP_EXCPTN_ONLY, "how the FPU behaves")                  \
	SHOW(7, SMEP, "guest state")                                     \
	SHOW(8, BMI2, "computation")                                     \
	SHOW(9, ERMS, "computation")                                     \
	SHOW(10, INVPCID, "own translations by VPID")                    \
	SHOW(11, RTM, "computation")                                     \
	HIDE(12, RDT_M, "monitoring counters are the machine's")         \
	SHOW(13, FCS_FDS_DEPRECATED, "how the FPU behaves")              \
	HIDE(14, MPX, "its XSAVE components are not offered")            \
	HIDE(15, RDT_A, "cache allocation is the scenario's")            \
	SHOW(16, AVX512F, "computation")                                 \
	SHOW(17, AVX512DQ, "computation")                                \
	SHOW(18, RDSEED, "computation")                                  \
	SHOW(19, ADX, "computation")                                     \
	SHOW(20, SMAP, "guest state")                                    \
	SHOW(21, AVX512_IFMA, "computation")                             \
	SHOW(23, CLFLUSHOPT, "own memory only")                          \
	SHOW(24, CLWB, "own memory only")                                \
	HIDE(25, INTEL_PT, "writes to host-physical memory")             \
	SHOW(26, AVX512PF, "computation")                                \
	SHOW(27, AVX512ER, "computation")                                \
	SHOW(28, AVX512CD, "computation")                                \
	SHOW(29, SHA, "computation")                                     \
	SHOW(30, AVX512BW, "computation")                                \
	SHOW(31, AVX512VL, "computation")

/* Leaf 7, subleaf 0, ECX */
#define CPUID_BITS_7_ECX(SHOW, HIDE, MAKE)                                  \
	SHOW(0, PREFETCHWT1, "own memory only")                             \
	SHOW(1, AVX512_VBMI, "computation")                                 \
	SHOW(2, UMIP, "guest state")                                        \
	SHOW(3, PKU, "guest state; PKRU is not used in root")               \
	MAKE(4, OSPKE, "follows the guest's CR4")                           \
	HIDE(5, WAITPKG, "needs a control of its own")                      \
	SHOW(6, AVX512_VBMI2, "computation")                                \
	HIDE(7, CET_SS, "shadow stacks are supervisor state in XSS")        \
	SHOW(8, GFNI, "computation")                                        \
	SHOW(9, VAES, "computation")                                        \
	SHOW(10, VPCLMULQDQ, "computation")                                 \
	SHOW(11, AVX512_VNNI, "computation")                                \
	SHOW(12, AVX512_BITALG, "computation")                              \
	HIDE(13, TME, "memory encryption is the machine's")                 \
	SHOW(14, AVX512_VPOPCNTDQ, "computation")                           \
	HIDE(16, LA57, "the emulation of guests' page tables has 4 levels") \
	SHOW(22, RDPID, "TSC_AUX is the guest's")                           \
	HIDE(23, KL, "its wrapping key is the platform's")                  \
	HIDE(24, BUS_LOCK_DETECT, "its DEBUGCTL bit is not passed")         \
	SHOW(25, CLDEMOTE, "own memory only")                               \
	SHOW(27, MOVDIRI, "own memory only")                                \
	SHOW(28, MOVDIR64B, "own memory only")                              \
	HIDE(29, ENQCMD, "PASIDs are the machine's")                        \
	HIDE(30, SGX_LC, "no SGX")                                          \
	HIDE(31, PKS, "its MSR is not passed")

/* Leaf 7, subleaf 0, EDX */
#define CPUID_BITS_7_EDX(SHOW, HIDE, MAKE)                                   \
	HIDE(1, SGX_KEYS, "no SGX")                                          \
	SHOW(2, AVX512_4VNNIW, "computation")                                \
	SHOW(3, AVX512_4FMAPS, "computation")                                \
	SHOW(4, FSRM, "computation")                                         \
	HIDE(5, UINTR, "its MSRs send interrupts to any APIC id")            \
	SHOW(8, AVX512_VP2INTERSECT, "computation")                          \
	HIDE(9, SRBDS_CTRL, "its MSR is shared by the core's threads")       \
	SHOW(10, MD_CLEAR, "VERW flushes own buffers")                       \
	SHOW(11, RTM_ALWAYS_ABORT, "how RTM behaves")                        \
	HIDE(13, RTM_FORCE_ABORT, "its MSR is not passed")                   \
	SHOW(14, SERIALIZE, "computation")                                   \
	HIDE(15, HYBRID, "leaf 0x1A is not offered")                         \
	SHOW(16, TSXLDTRK, "computation")                                    \
	HIDE(18, PCONFIG, "platform configuration")                          \
	HIDE(19, ARCH_LBR, "its XSAVE component is supervisor state in XSS") \
	HIDE(20, CET_IBT, "see CET_SS")                                      \
	HIDE(22, AMX_BF16, "its XSAVE components are not offered")           \
	SHOW(23, AVX512_FP16, "computation")                                 \
	HIDE(24, AMX_TILE, "its XSAVE components are not offered")           \
	HIDE(25, AMX_INT8, "its XSAVE components are not offered")           \
	SHOW(26, IBRS_IBPB, "SPEC_CTRL and PRED_CMD are passed")             \
	SHOW(27, STIBP, "SPEC_CTRL is passed")                               \
	SHOW(28, L1D_FLUSH, "FLUSH_CMD is passed")                           \
	SHOW(29, ARCH_CAPABILITIES, "a part of it is answered (msr.c)")      \
	HIDE(30, CORE_CAPABILITIES, "split-lock detection is the machine's") \
	SHOW(31, SSBD, "SPEC_CTRL is passed")

/* Leaf 7, subleaf 1, EAX */
#define CPUID_BITS_7_1_EAX(SHOW, HIDE, MAKE)                     \
	SHOW(4, AVX_VNNI, "computation")                         \
	SHOW(5, AVX512_BF16, "computation")                      \
	SHOW(10, FZRM, "computation")                            \
	SHOW(11, FSRS, "computation")                            \
	SHOW(12, FSRC, "computation")                            \
	HIDE(22, HRESET, "resets what the core's threads share") \
	SHOW(23, AVX_IFMA, "computation")                        \
	HIDE(26, LAM, "the emulation of guests' accesses takes canonical addresses")

/* Leaf 7, subleaf 2, EDX: further bits of SPEC_CTRL, which is passed */
#define CPUID_BITS_7_2_EDX(SHOW, HIDE, MAKE)       \
	SHOW(0, PSFD, "SPEC_CTRL is passed")       \
	SHOW(1, IPRED_CTRL, "SPEC_CTRL is passed") \
	SHOW(2, RRSBA_CTRL, "SPEC_CTRL is passed") \
	SHOW(3, DDPD_U, "SPEC_CTRL is passed")     \
	SHOW(4, BHI_CTRL, "SPEC_CTRL is passed")   \
	SHOW(5, MCDT_NO, "how the core behaves")

/* Leaf 0xD, subleaf 1, EAX */
#define CPUID_BITS_D_1_EAX(SHOW, HIDE, MAKE)          \
	SHOW(0, XSAVEOPT, "computation")              \
	SHOW(1, XSAVEC, "computation")                \
	SHOW(2, XGETBV_1, "computation")              \
	SHOW(3, XSAVES, "with XSS kept at 0 (msr.c)") \
	HIDE(4, XFD, "its MSRs are not passed, nor is AMX")

/* Leaf 0x80000001, ECX */
#define CPUID_BITS_80000001_ECX(SHOW, HIDE, MAKE) \
	SHOW(0, LAHF, "computation")              \
	SHOW(5, LZCNT, "computation")             \
	SHOW(8, PREFETCHW, "own memory only")

/* Leaf 0x80000001, EDX */
#define CPUID_BITS_80000001_EDX(SHOW, HIDE, MAKE)         \
	MAKE(11, SYSCALL, "on Intel only in 64-bit code") \
	SHOW(20, NX, "guest state")                       \
	SHOW(26, PDPE1GB, "guest state")                  \
	SHOW(27, RDTSCP, "TSC_AUX is the guest's")        \
	SHOW(29, LM, "guest state")

/* Leaf 0x80000007, EDX */
#define CPUID_BITS_80000007_EDX(SHOW, HIDE, MAKE) SHOW(8, INVARIANT_TSC, "the TSC is the real one")

/* Components of XCR0 (SDM 1.13.1), leaf 0xD, subleaf 0, EAX; those of XSS are all hidden */
#define CPUID_BITS_XCR0(SHOW, HIDE, MAKE)                                  \
	SHOW(0, X87, "loaded for good, the hypervisor has no vector code") \
	SHOW(1, SSE, "the same")                                           \
	SHOW(2, AVX, "the same")                                           \
	HIDE(3, BNDREGS, "MPX is hidden")                                  \
	HIDE(4, BNDCSR, "MPX is hidden")                                   \
	SHOW(5, OPMASK, "as X87")                                          \
	SHOW(6, ZMM_HI256, "as X87")                                       \
	SHOW(7, HI16_ZMM, "as X87")                                        \
	SHOW(9, PKRU, "as X87")                                            \
	HIDE(17, TILECFG, "AMX is hidden")                                 \
	HIDE(18, TILEDATA, "AMX is hidden")

#define CPUID_BIT_SHOWN(bit, name, reason) | UINT32_C(1) << (bit)
#define CPUID_BIT_HIDDEN(bit, name, reason)

/* The bits that are shown of a list above; those that are made are not among them. */
#define CPUID_SHOWN(list) (UINT32_C(0) list(CPUID_BIT_SHOWN, CPUID_BIT_HIDDEN, CPUID_BIT_HIDDEN))

#endif
