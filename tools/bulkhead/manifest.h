/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json: what the ISO builder and the runner need to know about a scenario. */
#ifndef BULKHEAD_TOOL_MANIFEST_H
#define BULKHEAD_TOOL_MANIFEST_H

#include "emit_plan.h"

/*
 * Writes directory/manifest.json: an object with sorted keys
 *
 *   name, description, hash (64 hexadecimal digits), title (of the GRUB entry),
 *   board { model, cpus (enabled cores), memory_mib (to the top of RAM), tsc_frequency_hz }
 *   hypervisor { base, size }
 *   modules [ { name, file, used_by [VM names] } ], as in scenario_tables
 *   vms [ { name, cpus [APIC ids], console, report (string or null) } ]
 *
 * console is the first UART or debug port that the VM owns, { device, compatible, port }, or null.
 */
bool manifest_write(const struct plan *plan, const char *directory);

#endif
