/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The banks in which the calling core's processor reports hardware errors, and what is in them
 * (SDM 3B, chapters 16 and 17). Whom an error concerns is decided in vm/machine_check.c.
 */
#ifndef CPU_MACHINE_CHECK_H
#define CPU_MACHINE_CHECK_H

#include "bulkhead/types.h"

#define MACHINE_CHECK_BANKS_MAX 32

/* IA32_MCi_STATUS, _ADDR and _MISC of a bank with a valid error. */
struct machine_check_error {
	unsigned bank;
	uint64_t status;
	uint64_t address; /* 0 if the bank gives none */
	uint64_t misc;    /* the same */
};

/* How bad it is (SDM 3B.16.6.3); in rising order. */
enum machine_check_severity {
	MACHINE_CHECK_CORRECTED,       /* by hardware */
	MACHINE_CHECK_NO_ACTION,       /* data is lost, but was not used */
	MACHINE_CHECK_ACTION_OPTIONAL, /* the same, found by a scrubber or an eviction */
	MACHINE_CHECK_ACTION_REQUIRED, /* the data was used by what the core was doing */
	MACHINE_CHECK_FATAL,           /* the core's context is not to be trusted */
};

/* Banks of the calling core; 0 if it has none. */
unsigned machine_check_banks(void);

/* Whether what was interrupted may go on (MCG_STATUS.RIPV); and ends the state of being in a machine check. */
bool machine_check_can_resume(void);
void machine_check_end(void);

/* Makes the calling core report errors, in all banks. Errors from before stay, to be read. */
void machine_check_enable(void);

/* False if the bank holds no error. */
bool machine_check_read(unsigned bank, struct machine_check_error *error);
void machine_check_clear(unsigned bank);

enum machine_check_severity machine_check_severity(const struct machine_check_error *error);

/* Whether the error has a host-physical address; it is one of the naturally aligned `*size` bytes that `*base` begins. */
bool machine_check_address(const struct machine_check_error *error, hpa_t *base, uint64_t *size);

/* "corrected", "fatal". */
const char *machine_check_severity_name(enum machine_check_severity severity);

/* The error code in words (SDM 3B.16.9, 17.1): "cache: data read, level 2". At most `size` with the NUL. */
void machine_check_describe(const struct machine_check_error *error, char *words, size_t size);

#endif
