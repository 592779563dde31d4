/*
 * arrow_rows.h
 *		Rows of a result as a stream in Arrow's format.
 */
#ifndef RESTATE_GATEWAY_ARROW_ROWS_H
#define RESTATE_GATEWAY_ARROW_ROWS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "arrow_array.h"
#include "buffer.h"

#define ARROW_MEDIA_TYPE "application/vnd.apache.arrow.stream"

/* a batch has no more rows; nor many more bytes, so that wide rows do not take all memory */
#define ARROW_BATCH_ROWS  1024
#define ARROW_BATCH_BYTES ((size_t) 1024 * 1024)

/* The rows of one result, row by row; zeroed before its first use. */
typedef struct ArrowRows
{
	ArrowOrigins origins; /* taken before the result is described */
	Buffer *names;
	ArrowArray *columns;
	int ncolumns;
	int64_t count;	  /* of rows, all of them */
	int64_t gathered; /* those that are in no batch yet */
	size_t bytes;	  /* of these, about */
} ArrowRows;

/* Takes the columns from the description of a result; returns false where memory has run out. */
extern bool arrow_rows_describe(ArrowRows *rows, const PGresult *description);

/* Gathers the result's only row; returns what is wrong with it, or NULL. */
extern const char *arrow_rows_add(ArrowRows *rows, const PGresult *result);

/* Returns whether memory has run out for what is gathered. */
extern bool arrow_rows_have_failed(const ArrowRows *rows);

/* Returns whether what is gathered fills a batch. */
extern bool arrow_rows_fill_batch(const ArrowRows *rows);

/* Adds what is gathered, if there is any, as a batch. */
extern bool arrow_rows_flush(ArrowRows *rows, Buffer *out);

extern void arrow_rows_free(ArrowRows *rows);

#endif /* RESTATE_GATEWAY_ARROW_ROWS_H */
