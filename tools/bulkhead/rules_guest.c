/* SPDX-License-Identifier: Apache-2.0 */
/* BH4xxx: the guest-physical address space of a VM. */
#include <stdlib.h>
#include <string.h>

#include "bulkhead/platform.h"
#include "offer.h"
#include "rules_internal.h"

#define PAGE_MASK (PAGE_SIZE_4K - 1)
#define MIB       UINT64_C(0x100000)
/*
 * The kernel's preferred address is 16 MiB on x86-64, and it needs some tens of MiB from there, or from
 * anywhere above if it is relocatable; what exactly, only the image can say. Less than this never boots.
 */
#define LINUX_RAM_START (16 * MIB)
#define LINUX_RAM_END   (32 * MIB)
#define ADDRESS_END     (UINT64_C(1) << 32)

/* What a 4-level EPT translates (SDM 3.29.3.2), and no more than the processor has. */
static uint32_t guest_address_bits(const struct board *board)
{
	uint32_t bits = board->physical_address_bits;

	return bits >= 32 && bits < 48 ? bits : 48;
}

static struct claims guest_memory(struct check *check, const struct vm *vm)
{
	struct claims claims = {NULL, 0};

	FOR_EACH_MEMORY(vm, memory) {
		struct span span;
		if (memory_guest_span(memory, &span))
			claims_add(check->arena, &claims,
				   (struct claim){span, vm_index(check, vm), CLAIM_ALONE,
						  memory->name, memory->at});
	}
	return claims;
}

/* "; @10000000 is free for 16 MiB": behind all that the VM has below the APICs' pages. */
static const char *free_address(struct check *check, uint32_t owner, struct span span)
{
	const uint64_t limit = UINT64_C(0xE0000000); /* registers are above */
	uint64_t size = span.last - span.first + 1;
	uint64_t end = 0;

	FOR_EACH_MEMORY(&check->model->vms[owner], memory) {
		struct span piece;
		if (memory_guest_span(memory, &piece) && piece.last < limit && piece.last >= end)
			end = piece.last + 1;
	}
	end = (end + PAGE_SIZE_2M - 1) & ~(PAGE_SIZE_2M - 1);
	if (end >= limit || size > limit - end)
		return "";
	return arena_format(check->arena, "; @%" PRIx64 " is free for %s", end,
			    size_text(check->arena, size));
}

static void report_overlap(struct check *check, const struct claim *later,
			   const struct claim *earlier)
{
	/* Given twice, which was reported; the ranges of one device have the same place. */
	if (!strcmp(later->what, earlier->what) && place_compare(later->at, earlier->at) != 0)
		return;
	struct finding *finding =
		REPORT(check, later->at, "VM \"%s\": guest memory of %s overlaps that of %s in %s",
		       vm_name(check, later->owner), later->what, earlier->what,
		       span_text(check->arena, span_common(later->span, earlier->span)));

	NOTE(check, finding, earlier->at, "%s is %s", earlier->what,
	     span_text(check->arena, earlier->span));
	if (place_compare(later->at, earlier->at) == 0) {
		HELP(check, finding,
		     "two ranges of one device overlap: correct reg in the board file");
		return;
	}
	HELP(check, finding, "change the address in the name, or the size, of one of them%s",
	     free_address(check, later->owner, later->span));
}

void rule_guest_overlap(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		struct claims claims = guest_memory(check, vm);
		claims_sweep(check, &claims, false, report_overlap);
	}
}

static void report_apic_page(struct check *check, const struct claim *claim,
			     const struct claim *obstacle)
{
	struct finding *finding = REPORT(
		check, claim->at,
		"VM \"%s\": guest memory of %s, %s, covers the registers of %s at %s",
		vm_name(check, claim->owner), claim->what, span_text(check->arena, claim->span),
		obstacle->what, span_text(check->arena, obstacle->span));

	if (obstacle->at.line)
		NOTE(check, finding, obstacle->at, "%s is here", obstacle->what);
	if (claim->span.first >= obstacle->span.first)
		HELP(check, finding, "choose another address: @%" PRIx64 " is behind it",
		     (obstacle->span.last + PAGE_SIZE_4K) & ~PAGE_MASK);
	else
		HELP(check, finding,
		     "end the range below it and continue at 4 GiB with another memory node");
}

