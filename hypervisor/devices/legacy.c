/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/legacy.h"

#include "cpu/privileged.h"

/* Interrupt mask registers (8259A datasheet, OCW1) */
#define PIC_MASTER_MASK 0x21
#define PIC_SLAVE_MASK  0xA1

void legacy_silence(void)
{
	io_write8(PIC_MASTER_MASK, 0xFF);
	io_write8(PIC_SLAVE_MASK, 0xFF);
}
