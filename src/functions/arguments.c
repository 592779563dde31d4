/*
 * arguments.c
 *		Arguments of SQL functions.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "functions/arguments.h"
#include "types/outcome.h"

/*
 * Returns a text argument, or NULL.
 */
const char *
argument_or_null(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/*
 * Returns a text argument, which must not be null.
 */
const char *
argument_required(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		refuse_argument(name, "must not be null");
	return argument_or_null(fcinfo, argument);
}

/*
 * Raises that an argument cannot be.
 */
void
refuse_argument(const char *name, const char *words)
{
	restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "%s %s", name, words));
}
