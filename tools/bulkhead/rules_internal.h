/* SPDX-License-Identifier: Apache-2.0 */
/* The rules' procedures, by group, and what they share; for rules*.c only. */
#ifndef BULKHEAD_TOOL_RULES_INTERNAL_H
#define BULKHEAD_TOOL_RULES_INTERNAL_H

#include <inttypes.h>

#include "claims.h"
#include "rules.h"
#include "span.h"

#define REPORT(check, at, ...) \
	diagnostics_add((check)->diagnostics, (check)->rule, (at), __VA_ARGS__)
#define NOTE(check, finding, at, ...) \
	finding_note((check)->diagnostics, (finding), (at), __VA_ARGS__)
#define HELP(check, finding, ...) finding_help((check)->diagnostics, (finding), __VA_ARGS__)

#define NO_PLACE ((struct place){0})

#define FOR_EACH_VM(check, vm)                          \
	for (const struct vm *vm = (check)->model->vms; \
	     vm < (check)->model->vms + (check)->model->vm_count; vm++)
#define FOR_EACH_MEMORY(vm, memory)                         \
	for (const struct vm_memory *memory = (vm)->memory; \
	     memory < (vm)->memory + (vm)->memory_count; memory++)

#define FOR_EACH_PCI(check, pci)                                      \
	for (const struct board_pci *pci = (check)->model->board.pci; \
	     pci < (check)->model->board.pci + (check)->model->board.pci_count; pci++)
#define FOR_EACH_VM_PCI(vm, reference)                      \
	for (const struct reference *reference = (vm)->pci; \
	     reference < (vm)->pci + (vm)->pci_count; reference++)

static inline uint32_t vm_index(const struct check *check, const struct vm *vm)
{
	return (uint32_t)(vm - check->model->vms);
}

static inline const char *vm_name(const struct check *check, uint32_t index)
{
	return check->model->vms[index].name;
}

/* NULL for a reference that dangles (reported by the reader). */
const struct board_cpu *cpu_of(const struct check *check, const struct reference *reference);
const struct board_device *device_of(const struct check *check, const struct reference *reference);

/*
 * The VM that each device of the board belongs to: the first one, where two have it (reported as that, and
 * not once more for each of its ports and interrupts). NULL: no VM has it.
 */
const struct vm **device_owners(struct check *check);
/* The board's ranges of some kinds (1u << enum board_range_kind), owner is the kind; unsorted. */
struct claims board_claims(struct check *check, unsigned kinds);
/* The local APIC's page, which has no place in the source, and the IOAPICs'. */
struct claims apic_page_claims(struct check *check);

/* rules_console.c */
void rule_console_core_owned(struct check *check);
void rule_console_core_disabled(struct check *check);
void rule_console_core_sibling(struct check *check);

/* rules_names.c */
void rule_vm_name(struct check *check);
void rule_vm_name_twice(struct check *check);
void rule_capacity(struct check *check);
void rule_module_shared(struct check *check);
void rule_module_unused(struct check *check);
void rule_module_name(struct check *check);
void rule_module_misspelt(struct check *check);
void rule_device_twice(struct check *check);
void rule_device_two_owners(struct check *check);

/* rules_processors.c */
void rule_no_core(struct check *check);
void rule_core_disabled(struct check *check);
void rule_core_reserved(struct check *check);
void rule_core_twice(struct check *check);
void rule_core_two_owners(struct check *check);
void rule_siblings_split(struct check *check);
void rule_siblings_allowed(struct check *check);
void rule_apic_id_twice(struct check *check);
void rule_topology_twice(struct check *check);
void rule_core_unassigned(struct check *check);
void rule_apic_id_wide(struct check *check);

void rule_apic_id_broadcast(struct check *check);

/* rules_placement.c */
void rule_no_free_device(struct check *check);
void rule_no_free_core(struct check *check);
void rule_cpu_count(struct check *check);

/* rules_topology.c */
void rule_cache_split(struct check *check);
void rule_core_kinds(struct check *check);
void rule_threads_differ(struct check *check);

/* rules_life.c */
void rule_restart_images(struct check *check);
void rule_life_range(struct check *check);
void rule_image_store(struct check *check);
void rule_image_store_room(struct check *check);
void rule_life_unused(struct check *check);

/* rules_features.c */
void rule_feature_unknown(struct check *check);
void rule_feature_twice(struct check *check);
void rule_control_missing(struct check *check);
void rule_ept_page_sizes(struct check *check);
void rule_tsc_deadline(struct check *check);

