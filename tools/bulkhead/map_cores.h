/* SPDX-License-Identifier: Apache-2.0 */
/* The board's cores in the order of packages, caches, cores and threads, and whose they are. */
#ifndef BULKHEAD_TOOL_MAP_CORES_H
#define BULKHEAD_TOOL_MAP_CORES_H

#include "report.h"

struct core_view {
	const struct board_cpu *cpu;
	struct party party;
	const char *
		owner; /* name of the VM, of all VMs in a conflict; "free", "reserved", "disabled" */
	bool boot;     /* a VM starts on it */
	/* The same as the one before it, if that is in the same package as well. */
	bool same_package, same_l3, same_l2, same_core;
	bool shares_core; /* there are several threads on its core */
	bool shares_l2;   /* there are several cores at its L2 cache */
};

struct core_views {
	struct core_view *items;
	unsigned count;
	bool smt; /* some core has several threads */
	bool l2,
		l3; /* some L2 cache serves several cores; the board says what L3 caches there are */
	bool efficient; /* some cores are efficient ones */
};

struct core_views core_views(const struct report *report);
/* "package 0, core 1, thread 0, APIC id 2, L3 cache 0, boot processor of its VM" */
const char *core_title(struct arena *arena, const struct core_view *view);

/* Draws them package by package, at the origin; returns the height that they take of the width given. */
double cores_draw(FILE *stream, const struct report *report, double width);

#endif
