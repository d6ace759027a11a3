/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzzer expects of the code under test: libFuzzer reports the input where it does not hold. */
#ifndef FUZZ_PROMISE_H
#define FUZZ_PROMISE_H

#include <stdlib.h>

#define PROMISE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#endif
