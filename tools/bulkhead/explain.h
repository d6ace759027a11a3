/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_TOOL_EXPLAIN_H
#define BULKHEAD_TOOL_EXPLAIN_H

/* `bulkhead explain`; argv[0] is "explain". Exit status: 0, or 2 for a code that does not exist. */
int explain_main(int argc, char **argv);

#endif
