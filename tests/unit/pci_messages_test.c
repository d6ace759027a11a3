/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities, MSI and MSI-X of a fake card. "left" has APIC ids 0 and 1 and the card at 00:02.0:
 *
 *     0x40 PM, 0x50 MSI (64 bits, 8 messages, masks), 0x70 vendor-specific, 0x80 MSI-X (4 entries in BAR 0
 *     at 0x1000, pending bits at 0x1800), 0x90 PCI Express, 0xE0 advanced features
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "boot/machine.h"
#include "cpu/msr.h"
#include "devices/message.h"
#include "devices/pci.h"
#include "devices/pci_config.h"
#include "devices/pci_msi.h"
#include "fake_cpu.h"
#include "fake_vm.h"

#define NIC  UINT32_C(0x80001000)
#define BASE UINT64_C(0xC0000000)

#define MSI      0x50u
#define MSIX     0x80u
#define TABLE    (BASE + 0x1000)
#define ENABLED  UINT32_C(0x00010000)
#define TO(core) (UINT32_C(0xFEE00000) | (uint32_t)(core) << 12)

static uint32_t card[0x2000 / 4];

uint32_t mmio_read32(hpa_t address)
{
	assert_in_range(address, BASE, BASE + 0x1FFF);
	return card[(address - BASE) / 4];
}

void mmio_write32(hpa_t address, uint32_t value)
{
	assert_in_range(address, BASE, BASE + 0x1FFF);
	card[(address - BASE) / 4] = value;
}

void machine_difference(enum machine_rule rule, const char *fmt, ...)
{
	(void)rule;
	fail_msg("machine difference: %s", fmt);
}

static struct pci_function_config nic;
static struct vm_config left;

static void set(uint32_t offset, uint32_t value)
{
	fake_pci_registers[offset / 4] = value;
}

static uint32_t real(uint32_t offset)
{
	return fake_pci_registers[offset / 4];
}

static void take(void)
{
	struct scenario scenario = {.vms = &left, .vm_count = 1};

	memset(vms[0].pci, 0, sizeof(vms[0].pci));
	pci_init(&scenario);
}

static int setup(void **state)
{
	(void)state;
	fake_cpu_reset();
	fake_vms_reset();
	memset(card, 0, sizeof(card));
	memset(fake_pci_registers, 0, sizeof(fake_pci_registers));
	nic = (struct pci_function_config){
		.name = "nic0",
		.device = 2,
		.vendor_id = 0x8086,
		.device_id = 0x10D3,
		.bars = {{.kind = PCI_BAR_MEMORY32, .base = BASE, .size = 0x2000}},
		.msi_vectors = 4,
		.msix_vectors = 4,
		.msix_bar = 0,
		.msix_offset = 0x1000,
		.dma_unprotected = true,
	};
	left = *vms[0].config;
	left.pci_functions = &nic;
	left.pci_function_count = 1;
	vms[0].config = &left;
	set(0x00, 0x10D38086);
	set(0x04, 0x00100003);
	set(0x10, (uint32_t)BASE);
	set(0x34, 0x40);
	set(0x40, 0xC8235001);
	set(0x44, 0x00000003);
	set(MSI, 0x01877005); /* enabled by the firmware: masks, 64 bits, 8 messages */
	set(0x70, 0x00108009);
	set(0x74, 0xDEADBEEF);
	set(MSIX, 0x80039011);
	set(MSIX + 4, 0x00001000);
	set(MSIX + 8, 0x00001800);
	set(0x90, 0x0002E010);
	set(0x98, 0x000F2810);
	set(0xE0, 0x03060013);
	take();
	return 0;
}

static uint32_t get(uint32_t offset)
{
	pci_port_write(&vms[0], 0xCF8, 4, NIC | offset);
	return pci_port_read(&vms[0], 0xCFC, 4);
}

static void put(uint32_t offset, uint32_t value)
{
	pci_port_write(&vms[0], 0xCF8, 4, NIC | offset);
	pci_port_write(&vms[0], 0xCFC, 4, value);
}

static void put16(uint32_t offset, uint32_t value)
{
	pci_port_write(&vms[0], 0xCF8, 4, NIC | (offset & ~3u));
	pci_port_write(&vms[0], (uint16_t)(0xCFC + (offset & 3)), 2, value);
}

