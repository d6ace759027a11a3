/* SPDX-License-Identifier: Apache-2.0 */
/* Looks of the pictures, the same in the map and in the report. */
#ifndef BULKHEAD_TOOL_MAP_STYLE_H
#define BULKHEAD_TOOL_MAP_STYLE_H

#include <stdio.h>

/* Style sheet for what the map_*.c files draw; attributes of HTML are not touched. */
void map_write_style(FILE *stream, unsigned vm_count);

#endif
