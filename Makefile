# SPDX-License-Identifier: Apache-2.0
#
# Bulkhead's build. `make help` lists targets and variables; docs/testing.md says how tests hang together.
#
# Everything made lies under $(BUILD):
#
#   autoconf.h, auto.mk   settings out of .config, touched only when one changed
#   hypervisor/           objects of the hypervisor, the same for every scenario
#   tools/bulkhead        the scenario compiler
#   guests/               guest images: Debian's kernel, initramfs, bare-metal programs
#   NAME/                 one scenario: tables.c, manifest.json, layout.lds, acpi/, bulkhead.elf, .iso
#   unit/, coverage/      unit tests, with and without coverage counters
#   cache/                what was downloaded; outlives `make clean`

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := iso
SHELL := /bin/bash

#: Variables
SCENARIO ?= demo#          name of a file in scenarios/, or a path to any .dts
BUILD ?= build#            folder for everything that is made
KCONFIG_CONFIG ?= .config# settings; made from configs/debug_defconfig if there are none
V ?= 0#                    1 shows every command as it runs
BENCH ?=#                 options for tests/bench/bench.py in `make bench`, e.g. BENCH=--quick
RUN ?=#                    options for tools/run.py in `make run`, e.g. RUN=--timeout=60
PREFIX ?= /usr/local#      where `make install` installs
TEST ?=#                   only tests with one of these in their name, e.g. TEST=boot/demo,tool/
CC ?= gcc#                 gcc or clang
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON := /usr/bin/python3

# $(call say,VERB,what): the quiet build's line for one step.
ifeq ($(V),1)
Q :=
say = :
else
Q := @
say = printf '  %-7s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$(2))'
endif

# --- Goals --------------------------------------------------------------------------------------------

# Goals that build nothing need neither .config nor a scenario.
LIGHT_GOALS := help clean distclean bootstrap menuconfig olddefconfig savedefconfig %_defconfig \
	run unit tool-tests report-tests boot-tests lint check coverage stress bench bench-run torture text-pairs
goals := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
heavy := $(filter-out $(LIGHT_GOALS),$(goals))

SCENARIO_FILE := $(if $(filter %.dts,$(SCENARIO)),$(SCENARIO),scenarios/$(SCENARIO).dts)
SCENARIO_NAME := $(basename $(notdir $(SCENARIO_FILE)))
OUT := $(BUILD)/$(SCENARIO_NAME)
RESERVED_NAMES := hypervisor tools guests unit coverage cache lint boot-tests build-test build-test-release build-test-faults \
	mutate fuzz scale bench texts
ifneq ($(filter $(SCENARIO_NAME),$(RESERVED_NAMES)),)
$(error a scenario cannot be called "$(SCENARIO_NAME)": $(BUILD)/$(SCENARIO_NAME) is the build's own)
endif

# --- Settings -----------------------------------------------------------------------------------------

AUTOCONF := $(BUILD)/autoconf.h
KCONFIG := KCONFIG_CONFIG=$(KCONFIG_CONFIG) srctree=. $(PYTHON)

ifneq ($(heavy),)
include $(BUILD)/auto.mk
endif

# The two outputs keep their time stamps when nothing changed; .stamp says that they were looked at.
$(BUILD)/.config.stamp: $(or $(wildcard $(KCONFIG_CONFIG)),FORCE) configs/Kconfig tools/kconfig.py
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) tools/kconfig.py $(KCONFIG_CONFIG) configs/debug_defconfig $(AUTOCONF) $(BUILD)/auto.mk
	$(Q)touch $@
$(AUTOCONF) $(BUILD)/auto.mk: $(BUILD)/.config.stamp ;

.PHONY: menuconfig olddefconfig savedefconfig
menuconfig: ## change settings in a menu (Kconfig)
	$(Q)$(KCONFIG) -m menuconfig configs/Kconfig
olddefconfig: ## bring .config up to date after configs/Kconfig changed
	$(Q)$(KCONFIG) -m olddefconfig configs/Kconfig
savedefconfig: ## write the settings that differ from the defaults to ./defconfig
	$(Q)$(KCONFIG) -m savedefconfig --kconfig configs/Kconfig --out defconfig
debug_defconfig: ## settings for development: assertions, exit tracing, -Og
release_defconfig: ## settings for use: -Os, no assertions, no tracing
%_defconfig: configs/%_defconfig
	$(Q)$(KCONFIG) -m defconfig --kconfig configs/Kconfig $<

# --- Flags --------------------------------------------------------------------------------------------

