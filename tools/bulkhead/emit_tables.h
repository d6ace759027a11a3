/* SPDX-License-Identifier: Apache-2.0 */
/* Printers of tables.c. All write to a stream whose errors the caller checks. */
#ifndef BULKHEAD_TOOL_EMIT_TABLES_H
#define BULKHEAD_TOOL_EMIT_TABLES_H

#include <stdio.h>

#include "emit_plan.h"

/* tables.c, complete. */
void emit_tables(FILE *file, const struct plan *plan);

/* All that belongs to one VM but its struct vm_config: emit_vm_config(). */
void emit_vm_tables(FILE *file, const struct plan *plan, uint32_t vm);

/* The element of `vms` for the VM, as a brace-enclosed initialiser with its index. */
void emit_vm_config(FILE *file, const struct plan *plan, uint32_t vm);

/* The page tables of a VM as vmN_ept_pml4, vmN_ept_pdpt0 and so on, each after those that it refers to. */
void emit_ept(FILE *file, const struct ept *ept, uint32_t vm, const char *vm_name);

/* A string literal that gcc and clang read back as exactly these bytes. */
void emit_string(FILE *file, const char *text);

/* Initialisers [offset ...] for a part of a bitmap, with the numbers whose bits are 0 as comments. */
void emit_bitmap(FILE *file, const uint8_t *bitmap, size_t size, size_t offset, uint32_t first);

/* The bytes, separated by commas, twelve a line. */
void emit_bytes(FILE *file, const uint8_t *bytes, size_t size);

#endif
