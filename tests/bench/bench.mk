# SPDX-License-Identifier: Apache-2.0
#
# `make bench` (README.md here): the measuring guest, its hosts, and their images.

BENCH_DIR := tests/bench
BENCH_GUEST_OBJ := $(GUESTS)/obj/bench
BENCH_GUEST_SOURCES := $(filter-out %/role_measure.c %/role_neighbour.c,\
	$(sort $(wildcard $(BENCH_DIR)/guest/*.c $(BENCH_DIR)/guest/*.S)))
BENCH_GUEST_OBJECTS := $(BENCH_GUEST_SOURCES:$(BENCH_DIR)/guest/%=$(BENCH_GUEST_OBJ)/%.o) \
	$(addprefix $(GUEST_OBJ)/lib/,frequency.c.o print.c.o start.S.o) $(guest-console-com1)
GUEST_PROGRAMS += $(GUESTS)/bench $(GUESTS)/bench-neighbour

$(BENCH_GUEST_OBJ)/%.o: $(BENCH_DIR)/guest/% $(GUEST_OBJ)/.flags
	@$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -Ihypervisor $(DEPEND) -c $< -o $@

$(GUESTS)/bench: $(BENCH_GUEST_OBJECTS) $(BENCH_GUEST_OBJ)/role_measure.c.o $(BENCH_DIR)/guest/bench.lds
	$(call guest-link,$(BENCH_DIR)/guest/bench.lds)
$(GUESTS)/bench-neighbour: $(BENCH_GUEST_OBJECTS) $(BENCH_GUEST_OBJ)/role_neighbour.c.o \
		$(BENCH_DIR)/guest/bench.lds
	$(call guest-link,$(BENCH_DIR)/guest/bench.lds)

-include $(wildcard $(BENCH_GUEST_OBJ)/*.d)