# $(call supported,FLAG): the flag, if the compiler knows it.
supported = $(shell $(CC) -Werror -mgeneral-regs-only $(1) -c -o /dev/null -x c /dev/null >/dev/null 2>&1 && echo $(1))
WARNINGS := -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Wundef -Werror
# -Oz: smaller than -Os; gcc knows it from version 12 on. Comparisons take less room than tables of addresses, a value
# that is made again less than one that is kept over a call or a loop; the others are as measured on all of the code.
NOT_FOR_SIZE := jump-tables caller-saves tree-loop-im expensive-optimizations if-conversion shrink-wrap \
	tree-dominator-opts tree-forwprop forward-propagate tree-loop-ivcanon
OPTIMISE := $(if $(CONFIG_DEBUG_BUILD),-Og,$(call supported,-Oz) $(if $(call supported,-Oz),,-Os) \
	$(foreach f,$(NOT_FOR_SIZE),$(call supported,-fno-$(f))))
DEPEND = -MMD -MP -MF $(@:.o=.d)

# INT3 behind indirect jumps, where the compiler has it (gcc 12): costs nothing when executed. Not behind returns: Intel's
# processors (no others have VMX) do not go straight on behind a near RET, only behind indirect jumps (SDM 2B, RET).
HARDEN_SLS := $(call supported,-mharden-sls=indirect-jmp)
# Release builds guard the frames with arrays of characters, 8 or more: texts and bytes of guests, which can
# overflow. The address of a number that goes to a function of our own, as -strong guards it as well, cannot.
STACK_PROTECTOR := -fstack-protector$(if $(CONFIG_DEBUG_BUILD),-strong)
# Without vector registers nothing needs a stack that is aligned to 16 bytes, nor their number in RAX. Of gcc.
NO_VECTORS := $(call supported,-mpreferred-stack-boundary=3) $(call supported,-mskip-rax-setup)
HV_FLAGS := -std=gnu17 -ffreestanding -mgeneral-regs-only -mno-red-zone -mcmodel=small \
	-fno-pic -fno-pie -fcf-protection=none \
	$(STACK_PROTECTOR) -mstack-protector-guard=global \
	-fno-asynchronous-unwind-tables -fno-common -ffunction-sections -fdata-sections $(NO_VECTORS) $(OPTIMISE) -g $(WARNINGS) \
	$(HARDEN_SLS)
HV_CFLAGS := $(HV_FLAGS) -Ihypervisor/include -Ihypervisor -include $(AUTOCONF)
HV_LDFLAGS := -nostdlib -static -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,--build-id=none -Wl,--fatal-warnings -Wl,--gc-sections

TOOL_CFLAGS := -std=gnu17 -O2 -g $(WARNINGS) -D_GNU_SOURCE \
	-Ihypervisor/include -Itools/bulkhead -include $(AUTOCONF)
TOOL_LIBS := -lfdt -ljansson -lmd -lelf

# A file that changes when the command line does, so that another compiler or flag rebuilds.
# $(call remember,FILE,TEXT)
define remember
$(1): FORCE
	$$(Q)mkdir -p $$(@D)
	$$(Q)printf '%s\n' '$(2)' | cmp -s - $$@ || printf '%s\n' '$(2)' >$$@
endef
.PHONY: FORCE
FORCE:
$(eval $(call remember,$(BUILD)/tools/.flags,$(CC) $(TOOL_CFLAGS)))

# --- Hypervisor objects -------------------------------------------------------------------------------

