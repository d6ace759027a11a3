/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPIs stay inside the VM. Two VMs on four cores: "left" on APIC ids 0 and 1, "right" on 2 and 3. What
 * the fake core's ICR got is what really went out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bulkhead/platform.h"
#include "cpu/apic.h"
#include "cpu/msr.h"
#include "fake_cpu.h"
#include "fake_vm.h"
#include "vm/handlers.h"

#define ICR(destination, low) ((uint64_t)(destination) << 32 | (low))
#define FIXED(vector)         (0x4000u | (vector))
#define MODE(mode)            ((uint32_t)(mode) << APIC_DELIVERY_SHIFT)
#define LOGICAL               0x800u
#define TO_SELF               (1u << 18)
#define TO_ALL                (2u << 18)
#define TO_OTHERS             (3u << 18)

static struct vcpu *left, *left_ap, *right;
static bool x2apic_msrs_pass;
static unsigned forgotten;

void guest_pass_x2apic(const struct vcpu *vcpu, bool pass)
{
	(void)vcpu;
	x2apic_msrs_pass = pass;
}

void cpuid_forget(struct vcpu *vcpu)
{
	(void)vcpu;
	forgotten++;
}

static unsigned changes; /* of the way of the PIC's interrupts */

void extint_changed(struct vcpu *vcpu)
{
	(void)vcpu;
	changes++;
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	left = &vcpus[0];
	left_ap = &vcpus[1];
	right = &vcpus[2];
	x2apic_msrs_pass = true;
	forgotten = 0;
	changes = 0;
	return 0;
}

static uint32_t destination_of(unsigned ipi)
{
	return (uint32_t)(fake_cpu()->ipis[ipi] >> 32);
}

static void fixed_reaches_own_core(void **state)
{
	(void)state;
	assert_true(local_apic_write(left, APIC_ICR, ICR(1, FIXED(0x40))));
	assert_int_equal(fake_cpu()->ipi_count, 1);
	assert_int_equal(destination_of(0), 1);
	assert_int_equal(fake_cpu()->ipis[0] & 0x7FF, 0x40);
}

static void foreign_core_is_never_reached(void **state)
{
	static const enum apic_delivery modes[] = {
		APIC_FIXED, APIC_LOWEST_PRIORITY, APIC_SMI,   APIC_NMI,
		APIC_INIT,  APIC_STARTUP,         APIC_EXTINT};

	(void)state;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		local_apic_write(left, APIC_ICR, ICR(2, MODE(modes[i]) | 0x4040));
		local_apic_write(left, APIC_ICR, ICR(3, MODE(modes[i]) | 0x4040));
		local_apic_write(left, APIC_ICR, ICR(0xC, MODE(modes[i]) | LOGICAL | 0x4040));
	}
	assert_int_equal(fake_cpu()->ipi_count, 0);
	assert_int_equal(*vcpu_requests(right), 0);
}

static void broadcast_and_shorthands_stay_inside(void **state)
{
	(void)state;
	local_apic_write(left, APIC_ICR, ICR(APIC_BROADCAST, FIXED(0x41)));
	assert_int_equal(fake_cpu()->ipi_count, 2);
	local_apic_write(left, APIC_ICR, ICR(0, TO_ALL | FIXED(0x42)));
	assert_int_equal(fake_cpu()->ipi_count, 4);
	local_apic_write(left, APIC_ICR, ICR(0, TO_OTHERS | FIXED(0x43)));
	assert_int_equal(fake_cpu()->ipi_count, 5);
	assert_int_equal(destination_of(4), 1);
	local_apic_write(left, APIC_ICR, ICR(7, TO_SELF | FIXED(0x44)));
	assert_int_equal(fake_cpu()->ipi_count, 6);
	assert_int_equal(destination_of(5), 0);
	for (unsigned i = 0; i < 6; i++)
		assert_true(destination_of(i) < 2);
}

