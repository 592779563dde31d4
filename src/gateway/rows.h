/*
 * rows.h
 *		Rows of a result as JSON objects.
 */
#ifndef RESTATE_GATEWAY_ROWS_H
#define RESTATE_GATEWAY_ROWS_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "buffer.h"

/* The rows of one result, row by row; zeroed before its first use. */
typedef struct Rows
{
	Buffer *names; /* of the columns, each as JSON, no two alike */
	int ncolumns;
	int count;
} Rows;

/* Takes the columns from the description of a result; returns false where memory has run out. */
extern bool rows_describe(Rows *rows, const PGresult *description);

/*
 * Adds the result's only row as an object: nulls left out, numbers and
 * booleans as such, timestamps in RFC 3339 and UTC, durations in ISO 8601,
 * arrays as arrays, JSON as it is, bytes in hexadecimal, anything else as
 * text.  The session has IntervalStyle iso_8601, TimeZone UTC.
 */
extern void rows_add(Rows *rows, Buffer *buffer, const PGresult *result);

extern void rows_free(Rows *rows);

#endif /* RESTATE_GATEWAY_ROWS_H */
