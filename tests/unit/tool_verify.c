/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier, tested by corruption: in real images, bits are changed on purpose, at least once for
 * each rule, and the rule must say so; and by chance, thousands of times, where each change must be
 * found or be of a kind that harms nothing.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bulkhead/host.h"
#include "bulkhead/platform.h"
#include "tool_verify_image.h"
#include "verify.h"

#define BIT(n)      (UINT64_C(1) << (n))
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define CONSOLE     (CONFIG_CONSOLE_SERIAL ? CONFIG_SERIAL_PORT : 0xE9)
#define EPT_ADDRESS UINT64_C(0x000FFFFFFFFFF000)

/* Made once: two scenarios as the tool makes them, with their models, and hand-written tables. */
static struct arena arena;
static struct image demo, devices, rich;
static struct model demo_model, devices_model;

static int make_images(void **state)
{
	(void)state;
	demo = image_of_scenario(&arena, "scenarios/demo.dts", &demo_model);
	devices = image_of_scenario(&arena, "tests/unit/verify_pci.dts", &devices_model);
	rich = image_of_rich_tables(&arena);
	for (unsigned i = 0; i < 2; i++)
		memcpy(AT(&rich, image_vm(&rich, i)->msr_bitmap),
		       AT(&demo, image_vm(&demo, 0)->msr_bitmap), 4096);
	return 0;
}

