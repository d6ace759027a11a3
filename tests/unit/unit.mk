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

unit-guest_memory := tests/unit/guest_memory_test.c tests/unit/fake/fake_memory.c \
	hypervisor/vm/guest_memory.c
