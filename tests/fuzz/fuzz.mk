# SPDX-License-Identifier: Apache-2.0
#
# Fuzzers, one line each:
#
#   fuzz-NAME := all sources, those under test included
#
# `make fuzz` builds them with clang's libFuzzer and the sanitizers and runs each for FUZZ_SECONDS.
# What they found stays in $(BUILD)/fuzz/NAME.corpus, so that the next run goes on from there.

FUZZ_SECONDS ?= 60#       how long `make fuzz` runs each fuzzer

fuzz-multiboot2 := tests/fuzz/multiboot2_fuzz.c hypervisor/boot/multiboot2.c hypervisor/boot/memory_map.c
fuzz-loader := tests/fuzz/loader_fuzz.c $(addprefix hypervisor/,loader/loader.c loader/plan.c loader/raw.c \
	loader/elf.c loader/linux.c loader/placement.c vm/guest_memory.c lib/format.c lib/error.c)
fuzz-mmio_decode := tests/fuzz/mmio_decode_fuzz.c hypervisor/vm/mmio_decode.c hypervisor/vm/mmio_execute.c \
	hypervisor/vm/guest_memory.c

FUZZERS := $(sort $(patsubst fuzz-%,%,$(filter fuzz-%,$(.VARIABLES))))
FUZZ_CFLAGS := -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	$(WARNINGS) -D_GNU_SOURCE -Itests/unit/fake -Ihypervisor -Ihypervisor/include -include $(AUTOCONF)

define fuzz-rules
$(BUILD)/fuzz/$(1): $(fuzz-$(1)) $(wildcard hypervisor/*/*.h) $(AUTOCONF) tests/fuzz/fuzz.mk
	@$$(call say,FUZZER,$$@)
	$$(Q)mkdir -p $$@.corpus
	$$(Q)clang $(FUZZ_CFLAGS) -o $$@ $(fuzz-$(1))

.PHONY: fuzz-run-$(1)
fuzz-run-$(1): $(BUILD)/fuzz/$(1)
	$$(Q)$$< -max_len=4096 -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		-artifact_prefix=$(BUILD)/fuzz/ $$<.corpus
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz-rules,$(f))))

.PHONY: fuzz
