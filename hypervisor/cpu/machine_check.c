/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/machine_check.h"

#include "cpu/msr.h"
#include "cpu/privileged.h"
#include "lib/texts.h"

#define CPUID_1_EDX_MCE (UINT32_C(1) << 7)
#define CPUID_1_EDX_MCA (UINT32_C(1) << 14)

/* IA32_MCG_CAP and IA32_MCG_STATUS (SDM 3B.16.3.1) */
#define CAPABILITY_BANKS    UINT64_C(0xFF)
#define CAPABILITY_CONTROL  UINT64_C(0x100)
#define CAPABILITY_RECOVERS (UINT64_C(1) << 24)
#define STATUS_RESUMES      UINT64_C(0x1)

/* Four MSRs a bank (SDM 3B.16.3.2) */
#define BANK_CONTROL(bank) (MSR_MACHINE_CHECK_BANK0 + 4 * (bank))
#define BANK_STATUS(bank)  (BANK_CONTROL(bank) + 1)
#define BANK_ADDRESS(bank) (BANK_CONTROL(bank) + 2)
#define BANK_MISC(bank)    (BANK_CONTROL(bank) + 3)

/* IA32_MCi_STATUS (SDM 3B.16.3.2.2) */
#define ERROR_VALID           (UINT64_C(1) << 63)
#define ERROR_OVERFLOW        (UINT64_C(1) << 62)
#define ERROR_UNCORRECTED     (UINT64_C(1) << 61)
#define ERROR_MISC_VALID      (UINT64_C(1) << 59)
#define ERROR_ADDRESS_VALID   (UINT64_C(1) << 58)
#define ERROR_CONTEXT_CORRUPT (UINT64_C(1) << 57)
#define ERROR_SIGNALED        (UINT64_C(1) << 56)
#define ERROR_ACTION          (UINT64_C(1) << 55)

/* IA32_MCi_MISC (SDM 3B.16.3.2.4) */
#define MISC_LEAST_BIT(x)  ((unsigned)(x)&0x3F)
#define MISC_MODE(x)       ((x) >> 6 & 7)
#define MISC_MODE_PHYSICAL 2

static uint64_t capability(void)
{
	uint32_t features = cpuid(1, 0).edx;

	if (!(features & CPUID_1_EDX_MCE) || !(features & CPUID_1_EDX_MCA))
		return 0;
	return msr_read(MSR_MACHINE_CHECK_CAPABILITY);
}

unsigned machine_check_banks(void)
{
	unsigned banks = capability() & CAPABILITY_BANKS;

	return banks < MACHINE_CHECK_BANKS_MAX ? banks : MACHINE_CHECK_BANKS_MAX;
}

bool machine_check_can_resume(void)
{
	return machine_check_banks() && (msr_read(MSR_MACHINE_CHECK_STATUS) & STATUS_RESUMES);
}

void machine_check_end(void)
{
	/* as long as MCIP is set, the next one would shut the core down */
	if (machine_check_banks())
		msr_write(MSR_MACHINE_CHECK_STATUS, 0);
}

void machine_check_enable(void)
{
	if (capability() & CAPABILITY_CONTROL)
		msr_write(MSR_MACHINE_CHECK_CONTROL, UINT64_MAX);
	for (unsigned bank = 0, banks = machine_check_banks(); bank < banks; bank++)
		msr_write(BANK_CONTROL(bank), UINT64_MAX);
}

bool machine_check_read(unsigned bank, struct machine_check_error *error)
{
	uint64_t status = msr_read(BANK_STATUS(bank));

	if (!(status & ERROR_VALID))
		return false;
	/* the other two may not exist where the status does not say that they hold something */
	*error = (struct machine_check_error){
		.bank = bank,
		.status = status,
		.address = status & ERROR_ADDRESS_VALID ? msr_read(BANK_ADDRESS(bank)) : 0,
		.misc = status & ERROR_MISC_VALID ? msr_read(BANK_MISC(bank)) : 0,
	};
	return true;
}

void machine_check_clear(unsigned bank)
{
	msr_write(BANK_STATUS(bank), 0);
}

enum machine_check_severity machine_check_severity(const struct machine_check_error *error)
{
	uint64_t status = error->status;

	if (!(status & ERROR_UNCORRECTED))
		return MACHINE_CHECK_CORRECTED;
	if ((status & ERROR_CONTEXT_CORRUPT) || !(capability() & CAPABILITY_RECOVERS))
		return MACHINE_CHECK_FATAL;
	switch (status & (ERROR_SIGNALED | ERROR_ACTION)) {
	case 0:
		return MACHINE_CHECK_NO_ACTION;
	case ERROR_SIGNALED:
		return MACHINE_CHECK_ACTION_OPTIONAL;
	case ERROR_SIGNALED | ERROR_ACTION:
		/* of an earlier error, that was overwritten, nothing is known */
		return status & ERROR_OVERFLOW ? MACHINE_CHECK_FATAL
					       : MACHINE_CHECK_ACTION_REQUIRED;
	default:
		return MACHINE_CHECK_FATAL;
	}
}

bool machine_check_address(const struct machine_check_error *error, hpa_t *base, uint64_t *size)
{
	unsigned least = 0;

	if (!(error->status & ERROR_ADDRESS_VALID))
		return false;
	if (error->status & ERROR_MISC_VALID) {
		if (MISC_MODE(error->misc) != MISC_MODE_PHYSICAL)
			return false;
		least = MISC_LEAST_BIT(error->misc);
	}
	*size = UINT64_C(1) << least;
	*base = error->address & ~(*size - 1);
	return true;
}

const char *machine_check_severity_name(enum machine_check_severity severity)
{
	static const char *const names[] = {
		[MACHINE_CHECK_CORRECTED] = TEXT("corrected"),
		[MACHINE_CHECK_NO_ACTION] = TEXT("uncorrected, not used"),
		[MACHINE_CHECK_ACTION_OPTIONAL] = TEXT("uncorrected, found before use"),
		[MACHINE_CHECK_ACTION_REQUIRED] = TEXT("uncorrected, used"),
		[MACHINE_CHECK_FATAL] = TEXT("fatal"),
	};

	return names[severity];
}
