/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu_features.h"

#include <string.h>

#define BIT(n) (UINT32_C(1) << (n))
#define L1_ECX(bits)                                    \
	{                                               \
		1, CPUID_SUBLEAF_ANY, CPUID_ECX, (bits) \
	}
#define L1_EDX(bits)                                    \
	{                                               \
		1, CPUID_SUBLEAF_ANY, CPUID_EDX, (bits) \
	}
#define L7_EBX(bits)                    \
	{                               \
		7, 0, CPUID_EBX, (bits) \
	}
#define L7_ECX(bits)                    \
	{                               \
		7, 0, CPUID_ECX, (bits) \
	}
#define L7_EDX(bits)                    \
	{                               \
		7, 0, CPUID_EDX, (bits) \
	}
#define EXT_EDX(bits)                                            \
	{                                                        \
		0x80000001, CPUID_SUBLEAF_ANY, CPUID_EDX, (bits) \
	}
#define XSAVE1(bits)                      \
	{                                 \
		0xD, 1, CPUID_EAX, (bits) \
	}

/* Bits of SDM 2A, CPUID. AVX512: F, DQ, IFMA, PF, ER, CD, BW, VL of EBX and what ECX and EDX add. */
#define AVX512_EBX (BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31))
#define AVX512_ECX (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
#define AVX512_EDX (BIT(2) | BIT(3) | BIT(8) | BIT(23))
#define VAES_ECX   (BIT(9) | BIT(10))            /* VAES, VPCLMULQDQ */
#define AVX_L1     (BIT(12) | BIT(28) | BIT(29)) /* FMA, AVX, F16C */

/* clang-format off */
const struct cpu_feature cpu_features[] = {
	{"adx", {L7_EBX(BIT(19))}},
	{"aes", {L1_ECX(BIT(25)), L7_ECX(BIT(9))}},
	{"avx", {L1_ECX(AVX_L1), L7_EBX(BIT(5) | AVX512_EBX), L7_ECX(AVX512_ECX | VAES_ECX), L7_EDX(AVX512_EDX)}},
	{"avx2", {L7_EBX(BIT(5) | AVX512_EBX), L7_ECX(AVX512_ECX), L7_EDX(AVX512_EDX)}},
	{"avx512", {L7_EBX(AVX512_EBX), L7_ECX(AVX512_ECX), L7_EDX(AVX512_EDX)}},
	{"bmi1", {L7_EBX(BIT(3))}},
	{"bmi2", {L7_EBX(BIT(8))}},
	{"erms", {L7_EBX(BIT(9))}},
	{"f16c", {L1_ECX(BIT(29))}},
	{"fma", {L1_ECX(BIT(12))}},
	{"gfni", {L7_ECX(BIT(8))}},
	{"movbe", {L1_ECX(BIT(22))}},
	{"pclmulqdq", {L1_ECX(BIT(1)), L7_ECX(BIT(10))}},
	{"pdpe1gb", {EXT_EDX(BIT(26))}},
	{"pku", {L7_ECX(BIT(3) | BIT(4))}},
	{"popcnt", {L1_ECX(BIT(23))}},
	{"rdrand", {L1_ECX(BIT(30))}},
	{"rdseed", {L7_EBX(BIT(18))}},
	{"rdtscp", {EXT_EDX(BIT(27))}},
	{"sha", {L7_EBX(BIT(29))}},
	{"smap", {L7_EBX(BIT(20))}},
	{"smep", {L7_EBX(BIT(7))}},
	{"sse4_1", {L1_ECX(BIT(19) | BIT(20))}},
	{"sse4_2", {L1_ECX(BIT(20))}},
	{"tsc_deadline", {L1_ECX(BIT(24))}},
	{"umip", {L7_ECX(BIT(2))}},
	{"xsave", {L1_ECX(BIT(26) | BIT(27) | AVX_L1), L7_EBX(BIT(5) | AVX512_EBX),
		   L7_ECX(AVX512_ECX | VAES_ECX | BIT(3) | BIT(4)), L7_EDX(AVX512_EDX),
		   XSAVE1(BIT(0) | BIT(1) | BIT(2) | BIT(3))}},
	{"xsavec", {XSAVE1(BIT(1) | BIT(3))}},
	{"xsaveopt", {XSAVE1(BIT(0))}},
	{"xsaves", {XSAVE1(BIT(3))}},
};
/* clang-format on */

const size_t cpu_feature_count = sizeof(cpu_features) / sizeof(*cpu_features);

const struct cpu_feature *cpu_feature_find(const char *name)
{
	for (size_t i = 0; i < cpu_feature_count; i++)
		if (!strcmp(cpu_features[i].name, name))
			return &cpu_features[i];
	return NULL;
}
