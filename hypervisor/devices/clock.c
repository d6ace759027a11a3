/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/clock.h"

#include "bulkhead/tables.h"
#include "cpu/frequency.h"
#include "cpu/tsc.h"

/* In two parts, so that no product exceeds 64 bits: rates are below 2^32. */
uint64_t clock_convert(uint64_t ticks, uint64_t from_hz, uint64_t to_hz)
{
	return ticks / from_hz * to_hz + ticks % from_hz * to_hz / from_hz;
}

uint64_t clock_since(uint64_t tsc, uint64_t hz)
{
	uint64_t rate = tsc_frequency(&scenario_tables);

	/* the machine check refuses a machine whose rate nobody knows */
	return rate ? clock_convert(tsc_host() - tsc, rate, hz) : 0;
}

uint64_t clock_ticks(uint64_t hz)
{
	return clock_since(0, hz);
}

uint64_t clock_due(uint64_t ticks, uint64_t hz)
{
	uint64_t rate = tsc_frequency(&scenario_tables);

	return rate && ticks != UINT64_MAX ? clock_convert(ticks, hz, rate) + 1 : UINT64_MAX;
}
