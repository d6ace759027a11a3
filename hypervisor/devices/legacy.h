/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the PC that firmware leaves active and that no guest may be disturbed by. */
#ifndef DEVICES_LEGACY_H
#define DEVICES_LEGACY_H

/* Masks all inputs of both 8259 interrupt controllers. */
void legacy_silence(void);

#endif
