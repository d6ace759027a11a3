/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_DECODE_BYTES_H
#define UNIT_DECODE_BYTES_H

#include <string.h>

#include "vm/mmio_decode.h"

/* mmio_decode() of `count` bytes, with bytes behind them that must not matter. */
static inline enum error decode_bytes(const uint8_t *bytes, size_t count, unsigned bits,
				      struct mmio_instruction *instruction)
{
	struct mmio_code code = {
		.bits = bits,
		.count = count < MMIO_INSTRUCTION_MAX ? count : MMIO_INSTRUCTION_MAX,
	};

	memset(code.bytes, 0x66, sizeof(code.bytes));
	memcpy(code.bytes, bytes, code.count);
	return mmio_decode(&code, instruction);
}

#endif
