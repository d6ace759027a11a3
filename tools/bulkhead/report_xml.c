/* SPDX-License-Identifier: Apache-2.0 */
#include "report_xml.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Length in bytes of a character by its first byte; 0 for one that cannot be first (RFC 3629). */
static unsigned character_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xC2)
		return 0;
	if (first < 0xE0)
		return 2;
	if (first < 0xF0)
		return 3;
	return first < 0xF5 ? 4 : 0;
}

/* The character at the start of the text; its length, or 0 if it is not UTF-8. */
static unsigned decode(const char *text, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)text[0];
	unsigned length = character_length(first);

	*character = length > 1 ? first & (0xFFu >> (length + 1)) : first;
	for (unsigned i = 1; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		if ((byte & 0xC0) != 0x80)
			return 0;
		*character = *character << 6 | (byte & 0x3F);
	}
	return length && *character >= least[length] ? length : 0;
}

/* XML 1.0, 2.2; and the controls of bidirectional text, which make a name look like another one. */
static bool is_shown(uint32_t character)
{
	if (character < 0x20)
		return character == '\t' || character == '\n';
	if ((character >= 0x202A && character <= 0x202E) ||
	    (character >= 0x2066 && character <= 0x2069))
		return false;
	return !(character >= 0x7F && character < 0xA0) &&
	       !(character >= 0xD800 && character < 0xE000) && (character & 0xFFFE) != 0xFFFE &&
	       character < 0x110000;
}

static const char *entity(char character)
{
	switch (character) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void xml_text(FILE *stream, const char *text)
{
	while (*text) {
		uint32_t character;
		unsigned length = decode(text, &character);
		const char *replacement = entity(*text);
		if (replacement)
			fputs(replacement, stream);
		else if (length && is_shown(character))
			fwrite(text, 1, length, stream);
		else
			fputs("\xEF\xBF\xBD", stream);
		text += length ? length : 1;
	}
}

/* One conversion; `at` is behind its '%'. Returns what follows it. */
static const char *convert(FILE *stream, const char *at, va_list *list)
{
	if (*at == '%')
		fputc('%', stream);
	else if (*at == 's')
		xml_text(stream, va_arg(*list, const char *));
	else if (*at == 'u')
		fprintf(stream, "%u", va_arg(*list, unsigned));
	else if (*at == 'd')
		fprintf(stream, "%d", va_arg(*list, int));
	else if (!strncmp(at, "lu", 2))
		fprintf(stream, "%lu", va_arg(*list, unsigned long));
	else if (!strncmp(at, "lx", 2))
		fprintf(stream, "%lx", va_arg(*list, unsigned long));
	else if (!strncmp(at, ".1f", 3))
		fprintf(stream, "%.1f", va_arg(*list, double));
	else
		abort(); /* a format that the header does not list: a fault of the caller */
	return at + (*at == 'l' ? 2 : *at == '.' ? 3 : 1);
}

void xml_print(FILE *stream, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	while (*format) {
		size_t plain = strcspn(format, "%");
		fwrite(format, 1, plain, stream);
		format += plain;
		if (*format)
			format = convert(stream, format + 1, &list);
	}
	va_end(list);
}