static void logical_destination_is_reduced_to_own_cores(void **state)
{
	(void)state;
	/* cluster 0, members 0 to 3: only 0 and 1 are the VM's */
	local_apic_write(left, APIC_ICR, ICR(0xF, LOGICAL | FIXED(0x50)));
	assert_int_equal(fake_cpu()->ipi_count, 2);
	assert_int_equal(destination_of(0), 0);
	assert_int_equal(destination_of(1), 1);
}

static void nmi_init_and_startup_become_requests(void **state)
{
	(void)state;
	local_apic_write(left, APIC_ICR, ICR(1, MODE(APIC_NMI)));
	assert_int_equal(*vcpu_requests(left_ap), REQUEST_NMI);
	local_apic_write(left, APIC_ICR, ICR(1, 0x4000 | MODE(APIC_INIT)));
	assert_true(*vcpu_requests(left_ap) & REQUEST_INIT);
	local_apic_write(left, APIC_ICR, ICR(1, 0x4000 | MODE(APIC_STARTUP) | 0x9A));
	assert_true(*vcpu_requests(left_ap) & REQUEST_SIPI);
	assert_int_equal((*vcpu_requests(left_ap) & REQUEST_SIPI_PAGE) >> 8, 0x9A);
	/* what really goes out is always the kick, an NMI */
	for (unsigned i = 0; i < fake_cpu()->ipi_count; i++)
		assert_int_equal(fake_cpu()->ipis[i] & APIC_DELIVERY_MASK, MODE(APIC_NMI));
}

static void startup_before_init_is_forgotten(void **state)
{
	(void)state;
	local_apic_write(left, APIC_ICR, ICR(1, MODE(APIC_STARTUP) | 0x4008));
	local_apic_write(left, APIC_ICR, ICR(1, MODE(APIC_INIT) | 0x4000));
	assert_true(*vcpu_requests(left_ap) & REQUEST_INIT);
	assert_false(*vcpu_requests(left_ap) & REQUEST_SIPI);
}

static void init_deassert_does_nothing(void **state)
{
	(void)state;
	local_apic_write(left, APIC_ICR, ICR(1, 0x8000 | MODE(APIC_INIT)));
	assert_int_equal(*vcpu_requests(left_ap), 0);
	assert_int_equal(fake_cpu()->ipi_count, 0);
}

static void reserved_bits_of_icr_fault(void **state)
{
	(void)state;
	assert_false(local_apic_write(left, APIC_ICR, ICR(1, 0x10000)));
	assert_false(local_apic_write(left, APIC_ICR, ICR(1, 1u << 31)));
	assert_int_equal(fake_cpu()->ipi_count, 0);
}

static void lvt_delivery_modes_are_masked(void **state)
{
	static const uint32_t outside[] = {APIC_LVT_THERMAL, APIC_LVT_COUNTER, APIC_LVT_LINT0,
					   APIC_LVT_LINT1};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_true(local_apic_write(left, outside[i], MODE(APIC_NMI)));
		assert_true(fake_msr(outside[i]) & APIC_LVT_MASKED);
		assert_true(local_apic_write(left, outside[i], MODE(APIC_EXTINT)));
		assert_true(fake_msr(outside[i]) & APIC_LVT_MASKED);
		assert_true(local_apic_write(left, outside[i], MODE(APIC_SMI)));
		assert_true(fake_msr(outside[i]) & APIC_LVT_MASKED);
		assert_true(local_apic_write(left, outside[i], 0x35));
		assert_int_equal(fake_msr(outside[i]), 0x35);
	}
}

