/*
 * rows.c
 *		Fuzzes how the gateway renders the values of a query: what the server
 *		prints becomes JSON that means the same.
 *
 * The first byte of an input chooses a type, the rest is the value.
 */
#include "check.h"

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "../../src/gateway/rows.h"
#include "types/is_utf8.h"

#define MAX_ELEMENTS 16

/* types of which any text is shown as text, perhaps rewritten */
static const Oid text_types[] = {25 /* text */, 17 /* bytea */, 1114 /* timestamp */, 1184 /* timestamptz */, 2950 /* uuid */};

#define NTEXT_TYPES (sizeof(text_types) / sizeof(*text_types))

static json_t *render(Oid type, const char *value);
static void try_text(Oid type, const char *value, size_t len);
static void try_text_array(const char *value, size_t len);
static void try_numbers(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value;
	size_t len;

	if (size < 2)
		return 0;
	len = size - 1;
	value = malloc(len + 1);
	CHECK(value != NULL);
	memcpy(value, data + 1, len);
	value[len] = '\0';
	if (data[0] % 8 < NTEXT_TYPES)
		try_text(text_types[data[0] % 8], value, len);
	else if (data[0] % 8 == NTEXT_TYPES)
		try_text_array(value, len);
	else
		try_numbers(data + 1, len);
	free(value);
	return 0;
}

/*
 * Renders a row of one column and returns its value, which must be there and
 * be JSON.
 */
static json_t *
render(Oid type, const char *value)
{
	char name[] = "n";
	PGresAttDesc column = {.name = name, .typid = type, .typlen = -1, .atttypmod = -1};
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	Buffer buffer = {0};
	Rows rows = {0};
	json_t *row;
	json_t *rendered;

	CHECK(PQsetResultAttrs(result, 1, &column));
	CHECK(PQsetvalue(result, 0, 0, (char *) value, (int) strlen(value)));
	CHECK(rows_describe(&rows, result));
	rows_add(&rows, &buffer, result);
	rows_free(&rows);
	PQclear(result);
	row = json_loadb(buffer.data, buffer.len, JSON_REJECT_DUPLICATES, NULL);
	CHECK(json_is_object(row) && json_object_size(row) == 1);
	rendered = json_incref(json_object_get(row, "n"));
	CHECK(rendered != NULL);
	json_decref(row);
	buffer_free(&buffer);
	return rendered;
}

/*
 * Text stays what it is; a bytea loses its prefix, a timestamp in ISO style
 * becomes one of RFC 3339.
 */
static void
try_text(Oid type, const char *value, size_t len)
{
	json_t *rendered;

	if (strlen(value) != len || !restate_is_utf8(value, len))
		return;
	rendered = render(type, value);
	CHECK(json_is_string(rendered));
	if (type == 17 && strncmp(value, "\\x", 2) == 0)
		value += 2;
	if ((type == 1114 || type == 1184) && strcmp(json_string_value(rendered), value) != 0)
	{
		const char *text = json_string_value(rendered);

		CHECK(strchr(value, ' ') && strchr(text, 'T') - text == strchr(value, ' ') - value);
		CHECK(text[strlen(text) - 1] == 'Z');
	}
	else
		CHECK(strcmp(json_string_value(rendered), value) == 0);
	json_decref(rendered);
}

/*
 * An array of texts, as the server prints it, is an array of these texts.  The
 * input is the texts, with a line feed after each; an empty one is a null.
 */
static void
try_text_array(const char *value, size_t len)
{
	Buffer printed = {0};
	json_t *wanted = json_array();
	json_t *rendered;

	buffer_add_text(&printed, "{");
	for (const char *end; *value && json_array_size(wanted) < MAX_ELEMENTS; value = *end ? end + 1 : end)
	{
		bool quotes;

		end = value + strcspn(value, "\n");
		len = (size_t) (end - value);
		if (!restate_is_utf8(value, len))
			continue;
		buffer_add_text(&printed, json_array_size(wanted) ? "," : "");
		if (len == 0)
		{
			buffer_add_text(&printed, "NULL");
			json_array_append_new(wanted, json_null());
			continue;
		}
		/* a single quote stands for an empty text */
		if (len == 1 && *value == '\'')
			len = 0;
		json_array_append_new(wanted, json_stringn(value, len));
		quotes = len == 0 || strcspn(value, "\"\\{}, \t\r\v\f") < len || (len == 4 && strncasecmp(value, "null", 4) == 0);
		buffer_add_text(&printed, quotes ? "\"" : "");
		for (size_t i = 0; i < len; i++)
		{
			if (value[i] == '"' || value[i] == '\\')
				buffer_add_text(&printed, "\\");
			buffer_add(&printed, value + i, 1);
		}
		buffer_add_text(&printed, quotes ? "\"" : "");
	}
	buffer_add_text(&printed, "}");
	rendered = render(1009, printed.data);
	CHECK(json_equal(rendered, wanted));
	json_decref(rendered);
	json_decref(wanted);
	buffer_free(&printed);
}

/*
 * Numbers stay numbers, but for those that JSON does not have; arrays of them,
 * with nulls, arrays.
 */
static void
try_numbers(const uint8_t *data, size_t len)
{
	Buffer printed = {0};
	json_t *wanted = json_array();
	json_t *rendered;
	char text[64];

	buffer_add_text(&printed, "{");
	for (; len >= sizeof(int64_t) + 1; data += sizeof(int64_t) + 1, len -= sizeof(int64_t) + 1)
	{
		int64_t number;
		double real;

		memcpy(&number, data + 1, sizeof(number));
		memcpy(&real, data + 1, sizeof(real));
		snprintf(text, sizeof(text), "%lld", (long long) number);
		rendered = render(20, text);
		CHECK(json_is_integer(rendered) && json_integer_value(rendered) == number);
		json_decref(rendered);
		buffer_add_text(&printed, json_array_size(wanted) ? "," : "");
		buffer_add_text(&printed, data[0] % 4 ? text : "NULL");
		json_array_append_new(wanted, data[0] % 4 ? json_integer(number) : json_null());

		snprintf(text, sizeof(text), "%.17g", real);
		if (strspn(text, "-infa") == strlen(text))
		{
			const char *name = *text == '-' ? "-Infinity" : "Infinity";

			if (strchr(text, 'a'))
				name = "NaN";
			rendered = render(701, name);
			CHECK(json_is_string(rendered) && strcmp(json_string_value(rendered), name) == 0);
		}
		else
		{
			rendered = render(701, text);
			CHECK(json_is_number(rendered) && (json_number_value(rendered) == real || json_is_integer(rendered)));
		}
		json_decref(rendered);
	}
	buffer_add_text(&printed, "}");
	rendered = render(1016, printed.data);
	CHECK(json_equal(rendered, wanted));
	json_decref(rendered);
	json_decref(wanted);
	buffer_free(&printed);
}
