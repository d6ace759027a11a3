/* SPDX-License-Identifier: Apache-2.0 */
/* What the fields of APIC ids mean on a board. */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H

#include "model.h"

/*
 * Widths of the low fields of APIC ids (SDM 3.9.9.1): the least with which all threads of any one core agree
 * in the bits above `thread_bits`, and all cores of any one package in those above `package_bits`.
 */
void topology_widths(const struct board *board, uint32_t *thread_bits, uint32_t *package_bits);

#endif
