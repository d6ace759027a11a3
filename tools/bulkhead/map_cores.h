/* SPDX-License-Identifier: Apache-2.0 */
/* The board's cores in the order of packages, cores and threads, and whose they are. */
#ifndef BULKHEAD_TOOL_MAP_CORES_H
#define BULKHEAD_TOOL_MAP_CORES_H

#include "report.h"

struct core_view {
	const struct board_cpu *cpu;
	struct party party;
	const char *
		owner; /* name of the VM, of all VMs in a conflict; "free", "reserved", "disabled" */
	bool boot;     /* a VM starts on it */
	bool sibling;  /* another thread of the core of the one before it */
	bool has_sibling; /* there are several threads on its core */
};

struct core_views {
	struct core_view *items;
	unsigned count;
	bool smt; /* some core has several threads */
};

struct core_views core_views(const struct report *report);

/* Draws them package by package, at the origin; returns the height that they take of the width given. */
double cores_draw(FILE *stream, const struct report *report, double width);

#endif
