/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   vectors [ROUNDS]
 *
 * Whether vector registers are a thread's own: two processes fill theirs, go on for longer than a turn of
 * the scheduler, and look again. Prints "vectors: KIND rounds=N lost=N"; the exit status is 1 if any was lost.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPIN 300000u /* more than a turn takes, at the emulator's 50 MHz */

static uint8_t wanted[8][64] __attribute__((aligned(64)));
static uint8_t found[8][64] __attribute__((aligned(64)));

struct kind {
	const char *name;
	void (*round)(uint32_t spin);
	unsigned registers, bytes;
};

/* In one statement, so that no code of the compiler's comes between filling and reading. */
static void round_sse(uint32_t spin)
{
	__asm__ volatile("movdqu (%1), %%xmm1; movdqu 64(%1), %%xmm7; movdqu 128(%1), %%xmm15;"
			 "1: dec %0; jnz 1b;"
			 "movdqu %%xmm1, (%2); movdqu %%xmm7, 64(%2); movdqu %%xmm15, 128(%2)"
			 : "+r"(spin)
			 : "r"(wanted), "r"(found)
			 : "memory", "cc", "xmm1", "xmm7", "xmm15");
}

__attribute__((target("avx"))) static void round_avx(uint32_t spin)
{
	__asm__ volatile("vmovdqu (%1), %%ymm1; vmovdqu 64(%1), %%ymm7; vmovdqu 128(%1), %%ymm15;"
			 "1: dec %0; jnz 1b;"
			 "vmovdqu %%ymm1, (%2); vmovdqu %%ymm7, 64(%2); vmovdqu %%ymm15, 128(%2);"
			 "vzeroupper"
			 : "+r"(spin)
			 : "r"(wanted), "r"(found)
			 : "memory", "cc", "xmm1", "xmm7", "xmm15");
}

__attribute__((target("avx512f"))) static void round_avx512(uint32_t spin)
{
	__asm__ volatile(
		"vmovdqu64 (%1), %%zmm1; vmovdqu64 64(%1), %%zmm7; vmovdqu64 128(%1), %%zmm15;"
		"vmovdqu64 192(%1), %%zmm16; vmovdqu64 256(%1), %%zmm31;"
		"1: dec %0; jnz 1b;"
		"vmovdqu64 %%zmm1, (%2); vmovdqu64 %%zmm7, 64(%2); vmovdqu64 %%zmm15, 128(%2);"
		"vmovdqu64 %%zmm16, 192(%2); vmovdqu64 %%zmm31, 256(%2); vzeroupper"
		: "+r"(spin)
		: "r"(wanted), "r"(found)
		: "memory", "cc", "xmm1", "xmm7", "xmm15", "xmm16", "xmm31");
}

static unsigned lost(const struct kind *kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < kind->registers; i++)
		count += memcmp(wanted[i], found[i], kind->bytes) != 0;
	return count;
}

static unsigned test(const struct kind *kind, unsigned rounds)
{
	unsigned count = 0;

	for (unsigned i = 0; i < rounds; i++) {
		memset(found, 0, sizeof(found));
		kind->round(SPIN);
		count += lost(kind);
	}
	printf("vectors: %s rounds=%u lost=%u\n", kind->name, rounds, count);
	fflush(stdout);
	return count;
}

static void fill(uint8_t seed)
{
	for (unsigned r = 0; r < sizeof(wanted) / sizeof(wanted[0]); r++)
		for (unsigned i = 0; i < sizeof(wanted[0]); i++)
			wanted[r][i] = (uint8_t)(seed + r * 31 + i);
}

/* Other values in the same registers, for as long as the first process lives. */
static pid_t start_rival(const struct kind *kind)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	fill(0x80);
	for (;;)
		kind->round(SPIN / 8);
}

int main(int argc, char **argv)
{
	static const struct kind sse = {"sse", round_sse, 3, 16}, avx = {"avx", round_avx, 3, 32},
				 avx512 = {"avx512", round_avx512, 5, 64};
	const struct kind *kinds[] = {&sse, __builtin_cpu_supports("avx") ? &avx : NULL,
				      __builtin_cpu_supports("avx512f") ? &avx512 : NULL};
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 10;
	unsigned count = 0;

	fill(1);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && kinds[i]; i++) {
		pid_t rival = start_rival(kinds[i]);

		count += test(kinds[i], rounds);
		kill(rival, SIGKILL);
	}
	return count != 0;
}
