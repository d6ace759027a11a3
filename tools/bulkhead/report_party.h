/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom something belongs to, and how that looks. A VM has one of eight colours, which stay apart for
 * colour-blind eyes, and from the ninth VM on a pattern besides, so that 64 VMs all look different; whatever is
 * shown also carries the VM's name or number.
 */
#ifndef BULKHEAD_TOOL_REPORT_PARTY_H
#define BULKHEAD_TOOL_REPORT_PARTY_H

#include <stdio.h>

#include "model.h"

enum party_kind {
	PARTY_NOTHING, /* no RAM there, or not mapped */
	PARTY_FREE,
	PARTY_DISABLED,
	PARTY_RESERVED,
	PARTY_DEVICE, /* registers of a device that no VM has */
	PARTY_APIC,   /* interrupt controllers: real ones on the board, emulated ones in a VM */
	PARTY_TRAMPOLINE,
	PARTY_IMAGES, /* pristine images of restartable VMs */
	PARTY_HYPERVISOR,
	PARTY_VM,
	PARTY_SHARED,   /* memory that several VMs have by declaration */
	PARTY_CONFLICT, /* claimed twice; only in scenarios with errors */
};

struct party {
	enum party_kind kind;
	unsigned vm; /* PARTY_VM: index */
};

#define PARTY_COLORS   8
#define PARTY_PATTERNS 8

static inline struct party party_vm(unsigned vm)
{
	return (struct party){PARTY_VM, vm};
}

static inline bool party_same(struct party a, struct party b)
{
	return a.kind == b.kind && (a.kind != PARTY_VM || a.vm == b.vm);
}

/* "linux", "hypervisor", "free" */
const char *party_name(const struct model *model, struct party party);

/* CSS classes: of a shape, and of text on that shape. */
const char *party_fill(struct party party);
const char *party_label(struct party party);

/* The rules for those classes, and the patterns for vm_count VMs that they refer to. */
void party_write_style(FILE *stream, unsigned vm_count);
void party_write_patterns(FILE *stream, unsigned vm_count);

#endif
