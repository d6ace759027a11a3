# SPDX-License-Identifier: Apache-2.0
#
# `make bench` (README.md here): the measuring guest, what starts it, and the programs of its Linux.

BENCH_DIR := tests/bench
BENCH_OBJ := $(GUESTS)/obj/bench
BENCH_COMMON := $(addprefix $(GUEST_OBJ)/lib/,print.c.o start.S.o) $(guest-console-com1)
BENCH_GUEST_SOURCES := $(filter-out %/role_measure.c %/role_neighbour.c,\
	$(sort $(wildcard $(BENCH_DIR)/guest/*.c $(BENCH_DIR)/guest/*.S)))
BENCH_GUEST_OBJECTS := $(BENCH_GUEST_SOURCES:$(BENCH_DIR)/%=$(BENCH_OBJ)/%.o) $(BENCH_COMMON) \
	$(GUEST_OBJ)/lib/frequency.c.o
BENCH_LINUX_SOURCES := $(sort $(wildcard $(BENCH_DIR)/linux/*.c))
GUEST_PROGRAMS += $(addprefix $(GUESTS)/,bench bench-neighbour bench-starter bench-init bench-boot bench-initrd)

$(BENCH_OBJ)/%.o: $(BENCH_DIR)/% $(GUEST_OBJ)/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -Ihypervisor $(DEPEND) -c $< -o $@

# $(call bench-link,NAME,OBJECT)
define bench-link
$(GUESTS)/$(1): $(2) $(BENCH_DIR)/guest/bench.lds
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(GUEST_LDFLAGS) -s -Wl,-T,$(BENCH_DIR)/guest/bench.lds -o $$@ $$(filter %.o,$$^)
endef
$(eval $(call bench-link,bench,$(BENCH_GUEST_OBJECTS) $(BENCH_OBJ)/guest/role_measure.c.o))
$(eval $(call bench-link,bench-neighbour,$(BENCH_GUEST_OBJECTS) $(BENCH_OBJ)/guest/role_neighbour.c.o))
$(eval $(call bench-link,bench-starter,$(BENCH_OBJ)/starter/starter.c.o $(BENCH_COMMON)))

# First process of the benchmark's Linux: workloads, and a small host for KVM.
$(GUESTS)/bench-init: $(BENCH_LINUX_SOURCES) $(wildcard $(BENCH_DIR)/linux/*.h)
	@$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LINUX_PROGRAM_CFLAGS) -static -s -o $@ $(BENCH_LINUX_SOURCES) -lpthread
# Another one, where only the boot is of interest (rdinit=/boot).
$(GUESTS)/bench-boot: $(BENCH_DIR)/boot/boot.c
	@$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LINUX_PROGRAM_CFLAGS) -mgeneral-regs-only -ffreestanding -fno-stack-protector -nostdlib -static -s \
		-o $@ $<
$(GUESTS)/bench-initrd: $(GUESTS)/bench-init $(GUESTS)/bench-boot $(BENCH_DIR)/mkinitrd.sh
	@$(call say,CPIO,$@)
	$(Q)$(BENCH_DIR)/mkinitrd.sh $@ $<=init $(GUESTS)/bench-boot=boot

# Its initramfs for KVM, with the modules of the same kernel package: with the measuring guest, and with a
# Linux to run. Not part of `guests`.
$(GUESTS)/bench-kvm-initrd: $(GUESTS)/bench-init $(GUESTS)/bench $(GUESTS)/bench-neighbour $(GUESTS)/linux \
		$(BENCH_DIR)/mkinitrd.sh
	@$(call say,CPIO,$@)
	$(Q)$(BENCH_DIR)/mkinitrd.sh $@ $<=init $(GUESTS)/bench=bench $(GUESTS)/bench-neighbour=bench-neighbour \
		kernel-modules=$(BUILD)/cache
$(GUESTS)/bench-kvm-linux-initrd: $(GUESTS)/bench-init $(GUESTS)/bench-initrd $(GUESTS)/linux $(BENCH_DIR)/mkinitrd.sh
	@$(call say,CPIO,$@)
	$(Q)$(BENCH_DIR)/mkinitrd.sh $@ $<=init $(GUESTS)/bench-initrd=initrd $(GUESTS)/linux=linux \
		kernel-modules=$(BUILD)/cache

.PHONY: bench-guests bench-run
bench-guests: $(addprefix $(GUESTS)/,bench bench-starter bench-initrd bench-kvm-initrd bench-kvm-linux-initrd linux)
bench-run:
	$(Q)+$(PYTHON) $(BENCH_DIR)/bench.py --build $(BUILD) $(BENCH)

-include $(wildcard $(BENCH_OBJ)/*/*.d)
