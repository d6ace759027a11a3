/* SPDX-License-Identifier: Apache-2.0 */
/* PCI functions: the tables of the hypervisor's filter, and what the board has in all. */
#ifndef BULKHEAD_TOOL_EMIT_PCI_H
#define BULKHEAD_TOOL_EMIT_PCI_H

#include <stdio.h>

#include "emit_plan.h"

/* Fills in config->pci_functions, sorted by address. */
void plan_pci_functions(struct plan *plan, struct vm_config *config, const struct vm *vm);

/* Fills in scenario.pci, sorted by address, and the place of memory-mapped configuration space. */
void plan_pci_inventory(struct plan *plan);

void emit_pci_functions(FILE *file, const struct vm_config *vm);
void emit_pci_inventory(FILE *file, const struct scenario *scenario);

#endif
