/*
 * arrow_rows.c
 *		Gathers rows into batches.
 */
#include "arrow_rows.h"

#include <stdlib.h>
#include <string.h>

#include "arrow_message.h"
#include "columns.h"

/* what a value takes beside its bytes, at most: where it begins, and a bit */
#define VALUE_OVERHEAD 9

bool
arrow_rows_describe(ArrowRows *rows, const PGresult *description)
{
	rows->ncolumns = PQnfields(description);
	rows->names = columns_name(description);
	rows->columns = calloc((size_t) rows->ncolumns + 1, sizeof(*rows->columns));
	if (rows->names == NULL || rows->columns == NULL)
		return false;
	for (int i = 0; i < rows->ncolumns; i++)
	{
		ArrowArray *array = &rows->columns[i];
		ArrowType item = ARROW_TEXT;

		array->type = arrow_type_of(&rows->origins, description, i, &item);
		if (array->type == ARROW_LIST && !arrow_array_make_items(array, item))
			return false;
	}
	return true;
}

const char *
arrow_rows_add(ArrowRows *rows, const PGresult *result)
{
	const char *fault = NULL;

	for (int i = 0; fault == NULL && i < rows->ncolumns && i < PQnfields(result); i++)
	{
		int len = PQgetlength(result, 0, i);

		fault = arrow_array_add(&rows->columns[i],
								PQgetisnull(result, 0, i) ? NULL : PQgetvalue(result, 0, i), len);
		rows->bytes += (size_t) len + VALUE_OVERHEAD;
	}
	rows->count++;
	rows->gathered++;
	return fault;
}

bool
arrow_rows_have_failed(const ArrowRows *rows)
{
	for (int i = 0; i < rows->ncolumns; i++)
		if (arrow_array_has_failed(&rows->columns[i]))
			return true;
	return false;
}

bool
arrow_rows_fill_batch(const ArrowRows *rows)
{
	return rows->gathered == ARROW_BATCH_ROWS || rows->bytes >= ARROW_BATCH_BYTES;
}

bool
arrow_rows_flush(ArrowRows *rows, Buffer *out)
{
	if (rows->gathered > 0 &&
		(arrow_rows_have_failed(rows) ||
		 !arrow_add_batch(out, rows->columns, rows->ncolumns, rows->gathered)))
		return false;
	for (int i = 0; i < rows->ncolumns; i++)
		arrow_array_clear(&rows->columns[i], 2 * ARROW_BATCH_BYTES / (size_t) rows->ncolumns);
	rows->gathered = 0;
	rows->bytes = 0;
	return true;
}

void
arrow_rows_free(ArrowRows *rows)
{
	columns_free(rows->names, rows->ncolumns);
	for (int i = 0; rows->columns && i < rows->ncolumns; i++)
		arrow_array_free(&rows->columns[i]);
	free(rows->columns);
	arrow_origins_free(&rows->origins);
	memset(rows, 0, sizeof(*rows));
}