/* The guest reads back what it wrote, whatever the real entry is. */
static void lint_entries_are_remembered(void **state)
{
	uint64_t value;

	(void)state;
	fake_msr_set(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE);
	local_apic_forget(left);
	assert_true(local_apic_read(left, APIC_LVT_LINT0, &value));
	assert_int_equal(value, APIC_LVT_MASKED);
	assert_true(local_apic_write(left, APIC_LVT_LINT0, MODE(APIC_EXTINT)));
	assert_int_equal(changes, 1);
	assert_true(local_apic_write(left, APIC_LVT_LINT1, MODE(APIC_NMI)));
	assert_int_equal(changes, 1);
	assert_true(local_apic_read(left, APIC_LVT_LINT0, &value));
	assert_int_equal(value, MODE(APIC_EXTINT));
	assert_true(local_apic_read(left, APIC_LVT_LINT1, &value));
	assert_int_equal(value, MODE(APIC_NMI));
	fake_msr_set(APIC_SPURIOUS, 0);
	assert_true(local_apic_read(left, APIC_LVT_LINT1, &value));
	assert_int_equal(value, APIC_LVT_MASKED | MODE(APIC_NMI));
}

/* What a real APIC would answer with #GP must not be written on behalf of a guest. */
static void reserved_bits_of_local_vectors_fault(void **state)
{
	static const struct {
		uint32_t msr;
		uint64_t reserved;
	} rows[] = {
		{APIC_LVT_THERMAL, 0xFFFEE800}, {APIC_LVT_COUNTER, 0xFFFEE800},
		{APIC_LVT_LINT0, 0xFFFE0800},   {APIC_LVT_LINT1, 0xFFFE0800},
		{APIC_LVT_ERROR, 0xFFFEEF00},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned bit = 0; bit < 64; bit++) {
			uint64_t value = UINT64_C(1) << bit;
			bool reserved = bit > 31 || (rows[i].reserved & value);

			assert_int_equal(
				local_apic_write(left, rows[i].msr, APIC_LVT_MASKED | value),
				!reserved);
			assert_int_equal(fake_msr(rows[i].msr) & rows[i].reserved, 0);
			assert_int_equal(fake_msr(rows[i].msr) & 0x5000, 0); /* read-only */
		}
}

static void local_vectors_that_are_not_there(void **state)
{
	uint64_t value;

	(void)state;
	fake_msr_set(APIC_VERSION, 4 << 16); /* five entries: no thermal one */
	assert_false(local_apic_write(left, APIC_LVT_THERMAL, APIC_LVT_MASKED));
	assert_false(local_apic_read(left, APIC_LVT_THERMAL, &value));
	assert_true(local_apic_write(left, APIC_LVT_COUNTER, APIC_LVT_MASKED));
}

static void apic_base_transitions(void **state)
{
	const uint64_t x2apic = PLATFORM_LAPIC_GPA | APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	const uint64_t xapic = PLATFORM_LAPIC_GPA | APIC_BASE_ENABLE;
	const uint64_t off = PLATFORM_LAPIC_GPA;

	(void)state;
	fake_msr_set(MSR_APIC_BASE, x2apic);
	assert_false(local_apic_base_write(left, xapic)); /* not straight back */
	assert_false(local_apic_base_write(left, PLATFORM_LAPIC_GPA | APIC_BASE_X2APIC));
	assert_false(local_apic_base_write(left, x2apic + 0x1000)); /* the page stays */
	assert_false(local_apic_base_write(left, x2apic | 1));
	assert_true(local_apic_base_write(left, off));
	assert_false(local_apic_base_write(left, x2apic)); /* only through xAPIC */
	assert_true(local_apic_base_write(left, xapic));
	assert_true(local_apic_base_write(left, x2apic));
	assert_true(left->apic_base & APIC_BASE_BSP);
	/* the real one never leaves x2APIC mode */
	assert_true(fake_msr(MSR_APIC_BASE) & APIC_BASE_X2APIC);
}

static void use_xapic(struct vcpu *vcpu)
{
	vcpu->apic_base = PLATFORM_LAPIC_GPA | APIC_BASE_ENABLE;
}

