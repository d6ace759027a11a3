/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error codes of the hypervisor. Each has a name for the log and one sentence that says what is wrong;
 * the message that reports it adds the offending value, its owner and the way out.
 */
#ifndef BULKHEAD_ERROR_H
#define BULKHEAD_ERROR_H

#define HYPERVISOR_ERRORS(X)                                                           \
	X(OK, "success")                                                               \
	X(VMX_NOT_SUPPORTED, "this processor has no VMX")                              \
	X(VMX_LOCKED_OFF, "firmware locked IA32_FEATURE_CONTROL with VMX off")         \
	X(X2APIC_NOT_SUPPORTED, "this processor has no x2APIC mode")                   \
	X(VMX_ALREADY_ON, "VMX operation is already enabled on this core")             \
	X(VMX_NOT_ON, "VMX operation is not enabled on this core")                     \
	X(VMX_CR0_FIXED, "CR0 has bits that VMX operation does not permit")            \
	X(VMX_CR4_FIXED, "CR4 has bits that VMX operation does not permit")            \
	X(VMX_CONTROL_UNSUPPORTED, "a VMX control that Bulkhead needs is not offered") \
	X(VMXON_FAILED, "VMXON failed")                                                \
	X(VMCLEAR_FAILED, "VMCLEAR failed")                                            \
	X(VMPTRLD_FAILED, "VMPTRLD failed")                                            \
	X(EPT_UNSUPPORTED, "an EPT feature that Bulkhead needs is not offered")        \
	X(PAGE_SIZE, "a page size of the hypervisor's tables is not offered")          \
	X(GUEST_ADDRESS, "address is not in the VM's memory")                          \
	X(GUEST_NOT_MAPPED, "linear address is not mapped by the guest's page tables") \
	X(GUEST_PROTECTED, "the guest's page tables do not permit the access")         \
	X(INSTRUCTION_UNKNOWN, "instruction is not one that Bulkhead emulates")        \
	X(IMAGE_TRUNCATED, "image ends before its headers say so")                     \
	X(IMAGE_FORMAT, "image does not have the format that boot-protocol names")     \
	X(IMAGE_VERSION, "image's boot protocol is too old")                           \
	X(IMAGE_OUTSIDE_RAM, "image does not fit into the VM's RAM")                   \
	X(IMAGE_OVERLAP, "two parts of the image would overwrite each other")          \
	X(BOOT_INFORMATION, "multiboot2 boot information is malformed")                \
	X(MODULE_MISSING, "a module that the scenario names was not loaded")           \
	X(MODULE_PLACE, "no free memory to move a module aside")                       \
	X(CAPACITY, "a table of fixed size is full")                                   \
	X(ACPI_TABLES, "the machine's ACPI tables are malformed")                      \
	X(VM_STATE, "the VM's state does not allow that")                              \
	X(VM_NOT_RESTARTABLE, "the scenario keeps no images to start the VM again from")

#define HYPERVISOR_ERROR_ENUM(name, text) ERROR_##name,
enum error { HYPERVISOR_ERRORS(HYPERVISOR_ERROR_ENUM) ERROR_COUNT };
#undef HYPERVISOR_ERROR_ENUM

/* "VMXON_FAILED"; "?" for a value outside the enumeration. Never NULL. */
const char *error_name(enum error error);
/* The sentence, without full stop. Never NULL. */
const char *error_text(enum error error);

#endif
