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
#include "vm/handlers.h"
#include "vm/mmio_string.h"

/* So often an instruction is looked for that the processor executes and that lies in no memory of the VM's. */
#define VANISHED_MAX 1000

/* DEVICE_NONE answers as a bus without a device: reads are all ones, writes are lost. */
enum mmio_device { DEVICE_NONE, DEVICE_LOCAL_APIC, DEVICE_IOAPIC, DEVICE_PCI };

struct mmio_target {
	enum mmio_device device;
	uint32_t ioapic; /* index into scenario_tables.ioapics */
	gpa_t address;
	uint32_t offset; /* in its page */
};

static bool is_ioapic(gpa_t page, uint32_t *index)
{
	for (*index = 0; *index < scenario_tables.ioapic_count; (*index)++)
		if (scenario_tables.ioapics[*index].base == page)
			return true;
	return false;
}

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

static bool find_target(const struct vcpu *vcpu, gpa_t address, struct mmio_target *target)
{
	gpa_t page = address & ~(PAGE_SIZE_4K - 1);

	target->address = address;
	target->offset = (uint32_t)(address - page);
	if (local_apic_page_at(vcpu, page))
		target->device = DEVICE_LOCAL_APIC;
	else if (is_ioapic(page, &target->ioapic))
		target->device = DEVICE_IOAPIC;
	else if (pci_memory_at && pci_memory_at(vcpu->vm, address))
		target->device = DEVICE_PCI;
	else
		target->device = DEVICE_NONE;
	return target->device != DEVICE_NONE || is_absent(vcpu->vm->config, page);
}

static uint32_t apic_read(struct vcpu *vcpu, const struct mmio_target *target, uint32_t offset)
{
	if (target->device == DEVICE_LOCAL_APIC)
		return local_apic_page_read(vcpu, offset);
	if (target->device == DEVICE_IOAPIC)
		return ioapic_read(vcpu->vm, target->ioapic, offset);
	return UINT32_MAX;
}

/*
 * Registers of APICs are 32 bits wide. Bytes and words within one are read as part of it; an access of any
 * other width or place has no defined effect on the real ones (SDM 3.11.4.1): here it reads as all ones and
 * writes nothing.
 */
static uint64_t apic_part_read(struct vcpu *vcpu, const struct mmio_target *target, unsigned size)
{
	unsigned within = target->offset & 3;

	if (within + size > sizeof(uint32_t))
		return UINT64_MAX;
	return apic_read(vcpu, target, target->offset - within) >> (8 * within);
}

static void apic_write(struct vcpu *vcpu, const struct mmio_target *target, unsigned size,
		       uint32_t value)
{
	if (size != sizeof(uint32_t))
		return;
	if (target->device == DEVICE_LOCAL_APIC)
		local_apic_page_write(vcpu, target->offset, value);
	else if (target->device == DEVICE_IOAPIC)
		ioapic_write(vcpu->vm, target->ioapic, target->offset, value);
}

static void transfer(struct vcpu *vcpu, const struct mmio_target *target, unsigned size, bool write,
		     uint64_t *value)
{
	if (target->device == DEVICE_PCI && write)
		pci_memory_write(vcpu->vm, target->address, size, *value);
	else if (target->device == DEVICE_PCI)
		*value = pci_memory_read(vcpu->vm, target->address, size);
	else if (write)
		apic_write(vcpu, target, size, (uint32_t)*value);
	else
		*value = apic_part_read(vcpu, target, size);
}

bool mmio_device_transfer(struct vcpu *vcpu, gpa_t address, unsigned size, bool write,
			  uint64_t *value)
{
	struct mmio_target target;

	if (!find_target(vcpu, address, &target))
		return false;
	transfer(vcpu, &target, size, write, value);
	return true;
}

