/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_internal.h"

/* One rule, one row. */
/* clang-format off */
const struct verify_rule verify_rules[VERIFY_RULE_COUNT] = {
	/* The image */
	[VERIFY_ELF] =
		{
			.code = "BHB001",
			.title = "not an ELF file that GRUB could load as the hypervisor",
			.explanation =
				"Headers, segments or sections are of another kind than the linker script makes, "
				"or point outside the file. The file is damaged, or is not bulkhead.elf.",
			.needs = NEEDS_FILE,
		},
	[VERIFY_MULTIBOOT] =
		{
			.code = "BHB002",
			.title = "multiboot2 header missing or wrong",
			.explanation =
				"GRUB looks for the header in the first 32 KiB of the file, with a sum of 0. It "
				"must ask for the memory map and for modules on pages, and nothing else: a tag with "
				"an address would override where the ELF headers say that the image goes.",
			.needs = NEEDS_FILE,
			.verify = verify_multiboot,
		},
	[VERIFY_WRITABLE_CODE] =
		{
			.code = "BHB003",
			.title = "segment writable and executable",
			.explanation =
				"What can be written must not be executed, so that a stray write never becomes "
				"code of the hypervisor.",
			.needs = NEEDS_IMAGE,
			.verify = verify_writable_code,
		},
	[VERIFY_EXECUTABLE_STACK] =
		{
			.code = "BHB004",
			.title = "executable stack",
			.explanation =
				"The image must say by PT_GNU_STACK that its stack is not executable. An assembly "
				"file without a .note.GNU-stack section takes that away.",
			.needs = NEEDS_IMAGE,
			.verify = verify_executable_stack,
		},
	[VERIFY_PLACE] =
		{
			.code = "BHB005",
			.title = "image outside the hypervisor's memory",
			.explanation =
				"Every segment has to lie in the memory that the board file reserves for the "
				"hypervisor, since only that is kept away from VMs; and the tables have to name the "
				"same memory as the image was linked for.",
			.needs = NEEDS_TABLES,
			.verify = verify_place,
		},
	[VERIFY_ENTRY_POINT] =
		{
			.code = "BHB006",
			.title = "entry point not in the text",
			.explanation =
				"GRUB would jump to something other than the hypervisor's entry.",
			.needs = NEEDS_IMAGE,
			.verify = verify_entry_point,
		},
	[VERIFY_PROTECTION] =
		{
			.code = "BHB007",
			.title = "segments differ from what the hypervisor protects",
			.explanation =
				"The hypervisor maps itself by its linker symbols: text read and execute, constants "
				"read only, data read and write. The segments have to be these three, and no two in "
				"one page.",
			.needs = NEEDS_IMAGE,
			.verify = verify_protection,
		},
	[VERIFY_GUARD_PAGES] =
		{
			.code = "BHB008",
			.title = "areas of cores and VMs not where they are mapped",
			.explanation =
				"The areas of the cores with their guarded stacks, and the run-time state of VMs and "
				"vCPUs, are whole pages at places that the page tables of every core are made for. The "
				"image was linked with other structures or other settings (make menuconfig) than this "
				"tool was built with.",
			.needs = NEEDS_TABLES,
			.verify = verify_guard_pages,
		},
	[VERIFY_SECTION] =
		{
			.code = "BHB009",
			.title = "section contradicts its segment",
			.explanation =
				"Every section that occupies memory lies in a segment with the same access, and at "
				"the place in the file where the segment has it.",
			.needs = NEEDS_IMAGE,
			.verify = verify_sections,
		},

	/* The tables */
	[VERIFY_ROOT] =
		{
			.code = "BHB101",
			.title = "no tables in the image",
			.explanation =
				"There has to be one global symbol scenario_tables, a struct scenario in read-only "
				"memory. Without it nothing else can be verified.",
			.needs = NEEDS_IMAGE,
		},
	[VERIFY_VERSION] =
		{
			.code = "BHB102",
			.title = "tables of another version",
			.explanation =
				"Magic or version are not those of this tool's bulkhead/tables.h. Build the image and "
				"the tool from the same source.",
			.needs = NEEDS_IMAGE,
		},
	[VERIFY_POINTER] =
		{
			.code = "BHB103",
			.title = "pointer leads out of read-only memory",
			.explanation =
				"Everything that the tables point to has to lie, whole and aligned, in a segment of "
				"the image that is not writable: what was verified must not change later.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_COUNT] =
		{
			.code = "BHB104",
			.title = "count out of range",
			.explanation =
				"The hypervisor has arrays of fixed size for VMs, vCPUs and the like; what does not "
				"fit is left out here and would be fatal there.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_NAME] =
		{
			.code = "BHB105",
			.title = "name malformed or given twice",
			.explanation =
				"VMs are named in messages and modules in grub.cfg: both need unique, printable names.",
			.needs = NEEDS_TABLES,
			.verify = verify_names,
		},

	/* Memory */
	[VERIFY_TWO_VMS] =
		{
			.code = "BHB201",
			.title = "host page reachable by two VMs",
			.explanation =
				"The EPTs of two VMs map the same page of the machine. This is what partitioning must "
				"never allow, unless both VMs declare the range as shared and the scenario lists it.",
			.needs = NEEDS_TABLES,
			.verify = verify_two_vms,
		},
	[VERIFY_ALIAS] =
		{
			.code = "BHB202",
			.title = "host page mapped twice in one VM",
			.explanation =
				"A VM sees one page of the machine at two addresses. No scenario can ask for that, so "
				"one of both addresses is wrong.",
			.needs = NEEDS_TABLES,
			.verify = verify_alias,
		},
	[VERIFY_HYPERVISOR_MEMORY] =
		{
			.code = "BHB203",
			.title = "hypervisor's memory reachable by a VM",
			.explanation =
				"An EPT maps the hypervisor's image, tables, stacks, crash records, the images that VMs restart from, or the trampoline that starts cores.",
			.needs = NEEDS_TABLES,
			.verify = verify_hypervisor_memory,
		},
	[VERIFY_APIC_PAGE] =
		{
			.code = "BHB204",
			.title = "APIC registers reachable by a VM",
			.explanation =
				"An EPT maps the page of the local APIC or of an IOAPIC, or maps something else at the "
				"guest address of one, so that accesses no longer come to the emulation.",
			.needs = NEEDS_TABLES,
			.verify = verify_apic_page,
		},
	[VERIFY_RAM] =
		{
			.code = "BHB205",
			.title = "RAM of a VM is not RAM of the board, or a device's registers are",
			.explanation =
				"A VM's RAM must be memory that the board file calls usable, and a device's registers "
				"must not be.",
			.needs = NEEDS_TABLES,
			.verify = verify_ram,
		},
	[VERIFY_MEMORY_TYPE] =
		{
			.code = "BHB206",
			.title = "wrong memory type",
			.explanation =
				"RAM is write-back and a device uncacheable, whatever the guest says; the guest's PAT "
				"may only make it stricter (SDM 3.29.3.7.2).",
			.needs = NEEDS_TABLES,
			.verify = verify_memory_type,
		},
	[VERIFY_EPT_ENTRY] =
		{
			.code = "BHB207",
			.title = "malformed EPT entry",
			.explanation =
				"An entry has reserved bits, a reserved memory type, a combination of rights or an "
				"address that the processor reports as a misconfiguration (SDM 3.29.3.3.1), or bits that "
				"mean nothing under the hypervisor's controls and might under others.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_EPT_TABLE] =
		{
			.code = "BHB208",
			.title = "EPT table used twice",
			.explanation =
				"Two entries point to one table: two VMs then share all that it maps, or one VM has it "
				"at two addresses.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_EPT_DIFFERS] =
		{
			.code = "BHB209",
			.title = "EPT differs from the VM's declared memory",
			.explanation =
				"What a walk of the page tables finds has to be the declared ranges: nothing more, "
				"nothing less, at the same host addresses with the same permissions.",
			.needs = NEEDS_TABLES,
			.verify = verify_ept_differs,
		},
	[VERIFY_MEMORY_LIST] =
		{
			.code = "BHB210",
			.title = "declared memory malformed",
			.explanation =
				"A VM's memory ranges are whole pages, in order, disjoint, within the address widths, "
				"readable, and RAM or a device.",
			.needs = NEEDS_TABLES,
			.verify = verify_memory_list,
		},
	[VERIFY_BOARD_MEMORY] =
		{
			.code = "BHB211",
			.title = "board's memory map malformed",
			.explanation =
				"The board's RAM is in order, disjoint, away from the APICs, and holds the hypervisor "
				"and its trampoline.",
			.needs = NEEDS_TABLES,
			.verify = verify_board_memory,
		},
	[VERIFY_SHARE] = {
		.code = "BHB212",
		.title = "shared memory contradicts its declaration",
		.explanation = "A share is whole pages that no other share and no VM's own memory meets. At least two "
			"VMs have it, each once and as a whole, and nothing else is mapped as shared.",
		.needs = NEEDS_TABLES, .verify = verify_shares,
	},
	[VERIFY_MONITOR] = {
		.code = "BHB213",
		.title = "monitor's window malformed",
		.explanation = "The window is whole pages away from all else that the VM has, and what it shows is the monitor's header, "
			"the cores' log rings, counters and crash records, with nothing else on their pages.",
		.needs = NEEDS_TABLES, .verify = verify_monitor,
	},

	/* The hypervisor's own page tables */
	[VERIFY_HOST_ENTRY] =
		{
			.code = "BHB251",
			.title = "malformed entry of the hypervisor's page tables",
			.explanation =
				"An entry has an address that cannot be, or bits other than those of the few kinds of "
				"pages that the hypervisor has: none is for user mode, and accessed and dirty are set "
				"beforehand, since the processor would otherwise write into constants.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_HOST_TABLE] =
		{
			.code = "BHB252",
			.title = "page table of a core used twice",
			.explanation =
				"Each core has a root of its own, and comes to each table below it in one way. Only what "
				"cores have in common may be in tables that they have in common.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_HOST_EXECUTABLE] =
		{
			.code = "BHB253",
			.title = "page executable that is not text, or writable",
			.explanation =
				"On every core the hypervisor's text is executable, read-only, and nothing else is: what "
				"a stray write can reach never becomes code.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_HOST_WRITABLE] =
		{
			.code = "BHB254",
			.title = "page writable that must not be",
			.explanation =
				"Constants, tables, what is sealed after the start, and memory that a VM shares without "
				"the right to write are read-only in the hypervisor, too.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_HOST_OTHER_CORE] =
		{
			.code = "BHB255",
			.title = "another core's area mapped",
			.explanation =
				"Stacks, descriptor tables, VMCS and counters of a core are mapped on that core alone, so "
				"that a fault of the hypervisor on one core stays there.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_HOST_OTHER_VM] =
		{
			.code = "BHB256",
			.title = "another VM's memory mapped",
			.explanation =
				"A core has the memory and the run-time state of its own VM mapped, and of no other one, "
				"not even to read: so neither a stray pointer nor speculation reaches it.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_HOST_GUARD] =
		{
			.code = "BHB257",
			.title = "guard page mapped",
			.explanation =
				"The page below each stack is mapped nowhere: a stack that overflows faults instead of "
				"running into what lies below.",
			.needs = NEEDS_TABLES,
		},
	[VERIFY_HOST_DIFFERS] =
		{
			.code = "BHB258",
			.title = "a core's page tables differ from what it needs",
			.explanation =
				"Each core has mapped, one to one: text, constants, shared data, its own area, and of its "
				"VM the run-time state, the RAM, and IOAPICs that the VM has pins of. Nothing more, "
				"nothing less.",
			.needs = NEEDS_TABLES,
			.verify = verify_host,
		},

	/* Ports */
	[VERIFY_PORT_TWO_VMS] =
		{
			.code = "BHB301",
			.title = "port open to two VMs",
			.explanation = "The I/O bitmaps of two VMs let both reach one device.",
			.needs = NEEDS_TABLES,
			.verify = verify_port_two_vms,
		},
	[VERIFY_PORT_DIFFERS] =
		{
			.code = "BHB302",
			.title = "I/O bitmap differs from the VM's declared ports",
			.explanation = "Exactly the declared ports are open.",
			.needs = NEEDS_TABLES,
			.verify = verify_port_differs,
		},
	[VERIFY_PORT_DANGEROUS] =
		{
			.code = "BHB303",
			.title = "dangerous port open",
			.explanation =
				"The port acts on the whole machine: it resets it, moves memory by DMA, reaches every "
				"device or everybody's interrupts. No VM gets it, by whatever device of the board.",
			.needs = NEEDS_TABLES,
			.verify = verify_port_dangerous,
		},
	[VERIFY_PORT_CONSOLE] =
		{
			.code = "BHB304",
			.title = "port of the hypervisor's console open",
			.explanation =
				"A VM could write into the hypervisor's log or stop it. The console is the one that "
				"this tool was built for (make menuconfig).",
			.needs = NEEDS_TABLES,
			.verify = verify_port_console,
		},
	[VERIFY_PORT_VIRTUAL] =
		{
			.code = "BHB305",
			.title = "port of a virtual device open",
			.explanation =
				"The VM has a virtual device there, such as the ACPI registers of every VM; an "
				"open bit would send accesses to whatever the machine has.",
			.needs = NEEDS_TABLES,
			.verify = verify_port_virtual,
		},
	[VERIFY_PORT_LIST] =
		{
			.code = "BHB306",
			.title = "declared ports malformed",
			.explanation = "A VM's port ranges are in order and disjoint.",
			.needs = NEEDS_TABLES,
			.verify = verify_port_list,
		},

	/* MSRs */
	[VERIFY_MSR_OPEN] =
		{
			.code = "BHB401",
			.title = "MSR open that no guest may reach",
			.explanation =
				"The MSR bitmap passes an access that is not on the verifier's own list. Either the "
				"emitter's policy has a row too many, or the bitmap is damaged.",
			.needs = NEEDS_TABLES,
			.verify = verify_msr_open,
		},
	[VERIFY_MSR_CLOSED] =
		{
			.code = "BHB402",
			.title = "MSR exits that guests reach directly",
			.explanation =
				"The hypervisor does not answer for MSRs that the bitmap passes, so the guest would "
				"take a general-protection fault; and the promise that a guest in its steady state does "
				"not exit would be broken.",
			.needs = NEEDS_TABLES,
			.verify = verify_msr_closed,
		},

	[VERIFY_CPUID_MASK] =
		{
			.code = "BHB403",
			.title = "CPUID masks malformed",
			.explanation =
				"A VM's masks are in order, each for a register of its own, and hide something.",
			.needs = NEEDS_TABLES,
			.verify = verify_cpuid_masks,
		},

	/* Interrupts */
	[VERIFY_PIN_TWO_VMS] =
		{
			.code = "BHB501",
			.title = "interrupt pin owned by two VMs",
			.explanation =
				"Both could program the pin, and take each other's interrupts away.",
			.needs = NEEDS_TABLES,
			.verify = verify_pin_two_vms,
		},
	[VERIFY_PIN_LIST] =
		{
			.code = "BHB502",
			.title = "interrupt pin does not exist or is listed twice",
			.explanation =
				"Every pin is one of a board's IOAPIC, and the list is in order.",
			.needs = NEEDS_TABLES,
			.verify = verify_pin_list,
		},
	[VERIFY_IOAPIC] =
		{
			.code = "BHB503",
			.title = "IOAPICs contradict each other",
			.explanation =
				"Each IOAPIC has a page, an id and interrupt numbers of its own.",
			.needs = NEEDS_TABLES,
			.verify = verify_ioapics,
		},

	/* Processors */
	[VERIFY_CORE] =
		{
			.code = "BHB601",
			.title = "core with two vCPUs",
			.explanation =
				"A vCPU is one core for good; two of them cannot run on one.",
			.needs = NEEDS_TABLES,
			.verify = verify_core_twice,
		},
	[VERIFY_VPID] =
		{
			.code = "BHB602",
			.title = "VPID zero or used twice",
			.explanation =
				"The processor tells translations apart by VPID: two vCPUs with one would use each "
				"other's, and 0 is the hypervisor's.",
			.needs = NEEDS_TABLES,
			.verify = verify_vpid,
		},
	[VERIFY_CORE_LIST] =
		{
			.code = "BHB603",
			.title = "cores and vCPUs contradict each other",
			.explanation =
				"cores[] and vcpus[] name each other: every vCPU runs on exactly the core that has "
				"its APIC id.",
			.needs = NEEDS_TABLES,
			.verify = verify_core_list,
		},
	[VERIFY_VCPU_LIST] =
		{
			.code = "BHB604",
			.title = "vCPUs of the VMs contradict the list of all",
			.explanation =
				"Each VM has its own slice of vcpus[], in order, and each vCPU says whose it is.",
			.needs = NEEDS_TABLES,
			.verify = verify_vcpu_list,
		},

	/* Boot */
	[VERIFY_MODULE] =
		{
			.code = "BHB701",
			.title = "module missing or unused",
			.explanation =
				"A VM's image and ramdisk are modules of the list, and every module of the list is one "
				"that some VM needs.",
			.needs = NEEDS_TABLES,
			.verify = verify_modules,
		},
	[VERIFY_BOOT] =
		{
			.code = "BHB702",
			.title = "boot parameters contradict the protocol",
			.explanation =
				"Protocol, ramdisk, load address and command line have to fit together, and the load "
				"address has to be RAM of the VM.",
			.needs = NEEDS_TABLES,
			.verify = verify_boot,
		},
	[VERIFY_START] =
		{
			.code = "BHB703",
			.title = "vCPU cannot start as it should",
			.explanation =
				"A vCPU starts at an entry in executable RAM that its mode can reach, or waits for a "
				"start-up IPI; the first one of a VM does not wait.",
			.needs = NEEDS_TABLES,
			.verify = verify_start,
		},
	[VERIFY_E820] =
		{
			.code = "BHB704",
			.title = "e820 map differs from the VM's RAM",
			.explanation =
				"The memory map that the guest gets says exactly what it has: writable RAM is RAM, "
				"other RAM and a PC's hole below 1 MiB reserved.",
			.needs = NEEDS_TABLES,
			.verify = verify_e820,
		},
	[VERIFY_ACPI] =
		{
			.code = "BHB705",
			.title = "ACPI tables wrong",
			.explanation =
				"From the RSDP on, tables have to be where they are said to be, in the VM's RAM, with "
				"right sums, and name the VM's processors, the board's IOAPICs and the virtual "
				"platform's registers.",
			.needs = NEEDS_TABLES,
			.verify = verify_acpi,
		},

	/* PCI */
	[VERIFY_PCI_OWNER] =
		{
			.code = "BHB801",
			.title = "PCI function with two owners",
			.explanation =
				"A function of the board is in the list of at most one VM, and in that of the VM which "
				"the board's list names.",
			.needs = NEEDS_TABLES,
			.verify = verify_pci_owner,
		},
	[VERIFY_PCI_FUNCTION] =
		{
			.code = "BHB802",
			.title = "PCI function malformed or not on the board",
			.explanation =
				"Addresses are possible ones and in order, identities those of the board's list, and "
				"bridges, through which other functions are reached, belong to nobody.",
			.needs = NEEDS_TABLES,
			.verify = verify_pci_functions,
		},
	[VERIFY_PCI_BAR] =
		{
			.code = "BHB803",
			.title = "PCI resources differ from the VM's memory, ports or interrupts",
			.explanation =
				"What a function decodes is what its VM reaches: memory BARs at their real addresses "
				"but for pages with an MSI-X table, which no VM may write, I/O BARs as ports, its interrupt "
				"as a pin.",
			.needs = NEEDS_TABLES,
			.verify = verify_pci_bars,
		},
	[VERIFY_PCI_DMA] =
		{
			.code = "BHB804",
			.title = "DMA without an IOMMU in a VM whose addresses are translated",
			.explanation =
				"A device writes to the host address that its driver gives it. Without an IOMMU the "
				"VM's guest addresses therefore have to be its host addresses.",
			.needs = NEEDS_TABLES,
			.verify = verify_pci_dma,
		},
	[VERIFY_PCI_ECAM] =
		{
			.code = "BHB805",
			.title = "PCI configuration space reachable by a VM",
			.explanation =
				"Configuration space is filtered function by function: it must be mapped to no VM, at "
				"no address, and must not be RAM.",
			.needs = NEEDS_TABLES,
			.verify = verify_pci_ecam,
		},

	/* The scenario */
	[VERIFY_HASH] =
		{
			.code = "BHB901",
			.title = "image made from another scenario",
			.explanation =
				"The hash in the image is not that of the scenario given with --scenario: one of both "
				"is older. Build again.",
			.needs = NEEDS_SCENARIO,
			.verify = verify_hash,
		},
	[VERIFY_SCENARIO_VM] =
		{
			.code = "BHB902",
			.title = "VM differs from the scenario",
			.explanation =
				"Something that the scenario declares for a VM is missing in the image, is different, or "
				"was added: cores, memory, ports, interrupts, how it boots.",
			.needs = NEEDS_SCENARIO,
			.verify = verify_scenario_vms,
		},
	[VERIFY_SCENARIO_BOARD] =
		{
			.code = "BHB903",
			.title = "board differs from the scenario's",
			.explanation =
				"What the image says of the machine, which all other rules build upon, is not what the "
				"board file says.",
			.needs = NEEDS_SCENARIO,
			.verify = verify_scenario_board,
		},
	[VERIFY_RESERVED] =
		{
			.code = "BHB904",
			.title = "VM reaches what the board reserves",
			.explanation =
				"A VM's EPT or I/O bitmap reaches memory or ports that the board file keeps from all "
				"VMs. The image does not hold these, so the rule needs --scenario.",
			.needs = NEEDS_SCENARIO,
			.verify = verify_reserved,
		},
};
/* clang-format on */

/* --- Findings ------------------------------------------------------------------------------------ */

char *verify_format(struct verify *verify, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	char *text = arena_vformat(verify->arena, format, list);
	va_end(list);
	return text;
}

void verify_report(struct verify *verify, enum verify_rule_id rule, const char *format, ...)
{
	struct verify_finding *finding;
	va_list list;

	if (verify->counts[rule]++ >= VERIFY_FINDINGS_KEPT)
		return;
	finding = ARENA_PUSH(verify->arena, verify->findings, verify->finding_count);
	finding->rule = rule;
	va_start(list, format);
	finding->message = arena_vformat(verify->arena, format, list);
	va_end(list);
}

const struct verify_finding *verify_findings(const struct verify *verify, unsigned *kept)
{
	*kept = verify->finding_count;
	return verify->findings;
}

uint64_t verify_count(const struct verify *verify, enum verify_rule_id rule)
{
	return verify->counts[rule];
}

uint64_t verify_total(const struct verify *verify)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < VERIFY_RULE_COUNT; i++)
		total += verify->counts[i];
	return total;
}

const struct verify_statistics *verify_statistics(const struct verify *verify)
{
	return &verify->statistics;
}

const struct verify_range *verify_ranges(const struct verify *verify, unsigned *count)
{
	*count = verify->range_count;
	return verify->ranges;
}

/* --- Whole --------------------------------------------------------------------------------------- */

static bool have(const struct verify *verify, enum verify_need need)
{
	switch (need) {
	case NEEDS_FILE:
		return true;
	case NEEDS_IMAGE:
		return verify->image.readable;
	case NEEDS_TABLES:
		return verify->tables_readable;
	case NEEDS_SCENARIO:
		return verify->tables_readable && verify->model;
	}
	return false;
}

struct verify *verify_image(struct arena *arena, const uint8_t *bytes, size_t size,
			    const struct model *model)
{
	struct verify *verify = arena_alloc(arena, sizeof(*verify));

	verify->arena = arena;
	verify->model = model;
	verify->image.bytes = bytes;
	verify->image.size = size;
	verify_read_elf(verify);
	if (verify->image.readable)
		verify_read_tables(verify);
	if (verify->tables_readable) {
		verify_walk(verify);
		verify_walk_host(verify);
	}
	for (unsigned i = 0; i < VERIFY_RULE_COUNT; i++)
		if (verify_rules[i].verify && have(verify, verify_rules[i].needs))
			verify_rules[i].verify(verify);
	return verify;
}