# Files that a setting picks; all others in the folders belong to every build.
hv-picked := hypervisor/vm/inject.c hypervisor/vm/inject_later.c hypervisor/vmx/inject.c hypervisor/lib/console_serial.c hypervisor/lib/console_debugcon.c \
	hypervisor/vm/trace.c hypervisor/vm/trace_none.c hypervisor/cpu/wait.c hypervisor/cpu/reset.c hypervisor/vmx/vmcs_fields.c \
	hypervisor/lib/exit_words.c hypervisor/lib/exit_words_none.c \
	$(wildcard hypervisor/console/*.c)
hv-$(CONFIG_CONSOLE_SERIAL) += hypervisor/lib/console_serial.c
hv-$(CONFIG_CONSOLE_DEBUGCON) += hypervisor/lib/console_debugcon.c
hv-$(CONFIG_OPERATOR_CONSOLE) += $(wildcard hypervisor/console/*.c) hypervisor/cpu/wait.c hypervisor/cpu/reset.c \
	hypervisor/vmx/vmcs_fields.c
hv-$(CONFIG_EXIT_WORDS) += hypervisor/lib/exit_words.c
ifneq ($(CONFIG_EXIT_WORDS),y)
hv-y += hypervisor/lib/exit_words_none.c
endif
hv-$(CONFIG_FAULT_INJECTION) += hypervisor/vm/inject.c hypervisor/vm/inject_later.c hypervisor/vmx/inject.c
hv-$(CONFIG_EXIT_TRACE) += hypervisor/vm/trace.c
ifneq ($(CONFIG_EXIT_TRACE),y)
hv-y += hypervisor/vm/trace_none.c
endif

HV_FOLDERS := boot cpu vmx vm devices loader lib console
HV_FOUND := $(sort $(wildcard $(foreach f,$(HV_FOLDERS),hypervisor/$(f)/*.c hypervisor/$(f)/*.S)))
HV_SOURCES := $(filter-out $(hv-picked),$(HV_FOUND)) $(hv-y)
# A.c and A.S may stand side by side, hence the suffix stays in the object's name.
# What only some scenarios use; layout.lds says which (hypervisor/lib/optional.h, tools/bulkhead/emit_parts.c).
HV_PARTS := $(filter $(addprefix hypervisor/,loader/elf% loader/linux% loader/multiboot% loader/raw% loader/rom.c \
	loader/image_store.c vm/restart.c vm/restart_limit.c vm/watchdog.c vm/monitor_header.c \
	loader/platform.c boot/machine_clocks.c cpu/crystal.c \
	devices/virtual_pc.c vm/port_wide.c vm/extint.c vm/pic_pins.c devices/pic.c devices/pit.c devices/rtc.c devices/keyboard.c devices/fw_cfg.c \
	devices/pci_function.c devices/pci_memory.c devices/pci_own.c devices/pci_capability.c devices/pci_msi.c devices/pci_reset.c devices/i440fx.c),$(HV_SOURCES))
HV_OBJECTS := $(patsubst %,$(BUILD)/%.o,$(filter-out $(HV_PARTS),$(HV_SOURCES)))
HV_ARCHIVE := $(BUILD)/hypervisor/parts.a
$(eval $(call remember,$(BUILD)/hypervisor/.link,$(CC) $(HV_LDFLAGS) $(HV_OBJECTS) $(HV_PARTS)))

$(HV_ARCHIVE): $(HV_PARTS:%=$(BUILD)/%.o) $(BUILD)/hypervisor/.link
	$(Q)rm -f $@
	$(Q)ar rcsD $@ $(filter %.o,$^)

$(BUILD)/hypervisor/%.o: hypervisor/% $(AUTOCONF) $(BUILD)/hypervisor/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPEND) -c $< -o $@

# Texts are packed between the preprocessor and the compiler (hypervisor/lib/packed_text.h). The compiler, which
# checks formats against their arguments, sees both: what is plain and what is packed.
.PRECIOUS: $(BUILD)/hypervisor/%.i
$(BUILD)/hypervisor/%.i: hypervisor/% $(AUTOCONF) $(BUILD)/hypervisor/.flags
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(HV_HOT_CFLAGS) -MMD -MP -MF $(@:.i=.d) -MT $@ -E $< -o $@

PACK_TEXTS := tools/pack_texts.py hypervisor/lib/text_pairs.c
$(BUILD)/hypervisor/%.c.o: $(BUILD)/hypervisor/%.c.i $(PACK_TEXTS)
	@$(call say,CC,hypervisor/$*.c)
	$(Q)$(CC) $(HV_FLAGS) $(HV_HOT_CFLAGS) -fsyntax-only $<
	$(Q)$(PYTHON) $(firstword $(PACK_TEXTS)) pack $< $(@:.o=.packed.i)
	$(Q)$(CC) $(HV_FLAGS) $(HV_HOT_CFLAGS) -Wno-format -c $(@:.o=.packed.i) -o $@

TEXTS := $(BUILD)/texts
.PHONY: text-pairs build-texts
text-pairs: ## make hypervisor/lib/text_pairs.c anew, as it is best for the texts of the release build
	$(Q)mkdir -p $(TEXTS)
	$(Q)cp configs/release_defconfig $(TEXTS)/config
	$(Q)+$(MAKE) --no-print-directory BUILD=$(TEXTS) KCONFIG_CONFIG=$(TEXTS)/config build-texts
	$(Q)mv $(TEXTS)/text_pairs.c hypervisor/lib/text_pairs.c
PREPROCESSED := $(patsubst %,$(BUILD)/%.i,$(filter %.c,$(HV_SOURCES)))
# Of the parts, what most scenarios have.
build-texts: $(filter-out $(patsubst %,$(BUILD)/%.i,$(filter-out hypervisor/loader/elf%,$(HV_PARTS))),$(PREPROCESSED))
	$(Q)$(PYTHON) tools/pack_texts.py pairs $^ >$(BUILD)/text_pairs.c

# The release is built for size, but of the way of the most frequent exits what becomes faster, for speed (docs/performance.md).
HV_HOT := vmx/exit.c vmx/debug.c vm/msr.c vm/port.c
# Functions and targets of branches begin where what is before them ends: what is frequent lies together in the cache's lines.
HV_FOR_SPEED := -O2 $(foreach f,$(NOT_FOR_SIZE),$(call supported,-f$(f))) \
	-falign-functions=1 $(foreach f,jumps labels loops,$(call supported,-fno-align-$(f)))
$(eval $(call remember,$(BUILD)/hypervisor/.flags,$(CC) $(HV_CFLAGS) $(HV_HOT) $(HV_FOR_SPEED)))
$(HV_HOT:%=$(BUILD)/hypervisor/%.o): HV_HOT_CFLAGS = $(if $(CONFIG_DEBUG_BUILD),,$(HV_FOR_SPEED))

# --- Scenario compiler --------------------------------------------------------------------------------

TOOL := $(BUILD)/tools/bulkhead
TOOL_SOURCES := $(sort $(wildcard tools/bulkhead/*.c tools/bulkhead/*/*.c))
# Words that the tool and the hypervisor have in common.
SHARED_SOURCES := hypervisor/lib/exit_words.c hypervisor/lib/register_names.c
TOOL_OBJECTS := $(TOOL_SOURCES:tools/%.c=$(BUILD)/tools/obj/%.o) $(BUILD)/tools/obj/pages.o \
	$(SHARED_SOURCES:%.c=$(BUILD)/tools/obj/%.o)