static void enable_msi(uint64_t address, uint32_t data)
{
	put16(MSI + 2, 0);
	put(MSI + 4, (uint32_t)address);
	put(MSI + 8, (uint32_t)(address >> 32));
	put16(MSI + 12, data);
	put16(MSI + 2, 1);
}

/* --- The list ----------------------------------------------------------------------------------- */

static void list_is_linked_anew(void **state)
{
	(void)state;
	assert_int_equal(get(0x34), 0x40);
	assert_int_equal(get(0x04) & 0x00100000, 0x00100000);
	assert_int_equal(get(0x40), 0xC8235001);
	assert_int_equal(get(MSI) & 0xFFFF, 0x8005); /* not the vendor-specific one */
	assert_int_equal(get(MSIX) & 0xFFFF, 0x9011);
	assert_int_equal(get(0x90), 0x00020010); /* the last */
	assert_int_equal(get(0x74), 0xDEADBEEF); /* can be read, but nothing leads there */
	put(0x34, 0xE0);
	put(0x40, 0xFFFFFFFF);
	assert_int_equal(get(0x34), 0x40);
	assert_int_equal(real(0x40), 0xC8235001);
}

static void power_state_stays(void **state)
{
	(void)state;
	set(0x44, 0x0000C000);
	put(0x44, 0x00008003);
	assert_int_equal(real(0x44), 0x0000C000);
	assert_int_equal(get(0x44), 0x0000C000);
}

static void hidden_registers_take_no_writes(void **state)
{
	(void)state;
	put(0x74, 0);
	put(0xE4, 1);
	put(0xFC, 0x55);
	assert_int_equal(real(0x74), 0xDEADBEEF);
	assert_int_equal(real(0xE4), 0);
	assert_int_equal(real(0xFC), 0);
}

static void express_takes_little(void **state)
{
	(void)state;
	put(0x98, 0x0000FFFF); /* payload, read request, reset, error reporting, ... */
	assert_int_equal(real(0x98), 0x2810);
	put16(0x9A, 0x0003); /* status */
	assert_int_equal(real(0x98), 0x00032810);
	put(0xA0, 0xFFFFFFFF); /* link control */
	assert_int_equal(real(0xA0), 0);
	put(0xA8, 0xFFFFFFFF); /* beyond what is shown */
	assert_int_equal(real(0xA8), 0);
}

static void circle_ends(void **state)
{
	(void)state;
	set(0x90, 0x00024010); /* back to the first */
	take();
	assert_int_equal(get(0x90) & 0xFF00, 0);
	set(0x40, 0xC8234001); /* to itself */
	take();
	assert_int_equal(get(0x34), 0x40);
	assert_int_equal(get(0x40) & 0xFF00, 0);
}

static void without_list_there_is_none(void **state)
{
	(void)state;
	set(0x04, 0x00000003);
	take();
	assert_int_equal(get(0x34), 0);
	assert_int_equal(get(0x04), 3);
}

static void messages_need_bus_mastering_and_the_board(void **state)
{
	(void)state;
	nic.dma_unprotected = false;
	take();
	assert_int_equal(get(0x40) & 0xFF00, 0x9000);
	enable_msi(TO(0), 0x41);
	put16(MSIX + 2, 0x8000);
	assert_int_equal(real(MSI) & ENABLED, 0); /* what the firmware left on is off */
	assert_int_equal(real(MSIX) & 0x80000000, 0);
	nic.dma_unprotected = true;
	nic.msi_vectors = 0;
	nic.msix_offset = 0x1010; /* not where the table is */
	set(MSIX, 0x80039011);
	take();
	assert_int_equal(get(0x40) & 0xFF00, 0x9000);
	assert_int_equal(real(MSIX) & 0x80000000, 0);
}

/* --- MSI ---------------------------------------------------------------------------------------- */

static void msi_begins_disabled(void **state)
{
	(void)state;
	assert_int_equal(real(MSI) & ENABLED, 0);
	assert_int_equal(get(MSI) >> 16,
			 0x0184); /* 4 messages: the board's number, not the card's 8 */
	assert_int_equal(get(MSI + 4), 0);
	assert_int_equal(get(MSI + 12), 0);
}

