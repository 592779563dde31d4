/*
 * url.c
 *		Takes request targets apart and decodes the pieces.
 */
#include "url.h"

#include <stdlib.h>
#include <string.h>

static int hex_digit(char c);
static const char *skip_authority(const char *target);

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

		if (c == '%' && i + 2 < text.len && hex_digit(text.bytes[i + 1]) >= 0 &&
			hex_digit(text.bytes[i + 2]) >= 0)
		{
			buffer[len++] =
				(char) (hex_digit(text.bytes[i + 1]) * 16 + hex_digit(text.bytes[i + 2]));
			i += 2;
		}
		else
			buffer[len++] = (char) (c == '+' && plus_is_space ? ' ' : c);
	}
	return len;
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
