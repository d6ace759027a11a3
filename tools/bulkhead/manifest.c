/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include <jansson.h>

#include "emit_output.h"
#include "emit_resources.h"

/* json_pack() formats: "s" string, "s?" string or null, "I" json_int_t, "o" takes over a reference. */

/* The array with the value, which it takes over; NULL, and both freed, if either is NULL. */
static json_t *append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) == 0)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *pack_hash(const uint8_t *hash)
{
	char text[SCENARIO_HASH_SIZE * 2 + 1];

	for (size_t i = 0; i < SCENARIO_HASH_SIZE; i++)
		snprintf(&text[i * 2], 3, "%02x", hash[i]);
	return json_string(text);
}

static bool uses_module(const struct vm_config *vm, uint32_t module)
{
	for (uint32_t i = 0; i < vm->boot.module_count; i++)
		if (vm->boot.modules[i].module == module)
			return true;
	return vm->boot.image == module || vm->boot.ramdisk == module;
}

static json_t *pack_users(const struct scenario *scenario, uint32_t module)
{
	json_t *users = json_array();

	for (uint32_t i = 0; i < scenario->vm_count; i++) {
		if (uses_module(&scenario->vms[i], module))
			users = append(users, json_string(scenario->vms[i].name));
	}
	return users;
}

static json_t *pack_module(const struct scenario *scenario, uint32_t index)
{
	const struct module_config *module = &scenario->modules[index];

	return json_pack("{s:s, s:s, s:o}", "name", module->name, "file", module->file, "used_by",
			 pack_users(scenario, index));
}

static json_t *pack_modules(const struct scenario *scenario)
{
	json_t *modules = json_array();

	for (uint32_t i = 0; i < scenario->module_count; i++)
		modules = append(modules, pack_module(scenario, i));
	return modules;
}

static bool is_console(const struct board_device *device)
{
	enum device_class class = device_class(device);

	return (class == DEVICE_UART || class == DEVICE_DEBUG_PORT) && device->port_count != 0;
}

/* Devices given by reference come first, in the order of the scenario; NULL if there is none. */
static const struct board_device *find_console(const struct plan *plan, uint32_t vm)
{
	const struct vm *source = &plan->model->vms[vm];
	const struct board *board = &plan->model->board;

	for (unsigned i = 0; i < source->device_count; i++) {
		const struct board_device *device = &board->devices[source->devices[i].target];

		if (is_console(device))
			return device;
	}
	for (unsigned i = 0; i < board->device_count; i++) {
		if (is_console(&board->devices[i]) && plan_owns_device(plan, vm, i))
			return &board->devices[i];
	}
	return NULL;
}

static json_t *pack_console(const struct board_device *device)
{
	if (device == NULL)
		return json_null();
	return json_pack("{s:s, s:s, s:I}", "device", device->label, "compatible",
			 device->compatible, "port", (json_int_t)device->ports[0].base.value);
}

static json_t *pack_vm(const struct plan *plan, uint32_t vm)
{
	const struct vm_config *config = &plan->vms[vm];
	json_t *cpus = json_array();

	for (uint32_t i = 0; i < config->vcpu_count; i++)
		cpus = append(cpus, json_integer(config->vcpus[i].apic_id));
	return json_pack("{s:s, s:o, s:o, s:s?}", "name", config->name, "cpus", cpus, "console",
			 pack_console(find_console(plan, vm)), "report",
			 plan->model->vms[vm].report.value);
}

static json_t *pack_vms(const struct plan *plan)
{
	json_t *vms = json_array();

	for (uint32_t i = 0; i < plan->scenario.vm_count; i++)
		vms = append(vms, pack_vm(plan, i));
	return vms;
}

/* What an emulator has to have in its slots. */
static json_t *pack_pci(const struct scenario *scenario)
{
	json_t *functions = json_array();

	for (uint32_t i = 0; i < scenario->pci_count; i++) {
		const struct pci_inventory *function = &scenario->pci[i];

		functions =
			append(functions, json_pack("{s:I, s:I, s:I, s:I, s:I}", "bus",
						    (json_int_t)function->bus, "device",
						    (json_int_t)function->device, "function",
						    (json_int_t)function->function, "vendor_id",
						    (json_int_t)function->vendor_id, "device_id",
						    (json_int_t)function->device_id));
	}
	return functions;
}

static json_t *pack_board(const struct scenario *scenario)
{
	uint64_t mib = UINT64_C(1) << 20, top = 0;

	for (uint32_t i = 0; i < scenario->ram_count; i++) {
		uint64_t end = scenario->ram[i].base + scenario->ram[i].size;

		top = end > top ? end : top;
	}
	return json_pack("{s:s, s:o, s:I, s:I, s:I}", "model", scenario->board, "pci",
			 pack_pci(scenario), "cpus", (json_int_t)scenario->core_count, "memory_mib",
			 (json_int_t)((top + mib - 1) / mib), "tsc_frequency_hz",
			 (json_int_t)scenario->tsc_frequency_hz);
}

static json_t *pack_manifest(const struct plan *plan)
{
	const struct scenario *scenario = &plan->scenario;

	return json_pack("{s:s, s:s, s:o, s:s+, s:o, s:{s:I, s:I}, s:o, s:o}", "name",
			 scenario->name, "description", scenario->description, "hash",
			 pack_hash(scenario->hash), "title", "Bulkhead: ", scenario->name, "board",
			 pack_board(scenario), "hypervisor", "base",
			 (json_int_t)scenario->hypervisor_base, "size",
			 (json_int_t)scenario->hypervisor_size, "modules", pack_modules(scenario),
			 "vms", pack_vms(plan));
}

bool manifest_write(const struct plan *plan, const char *directory)
{
	json_t *manifest = pack_manifest(plan);
	struct output output;
	bool ok;

	/* jansson refuses what is not UTF-8. */
	if (manifest == NULL)
		return output_fail("cannot make manifest.json: out of memory, or a text in the "
				   "scenario is not UTF-8");
	ok = output_open(&output, directory, "manifest.json");
	if (ok) {
		json_dumpf(manifest, output.stream, JSON_INDENT(2) | JSON_SORT_KEYS);
		fputc('\n', output.stream);
		ok = output_close(&output);
	}
	json_decref(manifest);
	return ok;
}
