# SPDX-License-Identifier: Apache-2.0
#
# Bare-metal guests (README.md). Included by the top Makefile, which defines GUESTS, Q, say, DEPEND,
# WARNINGS and remember.
#
#   $(GUESTS)/rt         raw image for 0x100000; rt.elf is the same for GRUB, without a hypervisor
#   $(GUESTS)/beat-NAME  ELF images, one per console

GUEST_DIR := tests/guests
GUEST_OBJ := $(GUESTS)/obj
GUEST_BEATS := beat-com1 beat-com2 beat-com4 beat-e9
GUEST_PROGRAMS := $(addprefix $(GUESTS)/,rt rt.elf $(GUEST_BEATS))

GUEST_CFLAGS := -std=gnu17 -ffreestanding -mgeneral-regs-only -mno-red-zone -mcmodel=small \
	-fno-pic -fno-pie -fcf-protection=none -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-common -O2 -g $(WARNINGS) \
	-Ihypervisor/include -I$(GUEST_DIR)/lib
GUEST_LDFLAGS := -nostdlib -static -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,--build-id=none -Wl,--fatal-warnings
$(eval $(call remember,$(GUEST_OBJ)/.flags,$(CC) $(GUEST_CFLAGS) $(GUEST_LDFLAGS)))

# One object for every console; all else is common.
GUEST_UARTS := com1 com2 com4
GUEST_UART_PORT_com1 := 0x3f8
GUEST_UART_PORT_com2 := 0x2f8
GUEST_UART_PORT_com4 := 0x2e8
GUEST_CONSOLES := $(addprefix $(GUEST_DIR)/lib/,console_uart.c console_debugcon.c)
GUEST_LIB := $(filter-out $(GUEST_CONSOLES),\
	$(sort $(wildcard $(GUEST_DIR)/lib/*.c $(GUEST_DIR)/lib/*.S)))
GUEST_LIB_OBJECTS := $(GUEST_LIB:$(GUEST_DIR)/%=$(GUEST_OBJ)/%.o)

$(GUEST_OBJ)/%.o: $(GUEST_DIR)/% $(GUEST_OBJ)/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) $(DEPEND) -c $< -o $@

$(GUEST_UARTS:%=$(GUEST_OBJ)/console-%.o): $(GUEST_OBJ)/console-%.o: \
		$(GUEST_DIR)/lib/console_uart.c $(GUEST_OBJ)/.flags
	@$(call say,CC,$< ($*))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -DUART_PORT=$(GUEST_UART_PORT_$*) $(DEPEND) -c $< -o $@

$(GUEST_OBJ)/console-e9.o: $(GUEST_DIR)/lib/console_debugcon.c $(GUEST_OBJ)/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) $(DEPEND) -c $< -o $@

# $(call guest-link,LINKER SCRIPT)
define guest-link
@$(call say,LINK,$@)
$(Q)$(CC) $(GUEST_LDFLAGS) -Wl,-T,$(1) -o $@ $(filter %.o,$^)
endef

$(GUESTS)/rt.elf: $(GUEST_LIB_OBJECTS) $(GUEST_OBJ)/rt.c.o $(GUEST_OBJ)/console-com2.o $(GUEST_DIR)/rt.lds
	$(call guest-link,$(GUEST_DIR)/rt.lds)

$(GUESTS)/rt: $(GUESTS)/rt.elf
	@$(call say,OBJCOPY,$@)
	$(Q)objcopy -O binary $< $@

$(GUEST_OBJ)/beat-%.elf: $(GUEST_LIB_OBJECTS) $(GUEST_OBJ)/beat.c.o $(GUEST_OBJ)/console-%.o \
		$(GUEST_DIR)/beat.lds
	$(call guest-link,$(GUEST_DIR)/beat.lds)

$(filter-out $(GUESTS)/beat-e9,$(GUEST_BEATS:%=$(GUESTS)/%)): $(GUESTS)/%: $(GUEST_OBJ)/%.elf
	@$(call say,STRIP,$@)
	$(Q)objcopy --strip-debug $< $@

# ELF32, so that a boot covers that half of the loader as well.
$(GUESTS)/beat-e9: $(GUEST_OBJ)/beat-e9.elf
	@$(call say,OBJCOPY,$@)
	$(Q)objcopy --strip-debug -O elf32-i386 $< $@

.SECONDARY: $(GUEST_BEATS:%=$(GUEST_OBJ)/%.elf) $(GUEST_OBJ)/beat.c.o $(GUEST_UARTS:%=$(GUEST_OBJ)/console-%.o) \
	$(GUEST_OBJ)/console-e9.o
-include $(wildcard $(GUEST_OBJ)/*.d $(GUEST_OBJ)/lib/*.d)
