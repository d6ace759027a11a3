# SPDX-License-Identifier: Apache-2.0
#
# Bare-metal guests (README.md). Included by the top Makefile, which defines GUESTS, Q, say, DEPEND,
# WARNINGS and remember.
#
#   $(GUESTS)/rt         raw image for 0x100000; rt.elf is the same for GRUB, without a hypervisor
#   $(GUESTS)/beat-NAME  ELF images, one per console
#   $(GUESTS)/hostile-NAME, neighbour   attackers and their victim (hostile/README.md)

GUEST_DIR := tests/guests
GUEST_OBJ := $(GUESTS)/obj
GUEST_BEATS := beat-com1 beat-com2 beat-com4 beat-e9
GUEST_HOSTILES := hostile-com1 hostile-com4
GUEST_PROGRAMS := $(addprefix $(GUESTS)/,rt rt.elf $(GUEST_BEATS) $(GUEST_HOSTILES) neighbour conform conform32 phoenix dog)

GUEST_CFLAGS := -std=gnu17 -ffreestanding -mgeneral-regs-only -mno-red-zone -mcmodel=small \
	-fno-pic -fno-pie -fcf-protection=none -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-common -O2 -g $(WARNINGS) \
	-Ihypervisor/include -I$(GUEST_DIR)/lib
GUEST_LDFLAGS := -nostdlib -static -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,--build-id=none -Wl,--fatal-warnings
$(eval $(call remember,$(GUEST_OBJ)/.flags,$(CC) $(GUEST_CFLAGS) $(GUEST_LDFLAGS)))