static void msi_is_translated(void **state)
{
	(void)state;
	put(MSI + 4, TO(1));
	put(MSI + 8, 0);
	put16(MSI + 12, 0x0041);
	assert_int_equal(real(MSI) & ENABLED, 0);
	put16(MSI + 2, 1);
	assert_int_equal(real(MSI) & ENABLED, ENABLED);
	assert_int_equal(real(MSI + 4), TO(1));
	assert_int_equal(real(MSI + 8), 0);
	assert_int_equal(real(MSI + 12), 0x41);
	assert_int_equal(get(MSI) >> 16, 0x0185);
	put16(MSI + 2, 0);
	assert_int_equal(real(MSI) & ENABLED, 0);
	assert_int_equal(get(MSI + 4), TO(1));
}

/* Enabled first, then given an address and data: works as soon as both are right. */
static void msi_enabled_before_it_is_right(void **state)
{
	(void)state;
	put16(MSI + 2, 1);
	assert_int_equal(real(MSI) & ENABLED, 0);
	assert_int_equal(get(MSI) & ENABLED, ENABLED); /* as the guest wrote it */
	put(MSI + 4, TO(0));
	assert_int_equal(real(MSI) & ENABLED, 0); /* vector 0 */
	put16(MSI + 12, 0x30);
	assert_int_equal(real(MSI) & ENABLED, ENABLED);
	assert_int_equal(real(MSI + 4), TO(0));
	put(MSI + 4, TO(2)); /* somebody else's core */
	assert_int_equal(real(MSI) & ENABLED, 0);
	assert_int_equal(real(MSI + 4), TO(0));
	put(MSI + 4, TO(1));
	assert_int_equal(real(MSI) & ENABLED, ENABLED);
	assert_int_equal(real(MSI + 4), TO(1));
}

static void msi_that_would_leave_stays_disabled(void **state)
{
	static const struct {
		uint64_t address;
		uint32_t data;
	} bad[] = {
		{TO(2), 0x41},                     /* another VM's core */
		{TO(0) | UINT64_C(1) << 32, 0x41}, /* beyond 4 GiB: memory */
		{0x00100000, 0x41},                /* memory */
		{0xFED00000, 0x41},                /* another device */
		{TO(0), 0x0F},                     /* reserved vector */
		{TO(0), 0x241},                    /* SMI */
		{TO(0), 0x341},                    /* reserved */
		{TO(0), 0x441},                    /* NMI */
		{TO(0), 0x541},                    /* INIT */
		{TO(0), 0x641},                    /* start-up */
		{TO(0), 0x741},                    /* ExtINT */
		{TO(0), 0xC041},                   /* level-triggered */
		{TO(0xC) | 4, 0x41},               /* logical: cores 2 and 3 */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enable_msi(bad[i].address, bad[i].data);
		assert_int_equal(real(MSI) & ENABLED, 0);
		assert_int_equal(get(MSI) & ENABLED, ENABLED);
		assert_int_equal(get(MSI + 12) & 0xFFFF, bad[i].data);
	}
	enable_msi(TO(0), 0x141); /* lowest priority is good */
	assert_int_equal(real(MSI) & ENABLED, ENABLED);
	assert_int_equal(real(MSI + 12), 0x41);
}

static void msi_destinations(void **state)
{
	(void)state;
	enable_msi(TO(0xFF), 0x41); /* broadcast: all own cores */
	assert_int_equal(real(MSI + 4), TO(3) | 4);
	enable_msi(TO(0x0F) | 4, 0x41); /* logical: all of which are own */
	assert_int_equal(real(MSI + 4), TO(3) | 4);
	enable_msi(TO(0x0F) | 4 | 8, 0x41); /* one of them */
	assert_int_equal(real(MSI + 4), TO(0));
	enable_msi(TO(0x02) | 4, 0x41);
	assert_int_equal(real(MSI + 4), TO(1));
	vcpus[0].apic_base = vcpus[1].apic_base = 0xFEE00000 | APIC_BASE_ENABLE;
	vcpus[1].xapic_ldr = 0x40000000;
	enable_msi(TO(0x40) | 4, 0x41);
	assert_int_equal(real(MSI + 4), TO(1));
	vcpus[1].xapic_dfr = 0x0FFFFFFF; /* cluster 4, member 1 */
	vcpus[1].xapic_ldr = 0x41000000;
	enable_msi(TO(0x43) | 4, 0x42);
	assert_int_equal(real(MSI + 4), TO(1));
	enable_msi(TO(0x51) | 4, 0x42);
	assert_int_equal(real(MSI) & ENABLED, 0);
}

