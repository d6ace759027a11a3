/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI as a VM sees it: a bus with a host bridge, which is virtual, and the functions that the VM owns,
 * at their real addresses. Everything else is an empty slot. Access is by ports 0xCF8 and 0xCFC.
 *
 * Of an own function the guest reads the real registers, but for what would let it leave the partition:
 * base addresses are fixed and only pretend to be movable, capabilities are those of an allow-list, and
 * message-signalled interrupts reach the VM's own cores alone. What may be written is a table in pci_function.c.
 */
#ifndef DEVICES_PCI_H
#define DEVICES_PCI_H

#include "lib/optional.h"
#include "vm/vcpu.h"

#define PCI_PORT_FIRST 0xCF8
#define PCI_PORT_LAST  0xCFF

/*
 * Compares the board's functions with the machine's and reports differences, as machine_check() does.
 * Then takes bus mastering from every one of them but bridges, so that nothing that firmware has left
 * running writes into a VM's memory. On the BSP, before the images are placed.
 */
void pci_init(const struct scenario *scenario);

/* Forgets what a VM's guest has written to registers that are virtual; while none of its cores runs. */
void pci_forget(struct vm *vm);

/* Takes bus mastering and interrupts from the functions of a VM that has stopped. */
void pci_silence(const struct vm_config *vm) OPTIONAL;

/* The functions' part of pci_init() and of pci_forget(), for a VM that may have some (pci_own.c). */
void pci_functions_take(struct vm *vm) OPTIONAL;
void pci_functions_forget(struct vm *vm) OPTIONAL;

/* The guest accesses `size` bytes at a port from PCI_PORT_FIRST to PCI_PORT_LAST. */
uint32_t pci_port_read(struct vm *vm, uint16_t port, unsigned size);
void pci_port_write(struct vm *vm, uint16_t port, unsigned size, uint32_t value);

/*
 * The same at byte `address` of configuration space, as CONFIG_ADDRESS names it; the bytes lie in one register.
 * Reading gives at least those from there to the register's end.
 */
uint32_t pci_bus_read(struct vm *vm, uint32_t address);
void pci_bus_write(struct vm *vm, uint32_t address, unsigned size, uint32_t value);

/*
 * The same for a function that is the VM's, or for what stands for one (pci_function.c); reads are of 32-bit registers.
 * False: the VM has no such function.
 */
bool pci_function_read(struct vm *vm, uint32_t address, uint32_t *value) OPTIONAL;
bool pci_function_write(struct vm *vm, uint32_t address, unsigned size, uint32_t value) OPTIONAL;

/* The same for the 440FX host bridge; `offset` is that of a 32-bit register. */
uint32_t i440fx_read(struct vm *vm, uint32_t offset) OPTIONAL;
void i440fx_write(struct vm *vm, uint32_t address, unsigned size, uint32_t value) OPTIONAL;

/* Notes what pci_reset() has to restore. Part of pci_init(). */
void pci_remember(const struct vm_config *vm) OPTIONAL;

/*
 * Puts the VM's functions into the state in which pci_init() found them: a function-level reset where they
 * have one, then base addresses and command register, without bus mastering. After pci_silence(), on
 * one core of the VM, while no guest of it runs.
 */
void pci_reset(const struct vm_config *vm) OPTIONAL;

/*
 * A page that is not mapped because it is the board's memory-mapped configuration space, or holds an MSI-X table of the
 * VM: the guest accesses `size` (1, 2, 4 or 8) bytes at `address`. False: it is neither.
 */
bool pci_memory_at(const struct vm *vm, gpa_t address) OPTIONAL;
uint64_t pci_memory_read(struct vm *vm, gpa_t address, unsigned size) OPTIONAL;
void pci_memory_write(struct vm *vm, gpa_t address, unsigned size, uint64_t value) OPTIONAL;

/* The former of them. */
bool pci_ecam_page(const struct vm *vm, gpa_t address);
uint32_t pci_ecam_read(struct vm *vm, gpa_t address, unsigned size);
void pci_ecam_write(struct vm *vm, gpa_t address, unsigned size, uint32_t value);

/* What BAR `index` of a function reads as: where the board file says that it is. */
uint32_t pci_bar_value(const struct pci_function_config *function, unsigned index) OPTIONAL;

#endif