/* Accesses to configuration space exit and are filtered, so that nothing may be mapped there. */
static void add_ecam(struct check *check, struct claims *claims)
{
	const struct range *ecam = &check->model->board.ecam;
	struct span span;

	if (range_span(ecam, &span))
		claims_add(check->arena, claims,
			   (struct claim){span, 0, CLAIM_ALONE, "PCI (configuration space)",
					  ecam->at});
}

void rule_guest_apic_page(struct check *check)
{
	struct claims pages = apic_page_claims(check);

	add_ecam(check, &pages);

	FOR_EACH_VM(check, vm) {
		struct claims claims = {NULL, 0};
		FOR_EACH_MEMORY(vm, memory) {
			struct span span;
			if (memory->kind != MEMORY_DEVICE && memory_guest_span(memory, &span) &&
			    span.last >> guest_address_bits(&check->model->board) == 0)
				claims_add(check->arena, &claims,
					   (struct claim){span, vm_index(check, vm), CLAIM_ALONE,
							  memory->name, memory->at});
		}
		claims_against(check, &claims, &pages, report_apic_page);
	}
}

/* A size of two cells in the wrong order is the usual cause. */
static void help_width(struct check *check, struct finding *finding, const struct vm_memory *memory,
		       bool too_long, uint32_t bits)
{
	uint64_t swapped = memory->size.value >> 32;

	if (too_long && !(memory->size.value & UINT32_MAX))
		HELP(check, finding, "the high cell comes first: <0 0x%" PRIx64 "> is %s", swapped,
		     size_text(check->arena, swapped));
	else
		HELP(check, finding, "addresses of a guest here end at 0x%" PRIx64,
		     (UINT64_C(1) << bits) - 1);
}

void rule_guest_width(struct check *check)
{
	uint32_t bits = guest_address_bits(&check->model->board);

	FOR_EACH_VM(check, vm) {
		FOR_EACH_MEMORY(vm, memory) {
			struct span span;
			if (!memory->guest.given || !memory->size.given || !memory->size.value ||
			    memory->kind == MEMORY_DEVICE)
				continue;
			if (memory_guest_span(memory, &span) && span.last >> bits == 0)
				continue;
			bool too_long = memory->guest.value >> bits == 0;
			struct finding *finding =
				REPORT(check,
				       too_long && memory->kind == MEMORY_RAM ? memory->size.at
									      : memory->at,
				       "VM \"%s\": %s: 0x%" PRIx64 " and a size of 0x%" PRIx64
				       " go beyond the guest's %" PRIu32 " address bits",
				       vm->name, memory->name, memory->guest.value,
				       memory->size.value, bits);
			help_width(check, finding, memory, too_long, bits);
		}
	}
}

/* Pages of 2 MiB that the range would consist of if it were aligned for them. */
static uint64_t lost_large_pages(const struct vm_memory *memory)
{
	uint64_t first = (memory->guest.value + PAGE_SIZE_2M - 1) / PAGE_SIZE_2M;
	uint64_t end = (memory->guest.value + memory->size.value) / PAGE_SIZE_2M;

	return end > first ? end - first : 0;
}

void rule_guest_congruence(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		FOR_EACH_MEMORY(vm, memory) {
			struct span host, guest;
			if (memory->kind != MEMORY_RAM || !memory_host_span(memory, &host) ||
			    !memory_guest_span(memory, &guest))
				continue;
			uint64_t shift = (host.first - guest.first) % PAGE_SIZE_2M;
			uint64_t pages = lost_large_pages(memory);
			if (shift == 0 || shift & PAGE_MASK || pages == 0)
				continue;
			struct finding *finding =
				REPORT(check, memory->host.at,
				       "VM \"%s\": %s: guest 0x%" PRIx64 " and host 0x%" PRIx64
				       " differ modulo 2 MiB: %" PRIu64
				       " large page%s must be split into page tables",
				       vm->name, memory->name, guest.first, host.first, pages,
				       pages == 1 ? "" : "s");
			if (placement_holds(check->placement, host.first - shift, shift))
				HELP(check, finding,
				     "host = <0x%" PRIx64 " 0x%" PRIx64 "> would keep them",
				     (host.first - shift) >> 32, (host.first - shift) & UINT32_MAX);
			else
				HELP(check, finding,
				     "choose a host address that agrees with the guest address%s",
				     offer_memory(check, memory));
		}
	}
}

