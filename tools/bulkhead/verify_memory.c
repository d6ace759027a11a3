/* SPDX-License-Identifier: Apache-2.0 */
/* BHB2xx: what the walk found against the other VMs, the hypervisor, the board and the declaration. */
#include "bulkhead/crash_record.h"
#include "bulkhead/platform.h"
#include "verify_internal.h"

static const char *host_text(struct verify *verify, hpa_t first, hpa_t end)
{
	return verify_numbers(verify, first, end - 1);
}

/* "EPT leaf at PML4[0] PDPT[0] PD[8]", of the leaf that maps the host address */
static const char *leaf_text(struct verify *verify, const struct verify_extent *extent, hpa_t host)
{
	gpa_t guest = extent->guest + (host - extent->host);

	return verify_format(verify, "EPT leaf at %s",
			     verify_entry_path(verify, guest, extent->level));
}

static hpa_t extent_end(const struct verify_extent *extent)
{
	return extent->host + extent->size;
}

static const char *vm_label(const struct verify *verify, const struct verify_extent *extent)
{
	return verify->vms[extent->vm].label;
}

/* --- No page twice ------------------------------------------------------------------------------ */

static void report_two_vms(struct verify *verify, const struct verify_extent *earlier,
			   const struct verify_extent *later)
{
	hpa_t end =
		extent_end(earlier) < extent_end(later) ? extent_end(earlier) : extent_end(later);
	gpa_t guest = earlier->guest + (later->host - earlier->host);

	verify_report(verify, VERIFY_TWO_VMS,
		      "%s: %s maps host %s, which %s maps too, at guest 0x%" PRIx64,
		      vm_label(verify, later), leaf_text(verify, later, later->host),
		      host_text(verify, later->host, end), vm_label(verify, earlier), guest);
}

/*
 * In the order of host addresses, an extent meets an earlier one of another VM if it meets the one of
 * those that reaches furthest: so the furthest of all, and the furthest of any other VM, are enough.
 */
struct furthest {
	const struct verify_extent *first, *second; /* never of the same VM */
};

static void furthest_add(struct furthest *furthest, const struct verify_extent *extent)
{
	if (!furthest->first || extent_end(extent) > extent_end(furthest->first)) {
		if (furthest->first && furthest->first->vm != extent->vm)
			furthest->second = furthest->first;
		furthest->first = extent;
	} else if (extent->vm != furthest->first->vm &&
		   (!furthest->second || extent_end(extent) > extent_end(furthest->second))) {
		furthest->second = extent;
	}
}

void verify_two_vms(struct verify *verify)
{
	struct furthest furthest = {NULL, NULL};

	for (unsigned i = 0; i < verify->private_count; i++) {
		const struct verify_extent *extent = &verify->privates[i];
		const struct verify_extent *other = furthest.first;

		if (other && other->vm == extent->vm)
			other = furthest.second;
		verify->statistics.pairs++;
		if (other && extent_end(other) > extent->host)
			report_two_vms(verify, other, extent);
		furthest_add(&furthest, extent);
	}
}

void verify_alias(struct verify *verify)
{
	const struct verify_extent **last = arena_alloc(
		verify->arena, verify->scenario.vm_count * sizeof(const struct verify_extent *));

	for (unsigned i = 0; i < verify->host_count; i++) {
		const struct verify_extent *extent = &verify->hosts[i];
		const struct verify_extent *earlier = last[extent->vm];

		verify->statistics.pairs++;
		if (earlier && extent_end(earlier) > extent->host)
			verify_report(verify, VERIFY_ALIAS,
				      "%s: %s maps host 0x%" PRIx64
				      ", which the VM has at guest 0x%" PRIx64 " already",
				      vm_label(verify, extent),
				      leaf_text(verify, extent, extent->host), extent->host,
				      earlier->guest + (extent->host - earlier->host));
		if (!earlier || extent_end(extent) > extent_end(earlier))
			last[extent->vm] = extent;
	}
}

/* --- What no VM may reach ----------------------------------------------------------------------- */

void verify_keep_out(struct verify *verify, enum verify_rule_id rule, hpa_t base, uint64_t size,
		     const char *what)
{
	hpa_t end = base + size < base ? UINT64_MAX : base + size;

	for (unsigned i = 0; i < verify->host_count && verify->hosts[i].host < end; i++) {
		const struct verify_extent *extent = &verify->hosts[i];
		hpa_t first = extent->host > base ? extent->host : base;
		hpa_t last = extent_end(extent) < end ? extent_end(extent) : end;

		verify->statistics.pairs++;
		if (first < last)
			verify_report(verify, rule, "%s: %s maps host %s, which belongs to %s",
				      vm_label(verify, extent), leaf_text(verify, extent, first),
				      host_text(verify, first, last), what);
	}
}

