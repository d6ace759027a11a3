/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INS and OUTS at ports that the I/O bitmap does not open: the same as IN and OUT (port.c), element by
 * element, from and to the guest's memory.
 *
 * These instructions exit before the processor looks at their memory operand, so its checks are made
 * here: the page tables' rights, as the processor does; the EPT's, by guest_memory.h. Accessed and dirty
 * bits are not set.
 */
#include "cpu/registers.h"
#include "vm/handlers.h"

/* Elements per exit, so that the core comes back to requests of other cores within a bounded time. */
#define ELEMENTS_MAX 128

#define USER_PRIVILEGE 3

static uint64_t address_mask(const struct port_string *string)
{
	return UINT64_MAX >> (64 - 8 * string->address_size);
}

/* As an instruction with this address size writes RCX, RSI or RDI (SDM 1.3.4.1.1). */
static void register_set(uint64_t *target, const struct port_string *string, uint64_t value)
{
	uint64_t mask = address_mask(string);

	*target = string->address_size == 2 ? (*target & ~mask) | (value & mask) : value & mask;
}

/* SDM 3.4.6: what paging-structure entries permit to this access. Protection keys are not looked at. */
static bool permitted(const struct guest_paging *paging, const struct guest_mapping *mapping,
		      bool write)
{
	bool user = guest_privilege_level() == USER_PRIVILEGE;

	if (user && !mapping->user)
		return false;
	if (!user && mapping->user && (paging->cr0 & CR0_PG) && (paging->cr4 & CR4_SMAP) &&
	    !(guest_flags() & RFLAGS_AC))
		return false;
	return !write || mapping->writable || (!user && !(paging->cr0 & CR0_WP));
}

/* Copies between `value` and the guest's memory, which may lie in two pages. */
static enum error element_move(const struct vm_config *vm, const struct guest_paging *paging,
			       gva_t linear, unsigned size, uint8_t *value, bool write)
{
	for (unsigned done = 0, length; done < size; done += length) {
		uint64_t page_left = PAGE_SIZE_4K - ((linear + done) & (PAGE_SIZE_4K - 1));
		struct guest_mapping mapping;
		enum error error = guest_linear_map(vm, paging, linear + done, &mapping);

		if (error)
			return error;
		if (!permitted(paging, &mapping, write))
			return ERROR_GUEST_PROTECTED;
		length = page_left < size - done ? (unsigned)page_left : size - done;
		error = write ? guest_write(vm, mapping.physical, value + done, length)
			      : guest_read(vm, mapping.physical, value + done, length);
		if (error)
			return error;
	}
	return ERROR_OK;
}

static enum error element_do(struct vcpu *vcpu, const struct guest_paging *paging, gva_t linear,
			     const struct port_string *string)
{
	const struct vm_config *vm = vcpu->vm->config;
	uint32_t value = 0;
	enum error error;

	if (string->in) {
		value = vm_port_read(vcpu, string->port, string->size);
		return element_move(vm, paging, linear, string->size, (uint8_t *)&value, true);
	}
	error = element_move(vm, paging, linear, string->size, (uint8_t *)&value, false);
	if (error == ERROR_OK)
		vm_port_write(vcpu, string->port, string->size, value);
	return error;
}

static _Noreturn void stop(struct vcpu *vcpu, const struct guest_registers *registers,
			   const struct port_string *string, gva_t linear, enum error error)
{
	log_error("vCPU %u: %s at port 0x%x, which is not the VM's, with memory at linear 0x%lx: "
		  "%s: %s",
		  vcpu->config->index, string->in ? "INS" : "OUTS", string->port, linear,
		  error_name(error), error_text(error));
	vm_stop(vcpu, STOP_INSTRUCTION, registers);
}

/*
 * Elements that this exit does: all that are left, but not beyond the limit, not beyond where the index
 * register wraps (the linear address does not go on there), and one if each of them traps.
 */
static uint64_t elements_now(const struct port_string *string, uint64_t index, uint64_t left,
			     uint64_t flags)
{
	uint64_t limit = flags & RFLAGS_TF ? 1 : ELEMENTS_MAX;
	uint64_t room = flags & RFLAGS_DF ? index : address_mask(string) - index;

	if (limit > room / string->size)
		limit = room / string->size + 1;
	return left < limit ? left : limit;
}

bool vm_port_string(struct vcpu *vcpu, struct guest_registers *registers,
		    const struct port_string *string)
{
	uint64_t *index = string->in ? &registers->rdi : &registers->rsi;
	uint64_t left = string->repeat ? registers->rcx & address_mask(string) : 1;
	uint64_t flags = guest_flags();
	uint64_t step = flags & RFLAGS_DF ? 0 - (uint64_t)string->size : string->size;
	uint64_t count = elements_now(string, *index & address_mask(string), left, flags);
	struct guest_paging paging;

	guest_paging_read(&paging);
	for (uint64_t i = 0; i < count; i++) {
		gva_t linear = string->linear + i * step;
		enum error error = element_do(vcpu, &paging, linear, string);

		if (error)
			stop(vcpu, registers, string, linear, error);
		register_set(index, string, *index + step);
		if (string->repeat)
			register_set(&registers->rcx, string, registers->rcx - 1);
	}
	return count == left;
}
