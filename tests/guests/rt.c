/* SPDX-License-Identifier: Apache-2.0 */
/* The real-time guest: one report a second from each of its cores. */
#include "guest.h"

const struct program program = {
	.name = "rt",
	.window_ticks = GUEST_TICK_HZ,
	.names_cores = true,
};