void verify_hypervisor_memory(struct verify *verify)
{
	const struct scenario *scenario = &verify->scenario;

	verify_keep_out(verify, VERIFY_HYPERVISOR_MEMORY, scenario->hypervisor_base,
			scenario->hypervisor_size, "the hypervisor");
	verify_keep_out(verify, VERIFY_HYPERVISOR_MEMORY, scenario->trampoline, PAGE_SIZE_4K,
			"the trampoline that starts cores");
	if (scenario->crash_record_size != 0)
		verify_keep_out(verify, VERIFY_HYPERVISOR_MEMORY, scenario->crash_record_base,
				scenario->crash_record_size, "the hypervisor's crash records");
	if (scenario->image_store_size != 0)
		verify_keep_out(verify, VERIFY_HYPERVISOR_MEMORY, scenario->image_store_base,
				scenario->image_store_size, "the image store");
	/* Wherever the tables say that the hypervisor is: this is where it really is. */
	for (unsigned i = 0; i < verify->image.segment_count; i++) {
		const struct verify_segment *segment = &verify->image.segments[i];

		if (segment->address < scenario->hypervisor_base ||
		    segment->address + segment->memory_size >
			    scenario->hypervisor_base + scenario->hypervisor_size)
			verify_keep_out(verify, VERIFY_HYPERVISOR_MEMORY,
					segment->address & ~PAGE_MASK,
					segment->memory_size + (segment->address & PAGE_MASK),
					"the hypervisor's image");
	}
}

void verify_keep_guest_out(struct verify *verify, enum verify_rule_id rule,
			   const struct verify_vm *vm, gpa_t base, uint64_t size, const char *what)
{
	gpa_t end = base + size < base ? UINT64_MAX : base + size;

	for (unsigned i = 0; i < vm->extent_count && vm->extents[i].guest < end; i++) {
		const struct verify_extent *extent = &vm->extents[i];
		gpa_t first = extent->guest > base ? extent->guest : base;

		verify->statistics.pairs++;
		if (first < extent->guest + extent->size)
			verify_report(verify, rule,
				      "%s: EPT leaf at %s maps guest 0x%" PRIx64
				      ", where the VM has %s",
				      vm->label, verify_entry_path(verify, first, extent->level),
				      first, what);
	}
}

/* The APICs are emulated at their real addresses, so these must exit: nothing may be mapped there. */
static void keep_apic_out(struct verify *verify, uint64_t page, const char *what)
{
	verify_keep_out(verify, VERIFY_APIC_PAGE, page, PAGE_SIZE_4K, what);
	FOR_EACH_VM(verify, vm)
		verify_keep_guest_out(verify, VERIFY_APIC_PAGE, vm, page, PAGE_SIZE_4K, what);
}

void verify_apic_page(struct verify *verify)
{
	keep_apic_out(verify, PLATFORM_LAPIC_GPA, "the local APIC");
	for (uint32_t i = 0; i < verify->scenario.ioapic_count; i++)
		keep_apic_out(verify, verify->ioapics[i].base & ~PAGE_MASK,
			      verify_format(verify, "IOAPIC %" PRIu32, i));
}

/* --- RAM and devices ---------------------------------------------------------------------------- */

static void check_region_kind(struct verify *verify, const struct verify_vm *vm,
			      const struct memory_region *region)
{
	hpa_t base = region->host_physical;

	verify->statistics.pairs++;
	if (region->kind != MEMORY_DEVICE && !verify_ram_holds(verify, base, region->size))
		verify_report(verify, VERIFY_RAM,
			      "%s: its RAM at guest 0x%" PRIx64
			      " is host %s, which is not all RAM of the board",
			      vm->label, region->guest_physical,
			      host_text(verify, base, base + region->size));
	if (region->kind == MEMORY_DEVICE && verify_ram_meets(verify, base, region->size))
		verify_report(verify, VERIFY_RAM,
			      "%s: its device at guest 0x%" PRIx64
			      " is host %s, which is RAM of the board",
			      vm->label, region->guest_physical,
			      host_text(verify, base, base + region->size));
}

