/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/panic.h"

#include "cpu/cpu.h"
#include "cpu/privileged.h"
#include "lib/crash_record.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/section.h"

uintptr_t __stack_chk_guard SEALED_DATA = UINT64_C(0xB75A4E0D1C93F600);

/* Set by the core with that index only, and never cleared. */
static bool core_panics[CONFIG_MAX_CORES] SHARED_DATA;

_Noreturn void panic(const char *fmt, ...)
{
	uint32_t core = this_cpu()->index;
	char text[LOG_LINE_MAX];
	va_list arguments;

	if (core_panics[core])
		cpu_halt_forever();
	core_panics[core] = true;

	va_start(arguments, fmt);
	format_text_v(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	/* First what led to it: that also makes room in the ring for the reason. */
	log_flush();
	crash_record_write(CRASH_HYPERVISOR, "", 0, text);
	log_error("panic: %s", text);
	log_flush();
	cpu_halt_forever();
}

_Noreturn void assertion_failed(const char *file, int line, const char *condition)
{
	panic("%s:%d: assertion failed: %s", file, line, condition);
}

_Noreturn void __stack_chk_fail(void)
{
	panic("stack overflow: the guard of a frame was overwritten");
}
