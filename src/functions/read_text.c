/*
 * read_text.c
 *		Texts as what they are read as, by functions that are immutable, as a
 *		cast is not for the server.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(restate_read_text);

/*
 * A function of a text that returns it read as its own type, which has an input that
 * depends on no setting.
 */
Datum
restate_read_text(PG_FUNCTION_ARGS)
{
	Oid input;
	Oid parameter;

	getTypeInputInfo(get_func_rettype(fcinfo->flinfo->fn_oid), &input, &parameter);
	PG_RETURN_DATUM(OidInputFunctionCall(input, text_to_cstring(PG_GETARG_TEXT_PP(0)), parameter, -1));
}
