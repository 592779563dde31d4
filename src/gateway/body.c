/*
 * body.c
 *		Parses bodies.
 */
#include "body.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "routes.h"

static bool has_field_twice(const char *text, size_t len, const char *const *fields);
static const char *end_of_string(const char *p, const char *end);
static int index_of(const char *name, size_t len, const char *const *fields);

json_t *
body_as_json(Exchange *exchange, const char *const *fields)
{
	const char *text = exchange->body.data ? exchange->body.data : "";
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *document;
	json_error_t error;

	if (exchange->body_len > exchange->route->body_limit)
	{
		answer_error(exchange, 413, "body_too_large", "the body is too large");
		return NULL;
	}
	if (exchange->body.failed)
	{
		answer_out_of_memory(exchange);
		return NULL;
	}
	document = json_loadb(text, exchange->body.len, flags | JSON_REJECT_DUPLICATES, &error);
	if (document == NULL && json_error_code(&error) == json_error_duplicate_key)
	{
		/* elsewhere, what nobody reads may stand there twice */
		if (has_field_twice(text, exchange->body.len, fields))
		{
			answer_error(exchange, 422, "invalid_body", "the body has a field twice");
			return NULL;
		}
		document = json_loadb(text, exchange->body.len, flags, &error);
	}
	if (document == NULL && json_error_code(&error) == json_error_out_of_memory)
		answer_out_of_memory(exchange);
	else if (document == NULL)
		answer_error(exchange, 400, "invalid_body", "the body is not JSON");
	return document;
}

bool
body_keep_json(Exchange *exchange, char **where, json_t *document)
{
	if (body_has_nul(document))
	{
		answer_error(exchange, 422, "invalid_body", "a text in the body has a NUL in it");
		return false;
	}
	*where = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
	if (*where)
		return true;
	answer_out_of_memory(exchange);
	return false;
}

bool
body_has_nul(json_t *value)
{
	const char *name;
	json_t *inner;
	size_t i;

	if (json_is_string(value))
		return strlen(json_string_value(value)) != json_string_length(value);
	json_array_foreach(value, i, inner) if (body_has_nul(inner)) return true;
	json_object_foreach(value, name, inner) if (body_has_nul(inner)) return true;
	return false;
}

/*
 * Returns whether the outermost object has one of these fields twice.  The
 * text is JSON up to where it has some field twice, at least.
 */
static bool
has_field_twice(const char *text, size_t len, const char *const *fields)
{
	const char *end = text + len;
	unsigned seen = 0;
	int depth = 0;
	bool is_object = false;
	bool is_name = false;

	for (const char *p = text; p < end; p++)
	{
		const char *stop;
		int field;

		switch (*p)
		{
			case '{':
			case '[':
				if (depth++ == 0)
					is_object = is_name = *p == '{';
				break;
			case '}':
			case ']':
				depth--;
				break;
			case ',':
				is_name = is_object && depth == 1;
				break;
			case '"':
				stop = end_of_string(p, end);
				field = is_name ? index_of(p, (size_t) (stop - p), fields) : -1;
				if (field >= 0 && seen & 1U << field)
					return true;
				if (field >= 0)
					seen |= 1U << field;
				is_name = false;
				p = stop - 1;
				break;
			default:
				break;
		}
	}
	return false;
}

/*
 * Returns where a string ends, behind its quote.
 */
static const char *
end_of_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

/*
 * Returns which of the fields has the name that is written so in JSON, or -1.
 */
static int
index_of(const char *name, size_t len, const char *const *fields)
{
	json_t *string = json_loadb(name, len, JSON_DECODE_ANY, NULL);
	int found = -1;

	for (int i = 0; string && fields[i]; i++)
		if (strcmp(json_string_value(string), fields[i]) == 0)
			found = i;
	json_decref(string);
	return found;
}