static void several_messages(void **state)
{
	(void)state;
	enable_msi(TO(0), 0x43);
	put16(MSI + 2, 0x21); /* four messages: the low two bits are the card's */
	assert_int_equal(real(MSI) & 0x00700000, 0x00200000);
	assert_int_equal(real(MSI) & ENABLED, ENABLED);
	assert_int_equal(real(MSI + 12), 0x40);
	put16(MSI + 2, 0x31); /* eight are more than it has */
	assert_int_equal(real(MSI) & ENABLED, 0);
	put16(MSI + 2, 0x71);
	assert_int_equal(real(MSI) & ENABLED, 0);
	put16(MSI + 12, 0x11);
	put16(MSI + 2, 0x21);
	assert_int_equal(real(MSI) & ENABLED, ENABLED);
	put16(MSI + 12, 0x0E);
	assert_int_equal(real(MSI) & ENABLED, 0);
}

static void masks_are_the_cards(void **state)
{
	(void)state;
	put(MSI + 16, 0x5);
	assert_int_equal(real(MSI + 16), 0x5);
	set(MSI + 20, 0x4);
	assert_int_equal(get(MSI + 16), 0x5);
	assert_int_equal(get(MSI + 20), 0x4);
	put(MSI + 20, 0);
	assert_int_equal(real(MSI + 20), 0x4); /* pending bits are read-only */
}

static void narrow_msi_has_its_data_elsewhere(void **state)
{
	(void)state;
	set(MSI, 0x00067005);
	take();
	assert_int_equal(get(MSI) >> 16, 0x0004);
	put(MSI + 4, TO(1));
	put16(MSI + 8, 0x55);
	put16(MSI + 2, 1);
	assert_int_equal(real(MSI) & ENABLED, ENABLED);
	assert_int_equal(real(MSI + 8), 0x55);
	put(MSI + 12, 0xFFFFFFFF);
	assert_int_equal(real(MSI + 12), 0);
	assert_int_equal(get(MSI + 12), 0);
	set(MSI + 8, 0xABCD0099);
	assert_int_equal(get(MSI + 8), 0xABCD0055); /* what follows is in no capability */
}

static void restart_disables_messages(void **state)
{
	(void)state;
	enable_msi(TO(0), 0x41);
	put16(MSIX + 2, 0x8000);
	pci_msix_page_write(&vms[0], TABLE, 4, TO(0));
	pci_msix_page_write(&vms[0], TABLE + 8, 4, 0x41);
	pci_msix_page_write(&vms[0], TABLE + 12, 4, 0);
	assert_int_equal(card[0x100C / 4], 0);
	pci_forget(&vms[0]);
	assert_int_equal(real(MSI) & ENABLED, 0);
	assert_int_equal(real(MSIX) & 0x80000000, 0);
	assert_int_equal(card[0x100C / 4], 1);
	assert_int_equal(get(MSI + 4), 0);
	assert_int_equal(pci_msix_page_read(&vms[0], TABLE + 8, 4), 0);
}

/* --- MSI-X -------------------------------------------------------------------------------------- */

static void msix_control(void **state)
{
	(void)state;
	assert_int_equal(get(MSIX) >> 16, 0x0003);
	put16(MSIX + 2, 0xFFFF);
	assert_int_equal(real(MSIX) & 0xFFFF0000, 0xC0030000);
	assert_int_equal(get(MSIX) >> 16, 0xC003);
	put(MSIX + 4, 0);
	assert_int_equal(get(MSIX + 4), 0x1000);
	assert_int_equal(get(MSIX + 8), 0x1800);
}

