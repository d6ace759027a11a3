/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to CR0 and CR4 that exit because they touch a bit that the hypervisor owns; and page tables of tasks. */
#include "vmx/control_registers.h"

#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "cpu/registers.h"
#include "vm/guest_memory.h"
#include "vm/vcpu.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"

#define CS_RIGHTS_LONG 0x2000

#define PDPTE_COUNT        4
#define PDPTE_PRESENT      UINT64_C(0x1)
#define PDPTE_RESERVED_LOW UINT64_C(0x1E6) /* SDM 3.4.4.1, table 4-8 */

static bool combination_valid(uint64_t value)
{
	if (value & ~CR0_DEFINED)
		return false;
	if ((value & CR0_PG) && !(value & CR0_PE))
		return false;
	return !((value & CR0_NW) && !(value & CR0_CD));
}

/* Addresses beyond the processor's are reserved, too; a VM entry with such an entry would fail. */
static uint64_t pdpte_reserved(void)
{
	return PDPTE_RESERVED_LOW | UINT64_MAX << scenario_tables.physical_address_bits;
}

/* With EPT the processor takes the four PDPTEs of PAE paging from the VMCS (SDM 3.27.3.2.4). */
static bool load_pdptes(const struct vm_config *vm, uint64_t cr3)
{
	uint64_t entries[PDPTE_COUNT];
	gpa_t table = cr3 & UINT64_C(0xFFFFFFE0);

	if (guest_read(vm, table, entries, sizeof(entries)))
		return false;
	for (unsigned i = 0; i < PDPTE_COUNT; i++)
		if ((entries[i] & PDPTE_PRESENT) && (entries[i] & pdpte_reserved()))
			return false;
	for (unsigned i = 0; i < PDPTE_COUNT; i++)
		vmcs_write(VMCS_GUEST_PDPTE0 + 2 * i, entries[i]);
	return true;
}

static void set_long_mode_active(bool active)
{
	vmcs_change(VMCS_GUEST_EFER, EFER_LMA, active ? EFER_LMA : 0);
	vmcs_change(VMCS_ENTRY_CONTROLS, ENTRY_IA32E_GUEST, active ? ENTRY_IA32E_GUEST : 0);
}

static bool paging_on(const struct vm_config *vm)
{
	uint64_t cr4 = guest_cr4();
	bool code_is_long = vmcs_read(VMCS_GUEST_CS_RIGHTS) & CS_RIGHTS_LONG;

	if (vmcs_read(VMCS_GUEST_EFER) & EFER_LME) {
		if (!(cr4 & CR4_PAE) || code_is_long)
			return false;
		set_long_mode_active(true);
		return true;
	}
	return !(cr4 & CR4_PAE) || load_pdptes(vm, guest_page_tables());
}

static bool paging_off(void)
{
	bool code_is_long = vmcs_read(VMCS_GUEST_CS_RIGHTS) & CS_RIGHTS_LONG;
	bool active = vmcs_read(VMCS_GUEST_EFER) & EFER_LMA;

	if (active && (code_is_long || (guest_cr4() & CR4_PCIDE)))
		return false;
	if (active)
		set_long_mode_active(false);
	return true;
}

/* What MOV to CR0 does (SDM 3.2.5, 3.4.4.1, 3.9.8.5). False: the guest gets #GP. */
static bool write_cr0(const struct vcpu *vcpu, uint64_t value)
{
	uint64_t old = vmcs_read(VMCS_GUEST_CR0);

	if (!combination_valid(value))
		return false;
	value |= CR0_ET; /* hard-wired */
	if (!(old & CR0_PG) && (value & CR0_PG) && !paging_on(vcpu->vm->config))
		return false;
	if ((old & CR0_PG) && !(value & CR0_PG) && !paging_off())
		return false;
	vmcs_write(VMCS_CR0_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR0, (value & ~(CR0_CD | CR0_NW)) | CR0_NE);
	if ((old ^ value) & CR0_PG)
		guest_forget_translations(vcpu);
	return true;
}

