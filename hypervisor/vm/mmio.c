/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to guest-physical memory that the EPT does not map. Two things are emulated there, the
 * xAPIC page and the IOAPICs; everything else is outside the partition and stops the VM.
 */
#include "bulkhead/platform.h"
#include "cpu/privileged.h"
#include "devices/ioapic.h"
#include "vm/handlers.h"
#include "vm/mmio_decode.h"

struct mmio_target {
	bool local_apic;
	uint32_t ioapic; /* index into scenario_tables.ioapics */
	uint32_t offset;
};

static bool find_target(gpa_t address, struct mmio_target *target)
{
	gpa_t page = address & ~(PAGE_SIZE_4K - 1);

	target->offset = (uint32_t)(address - page);
	target->local_apic = page == PLATFORM_LAPIC_GPA;
	if (target->local_apic)
		return true;
	for (target->ioapic = 0; target->ioapic < scenario_tables.ioapic_count; target->ioapic++)
		if (scenario_tables.ioapics[target->ioapic].base == page)
			return true;
	return false;
}

static uint32_t target_read(struct vcpu *vcpu, const struct mmio_target *target)
{
	if (target->local_apic)
		return local_apic_page_read(vcpu, target->offset);
	return ioapic_read(vcpu->vm, target->ioapic, target->offset);
}

static void target_write(struct vcpu *vcpu, const struct mmio_target *target, uint32_t value)
{
	if (target->local_apic)
		local_apic_page_write(vcpu, target->offset, value);
	else
		ioapic_write(vcpu->vm, target->ioapic, target->offset, value);
}

static enum error decode(const struct vcpu *vcpu, struct mmio_instruction *instruction)
{
	struct guest_paging paging;
	uint8_t bytes[MMIO_INSTRUCTION_MAX];
	size_t count;
	enum error error;

	guest_paging_read(&paging);
	error = mmio_fetch(vcpu->vm->config, &paging, guest_instruction_address(), bytes, &count);
	if (error)
		return error;
	return mmio_decode(bytes, count, guest_code_bits(), instruction);
}

/* Registers of both devices are 32 bits wide; an access of another width has no defined effect on the
   real ones (SDM 3.11.4.1), here it reads as all ones and writes nothing. */
static void execute(struct vcpu *vcpu, struct guest_registers *registers,
		    const struct mmio_target *target, const struct mmio_instruction *instruction)
{
	bool defined = instruction->memory_size == sizeof(uint32_t);
	uint64_t flags = guest_flags();
	uint64_t value = UINT64_MAX;

	registers->rsp = guest_stack_pointer();
	if (instruction->reads && defined)
		value = target_read(vcpu, target);
	value = mmio_execute(instruction, registers, &flags, value);
	if (instruction->writes && defined)
		target_write(vcpu, target, (uint32_t)value);
	guest_set_stack_pointer(registers->rsp);
	guest_set_flags(flags);
	guest_skip_bytes(instruction->length);
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
	log_error("vCPU %u %s guest-physical 0x%lx (linear 0x%lx), %s", vcpu->config->index,
		  access_name(access), access->address, access->linear,
		  guest_is_ram(vcpu->vm->config, access->address, 1, 0)
			  ? "which the VM's memory does not permit there"
			  : "which is not the VM's memory");
	vm_stop(vcpu, STOP_MEMORY, registers);
}

void vm_memory_access(struct vcpu *vcpu, struct guest_registers *registers,
		      const struct memory_access *access)
{
	struct mmio_target target;
	struct mmio_instruction instruction;
	enum error error;

	if (access->fetch || !access->linear_valid || !find_target(access->address, &target))
		stop_outside(vcpu, registers, access);
	error = decode(vcpu, &instruction);
	if (error) {
		log_error("vCPU %u %s device register 0x%lx: %s: %s", vcpu->config->index,
			  access_name(access), access->address, error_name(error),
			  error_text(error));
		vm_stop(vcpu, STOP_INSTRUCTION, registers);
	}
	execute(vcpu, registers, &target, &instruction);
}
