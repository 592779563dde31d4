/*
 * rows.c
 *		Renders values by their type.
 */
#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrow_value.h"
#include "columns.h"
#include "pg_array.h"
#include "pg_types.h"

static void add_value(Buffer *buffer, Oid type, const char *value);
static void add_number(Buffer *buffer, const char *value);
static void add_timestamp(Buffer *buffer, const char *value);
static void add_duration(Buffer *buffer, const char *value);
static void add_number_array(Buffer *buffer, const char *value);
static void add_text_array(Buffer *buffer, const char *value);

bool
rows_describe(Rows *rows, const PGresult *description)
{
	bool failed = false;
	Buffer *names;

	rows_free(rows);
	rows->ncolumns = PQnfields(description);
	rows->names = calloc((size_t) rows->ncolumns + 1, sizeof(*rows->names));
	names = columns_name(description);
	if (rows->names == NULL || names == NULL)
		failed = true;
	for (int column = 0; !failed && column < rows->ncolumns; column++)
	{
		buffer_add_json_string(&rows->names[column], names[column].data);
		failed = rows->names[column].failed;
	}
	columns_free(names, rows->ncolumns);
	return !failed;
}

void
rows_add(Rows *rows, Buffer *buffer, const PGresult *result)
{
	const char *separator = "{";

	for (int column = 0; column < rows->ncolumns && column < PQnfields(result); column++)
	{
		if (PQgetisnull(result, 0, column))
			continue;
		buffer_add_text(buffer, separator);
		buffer_add(buffer, rows->names[column].data, rows->names[column].len);
		buffer_add_text(buffer, ":");
		add_value(buffer, PQftype(result, column), PQgetvalue(result, 0, column));
		separator = ",";
	}
	buffer_add_text(buffer, *separator == '{' ? "{}" : "}");
	rows->count++;
}

void
rows_free(Rows *rows)
{
	for (int i = 0; i < rows->ncolumns && rows->names; i++)
		buffer_free(&rows->names[i]);
	free(rows->names);
	memset(rows, 0, sizeof(*rows));
}

/*
 * Adds a value of the type.
 */
static void
add_value(Buffer *buffer, Oid type, const char *value)
{
	switch (type)
	{
		case OID_BOOL:
			buffer_add_text(buffer, value[0] == 't' ? "true" : "false");
			break;
		case OID_INT2:
		case OID_INT4:
		case OID_INT8:
		case OID_OID:
		case OID_FLOAT4:
		case OID_FLOAT8:
		case OID_NUMERIC:
			add_number(buffer, value);
			break;
		case OID_BYTEA:
			/* without the \x that the server writes before it, unless told otherwise */
			buffer_add_json_string(buffer, strncmp(value, "\\x", 2) == 0 ? value + 2 : value);
			break;
		case OID_JSON:
		case OID_JSONB:
			buffer_add_text(buffer, value);
			break;
		case OID_TIMESTAMP:
		case OID_TIMESTAMPTZ:
			add_timestamp(buffer, value);
			break;
		case OID_INTERVAL:
			add_duration(buffer, value);
			break;
		case OID_INT4_ARRAY:
		case OID_INT8_ARRAY:
			add_number_array(buffer, value);
			break;
		case OID_TEXT_ARRAY:
			add_text_array(buffer, value);
			break;
		default:
			buffer_add_json_string(buffer, value);
			break;
	}
}

/*
 * Adds a number; what JSON has no number for is text.
 */
static void
add_number(Buffer *buffer, const char *value)
{
	if (value[strspn(value, "+-0123456789.eE")] == '\0')
		buffer_add_text(buffer, value);
	else
		buffer_add_json_string(buffer, value);
}

/*
 * Adds a timestamp in ISO style, its zone UTC, as RFC 3339.  What is none stays
 * as it is: infinity, years before ours, the style or zone of a query's own.
 */
static void
add_timestamp(Buffer *buffer, const char *value)
{
	const char *time = strchr(value, ' ');
	size_t len = time ? strspn(time, " 0123456789:.") : 0;

	if (time == NULL || value[strspn(value, "0123456789-")] != ' ' ||
		(time[len] && strcmp(time + len, "+00") != 0))
	{
		buffer_add_json_string(buffer, value);
		return;
	}
	buffer_add_text(buffer, "\"");
	buffer_add(buffer, value, (size_t) (time - value));
	buffer_add_text(buffer, "T");
	buffer_add(buffer, time + 1, len - 1);
	buffer_add_text(buffer, "Z\"");
}

/*
 * Adds an interval as Restate's server writes a duration: in seconds, with as
 * many digits of milliseconds as there are, and none as P0D.  One with months or years has no
 * length of its own and stays as it is.
 */
static void
add_duration(Buffer *buffer, const char *value)
{
	int64_t ms;
	uint64_t length;
	char text[64];
	size_t len;

	if (strcspn(value, "YM") < strcspn(value, "T") || !read_duration(value, &ms))
	{
		buffer_add_json_string(buffer, value);
		return;
	}
	if (ms == 0)
	{
		buffer_add_text(buffer, "\"P0D\"");
		return;
	}
	length = ms < 0 ? -(uint64_t) ms : (uint64_t) ms;
	len = (size_t) snprintf(text, sizeof(text), "%sPT%" PRIu64 ".%03u", ms < 0 ? "-" : "",
							length / 1000, (unsigned) (length % 1000));
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	text[len++] = 'S';
	text[len] = '\0';
	buffer_add_json_string(buffer, text);
}

/*
 * Adds an array of numbers with one dimension; nulls in it stay.
 */
static void
add_number_array(Buffer *buffer, const char *value)
{
	if (strspn(value, "{}0123456789,-NUL") != strlen(value) || strchr(value + 1, '{'))
	{
		buffer_add_json_string(buffer, value);
		return;
	}
	for (const char *p = value; *p; p++)
	{
		if (*p == '{')
			buffer_add_text(buffer, "[");
		else if (*p == '}')
			buffer_add_text(buffer, "]");
		else if (*p == 'N')
		{
			buffer_add_text(buffer, "null");
			p += strlen("NULL") - 1;
		}
		else
			buffer_add(buffer, p, 1);
	}
}

/*
 * Adds an array of texts with one dimension.
 */
static void
add_text_array(Buffer *buffer, const char *value)
{
	const char *p = pg_array_begin(value);
	const char *separator = "[";
	Buffer element = {0};
	bool is_null;

	if (p == NULL)
	{
		buffer_add_json_string(buffer, value);
		return;
	}
	while (pg_array_next(&p, &element, &is_null))
	{
		buffer_add_text(buffer, separator);
		if (is_null)
			buffer_add_text(buffer, "null");
		else
			buffer_add_json_string(buffer, element.data ? element.data : "");
		separator = ",";
	}
	buffer_add_text(buffer, *separator == '[' ? "[]" : "]");
	buffer->failed = buffer->failed || element.failed;
	buffer_free(&element);
}