/* By far the most: a copy between a device register and a register or a constant, which leaves flags alone. */
static bool is_move(const struct mmio_instruction *instruction)
{
	return instruction->operation <= MMIO_MOVSX && instruction->reg != GUEST_RSP;
}
_Static_assert(MMIO_MOV < MMIO_MOVSX && MMIO_MOVZX < MMIO_MOVSX, "the moves are the first");

static void move(struct vcpu *vcpu, struct guest_registers *registers,
		 const struct mmio_target *target, const struct mmio_instruction *instruction)
{
	uint64_t value = mmio_write_value(instruction, registers);

	transfer(vcpu, target, instruction->memory_size, instruction->writes, &value);
	if (!instruction->writes)
		mmio_complete_read(instruction, registers, value);
}

static void compute(struct vcpu *vcpu, struct guest_registers *registers,
		    const struct mmio_target *target, const struct mmio_instruction *instruction)
{
	unsigned size = instruction->memory_size;
	uint64_t flags = guest_flags();
	uint64_t value = UINT64_MAX;

	registers->rsp = guest_stack_pointer();
	if (instruction->reads)
		transfer(vcpu, target, size, false, &value);
	value = mmio_execute(instruction, registers, &flags, value);
	if (instruction->writes)
		transfer(vcpu, target, size, true, &value);
	guest_set_stack_pointer(registers->rsp);
	guest_set_flags(flags);
}

static void execute(struct vcpu *vcpu, struct guest_registers *registers,
		    const struct mmio_target *target, const struct memory_access *access,
		    const struct mmio_instruction *instruction)
{
	if (is_move(instruction))
		move(vcpu, registers, target, instruction);
	else
		compute(vcpu, registers, target, instruction);
	(void)guest_watch_access(instruction->writes ? WATCH_WRITE : WATCH_READ, access->linear,
				 instruction->memory_size);
	guest_skip_bytes(instruction->length);
}

static _Noreturn void stop_outside(struct vcpu *vcpu, struct guest_registers *registers,
				   const struct memory_access *access);

static void execute_string(struct vcpu *vcpu, struct guest_registers *registers,
			   const struct memory_access *access,
			   const struct mmio_instruction *instruction)
{
	uint64_t flags = guest_flags();
	struct guest_exception fault;

	enum mmio_string_result result;

	registers->rsp = guest_stack_pointer();
	result = instruction->operation <= MMIO_POP
			 ? mmio_stack(vcpu, instruction, registers, access->address, &fault)
			 : mmio_string(vcpu, instruction, registers, &flags, &fault);
	switch (result) {
	case MMIO_STRING_DONE:
		guest_set_stack_pointer(registers->rsp);
		guest_set_flags(flags);
		guest_skip_bytes(instruction->length);
		return;
	case MMIO_STRING_GOES_ON:
		guest_set_flags(flags);
		guest_skip_bytes(0);
		return;
	case MMIO_STRING_FAULTS:
		guest_inject(&fault);
		return;
	case MMIO_STRING_OUTSIDE:
		stop_outside(vcpu, registers, access);
	}
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
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < code->count; i++) {
		text[3 * i] = ' ';
		text[3 * i + 1] = digits[code->bytes[i] >> 4];
		text[3 * i + 2] = digits[code->bytes[i] & 15];
	}
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
	if (mmio_fetch(vcpu->vm->config, &paging, &code) &&
	    ++vcpu->mmio.vanished < VANISHED_MAX) {
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
	struct mmio_target target;

	if (access->fetch || !access->linear_valid || !find_target(vcpu, access->address, &target))
		stop_outside(vcpu, registers, access);
	if (guest_code_bits() == 64)
		instruction = mmio_cache_find(&vcpu->mmio, guest_instruction_pointer(),
					      guest_page_tables());
	if (!instruction) {
		if (!decode(vcpu, registers, access, &decoded))
			return;
		instruction = &decoded;
	}
	if (instruction->operation >= MMIO_PUSH)
		execute_string(vcpu, registers, access, instruction);
	else
		execute(vcpu, registers, &target, access, instruction);
}
