/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpuid LEAF [SUBLEAF [LAST SUBLEAF]]: what the instruction returns on this CPU, "eax ebx ecx edx" in
 * hexadecimal, one line each. taskset says which CPU that is.
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments)
{
	unsigned leaf, first, last, a, b, c, d;

	if (count < 2)
		return 2;
	leaf = (unsigned)strtoul(arguments[1], NULL, 0);
	first = count > 2 ? (unsigned)strtoul(arguments[2], NULL, 0) : 0;
	last = count > 3 ? (unsigned)strtoul(arguments[3], NULL, 0) : first;
	for (unsigned subleaf = first; subleaf <= last; subleaf++) {
		__cpuid_count(leaf, subleaf, a, b, c, d);
		printf("%08x %08x %08x %08x\n", a, b, c, d);
	}
	return 0;
}
