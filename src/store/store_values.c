/*
 * store_values.c
 *		The values of the last result's rows.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "store/store.h"

/*
 * Returns a text of the last result, copied, or NULL.
 */
char *
store_text(uint64 row, int column)
{
	return store_is_null(row, column) ? NULL : TextDatumGetCString(store_value(row, column));
}

/*
 * Copies an invocation id of the last result; returns false for null.
 */
bool
store_invocation_id(uint64 row, int column, RestateInvocationId *id)
{
	bool found = !store_is_null(row, column);

	if (found)
		memcpy(id, DatumGetPointer(store_value(row, column)), sizeof(*id));
	else
		memset(id, 0, sizeof(*id));
	return found;
}