void verify_ram(struct verify *verify)
{
	FOR_EACH_VM(verify, vm)
		for (uint32_t i = 0; i < vm->config.memory_count; i++)
			check_region_kind(verify, vm, &vm->memory[i]);
	for (unsigned i = 0; i < verify->host_count; i++) {
		const struct verify_extent *extent = &verify->hosts[i];

		verify->statistics.pairs++;
		if (extent->type == EPT_TYPE_WB &&
		    !verify_ram_holds(verify, extent->host, extent->size))
			verify_report(
				verify, VERIFY_RAM,
				"%s: %s maps host %s as RAM, which is not all RAM of the board",
				vm_label(verify, extent), leaf_text(verify, extent, extent->host),
				host_text(verify, extent->host, extent_end(extent)));
	}
}

/* --- Walked against declared -------------------------------------------------------------------- */

/* Reported elsewhere; here the lower one wins. */
static void drop_overlaps(struct verify_item *items, unsigned *count)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < *count; i++) {
		struct verify_item item = items[i];

		if (kept && item.start < items[kept - 1].end)
			item.start = items[kept - 1].end;
		if (item.start < item.end)
			items[kept++] = item;
	}
	*count = kept;
}

static struct verify_item *declared_items(struct verify *verify, const struct verify_vm *vm,
					  bool types, unsigned *count)
{
	unsigned window_count;
	const struct verify_item *window = verify_window(verify, vm, &window_count);
	struct verify_item *items = arena_alloc(
		verify->arena, (vm->config.memory_count + window_count) * sizeof(*items));

	*count = 0;
	for (uint32_t i = 0; i < vm->config.memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];
		uint64_t start = region->guest_physical, end = start + region->size;
		uint64_t type = region->kind == MEMORY_DEVICE ? EPT_TYPE_UC : EPT_TYPE_WB;

		if (start < end)
			items[(*count)++] = (struct verify_item){
				.start = start,
				.end = end,
				.shift = types ? 0 : region->host_physical - region->guest_physical,
				.properties = types ? type : region->permissions,
			};
	}
	for (unsigned i = 0; i < window_count; i++) {
		items[*count] = window[i];
		items[*count].shift = types ? 0 : window[i].shift;
		items[(*count)++].properties = types ? EPT_TYPE_WB : MEMORY_READ;
	}
	verify_sort(items, *count);
	drop_overlaps(items, count);
	*count = verify_join(items, *count);
	return items;
}

#define IGNORE_PAT 8 /* beside the three bits of the type */

static struct verify_item *walked_items(struct verify *verify, const struct verify_vm *vm,
					bool types, unsigned *count)
{
	struct verify_item *items = arena_alloc(verify->arena, vm->extent_count * sizeof(*items));

	for (unsigned i = 0; i < vm->extent_count; i++) {
		const struct verify_extent *extent = &vm->extents[i];
		uint64_t type = extent->type | (extent->ignore_pat ? IGNORE_PAT : 0);

		items[i] = (struct verify_item){
			.start = extent->guest,
			.end = extent->guest + extent->size,
			.shift = types ? 0 : extent->host - extent->guest,
			.properties = types ? type : extent->permissions,
		};
	}
	*count = verify_join(items, vm->extent_count);
	return items;
}

static void compare_vm(struct verify *verify, struct verify_vm *vm, bool types,
		       verify_difference *differs)
{
	unsigned declared_count, walked_count;
	struct verify_item *declared = declared_items(verify, vm, types, &declared_count);
	struct verify_item *walked = walked_items(verify, vm, types, &walked_count);

	verify_compare(verify, vm, declared, declared_count, walked, walked_count, differs);
}

static void report_type(struct verify *verify, struct verify_vm *vm, uint64_t start, uint64_t end,
			const struct verify_item *declared, const struct verify_item *walked)
{
	/* What only one of both has is another rule's. */
	if (!declared || !walked)
		return;
	verify_report(verify, VERIFY_MEMORY_TYPE,
		      "%s: EPT: guest %s has memory type %s%s; it is %s, which must be %s",
		      vm->label, verify_numbers(verify, start, end - 1),
		      verify_type_name(walked->properties & 7),
		      walked->properties & IGNORE_PAT ? ", ignoring the PAT" : "",
		      declared->properties == EPT_TYPE_UC ? "a device" : "RAM",
		      verify_type_name((uint32_t)declared->properties));
}

