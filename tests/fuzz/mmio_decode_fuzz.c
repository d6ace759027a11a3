/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of arbitrary bytes: the decoder must not read beyond them, and what it accepts must be
 * fit for the executor. Run by `make fuzz`.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/privileged.h"
#include "decode_bytes.h"
#include "promise.h"
#include "vm/mmio_alu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing here has guest memory. */
void *host_pointer(hpa_t address)
{
	(void)address;
	abort();
}

static bool is_size(unsigned size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static void check_promises(const struct mmio_instruction *i, size_t count)
{
	PROMISE(i->length > 0 && i->length <= count && i->length <= MMIO_INSTRUCTION_MAX);
	PROMISE((unsigned)i->operation < MMIO_OPERATION_COUNT);
	PROMISE(is_size(i->memory_size) && is_size(i->operand_size));
	PROMISE(i->operand_size >= i->memory_size);
	PROMISE(i->reads || i->writes || i->operation >= MMIO_PUSH);
	PROMISE(i->reg < GUEST_REGISTER_COUNT);
	PROMISE(!i->high_byte || (i->operand_size == 1 && i->reg < 4));
}

/* An instruction that ends before the bytes do must decode the same without the rest. */
static void check_length(const uint8_t *bytes, unsigned code_bits,
			 const struct mmio_instruction *whole)
{
	struct mmio_instruction again;

	PROMISE(decode_bytes(bytes, whole->length, code_bits, &again) == ERROR_OK);
	PROMISE(again.length == whole->length && again.operation == whole->operation);
	PROMISE(decode_bytes(bytes, whole->length - 1u, code_bits, &again) != ERROR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned modes[] = {16, 32, 64};
	struct mmio_instruction instruction;
	struct guest_registers registers;
	uint64_t flags = 2;
	unsigned code_bits;
	uint8_t *bytes;

	if (size < 2)
		return 0;
	code_bits = modes[data[0] % 3];
	bytes = malloc(size - 1);
	memcpy(bytes, data + 1, size - 1);
	if (decode_bytes(bytes, size - 1, code_bits, &instruction) == ERROR_OK) {
		check_promises(&instruction, size - 1);
		check_length(bytes, code_bits, &instruction);
		memset(&registers, data[1], sizeof(registers));
		/* others are not for it */
		if (instruction.operation < MMIO_PUSH &&
		    !mmio_division_faults(&instruction, &registers, 0x1234))
			mmio_execute(&instruction, &registers, &flags, 0x1234);
		PROMISE((flags & ~UINT64_C(0x8D5)) == 2);
	}
	free(bytes);
	return 0;
}
