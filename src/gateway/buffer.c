/*
 * buffer.c
 *		Text that grows.
 */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned changes;

static bool make_room(Buffer *buffer, size_t len);

/*
 * Makes room for len bytes and the terminator; returns false where memory
 * has run out.
 */
static bool
make_room(Buffer *buffer, size_t len)
{
	size_t allocated = buffer_room_for(buffer, len);
	char *data;

	if (buffer->failed)
		return false;
	if (allocated == buffer->allocated)
		return true;
	data = realloc(buffer->data, allocated);
	if (data == NULL)
	{
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->allocated = allocated;
	changes += allocated >= LARGE_PIECE;
	return true;
}

size_t
buffer_room_for(const Buffer *buffer, size_t len)
{
	size_t needed = buffer->len + len + 1;
	size_t allocated = buffer->allocated ? buffer->allocated : 256;

	while (allocated < needed)
		allocated *= 2;
	return allocated;
}

/*
 * Adds bytes.
 */
void
buffer_add(Buffer *buffer, const char *bytes, size_t len)
{
	if (!make_room(buffer, len))
		return;
	if (len > 0)
		memcpy(buffer->data + buffer->len, bytes, len);
	buffer->len += len;
	buffer->data[buffer->len] = '\0';
}

/*
 * Adds terminated text.
 */
void
buffer_add_text(Buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

/*
 * Adds formatted text.
 */
void
buffer_printf(Buffer *buffer, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0 || !make_room(buffer, (size_t) len))
		return;
	va_start(args, fmt);
	vsnprintf(buffer->data + buffer->len, (size_t) len + 1, fmt, args);
	va_end(args);
	buffer->len += (size_t) len;
}

/*
 * Adds UTF-8 text as a JSON string.
 */
void
buffer_add_json_string(Buffer *buffer, const char *text)
{
	const char *start = text;
	const char *p;

	buffer_add(buffer, "\"", 1);
	for (p = text; *p; p++)
	{
		unsigned char c = (unsigned char) *p;

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buffer_add(buffer, start, (size_t) (p - start));
		if (c == '"')
			buffer_add(buffer, "\\\"", 2);
		else if (c == '\\')
			buffer_add(buffer, "\\\\", 2);
		else
			buffer_printf(buffer, "\\u%04x", c);
		start = p + 1;
	}
	buffer_add(buffer, start, (size_t) (p - start));
	buffer_add(buffer, "\"", 1);
}

/*
 * Frees the text and makes the buffer empty.
 */
void
buffer_free(Buffer *buffer)
{
	free(buffer->data);
	changes += buffer->allocated >= LARGE_PIECE;
	memset(buffer, 0, sizeof(*buffer));
}

unsigned
buffer_changes(void)
{
	return changes;
}