void verify_memory_type(struct verify *verify)
{
	FOR_EACH_VM(verify, vm)
		compare_vm(verify, vm, true, report_type);
}

static void report_differs(struct verify *verify, struct verify_vm *vm, uint64_t start,
			   uint64_t end, const struct verify_item *declared,
			   const struct verify_item *walked)
{
	const char *range = verify_numbers(verify, start, end - 1);

	if (!walked)
		verify_report(verify, VERIFY_EPT_DIFFERS,
			      "%s: guest %s is declared, but its EPT does not map it", vm->label,
			      range);
	else if (!declared)
		verify_report(verify, VERIFY_EPT_DIFFERS,
			      "%s: its EPT maps guest %s to host %s, which is not declared",
			      vm->label, range,
			      host_text(verify, start + walked->shift, end + walked->shift));
	else
		verify_report(verify, VERIFY_EPT_DIFFERS,
			      "%s: its EPT maps guest %s to host 0x%" PRIx64
			      " %s, declared is 0x%" PRIx64 " %s",
			      vm->label, range, start + walked->shift,
			      verify_permissions((uint32_t)walked->properties),
			      start + declared->shift,
			      verify_permissions((uint32_t)declared->properties));
}

void verify_ept_differs(struct verify *verify)
{
	FOR_EACH_VM(verify, vm)
		compare_vm(verify, vm, false, report_differs);
}

/* --- The lists themselves ----------------------------------------------------------------------- */

static const char *region_problem(const struct verify *verify, const struct memory_region *region)
{
	uint32_t address_bits = verify->scenario.physical_address_bits;
	uint32_t guest_bits = address_bits < GUEST_BITS ? address_bits : GUEST_BITS;
	uint64_t guest = region->guest_physical, host = region->host_physical;

	if (region->size == 0 || (guest | host | region->size) & PAGE_MASK)
		return "is not made of whole pages";
	if (guest + region->size < guest || (guest + region->size - 1) >> guest_bits)
		return "goes beyond the guest's address width";
	if (host + region->size < host ||
	    (address_bits < 64 && (host + region->size - 1) >> address_bits))
		return "goes beyond the physical address width";
	if (region->permissions & ~(uint32_t)(MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE) ||
	    !(region->permissions & MEMORY_READ))
		return "has permissions that cannot be";
	if (region->kind != MEMORY_RAM && region->kind != MEMORY_DEVICE &&
	    region->kind != MEMORY_SHARED)
		return "is of an unknown kind";
	return NULL;
}

static void check_regions(struct verify *verify, const struct verify_vm *vm)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < vm->config.memory_count; i++) {
		const struct memory_region *region = &vm->memory[i];
		const char *problem = region_problem(verify, region);

		if (!problem && region->guest_physical < end)
			problem = "overlaps the one before, or is out of order";
		if (problem)
			verify_report(verify, VERIFY_MEMORY_LIST,
				      "%s: memory[%" PRIu32 "] at guest 0x%" PRIx64 " %s",
				      vm->label, i, region->guest_physical, problem);
		end = region->guest_physical + region->size;
		verify->statistics.pairs++;
	}
}

void verify_memory_list(struct verify *verify)
{
	FOR_EACH_VM(verify, vm)
		check_regions(verify, vm);
}

static void check_board_ram(struct verify *verify)
{
	uint32_t bits = verify->scenario.physical_address_bits;
	uint64_t end = 0;

	for (uint32_t i = 0; i < verify->scenario.ram_count; i++) {
		const struct ram_range *ram = &verify->ram[i];
		uint64_t next = ram->base + ram->size;
		const char *problem = NULL;

		if (ram->size == 0 || next < ram->base)
			problem = "is empty or goes beyond the last address";
		else if (bits < 64 && (next - 1) >> bits)
			problem = "goes beyond the physical address width";
		else if (ram->base < end)
			problem = "overlaps the one before, or is out of order";
		if (problem)
			verify_report(verify, VERIFY_BOARD_MEMORY,
				      "board: ram[%" PRIu32 "] at 0x%" PRIx64 " %s", i, ram->base,
				      problem);
		end = next;
		verify->statistics.pairs++;
	}
}

static void check_not_ram(struct verify *verify, hpa_t page, const char *what)
{
	verify->statistics.pairs++;
	if (verify_ram_meets(verify, page, PAGE_SIZE_4K))
		verify_report(verify, VERIFY_BOARD_MEMORY,
			      "board: its RAM covers 0x%" PRIx64 ", where %s is", page, what);
}

