/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the general registers, in the order of their encoding (SDM 2.2.2, table 2-8). Shared with the tool. */
#ifndef BULKHEAD_REGISTER_NAMES_H
#define BULKHEAD_REGISTER_NAMES_H

#define REGISTER_NAME_COUNT 16

extern const char register_names[REGISTER_NAME_COUNT][sizeof("rax")];

#endif
