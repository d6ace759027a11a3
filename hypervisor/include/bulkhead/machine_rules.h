/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of the check that the hypervisor makes at boot: the machine against the tables. The hypervisor
 * prints the code with each difference; the scenario compiler lists and explains them.
 */
#ifndef BULKHEAD_MACHINE_RULES_H
#define BULKHEAD_MACHINE_RULES_H

/* X(code, name, title) */
#define MACHINE_RULES(X)                                                        \
	X(BHC001, TABLES_VERSION, "tables of another version")                  \
	X(BHC002, CAPACITY, "more than the hypervisor was built for")           \
	X(BHC101, CORE_MISSING, "core missing")                                 \
	X(BHC102, BOOT_CORE, "boot core is not on the board")                   \
	X(BHC103, CORE_CAPABILITY, "core cannot do what VMX needs")             \
	X(BHC104, CORE_SILENT, "core does not start")                           \
	X(BHC105, NO_MADT, "cores and IOAPICs unknown")                         \
	X(BHC201, RAM_MISSING, "RAM missing")                                   \
	X(BHC202, DEVICE_IS_RAM, "RAM in place of device registers")            \
	X(BHC203, ADDRESS_WIDTH, "memory beyond the processor's address width") \
	X(BHC204, UNREACHABLE, "memory beyond the hypervisor's reach")          \
	X(BHC301, IOAPIC_MISSING, "IOAPIC missing")                             \
	X(BHC302, IOAPIC_DIFFERS, "IOAPIC differs")                             \
	X(BHC401, MODULE_MISSING, "module missing")                             \
	X(BHC402, MODULE_EMPTY, "module is empty")                              \
	X(BHC403, MODULE_TWICE, "module loaded twice")                          \
	X(BHC404, MODULE_PLACE, "module loaded over the trampoline")            \
	X(BHC405, IMAGE, "image cannot be loaded")                              \
	X(BHC406, IMAGE_STORE, "image store too small")                         \
	X(BHC501, FREQUENCY, "clock rate unknown")                              \
	X(BHC601, PCI_FUNCTION, "PCI function differs")                         \
	X(BHC602, PCI_BAR, "BAR differs")

#define MACHINE_RULE_ENUM(code, name, title) MACHINE_##name,
enum machine_rule { MACHINE_RULES(MACHINE_RULE_ENUM) MACHINE_RULE_COUNT };
#undef MACHINE_RULE_ENUM

#endif
