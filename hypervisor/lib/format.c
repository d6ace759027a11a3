/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/packed_text.h"

/* Where the characters go; always keeps one place for the NUL. */
struct sink {
	char *buffer;
	size_t size;
	size_t length;
};

/* One conversion specification as it stands in the format. */
struct specification {
	bool left;
	bool zeros;
	size_t width;
	bool has_precision;
	size_t precision;
	unsigned bits; /* of the argument */
	char conversion;
};

/* The argument list in a structure, because a va_list can't portably be passed by reference. */
struct arguments {
	va_list list;
};

static void put(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size)
		sink->buffer[sink->length++] = c;
}

static void put_repeated(struct sink *sink, char c, size_t count)
{
	/* A width may be anything; what no longer fits need not be counted. */
	for (size_t i = 0; i < count && i < sink->size; i++)
		put(sink, c);
}

static void put_padded(struct sink *sink, const struct specification *spec, const char *text,
		       size_t length)
{
	size_t padding = spec->width > length ? spec->width - length : 0;

	if (!spec->left)
		put_repeated(sink, ' ', padding);
	for (size_t i = 0; i < length; i++)
		put(sink, text[i]);
	if (spec->left)
		put_repeated(sink, ' ', padding);
}

static void put_string(struct sink *sink, const struct specification *spec, const char *text)
{
	size_t most = spec->has_precision ? spec->precision : SIZE_MAX;
	size_t length = 0;
	char plain[PACKED_TEXT_MAX];

	text = text_unpack(plain, text != NULL ? text : "(null)");
	while (length < most && text[length] != '\0')
		length++;
	put_padded(sink, spec, text, length);
}

static void put_number(struct sink *sink, const struct specification *spec, uint64_t value,
		       bool negative)
{
	bool is_hexadecimal = spec->conversion == 'x' || spec->conversion == 'X';
	unsigned base = is_hexadecimal ? 16 : 10;
	char text[21]; /* sign and 20 digits of UINT64_MAX */
	size_t at = sizeof(text);

	do {
		char digit = (char)(value % base);

		/* 'x' is as far from 'a' as 'X' from 'A' */
		text[--at] = (char)(digit + (digit < 10 ? '0' : spec->conversion - 'x' + 'a' - 10));
		value /= base;
	} while (value != 0);

	size_t length = sizeof(text) - at + (negative ? 1 : 0);
	if (spec->zeros && !spec->left) {
		/* Zeros go between the sign and the digits. */
		if (negative)
			put(sink, '-');
		put_repeated(sink, '0', spec->width > length ? spec->width - length : 0);
		for (; at < sizeof(text); at++)
			put(sink, text[at]);
		return;
	}
	if (negative)
		text[--at] = '-';
	put_padded(sink, spec, text + at, length);
}

/* Whatever its type, for all that is not larger than a register is handed over as if it were as large (System V ABI). */
static __attribute__((noinline)) uint64_t take(struct arguments *arguments)
{
	return va_arg(arguments->list, uint64_t);
}
_Static_assert(sizeof(long) == sizeof(long long) && sizeof(long) == sizeof(size_t) &&
		       sizeof(long) == sizeof(intmax_t),
	       "all of l, ll, z and j have 64 bits");

static const char *read_size(const char *fmt, struct arguments *arguments, size_t *size)
{
	if (*fmt == '*') {
		int value = (int)take(arguments);
		*size = value > 0 ? (size_t)value : 0;
		return fmt + 1;
	}
	for (*size = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		*size = *size * 10 + (size_t)(*fmt - '0');
	return fmt;
}

static const char *read_flags(const char *fmt, struct specification *spec)
{
	for (;; fmt++) {
		if (*fmt == '-')
			spec->left = true;
		else if (*fmt == '0')
			spec->zeros = true;
		else
			return fmt;
	}
}

static const char *read_length(const char *fmt, struct specification *spec)
{
	for (;; fmt++) {
		if (*fmt == 'h')
			spec->bits = spec->bits == 32 ? 16 : 8;
		else if (*fmt == 'l' || *fmt == 'z' || *fmt == 'j')
			spec->bits = 64;
		else
			return fmt;
	}
}

/* Returns the position after the conversion; fmt is behind the percent sign. */
static const char *read_specification(const char *fmt, struct specification *spec,
				      struct arguments *arguments)
{
	*spec = (struct specification){.bits = 32};
	fmt = read_flags(fmt, spec);
	fmt = read_size(fmt, arguments, &spec->width);
	if (*fmt == '.') {
		spec->has_precision = true;
		fmt = read_size(fmt + 1, arguments, &spec->precision);
	}
	fmt = read_length(fmt, spec);
	spec->conversion = *fmt;
	return *fmt == '\0' ? fmt : fmt + 1;
}

/* False for a conversion that is not in the subset; its argument is not taken then. */
static bool put_conversion(struct sink *sink, const struct specification *spec,
			   struct arguments *arguments)
{
	unsigned unused = 64 - spec->bits;

	switch (spec->conversion) {
	case 'c': {
		char c = (char)take(arguments);
		put_padded(sink, spec, &c, 1);
		return true;
	}
	case 's':
		put_string(sink, spec, (const char *)take(arguments));
		return true;
	case 'd':
	case 'i': {
		int64_t value = (int64_t)(take(arguments) << unused) >> unused;
		put_number(sink, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
			   value < 0);
		return true;
	}
	case 'u':
	case 'x':
	case 'X':
		put_number(sink, spec, take(arguments) << unused >> unused, false);
		return true;
	case '%':
		put(sink, '%');
		return true;
	default:
		return false;
	}
}

size_t format_text_v(char *buffer, size_t size, const char *fmt, va_list list)
{
	struct sink sink = {.buffer = buffer, .size = size};
	struct arguments arguments;
	struct specification spec;
	char plain[PACKED_TEXT_MAX];

	va_copy(arguments.list, list);
	fmt = text_unpack(plain, fmt);
	while (*fmt != '\0') {
		if (*fmt != '%') {
			put(&sink, *fmt++);
			continue;
		}
		const char *start = fmt;
		fmt = read_specification(fmt + 1, &spec, &arguments);
		if (!put_conversion(&sink, &spec, &arguments)) {
			while (start < fmt)
				put(&sink, *start++);
		}
	}
	va_end(arguments.list);
	if (size > 0)
		buffer[sink.length] = '\0';
	return sink.length;
}

size_t format_text(char *buffer, size_t size, const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	size_t length = format_text_v(buffer, size, fmt, arguments);
	va_end(arguments);
	return length;
}
