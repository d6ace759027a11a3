# SPDX-License-Identifier: Apache-2.0
#
# Unit tests, one line each:
#
#   unit-NAME := all sources of the test, those under test included
#
# NAME becomes $(BUILD)/unit/NAME and is run by `make unit` and `make check`. Sources are compiled for
# the host with the address and undefined-behaviour sanitizers and -Itests/unit/fake first, so that
# tests/unit/fake/cpu/privileged.h stands in for the real one. libcmocka, libfdt, libjansson and libmd
# are linked to each.
#
#   tsan-NAME := ...
#
# is built with ThreadSanitizer instead, as NAME_tsan: for what several cores do at once.

format := hypervisor/lib/format.c hypervisor/lib/packed_text.c hypervisor/lib/text_pairs.c \
	hypervisor/lib/texts.c

unit-guest_memory := tests/unit/guest_memory_test.c tests/unit/fake/fake_memory.c \
	hypervisor/vm/guest_memory.c

unit-format := tests/unit/format_test.c $(format)
unit-packed_text := tests/unit/packed_text_test.c $(format)
unit-string := tests/unit/string_test.c
unit-contain := tests/unit/contain_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c hypervisor/vm/contain.c hypervisor/vm/life_states.c hypervisor/vm/requests.c \
	hypervisor/cpu/apic.c hypervisor/cpu/apic_send.c hypervisor/lib/lock.c
unit-machine_check := tests/unit/machine_check_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_log.c \
	hypervisor/cpu/machine_check.c hypervisor/cpu/machine_check_words.c hypervisor/vm/machine_check.c \
	hypervisor/cpu/frequency.c $(format) hypervisor/lib/log_limit.c
unit-life := tests/unit/life_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_log.c \
	hypervisor/vm/life_states.c hypervisor/vm/life_policy.c hypervisor/vm/restart_limit.c hypervisor/cpu/frequency.c hypervisor/cpu/tsc.c hypervisor/lib/texts.c
unit-console := tests/unit/console_test.c hypervisor/lib/console_serial.c
unit-console_line := tests/unit/console_line_test.c hypervisor/console/line.c hypervisor/console/words.c
unit-operator := tests/unit/operator_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c hypervisor/vm/operator.c hypervisor/vm/life_states.c \
	hypervisor/vm/requests.c hypervisor/cpu/apic.c hypervisor/cpu/apic_send.c
unit-exit_words := tests/unit/exit_words_test.c hypervisor/lib/exit_words.c hypervisor/lib/apic_mode.c hypervisor/lib/register_names.c
unit-crash_record := tests/unit/crash_record_test.c tests/unit/fake/fake_log.c \
	hypervisor/lib/crash_record.c $(format)
unit-panic := tests/unit/panic_test.c tests/unit/fake/fake_log.c hypervisor/lib/panic.c $(format)
unit-log := tests/unit/log_test.c hypervisor/lib/log.c hypervisor/lib/log_limit.c $(format)
tsan-log := $(unit-log)

unit-vmx_operation := tests/unit/vmx_operation_test.c tests/unit/fake/fake_cpu.c \
	hypervisor/vmx/operation.c hypervisor/vmx/controls.c hypervisor/vmx/names.c \
	$(format)

unit-vmx_controls := tests/unit/vmx_controls_test.c tests/unit/fake/fake_cpu.c \
	hypervisor/vmx/controls.c hypervisor/vmx/names.c hypervisor/lib/texts.c
unit-mmio_decode := tests/unit/mmio_decode_test.c tests/unit/fake/fake_memory.c \
	hypervisor/vm/mmio_alu.c hypervisor/vm/register_set.c hypervisor/vm/mmio_decode.c hypervisor/vm/mmio_execute.c \
	hypervisor/vm/guest_memory.c
unit-mmio_cache := tests/unit/mmio_cache_test.c tests/unit/fake/fake_memory.c \
	hypervisor/vm/mmio_cache.c hypervisor/vm/guest_memory.c

emit-sources := $(wildcard tools/bulkhead/emit*.c tools/bulkhead/acpi*.c) $(addprefix tools/bulkhead/,\
	arena.c bitmap.c cpu_features.c ept.c host_tables.c manifest.c msr_policy.c process.c topology.c virtual.c) tests/unit/tool_emit_model.c
unit-tool_emit_ept := tests/unit/tool_emit_ept.c tests/unit/tool_emit_walk.c tools/bulkhead/ept.c
unit-tool_emit_bitmap := tests/unit/tool_emit_bitmap.c tools/bulkhead/bitmap.c tools/bulkhead/msr_policy.c
unit-tool_emit_plan := tests/unit/tool_emit_plan.c $(emit-sources)
unit-tool_emit_acpi := tests/unit/tool_emit_acpi.c $(emit-sources)
unit-tool_emit_files := tests/unit/tool_emit_files.c $(emit-sources)
unit-tool_emit_image := tests/unit/tool_emit_image.c tests/unit/tool_emit_walk.c $(emit-sources)

