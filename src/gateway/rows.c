/*
 * rows.c
 *		Renders values by their type.
 */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* the types of the server that are not shown as text */
enum
{
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_OID = 26,
	OID_JSON = 114,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_TEXT_ARRAY = 1009,
	OID_INT4_ARRAY = 1007,
	OID_INT8_ARRAY = 1016,
	OID_TIMESTAMP = 1114,
	OID_TIMESTAMPTZ = 1184,
	OID_NUMERIC = 1700,
	OID_JSONB = 3802
};

static void name_column(Rows *rows, int column, const char *name);
static bool is_taken(const Rows *rows, int column);
static void add_value(Buffer *buffer, Oid type, const char *value);
static void add_number(Buffer *buffer, const char *value);
static void add_timestamp(Buffer *buffer, const char *value);
static void add_number_array(Buffer *buffer, const char *value);
static void add_text_array(Buffer *buffer, const char *value);

bool
rows_describe(Rows *rows, const PGresult *description)
{
	bool failed = false;

	rows_free(rows);
	rows->ncolumns = PQnfields(description);
	rows->names = calloc((size_t) rows->ncolumns + 1, sizeof(*rows->names));
	if (rows->names == NULL)
		return false;
	for (int column = 0; column < rows->ncolumns; column++)
	{
		name_column(rows, column, PQfname(description, column));
		failed = failed || rows->names[column].failed;
	}
	return !failed;
}

/*
 * Names a column; one that has the name of an earlier one gets a number at its
 * end, so that neither is lost to who reads the object.
 */
static void
name_column(Rows *rows, int column, const char *name)
{
	Buffer *named = &rows->names[column];

	buffer_add_json_string(named, name);
	for (int number = 2; !named->failed && is_taken(rows, column); number++)
	{
		Buffer numbered = {0};

		buffer_printf(&numbered, "%s_%d", name, number);
		buffer_free(named);
		buffer_add_json_string(named, numbered.data ? numbered.data : "");
		named->failed = named->failed || numbered.failed;
		buffer_free(&numbered);
	}
}

/*
 * Returns whether an earlier column has the name of this one.
 */
static bool
is_taken(const Rows *rows, int column)
{
	for (int i = 0; i < column; i++)
		if (rows->names[i].data && strcmp(rows->names[i].data, rows->names[column].data) == 0)
			return true;
	return false;
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

	if (time == NULL || value[strspn(value, "0123456789-")] != ' ' || (time[len] && strcmp(time + len, "+00") != 0))
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
	const char *p = value + 1;

	if (value[0] != '{' || value[1] == '{')
	{
		buffer_add_json_string(buffer, value);
		return;
	}
	buffer_add_text(buffer, "[");
	while (*p && *p != '}')
	{
		Buffer element = {0};
		int quoted = *p == '"';

		for (p += quoted; *p && (quoted ? *p != '"' : *p != ',' && *p != '}'); p++)
		{
			if (*p == '\\' && p[1])
				p++;
			buffer_add(&element, p, 1);
		}
		if (quoted && *p)
			p++;
		if (!quoted && element.data && strcmp(element.data, "NULL") == 0)
			buffer_add_text(buffer, "null");
		else
			buffer_add_json_string(buffer, element.data ? element.data : "");
		buffer_free(&element);
		if (*p == ',')
		{
			buffer_add_text(buffer, ",");
			p++;
		}
	}
	buffer_add_text(buffer, "]");
}