void rule_guest_unaligned(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		FOR_EACH_MEMORY(vm, memory) {
			if (memory->kind == MEMORY_DEVICE || !memory->guest.given ||
			    (memory->guest.value & PAGE_MASK) == 0)
				continue;
			struct finding *finding =
				REPORT(check, memory->at,
				       "VM \"%s\": %s: the guest address 0x%" PRIx64
				       " is not a multiple of 4 KiB",
				       vm->name, memory->name, memory->guest.value);
			HELP(check, finding, "write %s@%" PRIx64,
			     memory->kind == MEMORY_SHARED    ? "shared"
			     : memory->kind == MEMORY_MONITOR ? "monitor"
							      : "memory",
			     (memory->guest.value + PAGE_MASK) & ~PAGE_MASK);
		}
	}
}

void rule_no_memory(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		bool ram = false;
		FOR_EACH_MEMORY(vm, memory)
			ram = ram || memory->kind == MEMORY_RAM;
		if (ram || vm->unknown_nodes)
			continue;
		struct finding *finding =
			REPORT(check, vm->at, "VM \"%s\": it has no memory", vm->name);
		HELP(check, finding, "add a node such as memory@0 { size = <0 MiB(64)>; };");
	}
}

static int compare_claims(const void *left, const void *right)
{
	const struct claim *a = left;
	const struct claim *b = right;

	return a->span.first < b->span.first ? -1 : a->span.first > b->span.first;
}

bool vm_lacks(struct check *check, const struct vm *vm, struct span span, uint32_t permissions,
	      struct span *gap)
{
	struct claims claims = {NULL, 0};
	uint64_t at = span.first;

	FOR_EACH_MEMORY(vm, memory) {
		struct span piece;
		if (memory->kind == MEMORY_RAM && memory_guest_span(memory, &piece) &&
		    (memory->permissions & permissions) == permissions)
			claims_add(check->arena, &claims, (struct claim){.span = piece});
	}
	if (claims.count)
		qsort(claims.items, claims.count, sizeof(*claims.items), compare_claims);
	for (unsigned i = 0; i < claims.count; i++) {
		struct span piece = claims.items[i].span;
		if (piece.last < at || piece.first > at)
			continue;
		if (piece.last >= span.last)
			return false;
		at = piece.last + 1;
	}
	*gap = (struct span){at, span.last};
	return true;
}

bool vm_memory_known(const struct vm *vm)
{
	bool ram = false;

	FOR_EACH_MEMORY(vm, memory) {
		struct span span;
		if (memory->kind != MEMORY_RAM)
			continue;
		if (!memory_guest_span(memory, &span))
			return false;
		ram = true;
	}
	return ram;
}

static void need_ram(struct check *check, const struct vm *vm, struct place at, struct span span,
		     uint32_t permissions, const char *why)
{
	struct span gap;

	if (!vm_lacks(check, vm, span, permissions, &gap))
		return;
	struct span byte = {gap.first, gap.first};
	bool there = !vm_lacks(check, vm, byte, 0, &byte);
	struct finding *finding =
		REPORT(check, at, "VM \"%s\": %s needs RAM at %s, and %s at 0x%" PRIx64, vm->name,
		       why, span_text(check->arena, span),
		       there ? "it may not write or execute what is" : "there is none", gap.first);
	FOR_EACH_MEMORY(vm, memory)
		NOTE(check, finding, memory->at, "%s is %s", memory->name,
		     span_text(check->arena,
			       (struct span){memory->guest.value,
					     memory->guest.value + memory->size.value - 1}));
	if (there) {
		HELP(check, finding, "leave out access there, which makes it \"rwx\"");
		return;
	}
	HELP(check, finding, "the simplest is one range from 0: memory@0 { size = <0 MiB(%d)>; };",
	     vm->protocol == BOOT_LINUX ? 256 : 16);
}