unit-local_apic := tests/unit/local_apic_test.c tests/unit/fake/fake_cpu.c \
	tests/unit/fake/fake_vm.c tests/unit/fake/fake_log.c hypervisor/vm/local_apic.c hypervisor/vm/ipi.c \
	hypervisor/vm/requests.c hypervisor/cpu/apic.c hypervisor/cpu/apic_send.c hypervisor/lib/log_limit.c

unit-counters := tests/unit/counters_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c hypervisor/vm/counters.c hypervisor/vm/trace.c hypervisor/vm/report.c \
	hypervisor/lib/exit_words.c hypervisor/lib/register_names.c

pci-sources := $(addprefix hypervisor/devices/,pci.c pci_function.c pci_memory.c i440fx.c pci_capability.c pci_config.c pci_machine.c pci_own.c \
	pci_msi.c pci_reset.c message.c) hypervisor/lib/lock.c

unit-ioapic := tests/unit/ioapic_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c hypervisor/lib/lock.c hypervisor/devices/ioapic.c hypervisor/devices/message.c \
	hypervisor/lib/log_limit.c

virtual-sources := $(addprefix hypervisor/,$(addprefix devices/,virtual.c virtual_pc.c fw_cfg.c pic.c pit.c rtc.c keyboard.c clock.c) \
	cpu/frequency.c vm/port_wide.c)

unit-extint := hypervisor/lib/lock.c tests/unit/extint_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c tests/unit/fake/fake_log.c \
	hypervisor/lib/log_limit.c hypervisor/vm/port.c hypervisor/vm/extint.c hypervisor/vm/timer.c hypervisor/vm/pic_pins.c \
	hypervisor/vm/watchdog.c hypervisor/vm/requests.c hypervisor/cpu/apic.c hypervisor/cpu/apic_send.c hypervisor/devices/ioapic.c \
	hypervisor/devices/message.c $(virtual-sources)

unit-virtual := tests/unit/virtual_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c hypervisor/lib/log_limit.c hypervisor/lib/lock.c hypervisor/vm/port.c $(virtual-sources)

unit-vmx_exit := $(virtual-sources) tests/unit/vmx_exit_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c tests/unit/fake/fake_memory.c hypervisor/lib/log_limit.c \
	hypervisor/lib/error.c $(format) hypervisor/cpu/apic.c hypervisor/cpu/apic_send.c \
	hypervisor/devices/ioapic.c $(pci-sources) hypervisor/vmx/exit.c \
	hypervisor/vmx/exit_seldom.c hypervisor/vmx/vmcs.c hypervisor/vmx/names.c \
	hypervisor/vmx/guest_state.c hypervisor/vm/registers.c hypervisor/vmx/controls.c hypervisor/vmx/control_registers.c \
	hypervisor/vm/counters.c hypervisor/vm/cpuid.c hypervisor/vm/cpuid_cache.c hypervisor/vm/cpuid_topology.c hypervisor/vm/guest_memory.c hypervisor/vm/hypercall.c \
	hypervisor/vmx/events.c hypervisor/vmx/debug.c hypervisor/vmx/breakpoints.c hypervisor/vm/guest_access.c \
	hypervisor/vm/task_switch.c hypervisor/vm/task_segments.c \
	hypervisor/vm/local_apic.c hypervisor/vm/ipi.c hypervisor/vm/mmio.c hypervisor/vm/mmio_cache.c hypervisor/vm/mmio_decode.c \
	hypervisor/vm/mmio_alu.c hypervisor/vm/register_set.c hypervisor/vm/mmio_execute.c hypervisor/vm/mmio_string.c hypervisor/vm/msr.c hypervisor/vm/port.c \
	hypervisor/vm/requests.c hypervisor/vm/string_port.c hypervisor/vm/trace_none.c \
	hypervisor/vm/watchdog.c hypervisor/vm/timer.c hypervisor/vm/extint.c hypervisor/vm/pic_pins.c hypervisor/vm/xsave.c \
	hypervisor/cpu/reset_registers.c hypervisor/cpu/tsc.c hypervisor/cpu/exception_names.c \
	hypervisor/lib/exit_words.c hypervisor/lib/apic_mode.c hypervisor/lib/register_names.c

unit-msr := tests/unit/msr_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c hypervisor/vm/msr.c hypervisor/cpu/tsc.c hypervisor/lib/log_limit.c

unit-mmio_string := tests/unit/mmio_string_test.c tests/unit/fake/fake_vm.c tests/unit/fake/fake_log.c \
	tests/unit/fake/fake_memory.c hypervisor/vm/mmio_string.c hypervisor/vm/mmio_decode.c \
	hypervisor/vm/mmio_alu.c hypervisor/vm/register_set.c hypervisor/vm/mmio_execute.c hypervisor/vm/guest_access.c hypervisor/vm/guest_memory.c

unit-vmx_events := tests/unit/vmx_events_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c hypervisor/vmx/events.c hypervisor/vmx/debug.c hypervisor/vmx/breakpoints.c hypervisor/vmx/vmcs.c