/* What long mode does not let change, or asks of CR3 (SDM 2B MOV to control registers). */
static bool cr4_fits_mode(uint64_t old, uint64_t value)
{
	bool long_mode = vmcs_read(VMCS_GUEST_EFER) & EFER_LMA;

	if (long_mode && !(value & CR4_PAE))
		return false;
	if ((value & CR4_PCIDE) && !(old & CR4_PCIDE))
		return long_mode && !(guest_page_tables() & CR3_PCID);
	return true;
}

/* PAE paging reads its PDPTEs again when one of these changes (SDM 3.4.4.1). */
#define CR4_RELOADS_PDPTES (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)

static bool uses_pdptes(uint64_t cr4)
{
	return (vmcs_read(VMCS_GUEST_CR0) & CR0_PG) && (cr4 & CR4_PAE) &&
	       !(vmcs_read(VMCS_GUEST_EFER) & EFER_LMA);
}

bool guest_page_tables_load(const struct vcpu *vcpu, uint64_t cr3)
{
	if (uses_pdptes(guest_cr4()) && !load_pdptes(vcpu->vm->config, cr3))
		return false;
	vmcs_write(VMCS_GUEST_CR3, cr3);
	guest_forget_translations(vcpu);
	return true;
}

/* What MOV to CR4 does on a processor with CR4_OFFERED only. False: the guest gets #GP. */
static bool write_cr4(const struct vcpu *vcpu, uint64_t value)
{
	uint64_t old = guest_cr4();

	if (value & ~(CR4_OFFERED & msr_read(MSR_VMX_CR4_FIXED1)))
		return false;
	if (!cr4_fits_mode(old, value))
		return false;
	if (uses_pdptes(value) && ((old ^ value) & CR4_RELOADS_PDPTES) &&
	    !load_pdptes(vcpu->vm->config, guest_page_tables()))
		return false;
	vmcs_write(VMCS_CR4_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR4, value | CR4_VMXE | CR4_MCE);
	guest_forget_translations(vcpu);
	return true;
}

/* Qualification of control-register accesses (SDM 3.28.2.1, table 28-3) */
#define CR_NUMBER(q)    ((q)&0xF)
#define CR_TYPE(q)      ((q) >> 4 & 3)
#define CR_REGISTER(q)  ((q) >> 8 & 0xF)
#define CR_MOV_TO       0
#define CR_LMSW         3
#define CR_LMSW_DATA(q) ((q) >> 16 & 0xFFFF)

/* MOV takes 32 bits outside 64-bit mode; RSP is not among the saved registers. */
static uint64_t move_source(const struct guest_registers *registers, uint64_t number)
{
	uint64_t value = number == GUEST_RSP ? guest_stack_pointer() : registers->gpr[number];

	return guest_code_bits() == 64 ? value : (uint32_t)value;
}

#define CR0_SHADOWED (CR0_NE | CR0_CD | CR0_NW)
#define CR0_LMSW     UINT64_C(0xF)

/* Loads bits 3:0, and can't clear PE (SDM 2A LMSW). */
static uint64_t lmsw_value(uint64_t data)
{
	uint64_t cr0 = (vmcs_read(VMCS_CR0_SHADOW) & CR0_SHADOWED) |
		       (vmcs_read(VMCS_GUEST_CR0) & ~CR0_SHADOWED);

	return (cr0 & ~(CR0_LMSW & ~CR0_PE)) | (data & CR0_LMSW);
}

static bool access(struct vcpu *vcpu, const struct guest_registers *registers, uint64_t q)
{
	if (CR_TYPE(q) == CR_LMSW)
		return write_cr0(vcpu, lmsw_value(CR_LMSW_DATA(q)));
	if (CR_TYPE(q) != CR_MOV_TO)
		return false;
	switch (CR_NUMBER(q)) {
	case 0:
		return write_cr0(vcpu, move_source(registers, CR_REGISTER(q)));
	case 4:
		return write_cr4(vcpu, move_source(registers, CR_REGISTER(q)));
	default:
		return false;
	}
}

void vmx_handle_control_register(struct vcpu *vcpu, struct guest_registers *registers)
{
	vmx_complete(access(vcpu, registers, vmcs_read(VMCS_EXIT_QUALIFICATION)));
}
