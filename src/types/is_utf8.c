/*
 * is_utf8.c
 *		Whether bytes are text.
 */
#include "types/is_utf8.h"

#include <stdint.h>
#include <string.h>

/*
 * Returns how many bytes of ASCII the text begins with, which it does, or a
 * few less.
 */
static size_t
ascii_length(const unsigned char *p, size_t len)
{
	size_t i = 0;
	uint64_t eight;

	for (; i + sizeof(eight) <= len; i += sizeof(eight))
	{
		memcpy(&eight, p + i, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return i > 0 ? i : 1;
}

/*
 * Returns whether the bytes are well-formed UTF-8: no overlong form, no
 * surrogate, nothing past U+10FFFF.
 */
bool
restate_is_utf8(const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *) bytes;

	for (size_t i = 0; i < len;)
	{
		uint32_t min;
		uint32_t code = p[i];
		size_t more;

		if (code < 0x80)
		{
			i += ascii_length(p + i, len - i);
			continue;
		}
		if (code >= 0xC2 && code < 0xE0)
			more = 1, min = 0x80, code &= 0x1F;
		else if (code >= 0xE0 && code < 0xF0)
			more = 2, min = 0x800, code &= 0x0F;
		else if (code >= 0xF0 && code < 0xF5)
			more = 3, min = 0x10000, code &= 0x07;
		else
			return false;
		if (i + more >= len)
			return false;
		for (size_t k = 1; k <= more; k++)
		{
			if ((p[i + k] & 0xC0) != 0x80)
				return false;
			code = code << 6 | (p[i + k] & 0x3F);
		}
		if (code < min || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
			return false;
		i += more + 1;
	}
	return true;
}