static void table_is_on_a_page_of_its_own(void **state)
{
	(void)state;
	assert_true(pci_msix_page(&vms[0], BASE + 0x1000));
	assert_true(pci_msix_page(&vms[0], BASE + 0x1FFF));
	assert_false(pci_msix_page(&vms[0], BASE + 0xFFF));
	assert_false(pci_msix_page(&vms[0], BASE + 0x2000));
	assert_false(pci_msix_page(&vms[1], BASE + 0x1000));
}

static void entries_begin_masked(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(card[(0x100C + 16 * i) / 4], 1);
		assert_int_equal(pci_msix_page_read(&vms[0], TABLE + 12 + 16 * i, 4), 1);
	}
}

static void write_entry(unsigned index, uint64_t address, uint32_t data, uint32_t control)
{
	gpa_t entry = TABLE + 16 * (gpa_t)index;

	pci_msix_page_write(&vms[0], entry, 4, (uint32_t)address);
	pci_msix_page_write(&vms[0], entry + 4, 4, address >> 32);
	pci_msix_page_write(&vms[0], entry + 8, 4, data);
	pci_msix_page_write(&vms[0], entry + 12, 4, control);
}

static void entry_is_translated(void **state)
{
	(void)state;
	write_entry(2, TO(0xF) | 4 | 8, 0x151, 0);
	assert_int_equal(card[0x1020 / 4], TO(0));
	assert_int_equal(card[0x1024 / 4], 0);
	assert_int_equal(card[0x1028 / 4], 0x51);
	assert_int_equal(card[0x102C / 4], 0);
	assert_int_equal(pci_msix_page_read(&vms[0], TABLE + 0x20, 4), TO(0xF) | 4 | 8);
	assert_int_equal(pci_msix_page_read(&vms[0], TABLE + 0x28, 8), 0x151);
	write_entry(2, TO(0xF) | 4 | 8, 0x151, 1);
	assert_int_equal(card[0x102C / 4], 1);
	pci_msix_page_write(&vms[0], TABLE + 0x20, 8, TO(1));
	pci_msix_page_write(&vms[0], TABLE + 0x28, 8, 0x61);
	assert_int_equal(card[0x1020 / 4], TO(1));
	assert_int_equal(card[0x102C / 4], 0);
}

static void entry_that_would_leave_stays_masked(void **state)
{
	static const struct {
		uint64_t address;
		uint32_t data;
	} bad[] = {{TO(3), 0x41}, {0x200000, 0x41}, {TO(0) | UINT64_C(1) << 40, 0x41},
		   {TO(0), 5},    {TO(0), 0x441},   {TO(0), 0x8041}};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_entry(0, bad[i].address, bad[i].data, 0);
		assert_int_equal(card[0x100C / 4], 1);
		assert_int_equal(pci_msix_page_read(&vms[0], TABLE + 12, 4), 0);
	}
	/* an entry that works is masked as soon as it would leave */
	write_entry(0, TO(1), 0x41, 0);
	assert_int_equal(card[0x100C / 4], 0);
	pci_msix_page_write(&vms[0], TABLE, 4, TO(2));
	assert_int_equal(card[0x100C / 4], 1);
	assert_int_equal(card[0x1000 / 4], TO(1));
}

static void accesses_of_other_widths_do_nothing(void **state)
{
	(void)state;
	pci_msix_page_write(&vms[0], TABLE, 2, 0xFFFF);
	pci_msix_page_write(&vms[0], TABLE + 2, 4, 0xFFFFFFFF);
	pci_msix_page_write(&vms[0], TABLE + 4, 8, UINT64_MAX);
	assert_int_equal(pci_msix_page_read(&vms[0], TABLE, 4), 0);
	assert_true(pci_msix_page_read(&vms[0], TABLE, 1) == UINT64_MAX);
}

static void other_registers_of_the_page_are_the_guests(void **state)
{
	(void)state;
	card[0x1800 / 4] = 0x2;
	assert_int_equal(pci_msix_page_read(&vms[0], BASE + 0x1800, 4), 2);
	pci_msix_page_write(&vms[0], BASE + 0x1040, 4, 0x77); /* behind the last entry */
	assert_int_equal(card[0x1040 / 4], 0x77);
}