GUEST_LIB := $(sort $(wildcard $(GUEST_DIR)/lib/*.c $(GUEST_DIR)/lib/*.S))
GUEST_LIB_OBJECTS := $(GUEST_LIB:$(GUEST_DIR)/%=$(GUEST_OBJ)/%.o)

# Objects of a console: guest-console-NAME.
$(foreach u,com1 com2 com4,$(eval \
	guest-console-$(u) := $(GUEST_OBJ)/console/uart.c.o $(GUEST_OBJ)/console/$(u).c.o))
guest-console-e9 := $(GUEST_OBJ)/console/debugcon.c.o

$(GUEST_OBJ)/%.o: $(GUEST_DIR)/% $(GUEST_OBJ)/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) $(DEPEND) -c $< -o $@

# $(call guest-link,LINKER SCRIPT)
define guest-link
@$(call say,LINK,$@)
$(Q)$(CC) $(GUEST_LDFLAGS) -Wl,-T,$(1) -o $@ $(filter %.o,$^)
endef

$(GUESTS)/rt.elf: $(GUEST_LIB_OBJECTS) $(GUEST_OBJ)/rt.c.o $(guest-console-com2) $(GUEST_DIR)/rt.lds
	$(call guest-link,$(GUEST_DIR)/rt.lds)

$(GUESTS)/rt: $(GUESTS)/rt.elf
	@$(call say,OBJCOPY,$@)
	$(Q)objcopy -O binary $< $@

# $(call beat-rules,CONSOLE,OBJCOPY OPTIONS)
define beat-rules
$(GUEST_OBJ)/beat-$(1).elf: $(GUEST_LIB_OBJECTS) $(GUEST_OBJ)/beat.c.o $(guest-console-$(1)) \
		$(GUEST_DIR)/beat.lds
	$$(call guest-link,$(GUEST_DIR)/beat.lds)

$(GUESTS)/beat-$(1): $(GUEST_OBJ)/beat-$(1).elf
	@$$(call say,OBJCOPY,$$@)
	$$(Q)objcopy --strip-debug $(2) $$< $$@
endef
$(eval $(call beat-rules,com1))
$(eval $(call beat-rules,com2))
$(eval $(call beat-rules,com4))
# ELF32, so that a boot covers that half of the loader as well.
$(eval $(call beat-rules,e9,-O elf32-i386))

# Multiboot guests: $(call multiboot-rules,NAME,HEADER,CONSOLE,HOW IT IS MADE OF THE ELF64 FILE)
GUEST_MULTIBOOTS := mb1-elf32 mb1-elf64 mb1-kludge mb2-elf32 mb2-elf64
GUEST_PROGRAMS += $(addprefix $(GUESTS)/,$(GUEST_MULTIBOOTS))
define multiboot-rules
$(GUEST_OBJ)/$(1).elf: $(GUEST_OBJ)/multiboot/$(2).S.o $(GUEST_OBJ)/multiboot/start.S.o \
		$(GUEST_OBJ)/multiboot/main.c.o $(GUEST_OBJ)/lib/print.c.o $(guest-console-$(3)) \
		$(GUEST_DIR)/multiboot/multiboot.lds
	$$(call guest-link,$(GUEST_DIR)/multiboot/multiboot.lds)

$(GUESTS)/$(1): $(GUEST_OBJ)/$(1).elf
	@$$(call say,OBJCOPY,$$@)
	$$(Q)objcopy --strip-debug $(4) $$< $$@
endef
$(eval $(call multiboot-rules,mb1-elf32,header1,com1,-O elf32-i386))
$(eval $(call multiboot-rules,mb1-kludge,header1-kludge,com2,-O binary))
$(eval $(call multiboot-rules,mb1-elf64,header1,com4))
$(eval $(call multiboot-rules,mb2-elf32,header2,e9,-O elf32-i386))
$(eval $(call multiboot-rules,mb2-elf64,header2,com4))

# The stranger (stranger/stranger.h), by multiboot 1 as ELF32.
GUEST_PROGRAMS += $(GUESTS)/stranger
GUEST_STRANGER := $(sort $(wildcard $(GUEST_DIR)/stranger/*.c $(GUEST_DIR)/stranger/*.S))
$(GUEST_OBJ)/stranger.elf: $(GUEST_STRANGER:$(GUEST_DIR)/%=$(GUEST_OBJ)/%.o) $(guest-console-com1) \
		$(addprefix $(GUEST_OBJ)/,lib/print.c.o hostile/probe.S.o) $(GUEST_DIR)/stranger/stranger.lds
	$(call guest-link,$(GUEST_DIR)/stranger/stranger.lds)

$(GUESTS)/stranger: $(GUEST_OBJ)/stranger.elf
	@$(call say,OBJCOPY,$@)
	$(Q)objcopy --strip-debug -O elf32-i386 $< $@

# A module for them: lines of text, as test suites take their environment from.
GUEST_PROGRAMS += $(GUESTS)/settings
$(GUESTS)/settings: $(GUEST_DIR)/guests.mk
	$(Q)mkdir -p $(@D)
	$(Q)printf 'NR_CPUS=2\nMEMSIZE=16\nTEST_DEVICE=0\n' >$@

# A ROM of 64 KiB, and GRUB as a guest with 16 MiB and its prompt on COM1.
GUEST_PROGRAMS += $(GUESTS)/rom $(GUESTS)/grub
$(GUESTS)/rom: $(GUEST_OBJ)/rom/rom.S.o $(GUEST_DIR)/rom/rom.lds
	@$(call say,LINK,$@)
	$(Q)ld -m elf_i386 -nostdlib -T $(GUEST_DIR)/rom/rom.lds -o $@.elf $<
	$(Q)objcopy -O binary --pad-to 0x10000 $@.elf $@.end
	$(Q)head -c 32768 /dev/zero | cat - $@.end >$@
	$(Q)rm $@.end

# A program in real mode, for 0x8000.
GUEST_PROGRAMS += $(GUESTS)/ticks
$(GUESTS)/ticks: $(GUEST_OBJ)/ticks/ticks.S.o $(GUEST_DIR)/ticks/ticks.lds
	@$(call say,LINK,$@)
	$(Q)ld -m elf_i386 -nostdlib -T $(GUEST_DIR)/ticks/ticks.lds -o $(GUEST_OBJ)/ticks.elf $<
	$(Q)objcopy -O binary $(GUEST_OBJ)/ticks.elf $@

$(GUEST_OBJ)/rom/rom.S.o $(GUEST_OBJ)/ticks/ticks.S.o: $(GUEST_OBJ)/%.o: $(GUEST_DIR)/% $(GUEST_OBJ)/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -m32 -I$(GUEST_DIR)/lib $(DEPEND) -c $< -o $@

$(GUESTS)/grub: tools/mkgrub.py
	@$(call say,GRUB,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tools/mkgrub.py $@ 16 0

# Attackers have a main program and handlers of their own.
GUEST_HOSTILE := $(sort $(filter-out %/neighbour.c,$(wildcard $(GUEST_DIR)/hostile/*.c $(GUEST_DIR)/hostile/*.S)))
GUEST_HOSTILE_OBJECTS := $(GUEST_HOSTILE:$(GUEST_DIR)/%=$(GUEST_OBJ)/%.o) \
	$(addprefix $(GUEST_OBJ)/lib/,frequency.c.o print.c.o start.S.o)

# $(call hostile-rules,CONSOLE)
define hostile-rules
$(GUEST_OBJ)/hostile-$(1).elf: $(GUEST_HOSTILE_OBJECTS) $(guest-console-$(1)) $(GUEST_DIR)/hostile/hostile.lds
	$$(call guest-link,$(GUEST_DIR)/hostile/hostile.lds)

$(GUESTS)/hostile-$(1): $(GUEST_OBJ)/hostile-$(1).elf
	@$$(call say,OBJCOPY,$$@)
	$$(Q)objcopy --strip-debug $$< $$@
endef
$(eval $(call hostile-rules,com1))
$(eval $(call hostile-rules,com4))

$(GUEST_OBJ)/neighbour.elf: $(GUEST_LIB_OBJECTS) $(GUEST_OBJ)/hostile/neighbour.c.o $(guest-console-com2) \
		$(GUEST_DIR)/beat.lds
	$(call guest-link,$(GUEST_DIR)/beat.lds)

$(GUESTS)/neighbour: $(GUEST_OBJ)/neighbour.elf
	@$(call say,OBJCOPY,$@)
	$(Q)objcopy --strip-debug $< $@

# The conformance suite (conform/README.md); probe.S is the attackers'.
GUEST_CONFORM := $(sort $(wildcard $(GUEST_DIR)/conform/*.c $(GUEST_DIR)/conform/*.S))
GUEST_CONFORM_OBJECTS := $(GUEST_CONFORM:$(GUEST_DIR)/%=$(GUEST_OBJ)/%.o) $(guest-console-e9) \
	$(addprefix $(GUEST_OBJ)/,lib/print.c.o lib/start.S.o hostile/probe.S.o)

$(GUEST_OBJ)/conform.elf: $(GUEST_CONFORM_OBJECTS) $(GUEST_DIR)/conform/conform.lds
	$(call guest-link,$(GUEST_DIR)/conform/conform.lds)

$(GUESTS)/conform: $(GUEST_OBJ)/conform.elf
	@$(call say,OBJCOPY,$@)
	$(Q)objcopy --strip-debug $< $@

# Its 32-bit half is 32-bit code.
GUEST_CONFORM32 := $(sort $(wildcard $(GUEST_DIR)/conform32/*.c $(GUEST_DIR)/conform32/*.S))
GUEST_CFLAGS32 := -m32 $(filter-out -mno-red-zone -mcmodel=small,$(GUEST_CFLAGS))
GUEST_CONFORM32_OBJECTS := $(GUEST_CONFORM32:$(GUEST_DIR)/%=$(GUEST_OBJ)/%.o)

$(GUEST_OBJ)/conform32/%.o: $(GUEST_DIR)/conform32/% $(GUEST_OBJ)/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS32) $(DEPEND) -c $< -o $@

$(GUESTS)/conform32: $(GUEST_CONFORM32_OBJECTS) $(GUEST_DIR)/conform32/conform32.lds
	@$(call say,LINK,$@)
	$(Q)$(CC) -m32 $(GUEST_LDFLAGS) -Wl,-T,$(GUEST_DIR)/conform32/conform32.lds -o $@ $(filter %.o,$^)

# Guests that end and begin again (life/README.md): main programs of their own.
# $(call life-rules,NAME,CONSOLE)
define life-rules
$(GUEST_OBJ)/$(1).elf: $(GUEST_OBJ)/life/$(1).c.o $(addprefix $(GUEST_OBJ)/lib/,frequency.c.o print.c.o start.S.o) \
		$(guest-console-$(2)) $(GUEST_DIR)/beat.lds
	$$(call guest-link,$(GUEST_DIR)/beat.lds)

$(GUESTS)/$(1): $(GUEST_OBJ)/$(1).elf
	@$$(call say,OBJCOPY,$$@)
	$$(Q)objcopy --strip-debug $$< $$@
endef
$(eval $(call life-rules,phoenix,com1))
$(eval $(call life-rules,dog,com4))

-include $(wildcard $(GUEST_OBJ)/*.d $(GUEST_OBJ)/*/*.d)

# Raw, for 0x100000, with all addresses relative.
$(GUEST_OBJ)/faults.elf: $(GUEST_OBJ)/faults.S.o
	@$(call say,LINK,$@)
	$(Q)$(CC) $(GUEST_LDFLAGS) -Wl,-Ttext=0x100000 -Wl,-e,entry -o $@ $<

$(GUESTS)/faults: $(GUEST_OBJ)/faults.elf
	@$(call say,OBJCOPY,$@)
	$(Q)objcopy -O binary -j .text $< $@
