/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a VM's DSDT that describes its PCI buses. */
#ifndef BULKHEAD_TOOL_ACPI_PCI_H
#define BULKHEAD_TOOL_ACPI_PCI_H

#include <stdio.h>

#include "bulkhead/tables.h"

/*
 * One root bridge per bus on which the VM owns a function (the real bridges belong to no VM): its bus
 * number, the windows of the VM's own BARs, and where its functions' INTx go. Nothing for a VM without
 * PCI functions.
 */
void acpi_print_pci(FILE *file, const struct vm_config *vm);

#endif
