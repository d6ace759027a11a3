/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to guest-physical memory that the EPT does not map. A few things are emulated there: the xAPIC
 * page, the IOAPICs, memory-mapped PCI configuration space and MSI-X tables. Everything else is outside the
 * partition and stops the VM.
 */
#include "bulkhead/platform.h"
#include "cpu/privileged.h"
#include "devices/ioapic.h"
#include "devices/pci.h"
#include "lib/format.h"
#include "vm/handlers.h"
#include "vm/mmio_alu.h"
#include "vm/mmio_string.h"

/* So often an instruction is looked for that the processor executes and that lies in no memory of the VM's. */
#define VANISHED_MAX 1000

/* What is at an address. DEVICE_NONE answers as a bus without a device: reads are all ones, writes are lost. */
enum mmio_device {
	DEVICE_OUTSIDE, /* of what the VM has */
	DEVICE_NONE,
	DEVICE_LOCAL_APIC,
	DEVICE_PCI,
	DEVICE_IOAPIC, /* that of index 0 in scenario_tables.ioapics; the others follow */
};

/*
 * Where a PC has its screen and its firmware, and the local APIC's usual page when that is elsewhere: programs look
 * there for what may not exist. Anything else that a VM does not have ends it.
 */
static bool is_absent(const struct vm_config *vm, gpa_t page)
{
	return page == PLATFORM_LAPIC_GPA ||
	       (((page >= PLATFORM_LOW_HOLE_GPA && page < PLATFORM_LOW_HOLE_END_GPA) ||
		 page >> 24 == PLATFORM_FIRMWARE_GPA >> 24) &&
		!guest_is_ram(vm, page, PAGE_SIZE_4K, 0));
}

/* enum mmio_device */
static unsigned device_at(const struct vcpu *vcpu, gpa_t address)
{
	gpa_t page = address & ~(PAGE_SIZE_4K - 1);

	if (local_apic_page_at(vcpu, page))
		return DEVICE_LOCAL_APIC;
	for (uint32_t i = 0; i < scenario_tables.ioapic_count; i++)
		if (scenario_tables.ioapics[i].base == page)
			return DEVICE_IOAPIC + i;
	if (pci_memory_at && pci_memory_at(vcpu->vm, address))
		return DEVICE_PCI;
	return is_absent(vcpu->vm->config, page) ? DEVICE_NONE : DEVICE_OUTSIDE;
}

/*
 * Registers of APICs are 32 bits wide. Bytes and words within one are read as part of it; an access of any
 * other width or place has no defined effect on the real ones (SDM 3.11.4.1): here it reads as all ones and
 * writes nothing.
 */
static uint64_t device_read(struct vcpu *vcpu, unsigned device, gpa_t address, unsigned size)
{
	uint32_t offset = address & (PAGE_SIZE_4K - 1);
	unsigned within = offset & 3;
	uint32_t value = UINT32_MAX;

	if (device == DEVICE_PCI)
		return pci_memory_read(vcpu->vm, address, size);
	if (within + size > sizeof(value))
		return UINT64_MAX;
	if (device == DEVICE_LOCAL_APIC)
		value = local_apic_page_read(vcpu, offset - within);
	else if (device >= DEVICE_IOAPIC)
		value = ioapic_read(vcpu->vm, device - DEVICE_IOAPIC, offset - within);
	return value >> (8 * within);
}

static void device_write(struct vcpu *vcpu, unsigned device, gpa_t address, unsigned size,
			 uint64_t value)
{
	uint32_t offset = address & (PAGE_SIZE_4K - 1);

	if (device == DEVICE_PCI)
		pci_memory_write(vcpu->vm, address, size, value);
	else if (size != sizeof(uint32_t))
		return;
	else if (device == DEVICE_LOCAL_APIC)
		local_apic_page_write(vcpu, offset, (uint32_t)value);
	else if (device >= DEVICE_IOAPIC)
		ioapic_write(vcpu->vm, device - DEVICE_IOAPIC, offset, (uint32_t)value);
}

bool mmio_device_transfer(struct vcpu *vcpu, gpa_t address, unsigned size, bool write,
			  uint64_t *value)
{
	unsigned device = device_at(vcpu, address);

	if (write)
		device_write(vcpu, device, address, size, *value);
	else if (device)
		*value = device_read(vcpu, device, address, size);
	return device;
}

/* By far the most: a copy between a device register and a register or a constant, which leaves flags alone. */
static bool is_move(const struct mmio_instruction *instruction)
{
	return instruction->operation <= MMIO_MOVSX && instruction->reg != GUEST_RSP;
}
_Static_assert(MMIO_MOV < MMIO_MOVSX && MMIO_MOVZX < MMIO_MOVSX, "the moves are the first");

static void move(struct vcpu *vcpu, struct guest_registers *registers, unsigned device,
		 gpa_t address, const struct mmio_instruction *instruction)
{
	unsigned size = instruction->memory_size;

	if (instruction->writes)
		device_write(vcpu, device, address, size, mmio_write_value(instruction, registers));
	else
		mmio_complete_read(instruction, registers,
				   device_read(vcpu, device, address, size));
}

/* False: it is a division that raises #DE. */
static bool compute(struct vcpu *vcpu, struct guest_registers *registers, unsigned device,
		    gpa_t address, const struct mmio_instruction *instruction, uint64_t *flags)
{
	unsigned size = instruction->memory_size;
	uint64_t value = UINT64_MAX;

	if (instruction->reads)
		value = device_read(vcpu, device, address, size);
	if (mmio_division_faults(instruction, registers, value))
		return false;
	value = mmio_execute(instruction, registers, flags, value);
	if (instruction->writes)
		device_write(vcpu, device, address, size, value);
	return true;
}

