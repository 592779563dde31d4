/*
 * answers.c
 *		What operators ask before they act.  Nothing is locked or changed.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "functions/explain_as.h"
#include "types/compat.h"

static void read_explanation(FunctionCallInfo fcinfo, Explanation *explanation);
static RestateInvocationId id_argument(FunctionCallInfo fcinfo);

/*
 * restate_explain(id): returns what is to be said of an invocation, as text.
 */
PG_FUNCTION_INFO_V1(restate_explain);
Datum
restate_explain(PG_FUNCTION_ARGS)
{
	Explanation explanation;

	read_explanation(fcinfo, &explanation);
	PG_RETURN_TEXT_P(cstring_to_text(explain_as_text(&explanation)));
}

/*
 * restate_explain_json(id): returns the same as JSON.
 */
PG_FUNCTION_INFO_V1(restate_explain_json);
Datum
restate_explain_json(PG_FUNCTION_ARGS)
{
	Explanation explanation;

	read_explanation(fcinfo, &explanation);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(explain_as_json(&explanation)));
}

/*
 * Explains the invocation of argument 0; raises that there is none.
 */
static void
read_explanation(FunctionCallInfo fcinfo, Explanation *explanation)
{
	RestateInvocationId id = id_argument(fcinfo);
	RestateRefusal refusal = explain(&id, explanation);

	if (refusal.category != RESTATE_OK)
		restate_raise(refusal);
}

/*
 * Returns argument 0, the id of an invocation; raises that it is null.
 */
static RestateInvocationId
id_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		restate_raise(restate_refusal(RESTATE_INVALID_INVOCATION_ID, "invocation id must not be null"));
	return *PG_GETARG_INVOCATION_ID(0);
}
