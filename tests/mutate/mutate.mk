# SPDX-License-Identifier: Apache-2.0
#
# The scenario compiler with sanitizers, out of the unit tests' objects, and the mutation test that runs it.

MUTATE_SECONDS ?= 600#    how long `make mutate` runs; 0 runs all mutants, which takes hours
SANITIZED_TOOL := $(UNIT_DIR)/bulkhead-sanitized

$(SANITIZED_TOOL): $(TOOL_SOURCES:%=$(UNIT_DIR)/obj/%.o) $(SHARED_SOURCES:%=$(UNIT_DIR)/obj/%.o) $(BUILD)/tools/obj/pages.o
	@$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=address,undefined $(UNIT_EXTRA) -o $@ $^ $(TOOL_LIBS)

.PHONY: mutate mutate-run mutate-build
mutate-build: $(SANITIZED_TOOL) $(HV_OBJECTS) $(HV_ARCHIVE)
mutate-run: mutate-build
	$(Q)$(PYTHON) tests/mutate/mutate.py --tool $(SANITIZED_TOOL) --build $(BUILD) --seconds $(MUTATE_SECONDS)
