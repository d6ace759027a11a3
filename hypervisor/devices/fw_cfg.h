/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware configuration interface, by which firmware for virtual machines (SeaBIOS) asks what it can't probe: a 16-bit
 * selector at port 0x510, and the bytes of the selected item one after the other at port 0x511. The layout of items and
 * of the file directory is QEMU's (docs/specs/fw_cfg there); it is read-only and has no DMA.
 */
#ifndef DEVICES_FW_CFG_H
#define DEVICES_FW_CFG_H

#include "bulkhead/tables.h"
#include "lib/optional.h"

struct fw_cfg {
	uint16_t item;
	uint32_t offset; /* of the next byte in it */
};

/* IN and OUT of `size` bytes at one of the two ports. */
uint32_t fw_cfg_read(struct fw_cfg *fw_cfg, const struct vm_config *vm, uint16_t port,
		     unsigned size) OPTIONAL;
void fw_cfg_write(struct fw_cfg *fw_cfg, uint16_t port, unsigned size, uint32_t value) OPTIONAL;

#endif
