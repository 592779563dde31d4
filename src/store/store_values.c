/*
 * store_values.c
 *		The arguments of statements, and the values of their rows.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "store/store.h"
#include "types/compat.h"

/*
 * Starts the arguments of one execution of the statement.
 */
void
store_call(StoreCall *call, StoreStatement statement)
{
	memset(call, 0, offsetof(StoreCall, args));
	call->statement = statement;
}

/*
 * Adds the next argument.
 */
void
store_arg(StoreCall *call, Datum value)
{
	Assert(call->nargs < STORE_MAX_PARAMS);
	call->args[call->nargs++] = (StoreArg){.value = value};
}

/*
 * Adds a null as the next argument.
 */
void
store_arg_null(StoreCall *call)
{
	Assert(call->nargs < STORE_MAX_PARAMS);
	call->args[call->nargs++] = (StoreArg){.is_null = true};
}

/*
 * Adds a text as the next argument, null for NULL.
 */
void
store_arg_text(StoreCall *call, const char *value)
{
	if (value)
		store_arg(call, CStringGetTextDatum(value));
	else
		store_arg_null(call);
}

/*
 * Adds the column as the next argument: a value of each row.
 */
void
store_arg_column(StoreCall *call, const StoreColumn *column)
{
	Assert(call->nargs < STORE_MAX_PARAMS);
	Assert(store_statements[call->statement].params[call->nargs] & STORE_ARRAY);
	Assert(call->nargs == 0 || column->count == call->args[0].column.count);
	call->args[call->nargs++] = (StoreArg){.column = *column};
}

/*
 * Adds a value to a column.
 */
void
store_column_add(StoreColumn *column, Datum value)
{
	if (column->count == column->allocated)
	{
		column->allocated = Max(8, column->allocated * 2);
		if (column->values == NULL)
		{
			column->values = palloc_array(Datum, column->allocated);
			column->nulls = palloc_array(bool, column->allocated);
		}
		else
		{
			column->values = repalloc_huge(column->values, sizeof(Datum) * (Size) column->allocated);
			column->nulls = repalloc_huge(column->nulls, sizeof(bool) * (Size) column->allocated);
		}
	}
	column->values[column->count] = value;
	column->nulls[column->count++] = false;
}

/*
 * Adds a null to a column.
 */
void
store_column_add_null(StoreColumn *column)
{
	store_column_add(column, (Datum) 0);
	column->nulls[column->count - 1] = true;
}

/*
 * Adds a text to a column, null for NULL.
 */
void
store_column_add_text(StoreColumn *column, const char *value)
{
	if (value)
		store_column_add(column, CStringGetTextDatum(value));
	else
		store_column_add_null(column);
}

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
