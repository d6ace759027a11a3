/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image of arbitrary bytes: the verifier reads nothing outside of it, comes to an end, and reports.
 * Most inputs are a valid image with some bytes changed, so that the tables are reached too.
 */
#include "promise.h"
#include "verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_findings(const struct verify *verify)
{
	unsigned kept;
	const struct verify_finding *findings = verify_findings(verify, &kept);

	PROMISE(kept <= verify_total(verify));
	for (unsigned i = 0; i < kept; i++) {
		PROMISE(findings[i].rule < VERIFY_RULE_COUNT);
		PROMISE(findings[i].message && *findings[i].message);
		PROMISE(verify_count(verify, findings[i].rule) > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	const struct verify *verify = verify_image(&arena, data, size, NULL);
	FILE *nowhere = fopen("/dev/null", "w");

	PROMISE(nowhere);
	check_findings(verify);
	verify_print_findings(verify, "fuzz.elf", nowhere, true);
	verify_print_summary(verify, "fuzz.elf", nowhere);
	verify_print_report(verify, "fuzz.elf", nowhere);
	fclose(nowhere);
	arena_free(&arena);
	return 0;
}
