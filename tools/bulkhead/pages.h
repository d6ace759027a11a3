/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of docs/rules/, which the build puts into the tool (tools/embed_pages.py). */
#ifndef BULKHEAD_TOOL_PAGES_H
#define BULKHEAD_TOOL_PAGES_H

struct page {
	const char *code; /* "BH3004" */
	const char *text; /* Markdown */
};

/* By code. */
extern const struct page pages[];
extern const unsigned page_count;

/* The text of a rule's page; NULL if there is none. */
const char *page_of(const char *code);

#endif
