/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of struct life_config, for the rules and the verifier. */
#ifndef BULKHEAD_TOOL_LIMITS_LIFE_H
#define BULKHEAD_TOOL_LIMITS_LIFE_H

#define RESTART_LIMIT_MAX 1000000
#define LIFE_SECONDS_MAX  86400 /* a day */

#endif
