/*
 * api.c
 *		Reads what HTTP clients send to the functions of schema restate_api, where
 *		SQL's own casts are too lenient or raise other errors than documented.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "types/compat.h"
#include "types/id.h"
#include "types/limits.h"
#include "types/outcome.h"

PG_FUNCTION_INFO_V1(restate_api_index);
PG_FUNCTION_INFO_V1(restate_api_batch_ids);
PG_FUNCTION_INFO_V1(restate_api_batch_deployment);

pg_noreturn static void refuse_body(const char *message);
static char *string_of(const JsonbValue *value);

/*
 * restate.api_index(text): returns the journal index that the text of a query
 * parameter stands for: decimal digits, after a plus sign perhaps, of an
 * unsigned 32-bit number.  Raises invalid_query_parameter.
 */
Datum
restate_api_index(PG_FUNCTION_ARGS)
{
	char *given = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *digits = given[0] == '+' ? given + 1 : given;
	int64 value = 0;
	bool valid = digits[0] != '\0';

	for (const char *p = digits; *p && valid; p++)
	{
		valid = *p >= '0' && *p <= '9';
		value = value * 10 + (*p - '0');
		valid = valid && value <= RESTATE_INDEX_MAX;
	}
	if (!valid)
		restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "invalid from %s",
									  restate_quote_text(given)));
	PG_RETURN_INT64(value);
}

/*
 * restate.api_batch_ids(jsonb): returns the ids of a batch, an array of
 * strings.  Raises invalid_body for any other document or a malformed id, and
 * batch_too_large for more of them than one request may have.
 */
Datum
restate_api_batch_ids(PG_FUNCTION_ARGS)
{
	Oid element_type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	Jsonb *document;
	Datum *ids;
	int count;

	if (PG_ARGISNULL(0))
		refuse_body("invocation_ids is missing");
	document = PG_GETARG_JSONB_P(0);
	if (!JB_ROOT_IS_ARRAY(document) || JB_ROOT_IS_SCALAR(document))
		refuse_body("invocation_ids must be an array");
	count = (int) JB_ROOT_COUNT(document);
	ids = palloc_array(Datum, Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(&document->root, (uint32) i);
		RestateInvocationId *id = palloc_object(RestateInvocationId);

		if (value->type != jbvString ||
			restate_decode_invocation_id(value->val.string.val, (size_t) value->val.string.len,
										 id->data) != RESTATE_ID_OK)
			refuse_body("invocation_ids must hold invocation ids");
		ids[i] = InvocationIdGetDatum(id);
		pfree(value);
	}
	if (count > RESTATE_HTTP_BATCH_MAX)
		restate_raise(restate_refusal(RESTATE_BATCH_TOO_LARGE,
									  "a batch of %d invocations is too large", count));
	PG_RETURN_ARRAYTYPE_P(construct_array(ids, count, element_type, sizeof(RestateInvocationId),
										  false, TYPALIGN_CHAR));
}

/*
 * restate.api_batch_deployment(jsonb): returns the text of the deployment of a
 * batch, for the operation to judge: a string, or Keep or Latest as the only
 * field of an object, which is null there.  Raises invalid_body for any other
 * document.
 */
Datum
restate_api_batch_deployment(PG_FUNCTION_ARGS)
{
	Jsonb *document = PG_GETARG_JSONB_P(0);
	const char *deployment = NULL;

	if (JB_ROOT_IS_SCALAR(document))
		deployment = string_of(getIthJsonbValueFromContainer(&document->root, 0));
	else if (JB_ROOT_IS_OBJECT(document) && JB_ROOT_COUNT(document) == 1)
	{
		static const char *const names[] = {"Keep", "Latest"};

		for (int i = 0; i < (int) lengthof(names); i++)
		{
			JsonbValue buffer;
			JsonbValue *value = getKeyJsonValueFromContainer(&document->root, names[i],
															 (int) strlen(names[i]), &buffer);

			if (value && value->type == jbvNull)
				deployment = names[i];
		}
	}
	if (deployment == NULL)
		refuse_body("deployment must be keep, latest or a deployment id");
	PG_RETURN_TEXT_P(cstring_to_text(deployment));
}

/*
 * Raises that the body has the wrong form.
 */
static void
refuse_body(const char *message)
{
	restate_raise(restate_refusal(RESTATE_INVALID_BODY, "%s", message));
}

/*
 * Returns the text of a JSON string, NULL of any other value.
 */
static char *
string_of(const JsonbValue *value)
{
	return value->type == jbvString ? pnstrdup(value->val.string.val, value->val.string.len) : NULL;
}
