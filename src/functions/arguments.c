/*
 * arguments.c
 *		Reads arguments of functions, and refuses those that cannot be.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "functions/arguments.h"
#include "types/limits.h"
#include "types/outcome.h"

/* the most that one call takes */
#define MAX_CLAIMED 10000

/*
 * Returns a text argument, or NULL.
 */
const char *
argument_text(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/*
 * Returns a text argument, which must not be null.
 */
const char *
argument_required_text(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		argument_refuse(name, "must not be null");
	return argument_text(fcinfo, argument);
}

/*
 * Returns a text argument that names a worker or a service.
 */
const char *
argument_name(FunctionCallInfo fcinfo, int argument, const char *name)
{
	const char *value = argument_text(fcinfo, argument);

	if (value == NULL || value[0] == '\0' || strlen(value) > RESTATE_NAME_MAX_BYTES)
		argument_refuse(name, "must have 1 to " RESTATE_LIMIT_TEXT(RESTATE_NAME_MAX_BYTES) " bytes");
	return value;
}

/*
 * Raises that an argument cannot be.
 */
void
argument_refuse(const char *name, const char *words)
{
	restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "%s %s", name, words));
}

/*
 * Returns how many are asked for at most.
 */
int64
argument_max(FunctionCallInfo fcinfo, int argument)
{
	int64 max = PG_ARGISNULL(argument) ? 0 : PG_GETARG_INT32(argument);

	if (max < 1 || max > MAX_CLAIMED)
		argument_refuse("max", "must be from 1 to " CppAsString2(MAX_CLAIMED));
	return max;
}
