/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction behind an EPT violation on an emulated device page (local APIC, IOAPIC): what it
 * does to memory and to registers. The exit gives the guest-physical address, so the effective address
 * is only skipped, not computed.
 *
 *     mmio_fetch(vm, &paging, &code);
 *     mmio_decode(&code, &instruction);
 *     if (instruction.reads)
 *             value = device_read(offset, instruction.memory_size);
 *     value = mmio_execute(&instruction, registers, &flags, value);
 *     if (instruction.writes)
 *             device_write(offset, instruction.memory_size, value);
 *     guest_skip_bytes(instruction.length);
 */
#ifndef VM_MMIO_DECODE_H
#define VM_MMIO_DECODE_H

#include "bulkhead/error.h"
#include "vm/guest_state.h"
#include "vm/registers.h"

/* The processor refuses longer instructions (SDM 2.2.3.11). */
#define MMIO_INSTRUCTION_MAX 15

/* Operations on two operands, of which one is the device register in memory. */
enum mmio_operation {
	MMIO_MOV,
	MMIO_MOVZX,
	MMIO_MOVSX,
	MMIO_MOVBE,
	MMIO_SET,
	MMIO_TEST,
	/* These the processor carries out itself (mmio_alu.c). */
	MMIO_SHLD, /* of RAX and RDX by RCX, as the next */
	MMIO_SHRD,
	MMIO_ROL, /* the shifts as the reg field of their opcodes numbers them */
	MMIO_ROR,
	MMIO_RCL,
	MMIO_RCR,
	MMIO_SHL,
	MMIO_SHR,
	MMIO_SAL,
	MMIO_SAR,
	MMIO_ADD, /* these eight as their opcodes do */
	MMIO_OR,
	MMIO_ADC,
	MMIO_SBB,
	MMIO_AND,
	MMIO_SUB,
	MMIO_XOR,
	MMIO_CMP,
	MMIO_NOT,
	MMIO_NEG,
	MMIO_MUL, /* of RDX:RAX, as the next three */
	MMIO_IMUL_WIDE,
	MMIO_DIV,
	MMIO_IDIV,
	MMIO_INC,
	MMIO_DEC,
	MMIO_BT, /* these four as their opcodes do */
	MMIO_BTS,
	MMIO_BTR,
	MMIO_BTC,
	MMIO_IMUL,
	MMIO_BSF,
	MMIO_BSR,
	MMIO_POPCNT,
	MMIO_TZCNT,
	MMIO_LZCNT,
	/* end of those */
	MMIO_XCHG,
	MMIO_XADD,
	MMIO_CMPXCHG,
	MMIO_CMPXCHG8B,
	MMIO_CMOV,
	/* these are for mmio_stack(), not for mmio_execute() */
	MMIO_PUSH,
	MMIO_POP,
	MMIO_CALL,
	MMIO_JMP,
	/* and these for mmio_string(), with what each reads and writes */
	MMIO_MOVS,
	MMIO_CMPS,
	MMIO_STOS,
	MMIO_LODS,
	MMIO_SCAS,
	MMIO_OPERATION_COUNT,
};

struct mmio_instruction {
	enum mmio_operation operation;
	uint8_t length;      /* in bytes, 1 .. MMIO_INSTRUCTION_MAX */
	uint8_t memory_size; /* of the device access, in bytes: 1, 2, 4 or 8 */
	uint8_t operand_size; /* of the register, in bytes; more than memory_size for MOVZX and MOVSX */
	bool reads;           /* the device is read */
	bool writes;          /* the device is written, after a read if there is one */
	bool to_register;     /* memory is the source: the result goes into `reg` */
	bool has_immediate;   /* the other operand (of SHLD and SHRD the count) is `immediate` */
	uint8_t reg;          /* enum guest_register; the other operand without one */
	bool high_byte;       /* AH, CH, DH or BH: bits 15:8 of `reg` */
	uint64_t immediate;   /* sign-extended to 64 bits */
	uint8_t condition;    /* of CMOVcc and SETcc, as encoded */
	uint8_t repeat;       /* prefix of a string instruction: F2, F3 or 0 */
	uint8_t segment;      /* of its source, enum guest_segment_name */
	uint8_t address_size; /* of its RSI, RDI and RCX, in bytes */
};

/* The decoder looks at no more bytes, whatever they are. */
#define MMIO_CODE_ROOM 32

/* What lies at an instruction pointer. */
struct mmio_code {
	gva_t address; /* linear: CS base + RIP */
	unsigned bits; /* 16, 32 or 64, from CS and EFER */
	size_t count;  /* of the bytes, up to MMIO_INSTRUCTION_MAX; those behind may be anything */
	uint8_t bytes[MMIO_CODE_ROOM];
};

/*
 * Copies the instruction at code->address across a page border. Of `code` the count is less where the next page
 * is not mapped; the decoder then sees whether the instruction ended before it. Other vCPUs may change the bytes
 * meanwhile: what is decoded is this copy, and whatever it says is only done to the calling vCPU.
 *
 * Errors, if not even the first byte can be had: as guest_linear_to_physical() and guest_read().
 */
enum error mmio_fetch(const struct vm_config *vm, const struct guest_paging *paging,
		      struct mmio_code *code);

/*
 * Decodes one instruction. Pure.
 *
 * MOV, MOVNTI, MOVZX, MOVSX, MOVSXD, XCHG, ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST, NOT, NEG, INC, DEC,
 * XADD, CMPXCHG, CMPXCHG8B, IMUL, MUL, DIV, IDIV, CMOVcc, SETcc, BT, BTS, BTR, BTC, shifts and rotates, SHLD, SHRD, BSF,
 * BSR, TZCNT, LZCNT, POPCNT, MOVBE, PUSH, POP, near CALL and JMP, where one operand is memory, and MOVS, CMPS, STOS,
 * LODS, SCAS; with all prefixes and addressing forms.
 *
 * ERROR_INSTRUCTION_UNKNOWN: another instruction, no memory operand, a LOCK prefix where it raises
 * #UD, or the bytes end before the instruction does. Then *instruction is not to be used.
 */
enum error mmio_decode(const struct mmio_code *code, struct mmio_instruction *instruction);

/*
 * Carries out what the instruction does besides the device access. `memory` is what the device
 * returned if instruction->reads; only its low memory_size bytes count. Updates the destination
 * register with the processor's partial-register rules, and the arithmetic flags in *flags (RFLAGS).
 * Returns the value to write to the device if instruction->writes, of which the same bytes count, else 0.
 */
uint64_t mmio_execute(const struct mmio_instruction *instruction, struct guest_registers *registers,
		      uint64_t *flags, uint64_t memory);

/* For MMIO_MOV, MMIO_MOVZX and MMIO_MOVSX only, which need no flags; mmio_execute() does the same. */
void mmio_complete_read(const struct mmio_instruction *instruction,
			struct guest_registers *registers, uint64_t value);
uint64_t mmio_write_value(const struct mmio_instruction *instruction,
			  const struct guest_registers *registers);

#endif
