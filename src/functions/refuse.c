/*
 * refuse.c
 *		Errors of the documented categories, for functions written in SQL.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "functions/arguments.h"
#include "types/outcome.h"

PG_FUNCTION_INFO_V1(restate_refuse);

/*
 * Returns the category of a name.  Raises an internal error if there is none.
 */
static RestateCategory
category_of(const char *name)
{
	for (RestateCategory category = RESTATE_OK + 1; category < RESTATE_CATEGORY_COUNT; category++)
		if (strcmp(name, restate_category_name(category)) == 0)
			return category;
	elog(ERROR, "no category is called \"%s\"", name);
}

/*
 * restate.refuse(category text, message text, quoted text, detail text, hint text):
 * raises an error of the category with the message, and after it the third text,
 * quoted as foreign text is; detail and hint are the category's own where null.
 */
Datum
restate_refuse(PG_FUNCTION_ARGS)
{
	RestateCategory category = category_of(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	const char *message = text_to_cstring(PG_GETARG_TEXT_PP(1));
	const char *quoted = argument_text(fcinfo, 2);
	const char *detail = argument_text(fcinfo, 3);
	const char *hint = argument_text(fcinfo, 4);

	ereport(ERROR,
			(quoted ? errmsg("%s: %s", message, restate_quote_text(quoted)) : errmsg("%s", message),
			 restate_err_category(category),
			 detail ? errdetail("%s: %s", restate_category_name(category), detail) : 0,
			 hint ? errhint("%s", hint) : 0));
	PG_RETURN_VOID();
}
