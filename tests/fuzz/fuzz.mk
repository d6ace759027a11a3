# SPDX-License-Identifier: Apache-2.0
#
# Fuzzers, one line each:
#
#   fuzz-NAME := all sources, those under test included
#
# `make fuzz` builds them with clang's libFuzzer and the sanitizers and runs each for FUZZ_SECONDS,
# beginning with tests/fuzz/corpus/NAME. What they found stays in $(BUILD)/fuzz/NAME.corpus, so that the next
# run goes on from there. Each is a unit test too, fuzz_NAME, that runs over tests/fuzz/corpus/NAME alone: a
# crash that `make fuzz` finds is copied there once it is understood.

FUZZ_SECONDS ?= 60#       how long `make fuzz` runs each fuzzer

fuzz-multiboot2 := tests/fuzz/multiboot2_fuzz.c hypervisor/boot/multiboot2.c hypervisor/boot/memory_map.c $(format)
fuzz-loader := tests/fuzz/loader_fuzz.c $(addprefix hypervisor/,loader/loader.c loader/plan.c loader/raw.c \
	loader/elf.c loader/linux.c loader/linux_place.c loader/linux_elf.c loader/linux_long.c loader/multiboot.c loader/multiboot1.c \
	loader/multiboot2.c loader/platform.c loader/room.c loader/rom.c loader/placement.c vm/guest_memory.c lib/format.c lib/packed_text.c lib/text_pairs.c lib/texts.c lib/error.c)
fuzz-mmio_decode := tests/fuzz/mmio_decode_fuzz.c hypervisor/vm/mmio_decode.c hypervisor/vm/mmio_execute.c \
	hypervisor/vm/mmio_alu.c hypervisor/vm/register_set.c hypervisor/vm/guest_memory.c
fuzz-console := tests/fuzz/console_fuzz.c $(addprefix hypervisor/,console/line.c console/words.c \
	console/commands.c lib/format.c lib/packed_text.c lib/text_pairs.c)
# tool_support.c stands in for files and programs.
fuzz-front := tests/fuzz/tool_support.c \
	$(filter-out tools/bulkhead/process.c tools/bulkhead/source.c,$(front-sources))
fuzz-tool_blob := tests/fuzz/tool_blob_fuzz.c $(fuzz-front)
fuzz-tool_reader := tests/fuzz/tool_reader_fuzz.c $(fuzz-front)
fuzz-tool_image := tests/fuzz/tool_image_fuzz.c $(front-sources)
fuzz-verify := tests/fuzz/verify_fuzz.c tools/bulkhead/arena.c tools/bulkhead/cpu_features.c tools/bulkhead/topology.c \
	tools/bulkhead/virtual.c \
	$(filter-out tools/bulkhead/verify_command.c,$(wildcard tools/bulkhead/verify*.c))

# An image is larger than other inputs, and most of it is tables that are hardly ever looked at twice. Those it begins
# with are made anew each time by the unit test that corrupts them: stored ones would be refused for their version soon.
fuzz-options-verify := -max_len=524288 -len_control=0
fuzz-seeds-verify := $(BUILD)/fuzz/verify.seeds

FUZZERS := $(sort $(patsubst fuzz-%,%,$(filter-out fuzz-options-% fuzz-seeds-% fuzz-front,$(filter fuzz-%,$(.VARIABLES)))))
$(foreach f,$(FUZZERS),$(eval unit-fuzz_$(f) := tests/fuzz/main.c $(fuzz-$(f))))

# Without pointer-overflow, which finds NULL + 0 in loops over empty arrays: the next C standard defines it, as
# every compiler does.
FUZZ_CFLAGS := -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize=pointer-overflow \
	-fno-sanitize-recover=all \
	$(WARNINGS) -D_GNU_SOURCE -Itests/unit/fake -Ihypervisor -Ihypervisor/include -Itools/bulkhead \
	-include $(AUTOCONF)

define fuzz-rules
$(BUILD)/fuzz/$(1): $(fuzz-$(1)) $(wildcard hypervisor/*/*.h tools/bulkhead/*.h tests/fuzz/*.h) $(AUTOCONF) tests/fuzz/fuzz.mk
	@$$(call say,FUZZER,$$@)
	$$(Q)mkdir -p $$@.corpus
	$$(Q)clang $(FUZZ_CFLAGS) -o $$@ $(fuzz-$(1)) $(TOOL_LIBS)

.PHONY: fuzz-run-$(1)
fuzz-run-$(1): $(BUILD)/fuzz/$(1) $(fuzz-seeds-$(1))
	$$(Q)$$< $(or $(fuzz-options-$(1)),-max_len=4096) -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		-timeout=10 -artifact_prefix=$(BUILD)/fuzz/ $$<.corpus tests/fuzz/corpus/$(1) $(fuzz-seeds-$(1))
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz-rules,$(f))))

.PHONY: $(fuzz-seeds-verify)
$(fuzz-seeds-verify): $(BUILD)/unit/tool_verify
	$(Q)mkdir -p $@ && VERIFY_SEEDS=$@ $< >$@.log 2>&1 || { cat $@.log >&2; false; }

.PHONY: fuzz
