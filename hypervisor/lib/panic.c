/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/panic.h"

#include "lib/format.h"
#include "lib/log.h"
#include "lib/section.h"
#include "vm/contain.h"

__attribute__((used)) uintptr_t __stack_chk_guard SEALED_DATA = UINT64_C(0xB75A4E0D1C93F600);

_Noreturn void panic(const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list arguments;

	contain_begin();
	va_start(arguments, fmt);
	format_text_v(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	log_error("panic: %s", text);
	contain_end(text, __builtin_frame_address(0));
}

_Noreturn void assertion_failed(const char *file, int line, const char *condition)
{
	panic("%s:%d: assertion failed: %s", file, line, condition);
}

__attribute__((used)) _Noreturn void __stack_chk_fail(void)
{
	panic("stack overflow: the guard of a frame was overwritten");
}
