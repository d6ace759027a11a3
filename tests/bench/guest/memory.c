/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel does all the time and a hypervisor must not notice: address spaces and page faults. */
#include "bench.h"

#define SWITCHES      1000
#define FAULT_PAGES   512
#define FAULT_ROUNDS  4
#define FAULT_BASE    (UINT64_C(1) << 39) /* entry 1 of the PML4, which start.S leaves empty */
#define PRESENT_WRITE 3u
#define STACK_WORDS   512

typedef uint64_t page_table[512];

/* Below 4 GiB and mapped one to one, so that addresses are physical. */
static _Alignas(4096) page_table other_pml4, fault_pdpt, fault_directory;
_Alignas(4096) page_table fault_table;
static _Alignas(4096) uint8_t backing[4096];
static uint64_t other_stack[STACK_WORDS];
static uint64_t own_rsp, other_rsp, own_cr3;

extern uint64_t fault_entry;
extern const char page_fault_entry[];
void context_switch(uint64_t *save_rsp, uint64_t rsp, uint64_t cr3);

static uint64_t cr3_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static void cr3_write(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static _Noreturn void other_context(void)
{
	for (;;)
		context_switch(&other_rsp, own_rsp, own_cr3);
}

void measure_context_switch(void)
{
	uint64_t begin;

	own_cr3 = cr3_read();
	for (unsigned i = 0; i < 512; i++)
		other_pml4[i] = ((const uint64_t *)own_cr3)[i];
	other_stack[STACK_WORDS - 2] = (uint64_t)other_context; /* six registers below it */
	other_rsp = (uint64_t)&other_stack[STACK_WORDS - 8];
	begin = tsc_read();
	for (unsigned i = 0; i < SWITCHES / 2; i++)
		context_switch(&own_rsp, other_rsp, (uint64_t)other_pml4);
	report_loop("context_switch", SWITCHES, tsc_read() - begin);
}

static uint64_t touch_pages(void)
{
	uint64_t begin = tsc_read();

	for (uint64_t i = 0; i < FAULT_PAGES; i++)
		(void)*(volatile uint64_t *)(FAULT_BASE + i * 4096);
	return tsc_read() - begin;
}

void measure_page_faults(void)
{
	uint64_t total = 0;

	((uint64_t *)cr3_read())[1] = (uint64_t)fault_pdpt | PRESENT_WRITE;
	fault_pdpt[0] = (uint64_t)fault_directory | PRESENT_WRITE;
	fault_directory[0] = (uint64_t)fault_table | PRESENT_WRITE;
	fault_entry = (uint64_t)backing | PRESENT_WRITE;
	page_fault_handler_set(page_fault_entry);
	for (unsigned round = 0; round < FAULT_ROUNDS; round++) {
		for (unsigned i = 0; i < FAULT_PAGES; i++)
			fault_table[i] = 0;
		cr3_write(cr3_read());
		total += touch_pages();
	}
	report_loop("page_fault", FAULT_PAGES * FAULT_ROUNDS, total);
}
