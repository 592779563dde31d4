/*
 * row.c
 *		The row of one invocation, of functions that return one for each.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "functions/row.h"

/*
 * Sets the columns ordinality, id, ok, category, message and outcome.
 */
void
row_fill(Datum *values, bool *nulls, int ordinality, const Target *target)
{
	bool ok = target->refusal.category == RESTATE_OK;

	values[0] = Int64GetDatum(ordinality);
	values[1] = InvocationIdGetDatum(&target->id);
	nulls[1] = target->is_null;
	values[2] = BoolGetDatum(ok);
	nulls[3] = nulls[4] = ok;
	nulls[5] = !ok;
	if (ok)
		values[5] = CStringGetTextDatum(target->outcome);
	else
	{
		values[3] = CStringGetTextDatum(restate_category_name(target->refusal.category));
		values[4] = CStringGetTextDatum(target->refusal.message);
	}
}

/*
 * Frees the texts that row_fill has made.
 */
void
row_free(const Datum *values, const bool *nulls)
{
	for (int i = 3; i <= 5; i++)
		if (!nulls[i])
			pfree(DatumGetPointer(values[i]));
}
