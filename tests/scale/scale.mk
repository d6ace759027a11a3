# SPDX-License-Identifier: Apache-2.0
#
# How the scenario compiler's work grows with the scenario, by a tool with the largest capacities.

SCALE := $(BUILD)/scale

$(SCALE)/config: tests/scale/config
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

.PHONY: scale-build bench-tool bench-tool-run
scale-build: $(SCALE)/config
	$(Q)+$(MAKE) --no-print-directory BUILD=$(SCALE) KCONFIG_CONFIG=$(SCALE)/config tool
bench-tool-run: scale-build
	$(Q)$(PYTHON) tests/scale/scale.py --tool $(SCALE)/tools/bulkhead --out $(SCALE)