/* rules_host.c */
void rule_host_unaligned(struct check *check);
void rule_size_zero(struct check *check);
void rule_host_wrap(struct check *check);
void rule_host_overlap(struct check *check);
void rule_host_width(struct check *check);
void rule_host_outside_ram(struct check *check);
void rule_host_reserved(struct check *check);
void rule_host_apic_page(struct check *check);
void rule_placement_impossible(struct check *check);
void rule_placement_small_pages(struct check *check);

/* rules_board.c */
void rule_ram_overlap(struct check *check);
/* True if one range of RAM holds all of it, or nothing is known about RAM (reported). */
bool inside_ram(struct check *check, struct span span);
void rule_hypervisor_range(struct check *check);
void rule_trampoline_range(struct check *check);
void rule_crash_record_range(struct check *check);
void rule_board_apic_page(struct check *check);
void rule_registers_in_ram(struct check *check);
void rule_registers_shared(struct check *check);
void rule_address_bits(struct check *check);
void rule_frequency(struct check *check);

/* rules_guest.c */
void rule_guest_overlap(struct check *check);
void rule_guest_apic_page(struct check *check);
void rule_guest_width(struct check *check);
void rule_guest_congruence(struct check *check);
void rule_guest_unaligned(struct check *check);
void rule_no_memory(struct check *check);
void rule_rom_memory(struct check *check);
void rule_linux_memory(struct check *check);
void rule_linux_memory_small(struct check *check);
void rule_acpi_memory(struct check *check);
/* False after a look at all of the VM's memory if the span is RAM with these permissions. */
bool vm_lacks(struct check *check, const struct vm *vm, struct span span, uint32_t permissions,
	      struct span *gap);
/* Whether all of the VM's memory is well-formed, so that its absence somewhere means something. */
bool vm_memory_known(const struct vm *vm);

/* rules_boot.c */
void rule_foreign_property(struct check *check);
void rule_missing_for_protocol(struct check *check);
void rule_bsp_entry(struct check *check);
void rule_ap_entry(struct check *check);
void rule_load_address(struct check *check);
void rule_ap_entry_unused(struct check *check);
void rule_entry_reach(struct check *check);
void rule_real_mode_ap_entry(struct check *check);
void rule_bootargs_length(struct check *check);
void rule_module_missing(struct check *check);
void rule_sipi_memory(struct check *check);

/* rules_image.c */
void rule_image_format(struct check *check);
void rule_image_content(struct check *check);
void rule_image_room(struct check *check);
void rule_image_entry(struct check *check);
void rule_image_acpi(struct check *check);
void rule_image_bootargs(struct check *check);

/* rules_ports.c */
void rule_port_range(struct check *check);
void rule_port_twice(struct check *check);
void rule_port_two_owners(struct check *check);
void rule_port_console(struct check *check);
void rule_port_dangerous(struct check *check);
void rule_port_virtual(struct check *check);
void rule_virtual_device_unknown(struct check *check);
void rule_virtual_device_contradiction(struct check *check);
/* The device's ports meet ones that the VM was given raw: it has the device, as far as it goes. */
bool vm_has_ports_of(const struct vm *vm, const struct board_device *device);

/* rules_interrupts.c */
void rule_no_such_pin(struct check *check);
void rule_pin_twice(struct check *check);
void rule_pin_two_owners(struct check *check);
void rule_overridden_irq(struct check *check);
void rule_interrupt_without_device(struct check *check);
void rule_ioapics(struct check *check);
void rule_override(struct check *check);

/* rules_pci.c */
const struct board_pci *pci_of(const struct check *check, const struct reference *reference);
void rule_pci_address(struct check *check);
void rule_pci_address_twice(struct check *check);
void rule_pci_identification(struct check *check);
void rule_pci_not_assignable(struct check *check);
void rule_pci_firmware_memory(struct check *check);
void rule_pci_device_split(struct check *check);
void rule_pci_group_split(struct check *check);
void rule_pci_bridge_split(struct check *check);
void rule_pci_bridges(struct check *check);
void rule_pci_ecam(struct check *check);

/* rules_bars.c */
void rule_bar(struct check *check);
void rule_bar_window(struct check *check);
void rule_bar_overlap(struct check *check);
void rule_bar_page(struct check *check);
void rule_pci_messages(struct check *check);

/* rules_dma.c */
void rule_dma_unprotected(struct check *check);
void rule_dma_identity(struct check *check);
void rule_dma_unneeded(struct check *check);
void rule_dma_width(struct check *check);
void rule_dma_without_iommu(struct check *check);

/* rules_sharing.c */
void rule_share_peers(struct check *check);
void rule_share_twice(struct check *check);
void rule_share_writers(struct check *check);
void rule_share_unwritten(struct check *check);
void rule_share_permission_unneeded(struct check *check);
void rule_monitor_twice(struct check *check);
void rule_monitor_zero(struct check *check);

#endif