static void xapic_page(void **state)
{
	(void)state;
	use_xapic(left_ap);
	fake_cpu_select(1);
	assert_int_equal(local_apic_page_read(left_ap, 0x20), 1u << 24);
	local_apic_page_write(left_ap, 0x0D0, 0x02000000);
	assert_int_equal(local_apic_page_read(left_ap, 0x0D0), 0x02000000);
	local_apic_page_write(left_ap, 0x320, 0x20040);
	assert_int_equal(fake_msr(APIC_LVT_TIMER), 0x20040);
	local_apic_page_write(left_ap, 0x320, 0x60041); /* a mode that does not exist */
	assert_int_equal(fake_msr(APIC_LVT_TIMER), 0x20040);
	local_apic_page_write(left_ap, 0x330, UINT32_MAX); /* thermal: reserved bits are left out */
	assert_int_equal(fake_msr(APIC_LVT_THERMAL), 0x107FF);
	local_apic_page_write(left_ap, 0x310, 0);
	local_apic_page_write(left_ap, 0x300, FIXED(0x60));
	assert_int_equal(fake_cpu()->ipi_count, 1);
	assert_int_equal(destination_of(0), 0);
	local_apic_page_write(left_ap, 0x310, 2u << 24); /* core 2 is foreign */
	local_apic_page_write(left_ap, 0x300, FIXED(0x60));
	assert_int_equal(fake_cpu()->ipi_count, 1);
	/* MSRs are not there in this mode */
	uint64_t value;
	assert_false(local_apic_read(left_ap, APIC_ID, &value));
}

static void xapic_flat_logical(void **state)
{
	(void)state;
	use_xapic(left);
	use_xapic(left_ap);
	local_apic_page_write(left, 0x0D0, 0x01000000);
	local_apic_page_write(left_ap, 0x0D0, 0x02000000);
	local_apic_page_write(left, 0x310, 0xFE000000);
	local_apic_page_write(left, 0x300, LOGICAL | FIXED(0x61));
	assert_int_equal(fake_cpu()->ipi_count, 1);
	assert_int_equal(destination_of(0), 1);
}

static void page_is_there_in_xapic_mode_only(void **state)
{
	(void)state;
	assert_false(local_apic_page_at(left, PLATFORM_LAPIC_GPA));
	use_xapic(left);
	assert_true(local_apic_page_at(left, PLATFORM_LAPIC_GPA));
	assert_false(local_apic_page_at(left, PLATFORM_LAPIC_GPA + 0x1000));
	left->apic_base = PLATFORM_LAPIC_GPA;
	assert_false(local_apic_page_at(left, PLATFORM_LAPIC_GPA));
}

/* Every pair of modes, against the figure of SDM 3.11.12.5. */
static void transitions_of_the_state_diagram(void **state)
{
	enum { OFF, XAPIC, X2APIC, INVALID, COUNT };
	static const uint64_t bits[COUNT] = {
		[XAPIC] = APIC_BASE_ENABLE,
		[X2APIC] = APIC_BASE_ENABLE | APIC_BASE_X2APIC,
		[INVALID] = APIC_BASE_X2APIC,
	};
	static const bool legal[COUNT - 1][COUNT] = {
		[OFF] = {[OFF] = true, [XAPIC] = true},
		[XAPIC] = {[OFF] = true, [XAPIC] = true, [X2APIC] = true},
		[X2APIC] = {[OFF] = true, [X2APIC] = true},
	};

	(void)state;
	for (unsigned from = 0; from < INVALID; from++)
		for (unsigned to = 0; to < COUNT; to++) {
			left->apic_base = PLATFORM_LAPIC_GPA | bits[from] | APIC_BASE_BSP;
			x2apic_msrs_pass = from == X2APIC;
			assert_int_equal(local_apic_base_write(left, PLATFORM_LAPIC_GPA | bits[to]),
					 legal[from][to]);
			if (legal[from][to])
				assert_int_equal(x2apic_msrs_pass, to == X2APIC);
			assert_int_equal(left->apic_base,
					 PLATFORM_LAPIC_GPA | APIC_BASE_BSP |
						 bits[legal[from][to] ? to : from]);
		}
}

