/* SPDX-License-Identifier: Apache-2.0 */
/* The heartbeat guest: ten reports a second from its only core. */
#include "guest.h"

const struct program program = {
	.name = "beat",
	.window_ticks = GUEST_TICK_HZ / 10,
	.names_cores = false,
};