/* Whether there is that much RAM in one piece between `start` and 4 GiB. */
static bool has_piece(const struct vm *vm, uint64_t start, uint64_t size)
{
	const uint32_t all = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE;

	FOR_EACH_MEMORY(vm, memory) {
		struct span piece;
		uint64_t first, last;
		if (memory->kind != MEMORY_RAM || !memory_guest_span(memory, &piece) ||
		    memory->permissions != all)
			continue;
		first = piece.first > start ? piece.first : start;
		last = piece.last < ADDRESS_END ? piece.last : ADDRESS_END - 1;
		if (first <= last && last - first >= size - 1)
			return true;
	}
	return false;
}

/* The reset vector's 64 KiB, and where they are in real mode; how much more, the image says. */
void rule_rom_memory(struct check *check)
{
	static const struct {
		struct span span;
		const char *help;
	} windows[] = {
		{{0xFFFF0000, 0xFFFFFFFF},
		 "memory of the ROM's size that ends at 4 GiB: memory@fffc0000 { size = <0 KiB(256)>; "
		 "access = \"rx\"; };"},
		{{0xF0000, 0xFFFFF},
		 "the simplest is one range from 0: memory@0 { size = <0 MiB(16)>; };"},
	};
	struct span gap;

	FOR_EACH_VM(check, vm) {
		if (!vm->protocol_given || vm->protocol != BOOT_ROM || !vm_memory_known(vm))
			continue;
		for (unsigned i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
			if (!vm_lacks(check, vm, windows[i].span, MEMORY_READ | MEMORY_EXECUTE,
				      &gap))
				continue;
			struct finding *finding = REPORT(
				check, vm->protocol_at,
				"VM \"%s\": a ROM needs executable RAM at %s, and there is none at 0x%" PRIx64,
				vm->name, span_text(check->arena, windows[i].span), gap.first);
			HELP(check, finding, "%s", windows[i].help);
		}
	}
}

static bool is_linux(const struct vm *vm)
{
	return vm->protocol_given && vm->protocol == BOOT_LINUX && vm_memory_known(vm);
}

void rule_linux_memory(struct check *check)
{
	static const struct span low = {0, PLATFORM_LOW_RAM_END_GPA - 1};
	static const struct span high = {MIB, 2 * MIB - 1};
	const uint32_t all = MEMORY_READ | MEMORY_WRITE | MEMORY_EXECUTE;

	FOR_EACH_VM(check, vm) {
		if (!is_linux(vm))
			continue;
		need_ram(check, vm, vm->protocol_at, low, all, "the Linux boot protocol");
		if (!has_piece(vm, MIB, MIB))
			need_ram(check, vm, vm->protocol_at, high, all, "a kernel");
	}
}

/* With --modules the image itself says what it needs (BH5014). */
void rule_linux_memory_small(struct check *check)
{
	static const struct span usual = {MIB, LINUX_RAM_END - 1};
	struct span gap;

	FOR_EACH_VM(check, vm) {
		if (check->module_folder || !is_linux(vm) || !has_piece(vm, MIB, MIB) ||
		    has_piece(vm, LINUX_RAM_START, LINUX_RAM_END - LINUX_RAM_START) ||
		    !vm_lacks(check, vm, usual, MEMORY_READ, &gap))
			continue;
		struct finding *finding =
			REPORT(check, vm->protocol_at,
			       "VM \"%s\": no Linux kernel for x86-64 begins with so little RAM at "
			       "0x%" PRIx64 " and above",
			       vm->name, LINUX_RAM_START);
		HELP(check, finding,
		     "give it at least 64 MiB in one piece, unless it is another program of the Linux "
		     "boot protocol, such as memtest86+");
	}
}

void rule_acpi_memory(struct check *check)
{
	static const struct span area = {PLATFORM_ACPI_GPA, PLATFORM_ACPI_END_GPA - 1};

	FOR_EACH_VM(check, vm)
		if (vm->protocol_given && vm->acpi && vm_memory_known(vm))
			need_ram(check, vm, vm->acpi_at, area, MEMORY_READ, "ACPI");
}