static void disabling_resets(void **state)
{
	uint64_t value;

	(void)state;
	use_xapic(left);
	local_apic_page_write(left, 0x0D0, 0x02000000);
	local_apic_page_write(left, 0x0E0, 0x0FFFFFFF);
	local_apic_page_write(left, 0x310, 0x01000000);
	fake_msr_set(APIC_TPR, 0x50);
	fake_drains = 0;
	assert_true(local_apic_base_write(left, PLATFORM_LAPIC_GPA));
	assert_int_equal(fake_msr(APIC_TPR), 0);
	assert_int_equal(fake_drains, 1); /* requested interrupts are gone */
	assert_int_equal(forgotten, 1);   /* CPUID.1:EDX.APIC follows */
	assert_false(local_apic_read(left, APIC_ID, &value));
	assert_true(local_apic_base_write(left, PLATFORM_LAPIC_GPA | APIC_BASE_ENABLE));
	assert_int_equal(local_apic_page_read(left, 0x0D0), 0);
	assert_int_equal(local_apic_page_read(left, 0x0E0), UINT32_MAX);
	assert_int_equal(local_apic_page_read(left, 0x310), 0);
}

static void page_moves_in_xapic_mode_where_there_is_nothing_else(void **state)
{
	static const struct memory_region memory = {.guest_physical = 0x100000, .size = 0x100000};
	struct vm_config config = *left->vm->config;
	const uint64_t on = APIC_BASE_ENABLE;

	(void)state;
	config.memory = &memory;
	config.memory_count = 1;
	left->vm->config = &config;
	assert_false(local_apic_base_write(left, 0x42000000 | on | APIC_BASE_X2APIC));
	use_xapic(left);
	assert_true(local_apic_base_write(left, 0x42000000 | on));
	assert_true(local_apic_page_at(left, 0x42000000));
	assert_false(local_apic_page_at(left, PLATFORM_LAPIC_GPA));
	assert_false(local_apic_base_write(left, 0x100000 | on));
	assert_false(local_apic_base_write(left, 0x1FF000 | on));
	assert_true(local_apic_base_write(left, 0x200000 | on));
	assert_false(local_apic_base_write(left, UINT64_C(1) << 40 | on));
	assert_false(local_apic_base_write(left, UINT64_C(1) << 63 | PLATFORM_LAPIC_GPA | on));
	for (unsigned bit = 0; bit < 12; bit++)
		if (bit != 8 && bit < 10)
			assert_false(
				local_apic_base_write(left, PLATFORM_LAPIC_GPA | on | 1u << bit));
	assert_true(local_apic_base_write(left, PLATFORM_LAPIC_GPA | on));
}

static void lowest_priority_reaches_one(void **state)
{
	(void)state;
	local_apic_write(left, APIC_ICR, ICR(0x3, LOGICAL | MODE(APIC_LOWEST_PRIORITY) | 0x4041));
	assert_int_equal(fake_cpu()->ipi_count, 1);
	local_apic_write(left, APIC_ICR, ICR(0x2, LOGICAL | MODE(APIC_LOWEST_PRIORITY) | 0x4041));
	assert_int_equal(fake_cpu()->ipi_count, 2);
	assert_int_equal(destination_of(1), 1);
	local_apic_write(left, APIC_ICR, ICR(0x4, LOGICAL | MODE(APIC_LOWEST_PRIORITY) | 0x4041));
	assert_int_equal(fake_cpu()->ipi_count, 2);
}

