/* SPDX-License-Identifier: Apache-2.0 */
/* All that cpp and dtc print, made up: line markers, messages, the annotated source and the blob. */
#include "tool_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct part parts[FUZZ_PARTS];

	fuzz_split(data, size, parts);
	fuzz_examine(parts);
	return 0;
}
