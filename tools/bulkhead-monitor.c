/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the bulkhead command that a monitor VM needs, linked statically for its initramfs. */
#include <stdio.h>
#include <string.h>

#include "monitor.h"

int main(int argc, char **argv)
{
	if (argc > 1 &&
	    (!strcmp(argv[1], "top") || !strcmp(argv[1], "log") || !strcmp(argv[1], "trace")))
		return monitor_main(argc - 1, argv + 1);
	fputs("Usage: bulkhead top|log|trace [OPTION]... (bulkhead top --help says more)\n",
	      stderr);
	return MONITOR_TROUBLE;
}
