/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log.h"

bool log_limit(struct log_limiter *limiter)
{
	/* 64 bits do not wrap; nothing else is ordered by this counter. */
	return atomic_fetch_add_explicit(&limiter->events, 1, memory_order_relaxed) < LOG_LIMIT;
}

uint64_t log_limit_hidden(struct log_limiter *limiter)
{
	uint64_t events = atomic_load_explicit(&limiter->events, memory_order_relaxed);

	return events > LOG_LIMIT ? events - LOG_LIMIT : 0;
}