static void watch(const struct memory_access *access, const struct mmio_instruction *instruction)
{
	(void)guest_watch_access(instruction->writes ? WATCH_WRITE : WATCH_READ, access->linear,
				 instruction->memory_size);
}

static _Noreturn void stop_outside(struct vcpu *vcpu, struct guest_registers *registers,
				   const struct memory_access *access);

/* All but moves: flags and the stack pointer may change. */
static void execute(struct vcpu *vcpu, struct guest_registers *registers, unsigned device,
		    const struct memory_access *access, const struct mmio_instruction *instruction)
{
	enum mmio_string_result result = MMIO_STRING_DONE;
	struct mmio_step step;

	step.vcpu = vcpu;
	step.instruction = instruction;
	step.registers = registers;
	step.flags = guest_flags();
	step.address = access->address;
	registers->rsp = guest_stack_pointer();
	if (instruction->operation < MMIO_PUSH) {
		if (!compute(vcpu, registers, device, access->address, instruction, &step.flags)) {
			step.access.fault =
				(struct guest_exception){.vector = EXCEPTION_DIVIDE_ERROR};
			result = MMIO_STRING_FAULTS;
		}
		watch(access, instruction);
	} else if (instruction->operation <= MMIO_JMP) {
		result = mmio_stack(&step);
	} else {
		result = mmio_string(&step);
	}
	if (result == MMIO_STRING_OUTSIDE)
		stop_outside(vcpu, registers, access);
	if (result == MMIO_STRING_FAULTS) {
		guest_inject(&step.access.fault);
		return;
	}
	guest_set_stack_pointer(registers->rsp);
	guest_set_flags(step.flags);
	guest_skip_bytes(result == MMIO_STRING_GOES_ON ? 0 : instruction->length);
}

static const char *access_name(const struct memory_access *access)
{
	if (access->fetch)
		return "fetches an instruction from";
	return access->write ? "writes to" : "reads";
}

static _Noreturn void stop_outside(struct vcpu *vcpu, struct guest_registers *registers,
				   const struct memory_access *access)
{
	log_end(vcpu->vm, "vCPU %u %s guest-physical 0x%lx (linear 0x%lx), %s", vcpu->config->index,
		access_name(access), access->address, access->linear,
		guest_is_ram(vcpu->vm->config, access->address, 1, 0)
			? "which the VM's memory does not permit there"
			: "which is not the VM's memory");
	vm_stop(vcpu, STOP_MEMORY, registers);
}

static _Noreturn void stop_unknown(struct vcpu *vcpu, const struct guest_registers *registers,
				   const struct memory_access *access, const struct mmio_code *code)
{
	char text[3 * MMIO_INSTRUCTION_MAX + 1] = "";

	for (size_t i = 0; i < code->count; i++)
		format_text(text + 3 * i, sizeof(" 00"), " %02x", code->bytes[i]);
	log_end(vcpu->vm,
		"vCPU %u %s device register 0x%lx by an instruction that Bulkhead does not emulate: "
		"bytes%s (%u-bit code)",
		vcpu->config->index, access_name(access), access->address, text, code->bits);
	vm_stop(vcpu, STOP_INSTRUCTION, registers);
}

/*
 * Out of line, so that the way of an instruction that is known needs no room for another one. False: another core has
 * taken the instruction's page away since it was executed. The processor shall look once more, and will fault.
 */
static __attribute__((noinline)) bool decode(struct vcpu *vcpu, struct guest_registers *registers,
					     const struct memory_access *access,
					     struct mmio_instruction *instruction)
{
	struct mmio_code code = {.address = guest_instruction_address(), .bits = guest_code_bits()};
	struct guest_paging paging;

	guest_paging_read(&paging);
	if (mmio_fetch(vcpu->vm->config, &paging, &code) && ++vcpu->mmio.vanished < VANISHED_MAX) {
		guest_forget_translations(vcpu);
		return false;
	}
	vcpu->mmio.vanished = 0;
	if (mmio_decode(&code, instruction))
		stop_unknown(vcpu, registers, access, &code);
	if (code.bits == 64)
		mmio_cache_keep(&vcpu->mmio, vcpu->vm->config, &paging, &code, instruction);
	return true;
}

void vm_memory_access(struct vcpu *vcpu, struct guest_registers *registers,
		      const struct memory_access *access)
{
	const struct mmio_instruction *instruction = NULL;
	struct mmio_instruction decoded;
	unsigned device = DEVICE_OUTSIDE;

	if (!access->fetch && access->linear_valid)
		device = device_at(vcpu, access->address);
	if (device == DEVICE_OUTSIDE)
		stop_outside(vcpu, registers, access);
	if (guest_code_bits() == 64)
		instruction = mmio_cache_find(&vcpu->mmio, guest_instruction_pointer(),
					      guest_page_tables());
	if (!instruction) {
		if (!decode(vcpu, registers, access, &decoded))
			return;
		instruction = &decoded;
	}
	if (!is_move(instruction)) {
		execute(vcpu, registers, device, access, instruction);
		return;
	}
	move(vcpu, registers, device, access->address, instruction);
	watch(access, instruction);
	guest_skip_bytes(instruction->length);
}
