/*
 * rows.h
 *		Rows of a result as JSON objects.
 */
#ifndef RESTATE_HTTP_ROWS_H
#define RESTATE_HTTP_ROWS_H

#include <libpq-fe.h>

#include "buffer.h"

/*
 * Adds the result's only row as an object: nulls left out, numbers and
 * booleans as such, timestamps in RFC 3339 and UTC, durations in ISO 8601,
 * arrays as arrays, JSON as it is, bytes in hexadecimal, anything else as
 * text.  The session has IntervalStyle iso_8601, TimeZone UTC.
 */
extern void rows_add(Buffer *buffer, const PGresult *result);

#endif /* RESTATE_HTTP_ROWS_H */