RULE_PAGES := $(sort $(wildcard docs/rules/BH*.md))
$(eval $(call remember,$(BUILD)/tools/.link,$(CC) $(TOOL_OBJECTS)))
$(eval $(call remember,$(BUILD)/tools/.pages,$(RULE_PAGES)))

$(BUILD)/tools/obj/%.o: tools/%.c $(AUTOCONF) $(BUILD)/tools/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(DEPEND) -c $< -o $@

$(BUILD)/tools/obj/hypervisor/%.o: hypervisor/%.c $(AUTOCONF) $(BUILD)/tools/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(DEPEND) -c $< -o $@

# The pages that `bulkhead explain` prints are part of it, so that it needs no files.
$(BUILD)/tools/pages.c: $(RULE_PAGES) tools/embed_pages.py $(BUILD)/tools/.pages
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) tools/embed_pages.py $(RULE_PAGES) >$@
$(BUILD)/tools/obj/pages.o: $(BUILD)/tools/pages.c $(BUILD)/tools/.flags
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(DEPEND) -c $< -o $@

$(TOOL): $(TOOL_OBJECTS) $(BUILD)/tools/.link
	@$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(TOOL_OBJECTS) $(TOOL_LIBS)

.PHONY: tool
tool: $(TOOL) ## the scenario compiler, build/tools/bulkhead

# --- Guests -------------------------------------------------------------------------------------------

GUESTS := $(BUILD)/guests

# Bare-metal guests: outputs $(GUESTS)/NAME, collected in GUEST_PROGRAMS.
-include tests/guests/guests.mk

# Debian's kernels: the cloud image's, which starts fastest, the general one, and PREEMPT_RT.
linux-package-linux := linux-image-cloud-amd64
linux-package-linux-generic := linux-image-amd64
linux-package-linux-rt := linux-image-rt-amd64
$(GUESTS)/linux $(GUESTS)/linux-generic $(GUESTS)/linux-rt: tools/fetch-linux.sh
	$(Q)mkdir -p $(@D)
	$(Q)tools/fetch-linux.sh $(BUILD)/cache $@ $(linux-package-$(@F))

# A program for the initramfs; it runs on Linux, so it is an ordinary static one.
LINUX_PROGRAM_CFLAGS := -std=gnu17 -O2 $(WARNINGS) -D_GNU_SOURCE
$(GUESTS)/obj/linux/%: tests/guests/linux/%.c
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LINUX_PROGRAM_CFLAGS) -static -s $< -o $@

