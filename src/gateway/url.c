/*
 * url.c
 *		Takes request targets apart and decodes the pieces.
 */
#include "url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c);
static const char *skip_authority(const char *target);
static size_t ascii_length(const unsigned char *p, size_t len);

/*
 * Takes a request target apart: origin form, or absolute form, whose scheme
 * and authority are passed over.
 */
void
url_parse(const char *target, UrlTarget *url)
{
	const char *path = skip_authority(target);
	size_t path_len = strcspn(path, "?#");
	const char *segment = path;

	memset(url, 0, sizeof(*url));
	if (path[path_len] == '?')
	{
		url->query.bytes = path + path_len + 1;
		url->query.len = strcspn(url->query.bytes, "#");
	}
	if (path_len == 0 || path[0] != '/')
	{
		/* nothing that a route could match */
		url->nsegments = URL_MAX_SEGMENTS + 1;
		return;
	}
	do
	{
		const char *end;

		segment++;
		end = memchr(segment, '/', (size_t) (path + path_len - segment));
		if (end == NULL)
			end = path + path_len;
		if (url->nsegments < URL_MAX_SEGMENTS)
		{
			url->segments[url->nsegments].bytes = segment;
			url->segments[url->nsegments].len = (size_t) (end - segment);
		}
		url->nsegments++;
		segment = end;
	} while (segment < path + path_len && url->nsegments <= URL_MAX_SEGMENTS);
}

/*
 * Returns the target from its path on.
 */
static const char *
skip_authority(const char *target)
{
	const char *authority = strstr(target, "://");

	if (target[0] == '/' || authority == NULL)
		return target;
	return authority + 3 + strcspn(authority + 3, "/?#");
}

/*
 * Returns the value of a hexadecimal digit, or -1.
 */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

size_t
url_decode(UrlText text, bool plus_is_space, char *buffer)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++)
	{
		char c = text.bytes[i];

		if (c == '%' && i + 2 < text.len && hex_digit(text.bytes[i + 1]) >= 0 && hex_digit(text.bytes[i + 2]) >= 0)
		{
			buffer[len++] = (char) (hex_digit(text.bytes[i + 1]) * 16 + hex_digit(text.bytes[i + 2]));
			i += 2;
		}
		else
			buffer[len++] = (char) (c == '+' && plus_is_space ? ' ' : c);
	}
	return len;
}

/*
 * Returns whether the bytes are well-formed UTF-8: no overlong form, no
 * surrogate, nothing past U+10FFFF.
 */
bool
url_is_utf8(const char *bytes, size_t len)
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

int
url_query_parameter(UrlText query, const char *name, char **value, size_t *len)
{
	const char *p = query.bytes ? query.bytes : "";
	const char *end = p + query.len;
	size_t name_len = strlen(name);
	char *key = malloc(query.len + 1);
	int count = 0;

	*value = NULL;
	*len = 0;
	if (key == NULL)
		return -1;
	while (p < end)
	{
		const char *next = memchr(p, '&', (size_t) (end - p));
		const char *stop = next ? next : end;
		const char *equals = memchr(p, '=', (size_t) (stop - p));
		UrlText key_text = {p, (size_t) ((equals ? equals : stop) - p)};

		if (url_decode(key_text, true, key) == name_len && memcmp(key, name, name_len) == 0)
		{
			UrlText text = {equals ? equals + 1 : stop, equals ? (size_t) (stop - equals - 1) : 0};

			count++;
			free(*value);
			*value = malloc(text.len + 1);
			if (*value == NULL)
			{
				count = -1;
				break;
			}
			*len = url_decode(text, true, *value);
			(*value)[*len] = '\0';
		}
		p = next ? next + 1 : end;
	}
	free(key);
	return count;
}
