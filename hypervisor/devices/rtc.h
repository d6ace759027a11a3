/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual MC146818 clock with 128 bytes of CMOS memory. It starts with the real clock's time and goes by
 * the TSC; a VM may set its own. It raises no interrupts. The bytes that firmware looks for memory sizes and
 * the number of processors in are filled in.
 */
#ifndef DEVICES_RTC_H
#define DEVICES_RTC_H

#include "bulkhead/tables.h"
#include "lib/optional.h"

#define RTC_MEMORY_SIZE 128

struct rtc {
	uint8_t index;
	uint8_t memory[RTC_MEMORY_SIZE]; /* with registers A and B; not the time */
	bool frozen;         /* SET of register B: the guest is about to write the time */
	uint8_t written[10]; /* the time as the guest sees or writes it while frozen */
	uint8_t written_century;
	int64_t offset; /* seconds that the guest's clock is ahead of the machine's */
};

/* Reads the machine's clock. Once, on the BSP, while no VM runs; only if a VM has such a device. */
void rtc_init(void) OPTIONAL;

void rtc_reset(struct rtc *rtc, const struct vm_config *vm) OPTIONAL;

/* Ports 0x70 and 0x71. */
uint8_t rtc_read(struct rtc *rtc, uint16_t port) OPTIONAL;
void rtc_write(struct rtc *rtc, uint16_t port, uint8_t value) OPTIONAL;

#endif