# `bulkhead top`, `log` and `trace` for a Linux that has the monitor's window.
MONITOR_SOURCES := tools/bulkhead-monitor.c $(wildcard tools/bulkhead/monitor*.c) $(SHARED_SOURCES)
$(GUESTS)/obj/linux/bulkhead: $(MONITOR_SOURCES) tools/bulkhead/monitor.h tools/bulkhead/monitor_window.h \
		$(wildcard hypervisor/include/bulkhead/*.h) $(AUTOCONF) $(BUILD)/tools/.flags
	@$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) -static -s $(MONITOR_SOURCES) -o $@ -ljansson -lm

# The same kernel, unpacked.
$(GUESTS)/vmlinux $(GUESTS)/vmlinux-generic $(GUESTS)/vmlinux-rt: $(GUESTS)/vmlinux%: $(GUESTS)/linux% tools/extract-vmlinux.py
	@$(call say,UNPACK,$@)
	$(Q)tools/extract-vmlinux.py $< $@

# initrd is small and starts fast; initrd-rt has Debian's rt-tests, initrd-stress its stress-ng as well.
INITRD_FILES := tests/guests/linux/guest-tests tests/guests/linux/guest-end $(addprefix $(GUESTS)/obj/linux/,port cpuid bulkhead)
VECTORS := $(GUESTS)/obj/linux/vectors
initrd-files-initrd-rt := /usr/bin/cyclictest $(VECTORS)
initrd-files-initrd-stress := /usr/bin/cyclictest /usr/bin/stress-ng $(VECTORS)
INITRDS := $(addprefix $(GUESTS)/,initrd initrd-rt initrd-stress)
$(GUESTS)/initrd-rt $(GUESTS)/initrd-stress: $(VECTORS)
$(INITRDS): tools/mkinitrd.sh tests/guests/linux/init $(INITRD_FILES)
	@$(call say,CPIO,$@)
	$(Q)tools/mkinitrd.sh tests/guests/linux/init $@ $(INITRD_FILES) $(initrd-files-$(@F))

# Drivers of the general kernel's package, which came with linux-generic.
DRIVERS := e1000 ata_piix sd_mod crct10dif_generic crc64_rocksoft_generic uhci-hcd
$(GUESTS)/obj/linux/modules.tar: tools/linux-modules.sh $(GUESTS)/linux-generic
	@$(call say,TAR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tools/linux-modules.sh $(BUILD)/cache $@ $(DRIVERS)

DEVICES_FILES := $(GUESTS)/obj/linux/port $(GUESTS)/obj/linux/modules.tar tests/guests/linux/devices
$(GUESTS)/initrd-devices: tools/mkinitrd.sh tests/guests/linux/init $(DEVICES_FILES)
	@$(call say,CPIO,$@)
	$(Q)tools/mkinitrd.sh tests/guests/linux/init $@ $(DEVICES_FILES)

# One with the kernel to go on with, by Debian's kexec-tools.
KEXEC_FILES := $(INITRD_FILES) $(GUESTS)/linux $(GUESTS)/initrd
$(GUESTS)/initrd-kexec: tools/mkinitrd.sh tests/guests/linux/init $(KEXEC_FILES)
	@$(call say,CPIO,$@)
	$(Q)tools/mkinitrd.sh tests/guests/linux/init $@ $(KEXEC_FILES) /usr/sbin/kexec

.PHONY: guests guest-programs
guest-programs: $(GUEST_PROGRAMS)
guests: $(GUESTS)/linux $(INITRDS) $(GUEST_PROGRAMS) ## all guest images

# --- Scenarios ----------------------------------------------------------------------------------------

# What the tool writes; files that would not change it leaves alone, so .stamp says that it has run.
tables-of = $(addprefix $(BUILD)/$(1)/,tables.c manifest.json layout.lds host_image.lds)

# $(call scenario-rules,NAME,FILE): from the source to the ISO. Files of the same name in two folders share
# an output, so .source remembers which one it came from. modules.mk names the images that the
# scenario boots; it is included below, for the scenarios that this run of make is about.
define scenario-rules
$(call remember,$(BUILD)/$(1)/.source,$(2))

$(BUILD)/$(1)/.stamp: $(2) $$(TOOL) $(BUILD)/$(1)/.source $$(if $$(word 4,$$(wildcard $(call tables-of,$(1)))),,FORCE)
	@$$(call say,TABLES,$(1))
	$$(Q)mkdir -p $(BUILD)/$(1)
	$$(Q)cpp -MM -MP -undef -nostdinc -x assembler-with-cpp -I$$(dir $(2)) -Iscenarios \
		-MT $$@ -MF $(BUILD)/$(1)/scenario.d $(2)
	$$(Q)sed -i '1s|: $(2)|:|' $(BUILD)/$(1)/scenario.d # which may have moved when this is read again
	$$(Q)grep -q '[/ ]$$(CONFIG_BOARD)\.dtsi' $(BUILD)/$(1)/scenario.d || echo \
		'$(2): warning: does not include $$(CONFIG_BOARD).dtsi, the board of this build (CONFIG_BOARD)' >&2
	$$(Q)$$(TOOL) build $(2) -I scenarios -o $(BUILD)/$(1)
	$$(Q)touch $$@
$(call tables-of,$(1)): $(BUILD)/$(1)/.stamp ;

$(BUILD)/$(1)/modules.mk: $(BUILD)/$(1)/manifest.json tools/manifest.py
	$$(Q)$$(PYTHON) tools/manifest.py make $$< $(BUILD) $(BUILD)/$(1)/bulkhead.iso >$$@

$(BUILD)/$(1)/tables.o: $(BUILD)/$(1)/tables.c $$(AUTOCONF) $(BUILD)/hypervisor/.flags
	@$$(call say,CC,$$<)
	$$(Q)$$(CC) $$(HV_CFLAGS) -MMD -MP -MF $(BUILD)/$(1)/tables.d -c $$< -o $$@

$(BUILD)/$(1)/bulkhead.elf: $$(HV_OBJECTS) $$(HV_ARCHIVE) $(BUILD)/$(1)/tables.o hypervisor/bulkhead.lds \
		$(BUILD)/$(1)/layout.lds $(BUILD)/$(1)/host_image.lds $(BUILD)/hypervisor/.link
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(HV_LDFLAGS) -L$(BUILD)/$(1) -Wl,-T,hypervisor/bulkhead.lds \
		-Wl,-Map,$(BUILD)/$(1)/bulkhead.map -o $$@ $$(filter %.o,$$^) $$(HV_ARCHIVE)

# What the image lets each VM reach; an image that breaks a rule goes no further than this.
$(BUILD)/$(1)/verify.txt: $(BUILD)/$(1)/bulkhead.elf $$(TOOL)
	@$$(call say,VERIFY,$(1))
	$$(Q)$$(TOOL) verify $$< --scenario $(2) -I scenarios --report >$$@

$(BUILD)/$(1)/bulkhead.iso: $(BUILD)/$(1)/bulkhead.elf $(BUILD)/$(1)/manifest.json grub.cfg \
		tools/mkiso.py tools/manifest.py $(BUILD)/$(1)/verify.txt
	@$$(call say,ISO,$$@)
	$$(Q)$$(PYTHON) tools/mkiso.py --manifest $(BUILD)/$(1)/manifest.json --build $(BUILD) \
		--elf $$< --out $$@
endef

SCENARIOS := $(patsubst scenarios/%.dts,%,$(wildcard scenarios/*.dts))
$(foreach s,$(filter-out $(SCENARIO_NAME),$(SCENARIOS)),\
	$(eval $(call scenario-rules,$(s),scenarios/$(s).dts)))
# Those that only boot tests are for.
TEST_SCENARIOS := $(patsubst tests/boot/scenarios/%.dts,%,$(wildcard tests/boot/scenarios/*.dts))
$(foreach s,$(filter-out $(SCENARIO_NAME),$(TEST_SCENARIOS)),\
	$(eval $(call scenario-rules,$(s),tests/boot/scenarios/$(s).dts)))
$(eval $(call scenario-rules,$(SCENARIO_NAME),$(SCENARIO_FILE)))

# The scenarios that the goals are about: those named by path, all for `isos`, else $(SCENARIO).
named := $(filter $(SCENARIOS) $(TEST_SCENARIOS),$(foreach g,$(filter $(BUILD)/%,$(goals)),\
	$(firstword $(subst /, ,$(g:$(BUILD)/%=%)))))
active := $(sort $(named) $(if $(filter isos test-isos,$(goals)),$(SCENARIOS)) \
	$(if $(filter test-isos,$(goals)),$(TEST_SCENARIOS)) \
	$(if $(filter all iso,$(goals)),$(SCENARIO_NAME)))
$(foreach s,$(active),$(eval include $(BUILD)/$(s)/modules.mk))

.PHONY: all iso isos test-isos elf
all: iso
elf: $(OUT)/verify.txt
iso: $(OUT)/bulkhead.iso ## bootable image of SCENARIO (default goal)
isos: $(foreach s,$(SCENARIOS),$(BUILD)/$(s)/bulkhead.iso) ## bootable images of all scenarios
test-isos: isos $(foreach s,$(TEST_SCENARIOS),$(BUILD)/$(s)/bulkhead.iso)

# --- Running ------------------------------------------------------------------------------------------

.PHONY: bootstrap run
bootstrap: ## install the Debian packages that are missing
	$(Q)tools/bootstrap.sh

# Packages first: nothing can be built, not even auto.mk, before they are there. Hence the second make.
run: ## build SCENARIO and boot it in Bochs, all consoles in this terminal
	$(Q)tools/bootstrap.sh
	$(Q)+$(MAKE) --no-print-directory iso
	$(Q)$(PYTHON) tools/run.py --manifest $(OUT)/manifest.json --iso $(OUT)/bulkhead.iso $(RUN)

# --- Tests --------------------------------------------------------------------------------------------

UNIT_DIR := $(BUILD)/unit
UNIT_EXTRA :=#  flags of `make coverage`
UNIT_OWN :=#    and of single sources
UNIT_CFLAGS = -std=gnu17 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all $(WARNINGS) -D_GNU_SOURCE -DBULKHEAD_UNIT_TEST=1 -Itests/unit/fake -Itests/unit \
	-Ihypervisor -Ihypervisor/include -Itools/bulkhead -include $(AUTOCONF) $(UNIT_EXTRA)
$(eval $(call remember,$(UNIT_DIR)/.flags,$(CC) $(UNIT_CFLAGS)))

# Every variable unit-NAME of unit.mk is a test program.
include tests/unit/unit.mk
include tests/fuzz/fuzz.mk
TSAN_TESTS := $(sort $(patsubst tsan-%,%,$(filter tsan-%,$(.VARIABLES))))
UNIT_TESTS := $(sort $(patsubst unit-%,%,$(filter unit-%,$(.VARIABLES))) $(TSAN_TESTS:%=%_tsan))

$(UNIT_DIR)/obj/%.c.o: %.c $(AUTOCONF) $(UNIT_DIR)/.flags
	@$(call say,CC,$< (unit))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_CFLAGS) $(UNIT_OWN) $(DEPEND) -c $< -o $@

# All texts of the build, packed and plain, for the test of unpacking.
$(UNIT_DIR)/texts.inc: $(PREPROCESSED) $(PACK_TEXTS)
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) tools/pack_texts.py list $(PREPROCESSED) >$@
$(UNIT_DIR)/obj/tests/unit/packed_text_test.c.o: $(UNIT_DIR)/texts.inc
$(UNIT_DIR)/obj/tests/unit/packed_text_test.c.o: UNIT_OWN := -I$(UNIT_DIR)

# Counters of what is tested with threads are atomic, or they come out negative, which gcovr refuses. Not all are: it is slow.
$(patsubst %,$(UNIT_DIR)/obj/%.o,$(foreach t,$(TSAN_TESTS),$(tsan-$(t)))): UNIT_OWN = $(UNIT_EXTRA:--coverage=-fprofile-update=atomic)

define unit-rules
$(UNIT_DIR)/$(1): $(patsubst %,$(UNIT_DIR)/obj/%.o,$(unit-$(1)))
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) -fsanitize=address,undefined $$(UNIT_EXTRA) -o $$@ $$^ -lcmocka $$(TOOL_LIBS)
endef
$(foreach t,$(filter-out %_tsan,$(UNIT_TESTS)),$(eval $(call unit-rules,$(t))))

# Without coverage counters: nothing is counted here.
$(UNIT_DIR)/obj/tsan/%.c.o: %.c $(AUTOCONF) $(UNIT_DIR)/.flags
	@$(call say,CC,$< (threads))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(patsubst -fsanitize=%,-fsanitize=thread,$(filter-out $(UNIT_EXTRA),$(UNIT_CFLAGS))) \
		$(DEPEND) -c $< -o $@

define tsan-rules
$(UNIT_DIR)/$(1)_tsan: $(patsubst %,$(UNIT_DIR)/obj/tsan/%.o,$(tsan-$(1)))
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) -fsanitize=thread -o $$@ $$^ -lcmocka
endef
$(foreach t,$(TSAN_TESTS),$(eval $(call tsan-rules,$(t))))

CHECK = $(PYTHON) tests/check.py --build $(BUILD) --cc $(CC) $(if $(TEST),-k $(TEST))

.PHONY: unit-build unit tool-tests report-tests boot-tests lint check coverage
unit-build: $(UNIT_TESTS:%=$(UNIT_DIR)/%)
unit: ## unit tests
	$(Q)+$(CHECK) unit
tool-tests: ## tests of the scenario compiler and the scripts
	$(Q)+$(CHECK) tool
report-tests: ## reports and maps in a headless browser, man pages, completion
	$(Q)+$(CHECK) report
boot-tests: ## boot scenarios in Bochs and judge them by what the guests print
	$(Q)+$(CHECK) boot
lint: ## formatting, static analysis, warnings of gcc and clang
	$(Q)+$(CHECK) lint
check: ## everything that can fail: all of the above
	$(Q)tools/bootstrap.sh
	$(Q)+$(CHECK)
coverage: ## run the unit tests with counters; report in build/coverage/index.html
	$(Q)+$(MAKE) --no-print-directory UNIT_DIR=$(BUILD)/coverage UNIT_EXTRA=--coverage coverage-report

.PHONY: coverage-report
coverage-report: unit-build mutate-build
	$(Q)find $(UNIT_DIR) -name '*.gcda' -delete
	$(Q)+$(CHECK) --unit-dir $(UNIT_DIR) unit
	$(Q)$(PYTHON) tests/tool/test_fixtures.py --tool $(UNIT_DIR)/bulkhead-sanitized >$(UNIT_DIR)/fixtures.log
	$(Q)tail -n 1 $(UNIT_DIR)/fixtures.log
	$(Q)$(PYTHON) tests/mutate/mutate.py --tool $(UNIT_DIR)/bulkhead-sanitized --build $(BUILD) --unchanged \
		>$(UNIT_DIR)/scenarios.log
	$(Q)tail -n 1 $(UNIT_DIR)/scenarios.log
	$(Q)gcovr --root . --filter hypervisor/ --filter tools/bulkhead/ --object-directory $(UNIT_DIR) \
		--html-details $(UNIT_DIR)/index.html --print-summary $(UNIT_DIR)
	$(Q)echo 'rules and emitters:'
	$(Q)gcovr --root . --filter 'tools/bulkhead/(rules|emit|acpi|ept|bitmap|msr_policy|place|claims)' \
		--object-directory $(UNIT_DIR) --fail-under-line 95 $(UNIT_DIR)

# Longer than `make check` may take, whose boot/memtest sees its beginning.
.PHONY: memtest
memtest: ## memtest86+ in a VM, a whole pass
	$(Q)+$(MAKE) --no-print-directory $(BUILD)/memtest/bulkhead.iso
	$(Q)BULKHEAD_BUILD=$(BUILD) $(PYTHON) tests/boot/test_memtest.py --pass

# Longer than `make check` may take: some 30 boots, one after the other. TEST=text picks cases.
.PHONY: guest-matrix
guest-matrix: ## boot Debian's kernels in many ways; table in build/guest-matrix.md
	$(Q)$(PYTHON) tests/boot/matrix.py --build $(BUILD) --out $(BUILD)/guest-matrix.md $(if $(TEST),-k $(TEST))

# Longer than `make check` may take, too: what of it is quick is there as well.
TORTURE_SECONDS ?= 600#   of random instructions in `make torture`
.PHONY: torture
torture: ## all attacks, injected faults, 1,000 lives, random instructions (TORTURE_SECONDS)
	$(Q)+$(MAKE) --no-print-directory test-isos
	$(Q)$(PYTHON) tests/boot/torture.py --build $(BUILD) --seconds $(TORTURE_SECONDS)

include tests/mutate/mutate.mk
include tests/scale/scale.mk
include tests/bench/bench.mk
.PHONY: stress stress-build
stress-build: mutate-build scale-build
stress: ## a sample of `make mutate` and `make bench-tool`
	$(Q)+$(CHECK) stress
bench-tool: bench-tool-run ## how the scenario compiler's work grows with the scenario
bench: ## the same guest natively, under Bulkhead and under KVM: table and picture (BENCH="--quick", "--record")
	$(Q)tools/bootstrap.sh
	$(Q)+$(MAKE) --no-print-directory bench-run
mutate: mutate-run ## scenarios changed by the thousand: rejected, or built and proved (MUTATE_SECONDS)
fuzz: $(FUZZERS:%=fuzz-run-%) ## fuzz the parsers, a minute each (FUZZ_SECONDS)

# Value of a variable, for scripts.
print-%:
	@echo '$($*)'

# --- Installing ---------------------------------------------------------------------------------------

.PHONY: install
install: $(TOOL) ## the scenario compiler, its man pages and completion into PREFIX
	$(Q)install -D -m 755 $(TOOL) $(DESTDIR)$(PREFIX)/bin/bulkhead
	$(Q)install -D -m 644 docs/man/bulkhead.1 $(DESTDIR)$(PREFIX)/share/man/man1/bulkhead.1
	$(Q)install -D -m 644 docs/man/bulkhead-scenario.5 $(DESTDIR)$(PREFIX)/share/man/man5/bulkhead-scenario.5
	$(Q)install -D -m 644 tools/completion/bulkhead.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/bulkhead

# --- Cleaning, help -----------------------------------------------------------------------------------

.PHONY: clean distclean help
clean: ## remove what was built; keep downloads and .config
	$(Q)test ! -d $(BUILD) || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +
distclean: ## remove everything that is not in git
	$(Q)rm -rf $(BUILD) $(KCONFIG_CONFIG) $(KCONFIG_CONFIG).old

help: ## this list
	@echo 'Targets:'
	@sed -n 's/^\([a-z_-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22
	@echo 'Variables (make NAME=value):'
	@sed -n 's/^\([A-Z_]*\) ?= *\([^#]*\)# *\(.*\)/  \1=\2\t\3/p' $(firstword $(MAKEFILE_LIST)) | expand -t 28
	@echo 'Scenarios: $(SCENARIOS)'

# --- Dependency files ---------------------------------------------------------------------------------

-include $(patsubst %.o,%.d,$(HV_OBJECTS) $(HV_PARTS:%=$(BUILD)/%.o) $(TOOL_OBJECTS)) $(wildcard $(BUILD)/*/scenario.d $(BUILD)/*/tables.d)
-include $(shell find $(UNIT_DIR)/obj -name '*.d' 2>/dev/null)