static void xapic_cluster_logical(void **state)
{
	(void)state;
	use_xapic(left);
	use_xapic(left_ap);
	for (unsigned i = 0; i < 2; i++)
		local_apic_page_write(i ? left_ap : left, 0x0E0, 0x0FFFFFFF);
	local_apic_page_write(left, 0x0D0, 0x11000000);    /* cluster 1, member 0 */
	local_apic_page_write(left_ap, 0x0D0, 0x24000000); /* cluster 2, member 2 */
	local_apic_page_write(left, 0x310, 0x25000000);
	local_apic_page_write(left, 0x300, LOGICAL | FIXED(0x61));
	assert_int_equal(fake_cpu()->ipi_count, 1);
	assert_int_equal(destination_of(0), 1);
	local_apic_page_write(left, 0x310, 0xF1000000); /* all clusters */
	local_apic_page_write(left, 0x300, LOGICAL | FIXED(0x61));
	assert_int_equal(fake_cpu()->ipi_count, 2);
	assert_int_equal(destination_of(1), 0);
	local_apic_page_write(left, 0x310, 0x31000000);
	local_apic_page_write(left, 0x300, LOGICAL | FIXED(0x61));
	assert_int_equal(fake_cpu()->ipi_count, 2);
	local_apic_page_write(left, 0x310, 0xFF000000); /* everybody, in either mode */
	local_apic_page_write(left, 0x300, FIXED(0x61));
	assert_int_equal(fake_cpu()->ipi_count, 4);
}

static void disabled_apic_receives_nothing(void **state)
{
	(void)state;
	left_ap->apic_base = PLATFORM_LAPIC_GPA;
	local_apic_write(left, APIC_ICR, ICR(1, FIXED(0x40)));
	local_apic_write(left, APIC_ICR, ICR(1, MODE(APIC_INIT) | 0x4000));
	local_apic_write(left, APIC_ICR, ICR(0, TO_OTHERS | MODE(APIC_NMI)));
	assert_int_equal(fake_cpu()->ipi_count, 0);
	assert_int_equal(*vcpu_requests(left_ap), 0);
}

static void startup_never_goes_to_all_including_self(void **state)
{
	(void)state;
	local_apic_write(left, APIC_ICR, ICR(0, TO_SELF | MODE(APIC_INIT) | 0x4000));
	local_apic_write(left, APIC_ICR, ICR(0, TO_ALL | MODE(APIC_STARTUP) | 0x4010));
	assert_int_equal(*vcpu_requests(left), 0);
	assert_int_equal(*vcpu_requests(left_ap), REQUEST_SIPI | 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fixed_reaches_own_core, setup),
		cmocka_unit_test_setup(foreign_core_is_never_reached, setup),
		cmocka_unit_test_setup(broadcast_and_shorthands_stay_inside, setup),
		cmocka_unit_test_setup(logical_destination_is_reduced_to_own_cores, setup),
		cmocka_unit_test_setup(nmi_init_and_startup_become_requests, setup),
		cmocka_unit_test_setup(startup_before_init_is_forgotten, setup),
		cmocka_unit_test_setup(init_deassert_does_nothing, setup),
		cmocka_unit_test_setup(reserved_bits_of_icr_fault, setup),
		cmocka_unit_test_setup(lvt_delivery_modes_are_masked, setup),
		cmocka_unit_test_setup(lint_entries_are_remembered, setup),
		cmocka_unit_test_setup(reserved_bits_of_local_vectors_fault, setup),
		cmocka_unit_test_setup(local_vectors_that_are_not_there, setup),
		cmocka_unit_test_setup(apic_base_transitions, setup),
		cmocka_unit_test_setup(xapic_page, setup),
		cmocka_unit_test_setup(xapic_flat_logical, setup),
		cmocka_unit_test_setup(page_is_there_in_xapic_mode_only, setup),
		cmocka_unit_test_setup(transitions_of_the_state_diagram, setup),
		cmocka_unit_test_setup(disabling_resets, setup),
		cmocka_unit_test_setup(page_moves_in_xapic_mode_where_there_is_nothing_else, setup),
		cmocka_unit_test_setup(lowest_priority_reaches_one, setup),
		cmocka_unit_test_setup(xapic_cluster_logical, setup),
		cmocka_unit_test_setup(disabled_apic_receives_nothing, setup),
		cmocka_unit_test_setup(startup_never_goes_to_all_including_self, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
