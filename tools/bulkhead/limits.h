/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hypervisor was configured with, as far as a scenario has to respect it. The values come from
 * autoconf.h, which every file is compiled with (see configs/Kconfig).
 */
#ifndef BULKHEAD_TOOL_LIMITS_H
#define BULKHEAD_TOOL_LIMITS_H

#define LIMIT_CORES          CONFIG_MAX_CORES
#define LIMIT_VMS            CONFIG_MAX_VMS
#define LIMIT_VCPUS          CONFIG_MAX_VCPUS
#define LIMIT_VCPUS_PER_VM   CONFIG_MAX_VCPUS_PER_VM
#define LIMIT_MODULES        CONFIG_MAX_MODULES
#define LIMIT_MEMORY_REGIONS CONFIG_MAX_MEMORY_REGIONS
#define LIMIT_PORT_RANGES    CONFIG_MAX_PORT_RANGES
#define LIMIT_PINS           CONFIG_MAX_PINS
#define LIMIT_RAM_RANGES     CONFIG_MAX_RAM_RANGES
#define LIMIT_IOAPICS        CONFIG_MAX_IOAPICS
#define LIMIT_DEVICES        CONFIG_MAX_DEVICES

/* The ports of the hypervisor's own console. */
#define CONSOLE_PORT       (CONFIG_CONSOLE_SERIAL ? CONFIG_SERIAL_PORT : 0xE9)
#define CONSOLE_PORT_COUNT (CONFIG_CONSOLE_SERIAL ? 8 : 1)
#define CONSOLE_SYMBOL     (CONFIG_CONSOLE_SERIAL ? "CONFIG_SERIAL_PORT" : "CONFIG_CONSOLE_DEBUGCON")

#endif