static int free_images(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* --- What is corrupted, and how ------------------------------------------------------------------ */

/* The VM of verify_pci.dts that has the monitor's window. */
#define WATCHER    1
#define MONITOR_AT UINT64_C(0xd0000000)

/* VMs of the demo. */
enum { LINUX, RT };
/* VMs of the rich tables. */
enum { DRIVER, PEER };

static struct vm_config *vm(struct image *image, unsigned index)
{
	return image_vm(image, index);
}

static struct memory_region *region(struct image *image, unsigned vm_index, unsigned index)
{
	return (struct memory_region *)AT(image, vm(image, vm_index)->memory) + index;
}

static struct vcpu_config *vcpu(struct image *image, unsigned index)
{
	return (struct vcpu_config *)AT(image, image_scenario(image)->vcpus) + index;
}

static struct core_config *core(struct image *image, unsigned index)
{
	return (struct core_config *)AT(image, image_scenario(image)->cores) + index;
}

static struct ram_range *ram(struct image *image, unsigned index)
{
	return (struct ram_range *)AT(image, image_scenario(image)->ram) + index;
}

static struct ioapic_config *ioapic(struct image *image, unsigned index)
{
	return (struct ioapic_config *)AT(image, image_scenario(image)->ioapics) + index;
}

static struct pin_config *pin(struct image *image, unsigned vm_index, unsigned index)
{
	return (struct pin_config *)AT(image, vm(image, vm_index)->pins) + index;
}

static struct port_range *ports(struct image *image, unsigned vm_index, unsigned index)
{
	return (struct port_range *)AT(image, vm(image, vm_index)->ports) + index;
}

static struct e820_entry *e820(struct image *image, unsigned index)
{
	return (struct e820_entry *)AT(image, vm(image, LINUX)->e820) + index;
}

static struct guest_blob *blob(struct image *image, unsigned index)
{
	return (struct guest_blob *)AT(image, vm(image, LINUX)->blobs) + index;
}

/* The tables that the RSDT names, the other way round: its sum stays. */
static void swap_rsdt(struct image *image)
{
	uint32_t *entries = (uint32_t *)((uint8_t *)AT(image, blob(image, 2)->bytes) + 36);
	uint32_t first = entries[0];

	entries[0] = entries[1];
	entries[1] = first;
}

static struct pci_function_config *nic(struct image *image)
{
	return AT(image, vm(image, DRIVER)->pci_functions);
}

static struct pci_inventory *inventory(struct image *image, unsigned index)
{
	return (struct pci_inventory *)AT(image, image_scenario(image)->pci) + index;
}

static struct share_config *share(struct image *image)
{
	return AT(image, image_scenario(image)->shares);
}

static struct cpuid_mask *mask(struct image *image, unsigned index)
{
	return (struct cpuid_mask *)AT(image, vm(image, DRIVER)->cpuid_masks) + index;
}

/* rt's leaf of 2 MiB at guest 0x200000, host 0x20200000 */
static uint64_t *leaf(struct image *image)
{
	return image_ept_entry(image, RT, 0x200000, 2);
}

static void flip_port(struct image *image, unsigned vm_index, unsigned port)
{
	uint8_t *bitmap = AT(image, vm(image, vm_index)->io_bitmap);

	bitmap[port / 8] ^= (uint8_t)(1u << port % 8);
}

/* SDM 3.25.6.9: reads and writes of 0-0x1fff, each followed by those of 0xc0000000-0xc0001fff */
static void flip_msr(struct image *image, uint32_t msr, bool write)
{
	uint8_t *bitmap = AT(image, vm(image, RT)->msr_bitmap);
	uint32_t bit = msr & 0x1FFF;

	bitmap += (write ? 2048 : 0) + (msr >> 31 ? 1024 : 0);
	bitmap[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static Elf64_Ehdr *header(struct image *image)
{
	return image_elf_header(image);
}

static Elf64_Phdr *text_segment(struct image *image)
{
	return image_segment(image, PF_R | PF_X);
}

static Elf64_Phdr *constants_segment(struct image *image)
{
	return image_segment(image, PF_R);
}

static Elf64_Shdr *section(struct image *image, const char *name)
{
	return image_section(image, name);
}

static Elf64_Sym *symbol(struct image *image, const char *name)
{
	return image_symbol(image, name);
}

static uint64_t data_address(struct image *image)
{
	return ((Elf64_Phdr *)image_segment(image, PF_R | PF_W))->p_paddr;
}

/* Entries of the hypervisor's own page tables; cores 0 and 1 of the demo are linux', 2 and 3 are rt's. */
static uint64_t *host(struct image *image, unsigned core, hpa_t address)
{
	return image_host_entry(image, core, address, 1);
}

static hpa_t area(struct image *image, unsigned core)
{
	return symbol(image, "cpu_areas")->st_value + core * (uint64_t)HOST_AREA_SIZE;
}

/* A page of the core's area that it has mapped, behind all stacks. */
static hpa_t own(struct image *image, unsigned core)
{
	return area(image, core) + HOST_AREA_OWN;
}

static hpa_t vm_state(struct image *image, unsigned vm_index)
{
	return area(image, image_scenario(image)->core_count) + vm_index * (uint64_t)HOST_VM_SIZE;
}

static hpa_t vcpu_state(struct image *image, unsigned index)
{
	return vm_state(image, CONFIG_MAX_VMS) + index * (uint64_t)HOST_VCPU_SIZE;
}

static void host_map(struct image *image, unsigned core, hpa_t address, uint64_t bits)
{
	*host(image, core, address) = address | bits;
}

struct corruption {
	const char *what;
	enum verify_rule_id rule;
	const struct image *image;
	void (*corrupt)(struct image *image);
};

/* One corruption, one row; each body works on the copy `i` of an image. */
/* clang-format off */
#define CORRUPTIONS(X) \
	X(elf_magic, VERIFY_ELF, demo, header(i)->e_ident[1] ^= 1) \
	X(elf_class, VERIFY_ELF, demo, header(i)->e_ident[EI_CLASS] ^= 3) \
	X(elf_machine, VERIFY_ELF, demo, header(i)->e_machine ^= 0x40) \
	X(elf_program_headers, VERIFY_ELF, demo, header(i)->e_phoff ^= BIT(40)) \
	X(elf_section_headers, VERIFY_ELF, demo, header(i)->e_shoff ^= BIT(33)) \
	X(segment_offset, VERIFY_ELF, demo, constants_segment(i)->p_offset ^= BIT(30)) \
	X(segment_file_size, VERIFY_ELF, demo, text_segment(i)->p_filesz += 0x1000) \
	X(segment_physical_address, VERIFY_ELF, demo, constants_segment(i)->p_paddr ^= BIT(21)) \
	X(segment_type, VERIFY_ELF, demo, constants_segment(i)->p_type ^= 2) \
	X(multiboot_checksum, VERIFY_MULTIBOOT, demo, image_multiboot(i)[12] ^= 4) \
	X(multiboot_magic, VERIFY_MULTIBOOT, demo, image_multiboot(i)[3] ^= 0x80) \
	X(multiboot_tag, VERIFY_MULTIBOOT, demo, image_multiboot(i)[32] ^= 5) \
	X(multiboot_request, VERIFY_MULTIBOOT, demo, image_multiboot(i)[24] ^= 2) \
	X(text_writable, VERIFY_WRITABLE_CODE, demo, text_segment(i)->p_flags ^= PF_W) \
	X(data_executable, VERIFY_WRITABLE_CODE, demo, \
	  ((Elf64_Phdr *)image_segment(i, PF_R | PF_W))->p_flags ^= PF_X) \
	X(stack_executable, VERIFY_EXECUTABLE_STACK, demo, \
	  ((Elf64_Phdr *)image_stack_header(i))->p_flags ^= PF_X) \
	X(stack_header_gone, VERIFY_EXECUTABLE_STACK, demo, \
	  ((Elf64_Phdr *)image_stack_header(i))->p_type = PT_NOTE) \
	X(hypervisor_base, VERIFY_PLACE, demo, image_scenario(i)->hypervisor_base ^= BIT(20)) \
	X(hypervisor_size, VERIFY_PLACE, demo, image_scenario(i)->hypervisor_size ^= BIT(12)) \
	X(hypervisor_base_symbol, VERIFY_PLACE, demo, \
	  symbol(i, "HYPERVISOR_BASE")->st_value ^= BIT(13)) \
	X(entry_in_constants, VERIFY_ENTRY_POINT, demo, \
	  header(i)->e_entry = constants_segment(i)->p_paddr) \
	X(entry_elsewhere_in_text, VERIFY_ENTRY_POINT, demo, header(i)->e_entry ^= 1) \
	X(constants_executable, VERIFY_PROTECTION, demo, constants_segment(i)->p_flags ^= PF_X) \
	X(protection_symbol, VERIFY_PROTECTION, demo, symbol(i, "text_end")->st_value ^= BIT(12)) \
	X(segments_overlap, VERIFY_PROTECTION, demo, text_segment(i)->p_memsz += 0x1000) \
	X(areas_unaligned, VERIFY_GUARD_PAGES, demo, symbol(i, "cpu_areas")->st_value ^= 8) \
	X(areas_too_small, VERIFY_GUARD_PAGES, demo, symbol(i, "owned_end")->st_value ^= BIT(12)) \
	X(areas_of_fewer_cores, VERIFY_GUARD_PAGES, demo, image_scenario(i)->core_count--) \
	X(section_executable, VERIFY_SECTION, demo, \
	  section(i, ".rodata")->sh_flags ^= SHF_EXECINSTR) \
	X(section_writable, VERIFY_SECTION, demo, section(i, ".text")->sh_flags ^= SHF_WRITE) \
	X(section_offset, VERIFY_SECTION, demo, section(i, ".rodata")->sh_offset ^= BIT(4)) \
	X(section_address, VERIFY_SECTION, demo, section(i, ".data")->sh_addr ^= BIT(30)) \
	X(root_name, VERIFY_ROOT, demo, symbol(i, "scenario_tables")->st_name++) \
	X(root_in_data, VERIFY_ROOT, demo, \
	  symbol(i, "scenario_tables")->st_value = data_address(i)) \
	X(root_size, VERIFY_ROOT, demo, symbol(i, "scenario_tables")->st_size ^= 8) \
	X(magic, VERIFY_VERSION, demo, image_scenario(i)->magic ^= BIT(63)) \
	X(version, VERIFY_VERSION, demo, image_scenario(i)->version ^= 4) \
	X(pointer_nowhere, VERIFY_POINTER, demo, \
	  vm(i, RT)->memory = (void *)((uint64_t)vm(i, RT)->memory ^ BIT(40))) \
	X(pointer_unaligned, VERIFY_POINTER, demo, \
	  vm(i, RT)->memory = (void *)((uint64_t)vm(i, RT)->memory ^ 4)) \
	X(pointer_to_data, VERIFY_POINTER, demo, vm(i, RT)->name = (void *)data_address(i)) \
	X(pointer_null, VERIFY_POINTER, demo, image_scenario(i)->board = NULL) \
	X(pointer_without_count, VERIFY_POINTER, demo, vm(i, RT)->pin_count = 0) \
	X(pointer_near_end, VERIFY_POINTER, demo, \
	  vm(i, RT)->msr_bitmap = \
		  (void *)(constants_segment(i)->p_paddr + constants_segment(i)->p_filesz - 8)) \
	X(tables_writable, VERIFY_ROOT, demo, constants_segment(i)->p_flags ^= PF_W) \
	X(ept_root_unaligned, VERIFY_POINTER, demo, \
	  vm(i, LINUX)->ept_root = (void *)((uint64_t)vm(i, LINUX)->ept_root ^ 0x800)) \
	X(ept_table_in_data, VERIFY_POINTER, demo, \
	  *image_ept_entry(i, RT, 0, 3) = (data_address(i) & EPT_ADDRESS) | 7) \
	X(vm_count, VERIFY_COUNT, demo, image_scenario(i)->vm_count ^= BIT(20)) \
	X(no_vm, VERIFY_COUNT, demo, image_scenario(i)->vm_count = 0) \
	X(memory_count, VERIFY_COUNT, demo, vm(i, RT)->memory_count ^= BIT(31)) \
	X(blob_size, VERIFY_COUNT, demo, blob(i, 1)->size ^= BIT(50)) \
	X(vm_name, VERIFY_NAME, demo, *(uint8_t *)AT(i, vm(i, RT)->name) ^= 0x80) \
	X(vm_name_twice, VERIFY_NAME, demo, vm(i, RT)->name = vm(i, LINUX)->name) \
	X(leaf_of_other_vm, VERIFY_TWO_VMS, demo, *leaf(i) ^= BIT(29) | BIT(24)) \
	X(leaf_of_other_vm_rich, VERIFY_TWO_VMS, rich, *image_ept_entry(i, PEER, 0, 2) ^= BIT(29)) \
	X(leaf_into_share, VERIFY_TWO_VMS, rich, \
	  *image_ept_entry(i, PEER, 0x40000000, 3) ^= BIT(31)) \
	X(leaf_twice, VERIFY_ALIAS, demo, *leaf(i) ^= BIT(21) | BIT(22)) \
	X(leaf_to_hypervisor, VERIFY_HYPERVISOR_MEMORY, demo, *leaf(i) ^= BIT(29)) \
	X(leaf_to_trampoline, VERIFY_HYPERVISOR_MEMORY, demo, \
	  *image_ept_entry(i, LINUX, 0, 2) ^= BIT(24)) \
	X(hypervisor_elsewhere, VERIFY_HYPERVISOR_MEMORY, demo, \
	  image_scenario(i)->hypervisor_base = 0x30000000; \
	  *leaf(i) ^= BIT(29)) \
	X(leaf_to_local_apic, VERIFY_APIC_PAGE, demo, \
	  *image_ept_entry(i, RT, 0x100000, 1) ^= 0x20100000 ^ 0xfee00000) \
	X(leaf_to_ioapic, VERIFY_APIC_PAGE, demo, \
	  *image_ept_entry(i, RT, 0x100000, 1) ^= 0x20100000 ^ 0xfec00000) \
	X(leaf_over_local_apic, VERIFY_APIC_PAGE, rich, \
	  *image_ept_entry(i, DRIVER, PLATFORM_LAPIC_GPA, 2) ^= 0x10400000 | 0xb7) \
	X(leaf_over_ioapic, VERIFY_APIC_PAGE, rich, \
	  *image_ept_entry(i, DRIVER, 0xfec10000, 2) ^= 0x10400000 | 0xb7) \
	X(leaf_outside_ram, VERIFY_RAM, demo, *leaf(i) ^= BIT(38)) \
	X(region_outside_ram, VERIFY_RAM, demo, region(i, RT, 0)->host_physical ^= BIT(30)) \
	X(ram_called_device, VERIFY_RAM, demo, region(i, RT, 0)->kind ^= 1) \
	X(board_ram_too_short, VERIFY_RAM, demo, ram(i, 1)->size ^= BIT(29)) \
	X(leaf_write_through, VERIFY_MEMORY_TYPE, demo, *leaf(i) ^= BIT(4)) \
	X(leaf_ignores_pat, VERIFY_MEMORY_TYPE, demo, *leaf(i) ^= BIT(6)) \
	X(device_write_back, VERIFY_MEMORY_TYPE, rich, \
	  *image_ept_entry(i, DRIVER, 0xe0000000, 1) ^= 0x30) \
	X(leaf_reserved_type, VERIFY_EPT_ENTRY, demo, *leaf(i) ^= BIT(3)) \
	X(leaf_write_only, VERIFY_EPT_ENTRY, demo, *leaf(i) ^= BIT(0)) \
	X(leaf_execute_only, VERIFY_EPT_ENTRY, demo, *leaf(i) ^= BIT(0) | BIT(1)) \
	X(leaf_address_width, VERIFY_EPT_ENTRY, demo, *leaf(i) ^= BIT(45)) \
	X(leaf_unaligned, VERIFY_EPT_ENTRY, demo, *leaf(i) ^= BIT(12)) \
	X(leaf_unaligned_1g, VERIFY_EPT_ENTRY, rich, \
	  *image_ept_entry(i, PEER, 0x40000000, 3) ^= BIT(29)) \
	X(leaf_ignored_bit, VERIFY_EPT_ENTRY, demo, *leaf(i) ^= BIT(63)) \
	X(leaf_accessed_bit, VERIFY_EPT_ENTRY, demo, *leaf(i) ^= BIT(8)) \
	X(leaf_present_without_rights, VERIFY_EPT_ENTRY, demo, *leaf(i) ^= 7) \
	X(entry_reserved_bit, VERIFY_EPT_ENTRY, demo, *image_ept_entry(i, RT, 0, 4) ^= BIT(7)) \
	X(entry_with_type, VERIFY_EPT_ENTRY, demo, *image_ept_entry(i, RT, 0, 3) ^= BIT(5)) \
	X(unused_entry_bit, VERIFY_EPT_ENTRY, demo, \
	  *image_ept_entry(i, RT, BIT(40), 4) ^= BIT(17)) \
	X(table_of_other_vm, VERIFY_EPT_TABLE, demo, \
	  *image_ept_entry(i, RT, 0, 4) = *image_ept_entry(i, LINUX, 0, 4)) \
	X(root_of_other_vm, VERIFY_EPT_TABLE, demo, vm(i, RT)->ept_root = vm(i, LINUX)->ept_root) \
	X(table_in_a_circle, VERIFY_EPT_TABLE, demo, \
	  *image_ept_entry(i, RT, 0, 3) = (uint64_t)vm(i, RT)->ept_root | 7) \
	X(table_twice, VERIFY_EPT_TABLE, demo, \
	  *image_ept_entry(i, RT, 0x40000000, 3) = *image_ept_entry(i, RT, 0, 3)) \
	X(leaf_gone, VERIFY_EPT_DIFFERS, demo, *leaf(i) = 0) \
	X(leaf_added, VERIFY_EPT_DIFFERS, demo, \
	  *image_ept_entry(i, RT, 0x1200000, 2) = 0x21200000 | 0xb7) \
	X(leaf_not_writable, VERIFY_EPT_DIFFERS, demo, *leaf(i) ^= BIT(1)) \
	X(leaf_not_executable, VERIFY_EPT_DIFFERS, demo, *leaf(i) ^= BIT(2)) \
	X(leaf_elsewhere, VERIFY_EPT_DIFFERS, demo, *leaf(i) ^= BIT(26)) \
	X(table_not_writable, VERIFY_EPT_DIFFERS, demo, *image_ept_entry(i, RT, 0, 4) ^= BIT(1)) \
	X(table_gone, VERIFY_EPT_DIFFERS, demo, *image_ept_entry(i, RT, 0, 3) = 0) \
	X(region_elsewhere, VERIFY_EPT_DIFFERS, demo, region(i, RT, 0)->host_physical ^= BIT(28)) \
	X(region_permissions, VERIFY_EPT_DIFFERS, demo, region(i, RT, 0)->permissions ^= 4) \
	X(region_size, VERIFY_MEMORY_LIST, demo, region(i, RT, 0)->size ^= 1) \
	X(region_empty, VERIFY_MEMORY_LIST, demo, region(i, RT, 0)->size = 0) \
	X(region_write_only, VERIFY_MEMORY_LIST, demo, region(i, RT, 0)->permissions ^= 1) \
	X(region_kind, VERIFY_MEMORY_LIST, demo, region(i, RT, 0)->kind ^= 64) \
	X(region_too_high, VERIFY_MEMORY_LIST, demo, region(i, RT, 0)->guest_physical ^= BIT(41)) \
	X(region_host_too_high, VERIFY_MEMORY_LIST, demo, \
	  region(i, RT, 0)->host_physical ^= BIT(40)) \
	X(regions_overlap, VERIFY_MEMORY_LIST, rich, \
	  region(i, PEER, 1)->guest_physical = 0x100000) \
	X(board_ram_overlaps, VERIFY_BOARD_MEMORY, demo, ram(i, 0)->size ^= BIT(24)) \
	X(board_ram_over_apic, VERIFY_BOARD_MEMORY, demo, ram(i, 1)->size ^= BIT(34)) \
	X(board_ram_empty, VERIFY_BOARD_MEMORY, demo, ram(i, 0)->size = 0) \
	X(address_bits, VERIFY_BOARD_MEMORY, demo, image_scenario(i)->physical_address_bits ^= 16) \
	X(trampoline, VERIFY_BOARD_MEMORY, demo, image_scenario(i)->trampoline ^= 1) \
	X(crash_records_few, VERIFY_BOARD_MEMORY, demo, image_scenario(i)->crash_record_size = 0x3000) \
	X(crash_records_over_image, VERIFY_BOARD_MEMORY, demo, \
	  image_scenario(i)->crash_record_base = 0x200000) \
	X(crash_records_over_trampoline, VERIFY_BOARD_MEMORY, demo, \
	  image_scenario(i)->crash_record_base = 0x7000) \
	X(crash_records_no_pages, VERIFY_BOARD_MEMORY, demo, image_scenario(i)->crash_record_base ^= 1) \
	X(crash_records_no_ram, VERIFY_BOARD_MEMORY, demo, \
	  image_scenario(i)->crash_record_base = 0xa0000) \
	X(leaf_to_crash_records, VERIFY_HYPERVISOR_MEMORY, demo, \
	  image_scenario(i)->crash_record_base = 0x20100000) \
	X(trampoline_high, VERIFY_BOARD_MEMORY, demo, image_scenario(i)->trampoline ^= BIT(20)) \
	X(share_moved, VERIFY_SHARE, rich, share(i)->base ^= BIT(14)) \
	X(share_size, VERIFY_SHARE, rich, share(i)->size ^= BIT(12)) \
	X(share_not_pages, VERIFY_SHARE, rich, share(i)->base ^= 1) \
	X(monitor_header_symbol, VERIFY_MONITOR, devices, \
	  symbol(i, "monitor_header")->st_size ^= 8) \
	X(monitor_rings_symbol, VERIFY_MONITOR, devices, symbol(i, "log_rings")->st_value ^= 64) \
	X(monitor_rings_gone, VERIFY_MONITOR, devices, symbol(i, "log_rings")->st_name++) \
	X(monitor_not_pages, VERIFY_MONITOR, devices, vm(i, WATCHER)->monitor ^= 8) \
	X(monitor_too_high, VERIFY_MONITOR, devices, vm(i, WATCHER)->monitor ^= BIT(60)) \
	X(monitor_over_memory, VERIFY_MONITOR, devices, \
	  vm(i, WATCHER)->monitor = region(i, WATCHER, 0)->guest_physical + 4096) \
	X(monitor_start_symbol, VERIFY_GUARD_PAGES, devices, \
	  symbol(i, "monitor_start")->st_value ^= 4096) \
	X(monitor_undeclared, VERIFY_HYPERVISOR_MEMORY, devices, vm(i, WATCHER)->monitor = 0) \
	X(monitor_declared, VERIFY_EPT_DIFFERS, devices, vm(i, 0)->monitor ^= MONITOR_AT) \
	X(monitor_writable, VERIFY_HYPERVISOR_MEMORY, devices, \
	  *image_ept_entry(i, WATCHER, MONITOR_AT, 1) ^= 2) \
	X(monitor_executable, VERIFY_HYPERVISOR_MEMORY, devices, \
	  *image_ept_entry(i, WATCHER, MONITOR_AT + 0x1000, 1) ^= 4) \
	X(monitor_other_page, VERIFY_HYPERVISOR_MEMORY, devices, \
	  *image_ept_entry(i, WATCHER, MONITOR_AT, 1) ^= BIT(12)) \
	X(monitor_stack_of_core, VERIFY_HYPERVISOR_MEMORY, devices, \
	  *image_ept_entry(i, WATCHER, MONITOR_AT + MONITOR_SHARED_SIZE, 1) -= 4096) \
	X(monitor_page_missing, VERIFY_EPT_DIFFERS, devices, \
	  *image_ept_entry(i, WATCHER, MONITOR_AT + 0x2000, 1) = 0) \
	X(monitor_moved, VERIFY_SCENARIO_VM, devices, vm(i, WATCHER)->monitor ^= BIT(24)) \
	X(shared_called_private, VERIFY_SHARE, rich, region(i, PEER, 2)->kind ^= 2) \
	X(private_called_shared, VERIFY_SHARE, rich, region(i, PEER, 0)->kind ^= 2) \
	X(host_user, VERIFY_HOST_ENTRY, demo, *host(i, 0, own(i, 0)) ^= BIT(2)) \
	X(host_not_accessed, VERIFY_HOST_ENTRY, demo, *host(i, 0, own(i, 0)) ^= BIT(5)) \
	X(host_not_dirty, VERIFY_HOST_ENTRY, demo, *host(i, 1, own(i, 1)) ^= BIT(6)) \
	X(host_pat, VERIFY_HOST_ENTRY, demo, *host(i, 1, own(i, 1)) ^= BIT(7)) \
	X(host_global, VERIFY_HOST_ENTRY, demo, *host(i, 2, own(i, 2)) ^= BIT(8)) \
	X(host_ignored_bit, VERIFY_HOST_ENTRY, demo, *host(i, 3, own(i, 3)) ^= BIT(58)) \
	X(host_not_present, VERIFY_HOST_ENTRY, demo, *host(i, 0, own(i, 0)) ^= BIT(0)) \
	X(host_address_width, VERIFY_HOST_ENTRY, demo, *host(i, 0, own(i, 0)) ^= BIT(41)) \
	X(host_unaligned, VERIFY_HOST_ENTRY, demo, \
	  *image_host_entry(i, 2, 0x20200000, 2) ^= BIT(13)) \
	X(host_root_large, VERIFY_HOST_ENTRY, demo, *image_host_entry(i, 0, 0, 4) ^= BIT(7)) \
	X(host_directory_large, VERIFY_HOST_ENTRY, demo, \
	  *image_host_entry(i, 0, own(i, 0), 2) ^= BIT(7)) \
	X(host_reference_no_write, VERIFY_HOST_ENTRY, demo, \
	  *image_host_entry(i, 0, 0, 4) ^= BIT(1)) \
	X(host_reference_no_execute, VERIFY_HOST_ENTRY, demo, \
	  *image_host_entry(i, 0, 0x200000, 2) ^= BIT(63)) \
	X(host_reference_uncached, VERIFY_HOST_ENTRY, demo, \
	  *image_host_entry(i, 0, 0, 3) ^= BIT(4)) \
	X(host_unused_entry_bit, VERIFY_HOST_ENTRY, demo, \
	  *image_host_entry(i, 0, BIT(40), 4) ^= BIT(13)) \
	X(host_root_of_other_core, VERIFY_HOST_TABLE, demo, \
	  core(i, 1)->host_root = core(i, 0)->host_root) \
	X(host_table_in_a_circle, VERIFY_HOST_TABLE, demo, \
	  *image_host_entry(i, 0, 0, 3) = (uint64_t)core(i, 0)->host_root | HOST_TABLE) \
	X(host_table_twice, VERIFY_HOST_TABLE, demo, \
	  *image_host_entry(i, 0, 0x400000, 2) = *image_host_entry(i, 0, 0x200000, 2)) \
	X(host_root_unaligned, VERIFY_POINTER, demo, \
	  core(i, 1)->host_root = (void *)((uint64_t)core(i, 1)->host_root ^ 0x800)) \
	X(host_root_in_data, VERIFY_POINTER, demo, \
	  core(i, 1)->host_root = (void *)data_address(i)) \
	X(host_root_gone, VERIFY_POINTER, demo, core(i, 3)->host_root = NULL) \
	X(host_table_in_data, VERIFY_POINTER, demo, \
	  *image_host_entry(i, 0, 0x200000, 2) = data_address(i) | HOST_TABLE) \
	X(host_table_nowhere, VERIFY_POINTER, demo, \
	  *image_host_entry(i, 0, own(i, 0), 2) ^= BIT(31)) \
	X(host_text_writable, VERIFY_HOST_EXECUTABLE, demo, \
	  *host(i, 0, 0x200000) ^= BIT(1) | BIT(6)) \
	X(host_stack_executable, VERIFY_HOST_EXECUTABLE, demo, *host(i, 0, own(i, 0)) ^= BIT(63)) \
	X(host_constants_executable, VERIFY_HOST_EXECUTABLE, demo, \
	  *host(i, 0, symbol(i, "text_end")->st_value) ^= BIT(63)) \
	X(host_ram_executable, VERIFY_HOST_EXECUTABLE, demo, \
	  *image_host_entry(i, 2, 0x20200000, 2) ^= BIT(63)) \
	X(host_constants_writable, VERIFY_HOST_WRITABLE, demo, \
	  *host(i, 0, symbol(i, "text_end")->st_value) ^= BIT(1) | BIT(6)) \
	X(host_tables_writable, VERIFY_HOST_WRITABLE, demo, \
	  *host(i, 0, (uint64_t)core(i, 0)->host_root) ^= BIT(1) | BIT(6)) \
	X(host_sealed_writable, VERIFY_HOST_WRITABLE, demo, \
	  *host(i, 0, symbol(i, "sealed_end")->st_value - 1) ^= BIT(1) | BIT(6)) \
	X(host_share_writable, VERIFY_HOST_WRITABLE, rich, *host(i, 2, 0x20000000) ^= BIT(1) | BIT(6)) \
	X(host_other_core, VERIFY_HOST_OTHER_CORE, demo, host_map(i, 0, own(i, 1), HOST_DATA)) \
	X(host_other_core_read, VERIFY_HOST_OTHER_CORE, demo, \
	  host_map(i, 2, own(i, 0), HOST_CONSTANT)) \
	X(host_other_stack, VERIFY_HOST_OTHER_CORE, demo, \
	  host_map(i, 1, area(i, 2) + HOST_GUARD_SIZE, HOST_DATA)) \
	X(host_area_of_other_core, VERIFY_HOST_OTHER_CORE, demo, \
	  *image_host_entry(i, 0, own(i, 0), 2) = *image_host_entry(i, 1, own(i, 1), 2)) \
	X(host_other_vm_state, VERIFY_HOST_OTHER_VM, demo, \
	  host_map(i, 0, vm_state(i, RT), HOST_DATA)) \
	X(host_other_vcpu, VERIFY_HOST_OTHER_VM, demo, host_map(i, 3, vcpu_state(i, 0), HOST_CONSTANT)) \
	X(host_other_ram, VERIFY_HOST_OTHER_VM, demo, \
	  *image_host_entry(i, 0, 0x20200000, 2) = 0x20200000 | HOST_DATA | HOST_LARGE) \
	X(host_other_ram_read, VERIFY_HOST_OTHER_VM, demo, \
	  *image_host_entry(i, 2, 0x1000000, 2) = 0x1000000 | HOST_CONSTANT | HOST_LARGE) \
	X(host_table_of_other_vm, VERIFY_HOST_OTHER_VM, demo, \
	  *image_host_entry(i, 0, 0x20000000, 2) = *image_host_entry(i, 2, 0x20000000, 2)) \
	X(host_guard, VERIFY_HOST_GUARD, demo, host_map(i, 0, area(i, 0), HOST_DATA)) \
	X(host_guard_read, VERIFY_HOST_GUARD, demo, host_map(i, 3, area(i, 3), HOST_CONSTANT)) \
	X(host_guard_of_interrupts, VERIFY_HOST_GUARD, demo, \
	  host_map(i, 1, area(i, 1) + HOST_AREA_INTERRUPT_STACKS, HOST_DATA)) \
	X(host_guard_of_next_core, VERIFY_HOST_GUARD, demo, host_map(i, 0, area(i, 1), HOST_DATA)) \
	X(host_own_gone, VERIFY_HOST_DIFFERS, demo, *host(i, 0, own(i, 0)) = 0) \
	X(host_text_gone, VERIFY_HOST_DIFFERS, demo, *image_host_entry(i, 1, 0x200000, 2) = 0) \
	X(host_ram_gone, VERIFY_HOST_DIFFERS, demo, *image_host_entry(i, 2, 0x20200000, 2) = 0) \
	X(host_text_read_only, VERIFY_HOST_DIFFERS, demo, *host(i, 0, 0x200000) ^= BIT(63)) \
	X(host_own_read_only, VERIFY_HOST_DIFFERS, demo, \
	  *host(i, 0, own(i, 0)) ^= BIT(1) | BIT(6)) \
	X(host_own_elsewhere, VERIFY_HOST_DIFFERS, demo, *host(i, 0, own(i, 0)) ^= BIT(12)) \
	X(host_own_uncached, VERIFY_HOST_DIFFERS, demo, *host(i, 0, own(i, 0)) ^= BIT(4)) \
	X(host_ioapic_cached, VERIFY_HOST_DIFFERS, demo, *host(i, 0, 0xfec00000) ^= BIT(3) | BIT(4)) \
	X(host_start_data, VERIFY_HOST_DIFFERS, demo, \
	  host_map(i, 0, symbol(i, "shared_end")->st_value, HOST_DATA)) \
	X(host_everything, VERIFY_HOST_DIFFERS, demo, \
	  *image_host_entry(i, 0, 0x40000000, 3) = 0x40000000 | HOST_DATA | HOST_LARGE) \
	X(host_nobodys, VERIFY_HOST_DIFFERS, demo, \
	  *image_host_entry(i, 2, 0x3fe00000, 2) = 0x3fe00000 | HOST_DATA | HOST_LARGE) \
	X(host_sealed_symbol, VERIFY_HOST_DIFFERS, demo, symbol(i, "sealed_end")->st_value += 4096) \
	X(host_shared_symbol, VERIFY_HOST_DIFFERS, demo, symbol(i, "shared_start")->st_value ^= 8) \
	X(host_shared_name, VERIFY_HOST_DIFFERS, demo, symbol(i, "shared_end")->st_name++) \
	X(port_of_other_vm, VERIFY_PORT_TWO_VMS, demo, flip_port(i, RT, 0x3f8)) \
	X(port_open, VERIFY_PORT_DIFFERS, demo, flip_port(i, RT, 0x2f7)) \
	X(port_closed, VERIFY_PORT_DIFFERS, demo, flip_port(i, RT, 0x2fb)) \
	X(port_last, VERIFY_PORT_DIFFERS, demo, flip_port(i, RT, 0xffff)) \
	X(ports_declared, VERIFY_PORT_DIFFERS, demo, ports(i, RT, 0)->first ^= 1) \
	X(port_reset, VERIFY_PORT_DANGEROUS, demo, flip_port(i, RT, 0x64)) \
	X(port_pci, VERIFY_PORT_DANGEROUS, demo, flip_port(i, RT, 0xcfb)) \
	X(port_smi, VERIFY_PORT_DANGEROUS, demo, flip_port(i, RT, 0xb2)) \
	X(port_console, VERIFY_PORT_CONSOLE, demo, flip_port(i, RT, CONSOLE)) \
	X(port_virtual, VERIFY_PORT_VIRTUAL, demo, flip_port(i, LINUX, PLATFORM_ACPI_RESET_PORT)) \
	X(ports_backwards, VERIFY_PORT_LIST, demo, ports(i, RT, 0)->last ^= 0x200) \
	X(ports_out_of_order, VERIFY_PORT_LIST, demo, ports(i, LINUX, 1)->first ^= 0x3f8 ^ 0x60) \
	X(msr_read, VERIFY_MSR_OPEN, demo, flip_msr(i, 0x3a, false)) \
	X(msr_icr, VERIFY_MSR_OPEN, demo, flip_msr(i, 0x830, true)) \
	X(msr_tsc, VERIFY_MSR_OPEN, demo, flip_msr(i, 0x10, true)) \
	X(msr_xss, VERIFY_MSR_OPEN, demo, flip_msr(i, 0xda0, true)) \
	X(msr_high, VERIFY_MSR_OPEN, demo, flip_msr(i, 0xc0000104, true)) \
	X(msr_last, VERIFY_MSR_OPEN, demo, flip_msr(i, 0xc0001fff, false)) \
	X(msr_deadline, VERIFY_MSR_CLOSED, demo, flip_msr(i, 0x6e0, true)) \
	X(msr_fs_base, VERIFY_MSR_CLOSED, demo, flip_msr(i, 0xc0000100, false)) \
	X(cpuid_hides_nothing, VERIFY_CPUID_MASK, rich, mask(i, 0)->clear = 0) \
	X(cpuid_register, VERIFY_CPUID_MASK, rich, mask(i, 1)->result ^= 8) \
	X(cpuid_order, VERIFY_CPUID_MASK, rich, mask(i, 0)->leaf ^= 32) \
	X(pin_of_other_vm, VERIFY_PIN_TWO_VMS, demo, pin(i, RT, 0)->pin ^= 3 ^ 4) \
	X(pin_beyond_ioapic, VERIFY_PIN_LIST, demo, pin(i, RT, 0)->pin ^= 64) \
	X(pin_of_no_ioapic, VERIFY_PIN_LIST, demo, pin(i, RT, 0)->ioapic ^= 1) \
	X(pins_out_of_order, VERIFY_PIN_LIST, demo, pin(i, LINUX, 1)->pin ^= 8 ^ 2) \
	X(pin_twice, VERIFY_PIN_LIST, demo, pin(i, LINUX, 1)->pin ^= 8 ^ 4) \
	X(ioapic_unaligned, VERIFY_IOAPIC, demo, ioapic(i, 0)->base ^= 16) \
	X(ioapic_without_pins, VERIFY_IOAPIC, demo, ioapic(i, 0)->pins = 0) \
	X(ioapic_id_twice, VERIFY_IOAPIC, rich, ioapic(i, 0)->id ^= 1) \
	X(ioapic_interrupts, VERIFY_IOAPIC, rich, ioapic(i, 1)->gsi_base ^= 8) \
	X(ioapic_page_twice, VERIFY_IOAPIC, rich, ioapic(i, 1)->base ^= BIT(16)) \
	X(core_twice, VERIFY_CORE, demo, vcpu(i, 2)->apic_id ^= 2) \
	X(vpid_zero, VERIFY_VPID, demo, vcpu(i, 3)->vpid ^= 4) \
	X(vpid_twice, VERIFY_VPID, demo, vcpu(i, 2)->vpid ^= 1) \
	X(core_without_vcpu, VERIFY_CORE_LIST, demo, core(i, 1)->vcpu = VCPU_NONE) \
	X(core_with_other_vcpu, VERIFY_CORE_LIST, demo, core(i, 1)->vcpu ^= 2) \
	X(core_apic_id, VERIFY_CORE_LIST, demo, core(i, 3)->apic_id ^= 4) \
	X(core_without_existing, VERIFY_CORE_LIST, demo, core(i, 1)->vcpu ^= BIT(9)) \
	X(vcpu_vm, VERIFY_VCPU_LIST, demo, vcpu(i, 2)->vm ^= 1) \
	X(vcpu_index, VERIFY_VCPU_LIST, demo, vcpu(i, 1)->index ^= 2) \
	X(vm_id, VERIFY_VCPU_LIST, demo, vm(i, RT)->id ^= 1) \
	X(vm_slice, VERIFY_VCPU_LIST, demo, vm(i, RT)->vcpus--) \
	X(vm_slice_length, VERIFY_VCPU_LIST, demo, vm(i, RT)->vcpu_count--) \
	X(module_index, VERIFY_MODULE, demo, vm(i, RT)->boot.image ^= BIT(5)) \
	X(module_unused, VERIFY_MODULE, demo, vm(i, LINUX)->boot.ramdisk = MODULE_NONE) \
	X(protocol, VERIFY_BOOT, demo, vm(i, RT)->boot.protocol ^= 8) \
	X(load_address, VERIFY_BOOT, demo, vm(i, RT)->boot.load_address ^= BIT(33)) \
	X(load_address_of_linux, VERIFY_BOOT, demo, vm(i, LINUX)->boot.load_address ^= BIT(21)) \
	X(ramdisk_of_raw, VERIFY_BOOT, demo, vm(i, RT)->boot.ramdisk = 1) \
	X(life_flag, VERIFY_BOOT, demo, *(uint8_t *)&vm(i, RT)->life.restartable = 2) \
	X(life_on_reset, VERIFY_BOOT, demo, vm(i, RT)->life.on_reset = 9) \
	X(life_on_crash, VERIFY_BOOT, demo, vm(i, LINUX)->life.on_crash = 9) \
	X(life_restart_without_images, VERIFY_BOOT, demo, vm(i, RT)->life.on_crash = LIFE_RESTART; \
	  *(uint8_t *)&vm(i, RT)->life.restartable = 0) \
	X(life_limit, VERIFY_BOOT, demo, vm(i, RT)->life.restart_limit ^= BIT(31)) \
	X(life_window, VERIFY_BOOT, demo, vm(i, RT)->life.restart_window_seconds ^= BIT(31)) \
	X(life_watchdog, VERIFY_BOOT, demo, vm(i, LINUX)->life.watchdog_seconds ^= BIT(20)) \
	X(scenario_watchdog, VERIFY_SCENARIO_VM, demo, vm(i, LINUX)->life.watchdog_seconds ^= 1) \
	X(scenario_on_crash, VERIFY_SCENARIO_VM, demo, vm(i, LINUX)->life.on_crash ^= 2) \
	X(entry, VERIFY_START, demo, vcpu(i, 2)->entry ^= BIT(30)) \
	X(entry_of_linux, VERIFY_START, demo, vcpu(i, 0)->entry ^= BIT(63)) \
	X(entry_mode, VERIFY_START, demo, vcpu(i, 2)->mode ^= 1) \
	X(entry_unknown_mode, VERIFY_START, demo, vcpu(i, 2)->mode ^= 16) \
	X(bsp_waits, VERIFY_START, demo, vcpu(i, 2)->start ^= 1) \
	X(waiting_with_entry, VERIFY_START, demo, vcpu(i, 1)->entry ^= BIT(20)) \
	X(unknown_start, VERIFY_START, demo, vcpu(i, 1)->start ^= 4) \
	X(entry_not_executable, VERIFY_START, rich, region(i, PEER, 0)->permissions ^= 4) \
	X(e820_type, VERIFY_E820, demo, e820(i, 1)->type ^= 3) \
	X(e820_base, VERIFY_E820, demo, e820(i, 2)->base ^= BIT(28)) \
	X(e820_size, VERIFY_E820, demo, e820(i, 2)->size ^= BIT(30)) \
	X(e820_empty, VERIFY_E820, demo, e820(i, 0)->size = 0) \
	X(e820_missing, VERIFY_E820, demo, vm(i, LINUX)->e820_count--) \
	X(acpi_checksum, VERIFY_ACPI, demo, ((uint8_t *)AT(i, blob(i, 3)->bytes))[40] ^= 1) \
	X(acpi_rsdp_checksum, VERIFY_ACPI, demo, ((uint8_t *)AT(i, blob(i, 0)->bytes))[30] ^= 1) \
	X(acpi_rsdt, VERIFY_ACPI, demo, swap_rsdt(i)) \
	X(acpi_place, VERIFY_ACPI, demo, blob(i, 4)->guest_physical ^= BIT(20)) \
	X(acpi_moved, VERIFY_ACPI, demo, blob(i, 4)->guest_physical ^= BIT(14)) \
	X(acpi_rsdp, VERIFY_ACPI, demo, vm(i, LINUX)->acpi_rsdp ^= BIT(4)) \
	X(acpi_rsdp_without_tables, VERIFY_ACPI, demo, vm(i, RT)->acpi_rsdp ^= BIT(4)) \
	X(acpi_size, VERIFY_ACPI, demo, blob(i, 2)->size ^= 1) \
	X(acpi_processor, VERIFY_ACPI, demo, vcpu(i, 1)->apic_id ^= 8) \
	X(acpi_ioapic, VERIFY_ACPI, demo, ioapic(i, 0)->gsi_base ^= 1) \
	X(pci_owner_missing, VERIFY_PCI_OWNER, rich, inventory(i, 1)->vm = VM_NONE) \
	X(pci_owner_other, VERIFY_PCI_OWNER, rich, inventory(i, 1)->vm ^= 1) \
	X(pci_owner_no_vm, VERIFY_PCI_OWNER, rich, inventory(i, 2)->vm ^= BIT(30)) \
	X(pci_address, VERIFY_PCI_FUNCTION, rich, nic(i)->device ^= 64) \
	X(pci_not_on_board, VERIFY_PCI_FUNCTION, rich, nic(i)->bus ^= 1) \
	X(pci_identity, VERIFY_PCI_FUNCTION, rich, nic(i)->device_id ^= 1) \
	X(pci_bridge, VERIFY_PCI_FUNCTION, rich, nic(i)->class_code ^= 0x040000; \
	  inventory(i, 1)->class_code ^= 0x040000) \
	X(pci_order, VERIFY_PCI_FUNCTION, rich, inventory(i, 2)->device ^= 4) \
	X(pci_bar_base, VERIFY_PCI_BAR, rich, nic(i)->bars[0].base ^= BIT(14)) \
	X(pci_bar_size, VERIFY_PCI_BAR, rich, nic(i)->bars[0].size ^= BIT(16)) \
	X(pci_bar_kind, VERIFY_PCI_BAR, rich, nic(i)->bars[0].kind ^= 32) \
	X(pci_bar_upper, VERIFY_PCI_BAR, rich, nic(i)->bars[1].kind ^= 1) \
	X(pci_bar_ports, VERIFY_PCI_BAR, rich, nic(i)->bars[2].base ^= BIT(9)) \
	X(pci_msix_mapped, VERIFY_PCI_BAR, rich, \
	  *image_ept_entry(i, DRIVER, 0xe0002000, 1) = 0xe0002003) \
	X(pci_msix_offset, VERIFY_PCI_BAR, rich, nic(i)->msix_offset ^= BIT(12)) \
	X(pci_msix_vectors, VERIFY_PCI_BAR, rich, nic(i)->msix_vectors ^= BIT(14)) \
	X(pci_msi_vectors, VERIFY_PCI_BAR, rich, nic(i)->msi_vectors ^= BIT(1)) \
	X(pci_interrupt, VERIFY_PCI_BAR, rich, nic(i)->interrupt ^= 1) \
	X(pci_dma_translated, VERIFY_PCI_DMA, rich, \
	  region(i, DRIVER, 0)->host_physical ^= BIT(25)) \
	X(pci_dma_neither, VERIFY_PCI_DMA, rich, *(uint8_t *)&nic(i)->dma_unprotected ^= 2) \
	X(ecam_mapped, VERIFY_PCI_ECAM, rich, \
	  *image_ept_entry(i, DRIVER, 0xe0000000, 1) ^= 0xe0000000 ^ 0xd0000000) \
	X(ecam_over_guest, VERIFY_PCI_ECAM, rich, \
	  *image_ept_entry(i, DRIVER, 0xd0000000, 2) = 0x10400000 | 0xb7) \
	X(ecam_size, VERIFY_PCI_ECAM, rich, image_scenario(i)->pci_ecam_size ^= BIT(40)) \
	X(ecam_in_ram, VERIFY_PCI_ECAM, rich, image_scenario(i)->pci_ecam_base ^= BIT(30)) \
	X(hash, VERIFY_HASH, demo, image_scenario(i)->hash[31] ^= 0x80) \
	X(scenario_name, VERIFY_SCENARIO_VM, demo, *(char *)AT(i, vm(i, RT)->name) ^= 1) \
	X(scenario_bootargs, VERIFY_SCENARIO_VM, demo, \
	  *(char *)AT(i, vm(i, LINUX)->boot.bootargs) ^= 1) \
	X(scenario_entry, VERIFY_SCENARIO_VM, demo, vcpu(i, 3)->entry ^= 16) \
	X(scenario_module, VERIFY_SCENARIO_VM, demo, vm(i, LINUX)->boot.image ^= 2) \
	X(scenario_pin, VERIFY_SCENARIO_VM, demo, pin(i, RT, 0)->pin ^= 16) \
	X(scenario_core, VERIFY_SCENARIO_VM, demo, vcpu(i, 2)->apic_id ^= 1; \
	  vcpu(i, 3)->apic_id ^= 1) \
	X(scenario_host, VERIFY_SCENARIO_VM, demo, region(i, RT, 0)->host_physical ^= BIT(27)) \
	X(scenario_port, VERIFY_SCENARIO_VM, demo, ports(i, RT, 0)->last ^= 1; \
	  flip_port(i, RT, 0x2ff)) \
	X(scenario_bar, VERIFY_SCENARIO_VM, devices, nic(i)->bars[0].prefetchable ^= 1) \
	X(scenario_bar_gone, VERIFY_SCENARIO_VM, devices, nic(i)->bars[1] = (struct pci_bar_config){0}) \
	X(scenario_function, VERIFY_SCENARIO_VM, devices, nic(i)->device ^= 8) \
	X(scenario_function_gone, VERIFY_SCENARIO_VM, devices, vm(i, DRIVER)->pci_function_count = 0) \
	X(scenario_messages, VERIFY_SCENARIO_VM, devices, nic(i)->msi_vectors ^= 2) \
	X(scenario_dma, VERIFY_SCENARIO_VM, devices, nic(i)->dma_unprotected ^= 1) \
	X(scenario_feature, VERIFY_SCENARIO_VM, devices, mask(i, 0)->clear ^= BIT(9)) \
	X(scenario_feature_gone, VERIFY_SCENARIO_VM, devices, vm(i, DRIVER)->cpuid_mask_count--) \
	X(scenario_start, VERIFY_SCENARIO_VM, devices, vcpu(i, 2)->start ^= 1; vcpu(i, 2)->entry = 0; \
	  vcpu(i, 2)->mode = 0) \
	X(scenario_mode, VERIFY_SCENARIO_VM, devices, vcpu(i, 1)->mode ^= 1) \
	X(scenario_acpi, VERIFY_SCENARIO_VM, demo, vm(i, LINUX)->blob_count = 0) \
	X(scenario_protocol, VERIFY_SCENARIO_VM, devices, vm(i, PEER)->boot.protocol ^= 3) \
	X(scenario_ramdisk, VERIFY_SCENARIO_VM, demo, vm(i, LINUX)->boot.ramdisk = 0) \
	X(scenario_load_address, VERIFY_SCENARIO_VM, devices, vm(i, DRIVER)->boot.load_address ^= BIT(12)) \
	X(scenario_shared, VERIFY_SCENARIO_VM, devices, region(i, PEER, 1)->guest_physical ^= BIT(30)) \
	X(scenario_vms, VERIFY_SCENARIO_VM, demo, image_scenario(i)->vm_count--) \
	X(scenario_vcpus, VERIFY_SCENARIO_VM, demo, vm(i, RT)->vcpu_count--) \
	X(board_shares, VERIFY_SCENARIO_BOARD, devices, *(char *)AT(i, share(i)->name) ^= 1) \
	X(board_inventory, VERIFY_SCENARIO_BOARD, devices, inventory(i, 0)->vendor_id ^= 1) \
	X(board_ecam, VERIFY_SCENARIO_BOARD, devices, image_scenario(i)->pci_ecam_base ^= BIT(20)) \
	X(board_core, VERIFY_SCENARIO_BOARD, devices, core(i, 3)->apic_id ^= 8) \
	X(board_module, VERIFY_SCENARIO_BOARD, demo, \
	  *(char *)AT(i, ((struct module_config *)AT(i, image_scenario(i)->modules))->file) ^= 1) \
	X(board_thread_width, VERIFY_SCENARIO_BOARD, demo, image_scenario(i)->thread_bits ^= 1) \
	X(board_package_width, VERIFY_SCENARIO_BOARD, demo, image_scenario(i)->package_bits ^= 1) \
	X(thread_width_impossible, VERIFY_CORE_LIST, demo, image_scenario(i)->thread_bits ^= 4) \
	X(package_width_impossible, VERIFY_CORE_LIST, demo, image_scenario(i)->package_bits ^= 32) \
	X(board_frequency, VERIFY_SCENARIO_BOARD, demo, image_scenario(i)->tsc_frequency_hz ^= 1) \
	X(board_ram, VERIFY_SCENARIO_BOARD, demo, ram(i, 1)->size ^= BIT(12)) \
	X(board_ioapic, VERIFY_SCENARIO_BOARD, demo, ioapic(i, 0)->pins ^= 32) \
	X(board_name, VERIFY_SCENARIO_BOARD, demo, *(char *)AT(i, image_scenario(i)->board) ^= 1) \
	X(reserved_port, VERIFY_RESERVED, demo, flip_port(i, RT, 0x8900))

#define CORRUPT(name, rule, from, body) static void corrupt_##name(struct image *i) { body; }
#define ROW(name, rule, from, body) {#name, rule, &(from), corrupt_##name},
CORRUPTIONS(CORRUPT)
static const struct corruption corruptions[] = {CORRUPTIONS(ROW)};
/* clang-format on */

/* --- Tools --------------------------------------------------------------------------------------- */

static const struct model *model_of(const struct image *pristine)
{
	if (pristine == &demo)
		return &demo_model;
	return pristine == &devices ? &devices_model : NULL;
}

static void show_findings(const struct verify *verify)
{
	verify_print_findings(verify, "image", stderr, false);
}

/* --- The images as they are ---------------------------------------------------------------------- */

static void check_pristine(const struct image *image)
{
	struct arena own = {0};
	const struct verify *verify =
		verify_image(&own, image->bytes, image->size, model_of(image));

	show_findings(verify);
	assert_int_equal(verify_total(verify), 0);
	assert_true(verify_statistics(verify)->pages > 0);
	arena_free(&own);
}

static void test_good_images_are_proved(void **state)
{
	(void)state;
	check_pristine(&demo);
	check_pristine(&devices);
	check_pristine(&rich);
}

static void test_the_proof_has_figures(void **state)
{
	struct arena own = {0};
	const struct verify *verify = verify_image(&own, demo.bytes, demo.size, &demo_model);
	const struct verify_statistics *statistics = verify_statistics(verify);

	(void)state;
	assert_int_equal(statistics->ept_tables, 8);
	/* 256 MiB in pages of 2 MiB; 7 of them, and 2 x 256 of 4 KiB at the ends. */
	assert_int_equal(statistics->leaves, 128 + 7 + 512);
	assert_int_equal(statistics->pages, (256 + 16) * 256);
	assert_int_equal(statistics->port_bits, 2 * 65536);
	assert_int_equal(statistics->msr_bits, 2 * 32768);
	assert_int_equal(statistics->pins, 3);
	arena_free(&own);
}

/* --- Corruption on purpose ----------------------------------------------------------------------- */

static bool is_reported(const struct corruption *corruption)
{
	struct arena own = {0};
	struct image copy = image_copy(&own, corruption->image);
	const struct verify *verify;
	bool reported;

	corruption->corrupt(&copy);
	verify = verify_image(&own, copy.bytes, copy.size, model_of(corruption->image));
	reported = verify_count(verify, corruption->rule) != 0;
	if (!reported) {
		fprintf(stderr, "%s: %s is not reported, but:\n", corruption->what,
			verify_rules[corruption->rule].code);
		show_findings(verify);
	}
	arena_free(&own);
	return reported;
}

static void test_every_corruption_is_reported(void **state)
{
	unsigned missed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(corruptions); i++)
		missed += !is_reported(&corruptions[i]);
	assert_int_equal(missed, 0);
}

static void test_every_rule_has_a_corruption(void **state)
{
	unsigned uses[VERIFY_RULE_COUNT] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(corruptions); i++)
		uses[corruptions[i].rule]++;
	for (unsigned i = 0; i < VERIFY_RULE_COUNT; i++)
		if (!uses[i])
			fail_msg("no corruption tests %s", verify_rules[i].code);
}

static void test_every_rule_is_described(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VERIFY_RULE_COUNT; i++) {
		const struct verify_rule *rule = &verify_rules[i];

		assert_non_null(rule->code);
		assert_int_equal(strlen(rule->code), 6);
		assert_memory_equal(rule->code, "BHB", 3);
		assert_true(i == 0 || strcmp(verify_rules[i - 1].code, rule->code) < 0);
		assert_true(strlen(rule->title) > 10 && strlen(rule->explanation) > 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_images_are_proved),
		cmocka_unit_test(test_the_proof_has_figures),
		cmocka_unit_test(test_every_corruption_is_reported),
		cmocka_unit_test(test_every_rule_has_a_corruption),
		cmocka_unit_test(test_every_rule_is_described),
	};

	return cmocka_run_group_tests(tests, make_images, free_images);
}
