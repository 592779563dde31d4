/*
 * columns.c
 *		Names columns.
 */
#include "columns.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool name_column(Buffer *names, int column, const char *name);
static bool is_taken(const Buffer *names, int column);

Buffer *
columns_name(const PGresult *description)
{
	int ncolumns = PQnfields(description);
	Buffer *names = calloc((size_t) ncolumns + 1, sizeof(*names));

	for (int column = 0; names && column < ncolumns; column++)
		if (!name_column(names, column, PQfname(description, column)))
		{
			columns_free(names, ncolumns);
			return NULL;
		}
	return names;
}

void
columns_free(Buffer *names, int ncolumns)
{
	for (int i = 0; names && i < ncolumns; i++)
		buffer_free(&names[i]);
	free(names);
}

/*
 * Names a column; returns false where memory has run out.
 */
static bool
name_column(Buffer *names, int column, const char *name)
{
	Buffer *named = &names[column];

	buffer_add_text(named, name);
	for (int number = 2; !named->failed && is_taken(names, column); number++)
	{
		buffer_free(named);
		buffer_printf(named, "%s_%d", name, number);
	}
	return !named->failed;
}

/*
 * Returns whether an earlier column has the name of this one.
 */
static bool
is_taken(const Buffer *names, int column)
{
	for (int i = 0; i < column; i++)
		if (names[i].len == names[column].len &&
			memcmp(names[i].data, names[column].data, names[i].len) == 0)
			return true;
	return false;
}