static bool ranges_meet(hpa_t base, uint64_t size, hpa_t other, uint64_t other_size)
{
	return base < other + other_size && other < base + size;
}

/* Every core has a page of it, away from all else that is the hypervisor's. */
static void check_crash_records(struct verify *verify)
{
	const struct scenario *s = &verify->scenario;
	const hpa_t base = s->crash_record_base;
	const uint64_t size = s->crash_record_size;

	if (base == 0 && size == 0)
		return;
	verify->statistics.pairs += 3;
	if (((base | size) & PAGE_MASK) != 0 || size / CRASH_RECORD_SIZE < s->core_count ||
	    !verify_ram_holds(verify, base, size) ||
	    ranges_meet(base, size, s->hypervisor_base, s->hypervisor_size) ||
	    ranges_meet(base, size, s->trampoline, PAGE_SIZE_4K))
		verify_report(verify, VERIFY_BOARD_MEMORY,
			      "the range for crash records, 0x%" PRIx64 " bytes at 0x%" PRIx64
			      ", is not a page of free RAM for each of %u cores",
			      size, base, s->core_count);
}

static bool any_restartable(const struct verify *verify)
{
	bool any = false;

	FOR_EACH_VM(verify, vm)
		any = any || *(const uint8_t *)&vm->config.life.restartable != 0;
	return any;
}

/* Whoever is restarted has images to be restarted from, which nothing else can change. */
static void check_image_store(struct verify *verify)
{
	const struct scenario *s = &verify->scenario;
	const hpa_t base = s->image_store_base;
	const uint64_t size = s->image_store_size;

	verify->statistics.pairs += 4;
	if (base == 0 && size == 0 && !any_restartable(verify))
		return;
	if (((base | size) & PAGE_MASK) != 0 || size == 0 ||
	    !verify_ram_holds(verify, base, size) ||
	    ranges_meet(base, size, s->hypervisor_base, s->hypervisor_size) ||
	    ranges_meet(base, size, s->trampoline, PAGE_SIZE_4K) ||
	    ranges_meet(base, size, s->crash_record_base, s->crash_record_size))
		verify_report(verify, VERIFY_BOARD_MEMORY,
			      "the image store, 0x%" PRIx64 " bytes at 0x%" PRIx64
			      ", is not RAM of its own that restartable VMs need",
			      size, base);
}

static void check_own_memory(struct verify *verify)
{
	const struct scenario *s = &verify->scenario;

	verify->statistics.pairs += 2;
	if ((s->hypervisor_base | s->hypervisor_size) & PAGE_MASK || s->hypervisor_size == 0 ||
	    !verify_ram_holds(verify, s->hypervisor_base, s->hypervisor_size))
		verify_report(verify, VERIFY_BOARD_MEMORY,
			      "the hypervisor's memory, 0x%" PRIx64 " bytes at 0x%" PRIx64
			      ", is not whole pages of the board's RAM",
			      s->hypervisor_size, s->hypervisor_base);
	/* The start-up IPI's vector is the number of a page below 1 MiB (SDM 3.11.6.1). */
	if (s->trampoline & PAGE_MASK || s->trampoline == 0 || s->trampoline >= UINT64_C(0xA0000) ||
	    !verify_ram_holds(verify, s->trampoline, PAGE_SIZE_4K))
		verify_report(verify, VERIFY_BOARD_MEMORY,
			      "the trampoline at 0x%" PRIx64
			      " is not a page of RAM between 0x1000 and 0x9ffff",
			      s->trampoline);
	check_crash_records(verify);
	check_image_store(verify);
}

void verify_board_memory(struct verify *verify)
{
	uint32_t bits = verify->scenario.physical_address_bits;

	if (bits < 32 || bits > 52)
		verify_report(verify, VERIFY_BOARD_MEMORY,
			      "board: no processor has %" PRIu32 " physical address bits", bits);
	check_board_ram(verify);
	check_not_ram(verify, PLATFORM_LAPIC_GPA, "the local APIC");
	for (uint32_t i = 0; i < verify->scenario.ioapic_count; i++)
		check_not_ram(verify, verify->ioapics[i].base & ~PAGE_MASK,
			      verify_format(verify, "IOAPIC %" PRIu32, i));
	check_own_memory(verify);
}
