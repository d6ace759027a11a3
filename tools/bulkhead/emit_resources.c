/* SPDX-License-Identifier: Apache-2.0 */
#include "emit_resources.h"

#include <stdlib.h>
#include <string.h>

#include "emit_output.h"

/* --- Ports ------------------------------------------------------------------------------------- */

static const struct board_device *vm_device(const struct board *board, const struct vm *vm,
					    unsigned index)
{
	return &board->devices[vm->devices[index].target];
}

static void add_ports(struct port_range *ports, uint32_t *count, const struct range *ranges,
		      unsigned range_count)
{
	for (unsigned i = 0; i < range_count; i++) {
		uint64_t first = ranges[i].base.value;

		ports[(*count)++] = (struct port_range){
			.first = (uint16_t)first,
			.last = (uint16_t)(first + ranges[i].size.value - 1),
		};
	}
}

static int compare_ports(const void *left, const void *right)
{
	return ((const struct port_range *)left)->first - ((const struct port_range *)right)->first;
}

/* Sorts, and joins ranges that touch: the same ports named twice are still one range. */
static uint32_t join_ports(struct port_range *ports, uint32_t count)
{
	uint32_t last = 0;

	qsort(ports, count, sizeof(*ports), compare_ports);
	for (uint32_t i = 1; i < count; i++) {
		if (ports[i].first > ports[last].last + 1)
			ports[++last] = ports[i];
		else if (ports[i].last > ports[last].last)
			ports[last].last = ports[i].last;
	}
	return count == 0 ? 0 : last + 1;
}

void plan_ports(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	const struct board *board = &plan->model->board;
	struct port_range *ports;
	uint32_t count = vm->port_count;

	for (unsigned i = 0; i < vm->device_count; i++)
		count += vm_device(board, vm, i)->port_count;
	ports = arena_alloc(&plan->arena, count * sizeof(*ports));
	count = 0;
	add_ports(ports, &count, vm->ports, vm->port_count);
	for (unsigned i = 0; i < vm->device_count; i++) {
		const struct board_device *device = vm_device(board, vm, i);

		add_ports(ports, &count, device->ports, device->port_count);
	}
	config->port_count = join_ports(ports, count);
	config->ports = config->port_count == 0 ? NULL : ports;
}

/* --- Interrupts -------------------------------------------------------------------------------- */

static bool gsi_to_pin(const struct board *board, uint64_t gsi, struct pin_config *pin)
{
	for (unsigned i = 0; i < board->ioapic_count; i++) {
		const struct board_ioapic *ioapic = &board->ioapics[i];

		if (gsi >= ioapic->gsi_base && gsi - ioapic->gsi_base < ioapic->pins) {
			*pin = (struct pin_config){(uint8_t)i, (uint8_t)(gsi - ioapic->gsi_base)};
			return true;
		}
	}
	return false;
}

static bool add_pins(const struct board *board, struct vm_config *config, struct pin_config *pins,
		     const struct number *interrupts, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t gsi = interrupts[i].value;

		if (!gsi_to_pin(board, gsi, &pins[config->pin_count++]))
			return output_fail("VM \"%s\": no IOAPIC has interrupt %llu (the rules "
					   "should have refused it)",
					   config->name, (unsigned long long)gsi);
	}
	return true;
}

static int compare_pins(const void *left, const void *right)
{
	const struct pin_config *a = left, *b = right;

	return (a->ioapic << 8 | a->pin) - (b->ioapic << 8 | b->pin);
}

static uint32_t unique_pins(struct pin_config *pins, uint32_t count)
{
	uint32_t last = 0;

	qsort(pins, count, sizeof(*pins), compare_pins);
	for (uint32_t i = 1; i < count; i++) {
		if (compare_pins(&pins[last], &pins[i]) != 0)
			pins[++last] = pins[i];
	}
	return count == 0 ? 0 : last + 1;
}

bool plan_pins(struct plan *plan, struct vm_config *config, const struct vm *vm)
{
	const struct board *board = &plan->model->board;
	struct pin_config *pins;
	size_t count = vm->interrupt_count;
	bool ok;

	for (unsigned i = 0; i < vm->device_count; i++)
		count += vm_device(board, vm, i)->interrupt_count;
	pins = arena_alloc(&plan->arena, count * sizeof(*pins));
	ok = add_pins(board, config, pins, vm->interrupts, vm->interrupt_count);
	for (unsigned i = 0; ok && i < vm->device_count; i++) {
		const struct board_device *device = vm_device(board, vm, i);

		ok = add_pins(board, config, pins, device->interrupts, device->interrupt_count);
	}
	config->pin_count = unique_pins(pins, config->pin_count);
	config->pins = config->pin_count == 0 ? NULL : pins;
	return ok;
}

/* --- Devices ----------------------------------------------------------------------------------- */

enum device_class device_class(const struct board_device *device)
{
	static const struct {
		const char *compatible;
		enum device_class class;
	} classes[] = {
		{"ns16550a", DEVICE_UART},   {"ns16550", DEVICE_UART},
		{"ns16450", DEVICE_UART},    {"motorola,mc146818", DEVICE_RTC},
		{"intel,hpet", DEVICE_HPET}, {"bochs,debugcon", DEVICE_DEBUG_PORT},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strcmp(device->compatible, classes[i].compatible) == 0)
			return classes[i].class;
	}
	return DEVICE_OTHER;
}

static bool owns_port_range(const struct vm_config *vm, const struct range *range)
{
	uint64_t first = range->base.value, last = first + range->size.value - 1;

	for (uint32_t i = 0; i < vm->port_count; i++) {
		if (first >= vm->ports[i].first && last <= vm->ports[i].last)
			return true;
	}
	return false;
}

bool plan_owns_device(const struct plan *plan, unsigned vm, unsigned device)
{
	const struct board_device *target = &plan->model->board.devices[device];
	const struct vm *source = &plan->model->vms[vm];

	for (unsigned i = 0; i < source->device_count; i++) {
		if (source->devices[i].target == device)
			return true;
	}
	for (unsigned i = 0; i < target->port_count; i++) {
		if (!owns_port_range(&plan->vms[vm], &target->ports[i]))
			return false;
	}
	return target->port_count != 0;
}

bool plan_owns_gsi(const struct plan *plan, unsigned vm, uint64_t gsi)
{
	const struct vm_config *config = &plan->vms[vm];
	struct pin_config wanted;

	if (!gsi_to_pin(&plan->model->board, gsi, &wanted))
		return false;
	for (uint32_t i = 0; i < config->pin_count; i++) {
		if (compare_pins(&config->pins[i], &wanted) == 0)
			return true;
	}
	return false;
}
