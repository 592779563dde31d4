/*
 * pg_array.c
 *		Reads arrays as the server prints them.
 */
#include "pg_array.h"

#include <string.h>

const char *
pg_array_begin(const char *text)
{
	return text[0] == '{' && text[1] != '{' ? text + 1 : NULL;
}

/*
 * A quoted element is no null, whatever it says; a backslash stands before a
 * character that means itself.
 */
bool
pg_array_next(const char **p, Buffer *element, bool *is_null)
{
	const char *c = *p;
	bool quoted = *c == '"';

	if (*c == '\0' || *c == '}')
		return false;
	element->len = 0;
	buffer_add(element, "", 0);
	for (c += quoted; *c && (quoted ? *c != '"' : *c != ',' && *c != '}'); c++)
	{
		if (*c == '\\' && c[1])
			c++;
		buffer_add(element, c, 1);
	}
	if (quoted && *c)
		c++;
	if (*c == ',')
		c++;
	*is_null = !quoted && element->data && strcmp(element->data, "NULL") == 0;
	*p = c;
	return true;
}

void
pg_array_add_text(Buffer *array, const char *text)
{
	buffer_add_text(array, "\"");
	while (*text)
	{
		size_t plain = strcspn(text, "\"\\");

		buffer_add(array, text, plain);
		text += plain;
		if (*text)
		{
			buffer_add_text(array, "\\");
			buffer_add(array, text++, 1);
		}
	}
	buffer_add_text(array, "\"");
}