unit-cpuid := tests/unit/cpuid_test.c tests/unit/fake/fake_cpu.c hypervisor/vm/cpuid.c \
	hypervisor/vm/cpuid_topology.c hypervisor/cpu/frequency.c

unit-string_port := tests/unit/string_port_test.c tests/unit/fake/fake_vm.c tests/unit/fake/fake_log.c \
	tests/unit/fake/fake_memory.c hypervisor/vm/string_port.c hypervisor/vm/register_set.c hypervisor/vm/guest_memory.c \
	hypervisor/vm/guest_access.c \
	hypervisor/lib/error.c hypervisor/lib/texts.c

loader-sources := tests/unit/loader_support.c tests/unit/fake/fake_log.c \
	$(addprefix hypervisor/,loader/loader.c loader/plan.c loader/raw.c loader/elf.c loader/linux.c loader/linux_place.c \
	loader/linux_elf.c loader/linux_long.c loader/multiboot.c loader/multiboot1.c \
	loader/multiboot2.c loader/platform.c loader/room.c loader/rom.c loader/placement.c vm/guest_memory.c lib/format.c lib/packed_text.c lib/text_pairs.c lib/texts.c lib/error.c)
unit-loader_raw := tests/unit/loader_raw_test.c $(loader-sources)
unit-loader_elf := tests/unit/loader_elf_test.c $(loader-sources)
unit-loader_multiboot := tests/unit/loader_multiboot_test.c $(loader-sources)
unit-loader_vmlinux := tests/unit/loader_vmlinux_test.c $(loader-sources)
unit-loader_linux := tests/unit/loader_linux_test.c $(loader-sources)

unit-multiboot2 := tests/unit/multiboot2_test.c tests/unit/fake/fake_log.c \
	hypervisor/boot/multiboot2.c hypervisor/boot/memory_map.c $(format)
unit-acpi := tests/unit/acpi_test.c tests/unit/fake/fake_log.c hypervisor/boot/acpi.c hypervisor/boot/acpi_cores.c
unit-machine := tests/unit/machine_test.c tests/unit/fake/fake_log.c hypervisor/boot/machine.c hypervisor/boot/acpi_cores.c \
	hypervisor/boot/machine_memory.c hypervisor/boot/machine_clocks.c hypervisor/boot/memory_map.c hypervisor/cpu/frequency.c hypervisor/cpu/crystal.c \
	hypervisor/lib/error.c $(format)
unit-smp := tests/unit/smp_test.c tests/unit/fake/fake_log.c hypervisor/cpu/smp.c \
	hypervisor/boot/machine.c hypervisor/boot/acpi_cores.c hypervisor/boot/machine_memory.c hypervisor/boot/machine_clocks.c hypervisor/boot/memory_map.c \
	hypervisor/cpu/frequency.c hypervisor/cpu/crystal.c hypervisor/lib/error.c $(format)
unit-modules := tests/unit/modules_test.c tests/unit/fake/fake_log.c hypervisor/boot/modules.c \
	hypervisor/loader/placement.c

# The scenario compiler's front half: all of it but the command line.
front-sources := $(wildcard tools/bulkhead/read*.c tools/bulkhead/rules*.c) $(addprefix tools/bulkhead/,\
	arena.c claims.c cpu_features.c diag.c diag_text.c image.c offer.c place.c place_cores.c place_devices.c \
	process.c schema.c source.c span.c suggest.c tree.c virtual.c)
unit-tool_claims := tests/unit/tool_claims.c $(front-sources)
unit-tool_place := tests/unit/tool_place.c $(front-sources)
unit-tool_text := tests/unit/tool_text.c $(front-sources)
unit-tool_read := tests/unit/tool_read.c $(front-sources)

unit-pci := tests/unit/pci_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c $(pci-sources) $(format) \
	hypervisor/lib/log_limit.c hypervisor/cpu/frequency.c

unit-pci_messages := tests/unit/pci_messages_test.c tests/unit/fake/fake_cpu.c tests/unit/fake/fake_vm.c \
	tests/unit/fake/fake_log.c $(pci-sources) $(format) \
	hypervisor/lib/log_limit.c hypervisor/cpu/frequency.c

verify-sources := $(sort tests/unit/tool_verify_image.c tests/unit/verify_rich_tables.c $(wildcard tools/bulkhead/verify*.c) \
	$(emit-sources) $(front-sources))
unit-tool_verify := tests/unit/tool_verify.c $(verify-sources)
unit-tool_verify_chance := tests/unit/tool_verify_chance.c $(verify-sources)

report-sources := $(sort $(wildcard tools/bulkhead/report*.c tools/bulkhead/map*.c) $(front-sources)) \
	tools/bulkhead/emit_output.c tests/unit/tool_emit_model.c
unit-tool_report_text := tests/unit/tool_report_text.c $(report-sources)
unit-tool_report_space := tests/unit/tool_report_space.c $(report-sources)
