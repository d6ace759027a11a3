/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/platform.h"
#include "cpu/apic.h"
#include "cpu/msr.h"

struct vcpu vcpus[CONFIG_MAX_VCPUS];
struct vm vms[CONFIG_MAX_VMS];
uint32_t vcpu_request_words[CONFIG_MAX_VCPUS];
struct monitor_header monitor_header;
enum stop_reason fake_stop_reason;
jmp_buf fake_stop_jump;
bool fake_stop_expected;
unsigned fake_drains;

static const struct vcpu_config vcpu_configs[] = {
	{.vm = 0, .index = 0, .apic_id = 0, .vpid = 1},
	{.vm = 0, .index = 1, .apic_id = 1, .vpid = 2},
	{.vm = 1, .index = 0, .apic_id = 2, .vpid = 3},
	{.vm = 1, .index = 1, .apic_id = 3, .vpid = 4},
};
static const struct pin_config left_pin = {.ioapic = 0, .pin = 4};
static const struct pin_config right_pin = {.ioapic = 0, .pin = 3};
static const struct ioapic_config ioapic = {.id = 4, .base = 0xFEC00000, .pins = 24};
static const struct vm_config vm_configs[] = {
	{.name = "left",
	 .id = 0,
	 .vcpus = &vcpu_configs[0],
	 .vcpu_count = 2,
	 .pins = &left_pin,
	 .pin_count = 1},
	{.name = "right",
	 .id = 1,
	 .vcpus = &vcpu_configs[2],
	 .vcpu_count = 2,
	 .pins = &right_pin,
	 .pin_count = 1,
	 .life = {.restartable = true}},
};

const struct scenario scenario_tables = {
	.magic = SCENARIO_TABLES_MAGIC,
	.version = SCENARIO_TABLES_VERSION,
	.name = "fake",
	.vms = vm_configs,
	.vm_count = 2,
	.vcpus = vcpu_configs,
	.vcpu_count = 4,
	.ioapics = &ioapic,
	.ioapic_count = 1,
	.tsc_frequency_hz = 50000000,
	.apic_timer_frequency_hz = 25000000,
	.physical_address_bits = 40,
};

static struct core_counters counters[4];

void apic_drain(void)
{
	fake_drains++;
}

void fake_vms_reset(void)
{
	for (unsigned i = 0; i < CONFIG_MAX_VCPUS; i++)
		vcpu_request_words[i] = 0;
	for (unsigned i = 0; i < 2; i++)
		vms[i] = (struct vm){.config = &vm_configs[i]};
	memset(counters, 0, sizeof(counters));
	for (unsigned i = 0; i < 4; i++)
		vcpus[i] = (struct vcpu){
			.counters = &counters[i],
			.config = &vcpu_configs[i],
			.vm = &vms[vcpu_configs[i].vm],
			.apic_base = PLATFORM_LAPIC_GPA | APIC_BASE_ENABLE | APIC_BASE_X2APIC |
				     (vcpu_configs[i].index == 0 ? APIC_BASE_BSP : 0),
			.xapic_dfr = UINT32_MAX,
			.mtrr_default = MTRR_DEFAULT_RESET,
		};
	fake_stop_expected = false;
	fake_stop_reason = STOP_NONE;
}

struct vcpu *vm_vcpu(const struct vm *vm, uint32_t index)
{
	return index < vm->config->vcpu_count ? &vcpus[vm->config->id * 2 + index] : NULL;
}

bool life_would_tell(const struct vm *vm)
{
	(void)vm;
	return true;
}

void vm_stop(struct vcpu *vcpu, enum stop_reason reason, const struct guest_registers *registers)
{
	(void)registers;
	if (!fake_stop_expected) {
		fprintf(stderr, "VM \"%s\" stops: reason %d\n", vcpu->vm->config->name, reason);
		abort();
	}
	fake_stop_reason = reason;
	longjmp(fake_stop_jump, 1);
}