/* Of a function whose MSI-X is hidden the table is out of reach all the same. */
static void hidden_table_is_out_of_reach(void **state)
{
	(void)state;
	nic.dma_unprotected = false;
	take();
	assert_true(pci_msix_page(&vms[0], TABLE));
	write_entry(0, TO(2), 0x41, 0);
	assert_int_equal(card[0x1000 / 4], 0);
	assert_int_equal(pci_msix_page_read(&vms[0], TABLE, 4), UINT32_MAX);
}

/* --- Memory-mapped access ----------------------------------------------------------------------- */

/* The fake board has none: its range is as far up as can be, so that only the decoding is tested. */
static void ecam_needs_a_board_that_has_it(void **state)
{
	(void)state;
	assert_false(pci_ecam_page(&vms[0], 0));
	assert_false(pci_ecam_page(&vms[0], 0xE0000000));
}

static void ecam_is_the_same_space(void **state)
{
	const gpa_t function = UINT64_C(2) << 15; /* from base 0 on */

	(void)state;
	assert_int_equal(pci_ecam_read(&vms[0], function, 4), 0x10D38086);
	assert_int_equal(pci_ecam_read(&vms[0], function + 2, 2) & 0xFFFF, 0x10D3);
	assert_int_equal(pci_ecam_read(&vms[0], function + 0x34, 1) & 0xFF, 0x40);
	pci_ecam_write(&vms[0], function + 0x3C, 1, 0x0B);
	assert_int_equal(real(0x3C), 0x0B);
	pci_ecam_write(&vms[0], function + 0x10, 4, UINT32_MAX);
	assert_int_equal(pci_ecam_read(&vms[0], function + 0x10, 4), 0xFFFFE000);
	assert_int_equal(pci_ecam_read(&vms[0], function + 0x100, 4),
			 0); /* no extended capability */
	assert_int_equal(pci_ecam_read(&vms[0], function + 0x1100, 4), UINT32_MAX); /* function 1 */
	assert_int_equal(pci_ecam_read(&vms[0], function + 0x1000, 4), UINT32_MAX);
	assert_int_equal(pci_ecam_read(&vms[0], function + 3, 2),
			 UINT32_MAX); /* across registers */
	assert_int_equal(pci_ecam_read(&vms[0], function, 8), UINT32_MAX);
	pci_ecam_write(&vms[0], function + 0x3E, 4, 0);
	assert_int_equal(real(0x3C), 0x0B);
	assert_int_equal(pci_ecam_read(&vms[1], function, 4), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(list_is_linked_anew, setup),
		cmocka_unit_test_setup(power_state_stays, setup),
		cmocka_unit_test_setup(hidden_registers_take_no_writes, setup),
		cmocka_unit_test_setup(express_takes_little, setup),
		cmocka_unit_test_setup(circle_ends, setup),
		cmocka_unit_test_setup(without_list_there_is_none, setup),
		cmocka_unit_test_setup(messages_need_bus_mastering_and_the_board, setup),
		cmocka_unit_test_setup(msi_begins_disabled, setup),
		cmocka_unit_test_setup(msi_is_translated, setup),
		cmocka_unit_test_setup(msi_enabled_before_it_is_right, setup),
		cmocka_unit_test_setup(msi_that_would_leave_stays_disabled, setup),
		cmocka_unit_test_setup(msi_destinations, setup),
		cmocka_unit_test_setup(several_messages, setup),
		cmocka_unit_test_setup(masks_are_the_cards, setup),
		cmocka_unit_test_setup(narrow_msi_has_its_data_elsewhere, setup),
		cmocka_unit_test_setup(restart_disables_messages, setup),
		cmocka_unit_test_setup(msix_control, setup),
		cmocka_unit_test_setup(table_is_on_a_page_of_its_own, setup),
		cmocka_unit_test_setup(entries_begin_masked, setup),
		cmocka_unit_test_setup(entry_is_translated, setup),
		cmocka_unit_test_setup(entry_that_would_leave_stays_masked, setup),
		cmocka_unit_test_setup(accesses_of_other_widths_do_nothing, setup),
		cmocka_unit_test_setup(other_registers_of_the_page_are_the_guests, setup),
		cmocka_unit_test_setup(hidden_table_is_out_of_reach, setup),
		cmocka_unit_test_setup(ecam_needs_a_board_that_has_it, setup),
		cmocka_unit_test_setup(ecam_is_the_same_space, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
