/* SPDX-License-Identifier: Apache-2.0 */
/* BHB5xx and BHB6xx: interrupt pins, IOAPICs, cores and vCPUs. */
#include "verify_internal.h"

#define APIC_ID_FIELD_MAX 31 /* bits that leaf 0xB of CPUID can tell of */

/* --- IOAPICs and pins --------------------------------------------------------------------------- */

#define IOAPIC_PINS_MAX 240 /* the version register's count has eight bits, vectors end at 255 */
#define PINS            256 /* pin_config.pin is a byte */

static const char *ioapic_problem(const struct ioapic_config *ioapic)
{
	if (ioapic->base & PAGE_MASK || ioapic->base >> 32)
		return "has registers that are not a page below 4 GiB";
	if (ioapic->pins == 0 || ioapic->pins > IOAPIC_PINS_MAX)
		return "has no pins, or more than an IOAPIC can have";
	if (ioapic->gsi_base > UINT32_MAX - ioapic->pins)
		return "has interrupts beyond the last number";
	return NULL;
}

/* An IOAPIC is named by its page, by its id and by its interrupts: each must be its alone. */
static const char *ioapic_conflict(const struct ioapic_config *a, const struct ioapic_config *b)
{
	if (a->base == b->base)
		return "registers";
	if (a->id == b->id)
		return "id";
	if (a->gsi_base < b->gsi_base + b->pins && b->gsi_base < a->gsi_base + a->pins)
		return "interrupts";
	return NULL;
}

void verify_ioapics(struct verify *verify)
{
	/* At most CONFIG_MAX_IOAPICS, a handful: all pairs. */
	for (uint32_t i = 0; i < verify->scenario.ioapic_count; i++) {
		const char *problem = ioapic_problem(&verify->ioapics[i]);

		if (problem)
			verify_report(verify, VERIFY_IOAPIC, "board: IOAPIC %" PRIu32 " %s", i,
				      problem);
		for (uint32_t j = 0; j < i; j++) {
			problem = ioapic_conflict(&verify->ioapics[i], &verify->ioapics[j]);
			verify->statistics.pairs++;
			if (problem)
				verify_report(verify, VERIFY_IOAPIC,
					      "board: IOAPICs %" PRIu32 " and %" PRIu32
					      " have the same %s",
					      j, i, problem);
		}
	}
}

void verify_pin_two_vms(struct verify *verify)
{
	/* Of each pin: the VM that owns it, plus 1. */
	uint32_t(*owners)[PINS] = arena_alloc(verify->arena, (UINT8_MAX + 1) * sizeof(*owners));

	FOR_EACH_VM(verify, vm) {
		const uint32_t own = (uint32_t)(vm - verify->vms) + 1;

		for (uint32_t i = 0; i < vm->config.pin_count; i++) {
			uint32_t *owner = &owners[vm->pins[i].ioapic][vm->pins[i].pin];

			verify->statistics.pairs++;
			if (*owner && *owner != own)
				verify_report(verify, VERIFY_PIN_TWO_VMS,
					      "%s: it owns pin %u of IOAPIC %u, and so does %s",
					      vm->label, vm->pins[i].pin, vm->pins[i].ioapic,
					      verify->vms[*owner - 1].label);
			*owner = own;
		}
	}
}

static const char *pin_problem(const struct verify *verify, const struct verify_vm *vm, uint32_t i)
{
	const struct pin_config *pin = &vm->pins[i];

	if (pin->ioapic >= verify->scenario.ioapic_count)
		return "is on an IOAPIC that the board does not have";
	if (pin->pin >= verify->ioapics[pin->ioapic].pins)
		return "is one that its IOAPIC does not have";
	if (i && (pin[-1].ioapic > pin->ioapic ||
		  (pin[-1].ioapic == pin->ioapic && pin[-1].pin >= pin->pin)))
		return "is there twice, or out of order";
	return NULL;
}

void verify_pin_list(struct verify *verify)
{
	FOR_EACH_VM(verify, vm) {
		for (uint32_t i = 0; i < vm->config.pin_count; i++) {
			const char *problem = pin_problem(verify, vm, i);

			verify->statistics.pins++;
			if (problem)
				verify_report(verify, VERIFY_PIN_LIST, "%s: pin %u of IOAPIC %u %s",
					      vm->label, vm->pins[i].pin, vm->pins[i].ioapic,
					      problem);
		}
	}
}

/* --- Cores and vCPUs ---------------------------------------------------------------------------- */

/* "vCPU 1 of VM "rt"" */
static const char *vcpu_text(struct verify *verify, const struct vcpu_config *vcpu)
{
	if (vcpu->vm >= verify->scenario.vm_count)
		return verify_format(verify, "vCPU %" PRIu32 " of VM %" PRIu32, vcpu->index,
				     vcpu->vm);
	return verify_format(verify, "vCPU %" PRIu32 " of %s", vcpu->index,
			     verify->vms[vcpu->vm].label);
}

