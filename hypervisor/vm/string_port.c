/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INS and OUTS at ports that the I/O bitmap does not open: the same as IN and OUT (port.c), element by
 * element, from and to the guest's memory.
 *
 * These instructions exit before the processor looks at their memory operand, so its checks are made
 * here: segment and page tables by guest_access.h, the EPT's rights by guest_memory.h.
 */
#include "cpu/registers.h"
#include "vm/guest_access.h"
#include "vm/handlers.h"

/* Elements per exit, so that the core comes back to requests of other cores within a bounded time. */
#define ELEMENTS_MAX 128

/* The memory operand first: what it raises comes before the port is touched. */
static enum error transfer(struct vcpu *vcpu, struct guest_access *access, uint64_t offset,
			   const struct port_string *string)
{
	enum error error = guest_access_locate(access, string->segment, offset);
	uint32_t value = 0;

	if (error)
		return error;
	if (string->in) {
		if (!guest_is_ram(access->vm, access->piece[0].address, access->piece[0].size,
				  MEMORY_WRITE))
			return ERROR_GUEST_ADDRESS;
		value = vm_port_read(vcpu, string->port, string->size);
	}
	error = guest_access_copy(access, &value);
	if (error == ERROR_OK && !string->in)
		vm_port_write(vcpu, string->port, string->size, value);
	return error;
}

/* Of an element that is done; true if it met a breakpoint. */
static bool is_watched(const struct guest_access *access, const struct port_string *string)
{
	bool watched = guest_watch_access(string->in ? WATCH_WRITE : WATCH_READ, access->address,
					  string->size);

	return guest_watch_access(WATCH_PORT, string->port, string->size) || watched;
}

static _Noreturn void stop(struct vcpu *vcpu, const struct guest_registers *registers,
			   const struct port_string *string, uint64_t offset)
{
	log_end(vcpu->vm,
		"vCPU %u: %s at port 0x%x, which is not the VM's, with memory at offset 0x%lx, which "
		"is not the VM's either",
		vcpu->config->index, string->in ? "INS" : "OUTS", string->port, offset);
	vm_stop(vcpu, STOP_INSTRUCTION, registers);
}

/* Elements that this exit does: all that are left, but not beyond the limit, and one if each traps. */
static uint64_t elements_now(uint64_t left, uint64_t flags)
{
	uint64_t limit = flags & RFLAGS_TF ? 1 : ELEMENTS_MAX;

	return left < limit ? left : limit;
}

enum port_string_result vm_port_string(struct vcpu *vcpu, struct guest_registers *registers,
				       const struct port_string *string)
{
	uint64_t *index = string->in ? &registers->rdi : &registers->rsi;
	uint64_t mask = guest_index_mask(string->address_size);
	uint64_t left = string->repeat ? registers->rcx & mask : 1;
	uint64_t flags = guest_flags();
	uint64_t step = flags & RFLAGS_DF ? 0 - (uint64_t)string->size : string->size;
	uint64_t count = elements_now(left, flags);
	struct guest_access access;

	guest_access_begin(&access, vcpu->vm->config);
	access.size = string->size;
	access.write = string->in;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t offset = *index & mask;
		enum error error = transfer(vcpu, &access, offset, string);

		if (error == ERROR_GUEST_PROTECTED) {
			guest_inject(&access.fault);
			return PORT_STRING_FAULTS;
		}
		if (error)
			stop(vcpu, registers, string, offset);
		guest_register_set(index, string->address_size, *index + step);
		if (string->repeat)
			guest_register_set(&registers->rcx, string->address_size,
					   registers->rcx - 1);
		if (is_watched(&access, string))
			count = i + 1; /* the trap comes behind this element */
	}
	return count == left ? PORT_STRING_DONE : PORT_STRING_GOES_ON;
}
