/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "limits.h"
#include "place.h"
#include "span.h"

static bool ports_meet(const struct range *a, unsigned a_count, const struct range *b,
		       unsigned b_count)
{
	for (unsigned i = 0; i < a_count; i++)
		for (unsigned j = 0; j < b_count; j++) {
			struct span left, right;
			if (range_span(&a[i], &left) && range_span(&b[j], &right) &&
			    span_meet(left, right))
				return true;
		}
	return false;
}

static bool meets_console(const struct board_device *device)
{
	const struct span console = {CONSOLE_PORT, CONSOLE_PORT + CONSOLE_PORT_COUNT - 1};

	for (unsigned i = 0; i < device->port_count; i++) {
		struct span span;
		if (range_span(&device->ports[i], &span) && span_meet(span, console))
			return true;
	}
	return false;
}

static bool interrupts_meet(const struct board_device *device, const struct number *numbers,
			    unsigned count)
{
	for (unsigned i = 0; i < device->interrupt_count; i++)
		for (unsigned j = 0; j < count; j++)
			if (device->interrupts[i].value == numbers[j].value)
				return true;
	return false;
}

/* A page is the smallest piece of registers that a VM can have alone. */
static bool pages_meet(const struct board_device *a, const struct board_device *b)
{
	for (unsigned i = 0; i < a->mmio_count; i++)
		for (unsigned j = 0; j < b->mmio_count; j++) {
			struct span left, right;
			if (!range_span(&a->mmio[i], &left) || !range_span(&b->mmio[j], &right))
				continue;
			if (left.first >> 12 <= right.last >> 12 &&
			    right.first >> 12 <= left.last >> 12)
				return true;
		}
	return false;
}

static bool meets_vm(const struct board *board, const struct vm *vm, uint32_t index)
{
	const struct board_device *device = &board->devices[index];

	if (ports_meet(device->ports, device->port_count, vm->ports, vm->port_count) ||
	    interrupts_meet(device, vm->interrupts, vm->interrupt_count))
		return true;
	for (unsigned i = 0; i < vm->device_count; i++) {
		uint32_t target = vm->devices[i].target;
		if (target >= board->device_count)
			continue;
		const struct board_device *other = &board->devices[target];
		if (target == index || pages_meet(device, other) ||
		    ports_meet(device->ports, device->port_count, other->ports,
			       other->port_count) ||
		    interrupts_meet(device, other->interrupts, other->interrupt_count))
			return true;
	}
	return false;
}

bool device_free(const struct model *model, uint32_t index)
{
	const struct board *board = &model->board;
	const struct board_device *device = &board->devices[index];

	if (meets_console(device) || ports_meet(device->ports, device->port_count,
						board->reserved_ports, board->reserved_port_count))
		return false;
	for (unsigned i = 0; i < model->vm_count; i++)
		if (meets_vm(board, &model->vms[i], index))
			return false;
	return true;
}

bool device_compatible(const struct board_device *device, const char *compatible)
{
	for (unsigned i = 0; i < device->compatible_count; i++)
		if (!strcmp(device->compatibles[i].value, compatible))
			return true;
	return false;
}

static void insert(struct arena *arena, struct vm *vm, struct reference device)
{
	unsigned at = vm->device_count - vm->pci_count;

	(void)ARENA_PUSH(arena, vm->devices, vm->device_count);
	memmove(&vm->devices[at + 1], &vm->devices[at], vm->pci_count * sizeof(device));
	vm->devices[at] = device;
}

void place_devices(struct model *model, struct arena *arena)
{
	const struct board *board = &model->board;

	for (unsigned i = 0; i < model->vm_count; i++) {
		struct vm *vm = &model->vms[i];
		for (unsigned j = 0; j < vm->any_device_count; j++) {
			struct wanted_device *wanted = &vm->any_devices[j];
			uint32_t k = 0;
			while (k < board->device_count &&
			       (!device_compatible(&board->devices[k], wanted->compatible.value) ||
				!device_free(model, k)))
				k++;
			if (k == board->device_count)
				continue;
			wanted->target = k;
			insert(arena, vm,
			       (struct reference){board->devices[k].label, k,
						  wanted->compatible.at});
		}
	}
}
