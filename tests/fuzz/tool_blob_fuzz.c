/* SPDX-License-Identifier: Apache-2.0 */
/* A device-tree blob of arbitrary bytes beside the source that another blob was made of. */
#include "tool_support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char source[] =
	"/dts-v1/;\n"
	"/ { compatible = \"bulkhead,scenario\"; vms { v { cpus = <&c>; io-ports = <0x10 1>; "
	"memory@0 { size = <0 0x1000>; }; }; }; board { cpus { c: cpu@0 { apic-id = <0>; }; }; }; };\n";

/* As dtc writes it, with the places of the text above. */
static const char annotated[] = "/dts-v1/;\n\n/ { /* <stdin>:2:3-2:3 */\n"
				"\tcompatible = \"bulkhead,scenario\"; /* <stdin>:2:5-2:37 */\n"
				"\n\tvms { /* <stdin>:2:43-2:43 */\n"
				"\t\tv { /* <stdin>:2:47-2:47 */\n"
				"\t\t\tcpus = <&{/board/cpus/cpu@0}>; /* <stdin>:2:49-2:61 */\n"
				"\t\t\tio-ports = <0x10 0x01>; /* <stdin>:2:63-2:82 */\n"
				"\t\t\tmemory@0 { /* <stdin>:2:93-2:93 */\n"
				"\t\t\t\tsize = <0x00 0x1000>; /* <stdin>:2:95-2:113 */\n"
				"\t\t\t}; /* <stdin>:2:114-2:115 */\n"
				"\t\t}; /* <stdin>:2:117-2:118 */\n"
				"\t}; /* <stdin>:2:120-2:121 */\n"
				"\n\tboard { /* <stdin>:2:129-2:129 */\n"
				"\t\tcpus { /* <stdin>:2:136-2:136 */\n"
				"\t\t\tc: cpu@0 { /* <stdin>:2:147-2:147 */\n"
				"\t\t\t\tapic-id = <0x00>; /* <stdin>:2:149-2:163 */\n"
				"\t\t\t\tphandle = <0x01>;\n"
				"\t\t\t}; /* <stdin>:2:164-2:165 */\n"
				"\t\t}; /* <stdin>:2:167-2:168 */\n"
				"\t}; /* <stdin>:2:170-2:171 */\n"
				"}; /* <stdin>:2:173-2:174 */\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct part parts[FUZZ_PARTS] = {
		[PART_SOURCE] = {source, strlen(source)},
		[PART_CPP] = {source, strlen(source)},
		[PART_CPP_ERROR] = {"", 0},
		[PART_ANNOTATED] = {annotated, strlen(annotated)},
		[PART_DTC_ERROR] = {"", 0},
		[PART_BLOB] = {(const char *)data, size},
	};

	fuzz_examine(parts);
	return 0;
}
