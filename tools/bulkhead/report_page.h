/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of the page, each in a file of its own, and what they share. */
#ifndef BULKHEAD_TOOL_REPORT_PAGE_H
#define BULKHEAD_TOOL_REPORT_PAGE_H

#include "report.h"

/* report_style.c: the style sheet of the page without that of the pictures. */
void page_write_style(FILE *stream);

/* One <section> each; nothing where there is nothing to tell. */
void page_findings(FILE *stream, const struct report *report);
void page_owners(FILE *stream, const struct report *report);
void page_cores(FILE *stream, const struct report *report);
void page_memory(FILE *stream, const struct report *report);
void page_devices(FILE *stream, const struct report *report);
void page_pci(FILE *stream, const struct report *report);
void page_sharing(FILE *stream, const struct report *report);
void page_ports(FILE *stream, const struct report *report);
void page_interrupts(FILE *stream, const struct report *report);
void page_modules(FILE *stream, const struct report *report);

/* report_guest.c: all about one VM. */
void page_guest(FILE *stream, const struct report *report, unsigned index);

/* report_parts.c */

/* Text in which very long words can be broken. */
void page_text(FILE *stream, const char *text);
void page_swatch(FILE *stream, struct party party);
/* Swatch and name; the name is a link to what is told about a VM. */
void page_owner(FILE *stream, struct party party, const char *name);
/* "256 MiB", with the exact number under the pointer. */
void page_size(FILE *stream, const struct report *report, uint64_t size);
/* <dt> and <dd> of a list; nothing if the text is empty. */
void page_fact(FILE *stream, const char *name, const char *text);
/* Start of a table with its column heads; '>' before one marks a column of numbers, '<' one
 * that narrow windows do without. NULL ends the list. */
void page_table_head(FILE *stream, const char *caption, const char *const heads[]);
void page_table_end(FILE *stream);

/* Who has a device of the board: PARTY_FREE if nobody, PARTY_CONFLICT with all names if several. */
struct device_owner {
	struct party party;
	const char *name;
};
struct device_owner page_device_owner(const struct report *report, unsigned device);
bool page_is_bridge(const struct board_pci *pci);

/* The place without what depends on where the scenario lies: no folder of this machine. */
const char *page_path(const struct report *report, const char *file);
/* A message likewise. */
const char *page_message(const struct report *report, const char *message);

#endif