static int compare_apic_ids(const void *left, const void *right)
{
	const struct vcpu_config *a = *(const struct vcpu_config *const *)left;
	const struct vcpu_config *b = *(const struct vcpu_config *const *)right;

	if (a->apic_id != b->apic_id)
		return a->apic_id < b->apic_id ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int compare_vpids(const void *left, const void *right)
{
	const struct vcpu_config *a = *(const struct vcpu_config *const *)left;
	const struct vcpu_config *b = *(const struct vcpu_config *const *)right;

	if (a->vpid != b->vpid)
		return a->vpid < b->vpid ? -1 : 1;
	return a < b ? -1 : a > b;
}

static const struct vcpu_config **sorted_vcpus(struct verify *verify,
					       int (*compare)(const void *, const void *))
{
	uint32_t count = verify->scenario.vcpu_count;
	const struct vcpu_config **sorted =
		arena_alloc(verify->arena, count * sizeof(const struct vcpu_config *));

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &verify->vcpus[i];
	qsort(sorted, count, sizeof(*sorted), compare);
	return sorted;
}

void verify_core_twice(struct verify *verify)
{
	const struct vcpu_config **sorted = sorted_vcpus(verify, compare_apic_ids);

	for (uint32_t i = 1; i < verify->scenario.vcpu_count; i++) {
		verify->statistics.pairs++;
		if (sorted[i]->apic_id == sorted[i - 1]->apic_id)
			verify_report(verify, VERIFY_CORE,
				      "%s: it has the core with APIC id %" PRIu32
				      ", and so does %s",
				      vcpu_text(verify, sorted[i]), sorted[i]->apic_id,
				      vcpu_text(verify, sorted[i - 1]));
	}
}

void verify_vpid(struct verify *verify)
{
	const struct vcpu_config **sorted = sorted_vcpus(verify, compare_vpids);

	for (uint32_t i = 0; i < verify->scenario.vcpu_count; i++) {
		verify->statistics.pairs++;
		if (sorted[i]->vpid == 0)
			verify_report(verify, VERIFY_VPID,
				      "%s: its VPID is 0, the hypervisor's own",
				      vcpu_text(verify, sorted[i]));
		else if (i && sorted[i]->vpid == sorted[i - 1]->vpid)
			verify_report(verify, VERIFY_VPID,
				      "%s: its VPID is %u, and so is that of %s",
				      vcpu_text(verify, sorted[i]), sorted[i]->vpid,
				      vcpu_text(verify, sorted[i - 1]));
	}
}

/* How often cores[] names each vCPU. */
static uint32_t *core_uses(struct verify *verify)
{
	uint32_t *uses = arena_alloc(verify->arena, verify->scenario.vcpu_count * sizeof(*uses));

	for (uint32_t i = 0; i < verify->scenario.core_count; i++)
		if (verify->cores[i].vcpu < verify->scenario.vcpu_count)
			uses[verify->cores[i].vcpu]++;
	return uses;
}

static void check_core(struct verify *verify, uint32_t index)
{
	const struct core_config *core = &verify->cores[index];
	const char *problem = NULL;

	if (index && core->apic_id <= core[-1].apic_id)
		problem = "is there twice, or out of order";
	else if (core->vcpu != VCPU_NONE && core->vcpu >= verify->scenario.vcpu_count)
		problem = "has a vCPU that does not exist";
	else if (core->vcpu != VCPU_NONE && verify->vcpus[core->vcpu].apic_id != core->apic_id)
		problem = "has a vCPU that belongs to another core";
	verify->statistics.pairs++;
	if (problem)
		verify_report(verify, VERIFY_CORE_LIST,
			      "board: the core with APIC id %" PRIu32 " %s", core->apic_id,
			      problem);
}

static void check_widths(struct verify *verify)
{
	const struct scenario *s = &verify->scenario;

	verify->statistics.pairs++;
	if (s->thread_bits > s->package_bits || s->package_bits > APIC_ID_FIELD_MAX)
		verify_report(verify, VERIFY_CORE_LIST,
			      "board: APIC ids cannot have %" PRIu32 " bits for threads within "
			      "%" PRIu32 " bits for a package",
			      s->thread_bits, s->package_bits);
}

void verify_core_list(struct verify *verify)
{
	const uint32_t *uses = core_uses(verify);

	check_widths(verify);
	for (uint32_t i = 0; i < verify->scenario.core_count; i++)
		check_core(verify, i);
	for (uint32_t i = 0; i < verify->scenario.vcpu_count; i++)
		if (uses[i] != 1)
			verify_report(verify, VERIFY_CORE_LIST,
				      "%s: %" PRIu32 " cores of the board run it instead of one",
				      vcpu_text(verify, &verify->vcpus[i]), uses[i]);
}

static void check_slice(struct verify *verify, const struct verify_vm *vm, uint32_t first)
{
	const uint32_t index = (uint32_t)(vm - verify->vms);
	uint64_t expected = (uint64_t)verify->scenario.vcpus + first * sizeof(struct vcpu_config);

	if (vm->config.id != index)
		verify_report(verify, VERIFY_VCPU_LIST,
			      "%s: its id is %" PRIu32 ", its place in vms[] %" PRIu32, vm->label,
			      vm->config.id, index);
	if ((uint64_t)vm->config.vcpus != expected)
		verify_report(verify, VERIFY_VCPU_LIST,
			      "%s: its vCPUs are at 0x%" PRIx64 ", not at 0x%" PRIx64
			      " behind those of the VMs before",
			      vm->label, (uint64_t)vm->config.vcpus, expected);
	for (uint32_t i = 0; i < vm->config.vcpu_count; i++) {
		verify->statistics.pairs++;
		if (vm->vcpus[i].vm != index || vm->vcpus[i].index != i)
			verify_report(verify, VERIFY_VCPU_LIST,
				      "%s: its vCPU %" PRIu32 " says that it is %s", vm->label, i,
				      vcpu_text(verify, &vm->vcpus[i]));
	}
}

void verify_vcpu_list(struct verify *verify)
{
	uint32_t next = 0;

	FOR_EACH_VM(verify, vm) {
		check_slice(verify, vm, next);
		next += vm->config.vcpu_count;
	}
	if (next != verify->scenario.vcpu_count)
		verify_report(verify, VERIFY_VCPU_LIST,
			      "there are %" PRIu32 " vCPUs, but the VMs have %" PRIu32,
			      verify->scenario.vcpu_count, next);
}
