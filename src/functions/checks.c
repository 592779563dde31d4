/*
 * checks.c
 *		The rules that a row of the tables holds by itself.
 *
 * The server reads a table's CHECK constraints back from their stored text in
 * each INSERT and UPDATE.  Written out in SQL, with each constant and each
 * repeated column a node of its own, that was a quarter of an operation's
 * time: so a rule is one function here, which is handed each column once.
 *
 * A function returns true, or raises check_violation with the rule in words:
 * those are the comment of the constraint, which is where a reader of the
 * schema looks for them.  Where there is no such constraint or it has no
 * comment, a function returns false, and the server says which constraint it
 * is in its own way.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "commands/comment.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "types/key.h"
#include "types/outcome.h"
#include "types/status.h"
#include "types/text_equals.h"

static bool text_arg_is(FunctionCallInfo fcinfo, int arg, const char *value);
static char *presence(FunctionCallInfo fcinfo, int arg);
static char *quoted(FunctionCallInfo fcinfo, int arg);
static char *number(FunctionCallInfo fcinfo, int arg);
static Datum violated(const char *table, const char *constraint, const char *values);
static bool is_u32(FunctionCallInfo fcinfo, int arg);
static bool is_not_negative(const Interval *interval);
static char *interval_text(const Interval *interval);
static uint32 jsonb_root_header(Datum value);
static const char *jsonb_type(Datum value);
static bool is_column(FunctionCallInfo fcinfo, const char *table, const char *column);

/*
 * Returns whether the argument is not null and that text.
 */
static bool
text_arg_is(FunctionCallInfo fcinfo, int arg, const char *value)
{
	return !PG_ARGISNULL(arg) && text_equals(PG_GETARG_TEXT_PP(arg), value);
}

/*
 * Returns whether there is a value, in words.
 */
static char *
presence(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? "null" : "set";
}

/*
 * Returns a text argument fit to be shown.
 */
static char *
quoted(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? "null" : restate_quote_text(text_to_cstring(PG_GETARG_TEXT_PP(arg)));
}

/*
 * Returns a bigint argument as text.
 */
static char *
number(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? "null" : psprintf(INT64_FORMAT, PG_GETARG_INT64(arg));
}

/*
 * Raises check_violation for the constraint: its comment, and which values
 * break it.  Returns false if that has no comment.
 */
static Datum
violated(const char *table, const char *constraint, const char *values)
{
	Oid relation = get_relname_relid(table, get_namespace_oid("restate", true));
	Oid oid = OidIsValid(relation) ? get_relation_constraint_oid(relation, constraint, true) : InvalidOid;
	char *rule = OidIsValid(oid) ? GetComment(oid, ConstraintRelationId, 0) : NULL;

	if (rule == NULL)
		PG_RETURN_BOOL(false);
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("%s", rule),
			 errdetail("The row has %s.", values),
			 err_generic_string(PG_DIAG_SCHEMA_NAME, "restate"),
			 err_generic_string(PG_DIAG_TABLE_NAME, table),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, constraint)));
}

/*
 * check_status(status, inbox_sequence_number, suspended_waiting_for_completions,
 * suspended_waiting_for_signals): the status is one, and the others are there
 * with the status that has them.
 */
PG_FUNCTION_INFO_V1(restate_check_status);
Datum
restate_check_status(PG_FUNCTION_ARGS)
{
	Status status;

	if (!PG_ARGISNULL(0) && restate_status_from_text(PG_GETARG_TEXT_PP(0), &status) &&
		(status == STATUS_PENDING) == !PG_ARGISNULL(1) &&
		(status == STATUS_SUSPENDED || (PG_ARGISNULL(2) && PG_ARGISNULL(3))))
		PG_RETURN_BOOL(true);
	return violated("invocation", "invocation_status_check",
					psprintf("status %s, inbox_sequence_number %s, suspended_waiting_for_completions %s and "
							 "suspended_waiting_for_signals %s",
							 quoted(fcinfo, 0), presence(fcinfo, 1), presence(fcinfo, 2), presence(fcinfo, 3)));
}

/*
 * check_completion(status, completion_result, completion_failure): a result is
 * there exactly when completed, and a failure exactly with that result.
 */
PG_FUNCTION_INFO_V1(restate_check_completion);
Datum
restate_check_completion(PG_FUNCTION_ARGS)
{
	bool failed = text_arg_is(fcinfo, 1, "failure");

	if (text_arg_is(fcinfo, 0, "completed") == !PG_ARGISNULL(1) &&
		(PG_ARGISNULL(1) || failed || text_arg_is(fcinfo, 1, "success")) &&
		failed == !PG_ARGISNULL(2))
		PG_RETURN_BOOL(true);
	return violated("invocation", "invocation_completion_check",
					psprintf("status %s, completion_result %s and completion_failure %s",
							 quoted(fcinfo, 0), quoted(fcinfo, 1), presence(fcinfo, 2)));
}

/*
 * check_target(target_service_ty, target_service_key, target_handler_ty):
 * there is a key and a kind of handler exactly where the kind of service has
 * them.
 */
PG_FUNCTION_INFO_V1(restate_check_target);
Datum
restate_check_target(PG_FUNCTION_ARGS)
{
	const char *exclusive_handler = NULL;

	if (text_arg_is(fcinfo, 0, "service"))
	{
		if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
			PG_RETURN_BOOL(true);
	}
	else if (text_arg_is(fcinfo, 0, "virtual_object"))
		exclusive_handler = "exclusive";
	else if (text_arg_is(fcinfo, 0, "workflow"))
		exclusive_handler = "workflow";
	if (exclusive_handler != NULL && !PG_ARGISNULL(1) &&
		(text_arg_is(fcinfo, 2, exclusive_handler) || text_arg_is(fcinfo, 2, "shared")))
		PG_RETURN_BOOL(true);
	return violated("invocation", "invocation_target_check",
					psprintf("target_service_ty %s, target_service_key %s and target_handler_ty %s",
							 quoted(fcinfo, 0), presence(fcinfo, 1), quoted(fcinfo, 2)));
}

/*
 * check_invoked_by(invoked_by, restarted_from, request_id): the first is one of
 * the origins, the original is there exactly for a restart, and a request id at
 * most there.
 */
PG_FUNCTION_INFO_V1(restate_check_invoked_by);
Datum
restate_check_invoked_by(PG_FUNCTION_ARGS)
{
	bool is_restart = text_arg_is(fcinfo, 0, "restart_as_new");
	bool is_other = text_arg_is(fcinfo, 0, "ingress") || text_arg_is(fcinfo, 0, "service") ||
					text_arg_is(fcinfo, 0, "subscription");

	if ((is_restart && !PG_ARGISNULL(1)) || (is_other && PG_ARGISNULL(1) && PG_ARGISNULL(2)))
		PG_RETURN_BOOL(true);
	return violated("invocation", "invocation_invoked_by_check",
					psprintf("invoked_by %s, restarted_from %s and request_id %s",
							 quoted(fcinfo, 0), presence(fcinfo, 1), presence(fcinfo, 2)));
}

/*
 * check_pinned(pinned_deployment_id, pinned_service_protocol_version): both are
 * there or neither, and the version is one.
 */
PG_FUNCTION_INFO_V1(restate_check_pinned);
Datum
restate_check_pinned(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) == PG_ARGISNULL(1) && (PG_ARGISNULL(1) || PG_GETARG_INT32(1) > 0))
		PG_RETURN_BOOL(true);
	return violated("invocation", "invocation_pinned_check",
					psprintf("pinned_deployment_id %s and pinned_service_protocol_version %s",
							 presence(fcinfo, 0), PG_ARGISNULL(1) ? "null" : psprintf("%d", PG_GETARG_INT32(1))));
}

/*
 * check_journal_size(journal_size, journal_commands_size): a journal can have
 * so many entries, and so many of them be commands.  Neither is null.
 */
PG_FUNCTION_INFO_V1(restate_check_journal_size);
Datum
restate_check_journal_size(PG_FUNCTION_ARGS)
{
	int64 size = PG_GETARG_INT64(0);
	int64 commands = PG_GETARG_INT64(1);

	if (commands >= 0 && commands <= size && size <= (int64) PG_UINT32_MAX + 1)
		PG_RETURN_BOOL(true);
	return violated("invocation", "invocation_journal_check",
					psprintf("journal_size %s and journal_commands_size %s", number(fcinfo, 0), number(fcinfo, 1)));
}

/*
 * Returns whether the interval is zero or more.
 */
static bool
is_not_negative(const Interval *interval)
{
	Interval zero = {0};

	return DatumGetBool(DirectFunctionCall2(interval_ge, IntervalPGetDatum(interval), IntervalPGetDatum(&zero)));
}

/*
 * Returns the interval as text.
 */
static char *
interval_text(const Interval *interval)
{
	return DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(interval)));
}

/*
 * check_retention(completion_retention, journal_retention): neither is
 * negative.  Neither is null.
 */
PG_FUNCTION_INFO_V1(restate_check_retention);
Datum
restate_check_retention(PG_FUNCTION_ARGS)
{
	const Interval *completion = PG_GETARG_INTERVAL_P(0);
	const Interval *journal = PG_GETARG_INTERVAL_P(1);

	if (is_not_negative(completion) && is_not_negative(journal))
		PG_RETURN_BOOL(true);
	return violated("invocation", "invocation_retention_check",
					psprintf("completion_retention %s and journal_retention %s",
							 interval_text(completion), interval_text(journal)));
}

/*
 * Returns whether the argument is null or an unsigned number of 32 bits.
 */
static bool
is_u32(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) || (PG_GETARG_INT64(arg) >= 0 && PG_GETARG_INT64(arg) <= (int64) PG_UINT32_MAX);
}

/*
 * check_entry_numbers(index, completion_id, result_completion_id,
 * signal_index): each is null or an unsigned number of 32 bits.
 */
PG_FUNCTION_INFO_V1(restate_check_entry_numbers);
Datum
restate_check_entry_numbers(PG_FUNCTION_ARGS)
{
	if (is_u32(fcinfo, 0) && is_u32(fcinfo, 1) && is_u32(fcinfo, 2) && is_u32(fcinfo, 3))
		PG_RETURN_BOOL(true);
	return violated("journal", "journal_numbers_check",
					psprintf("index %s, completion_id %s, result_completion_id %s and signal_index %s",
							 number(fcinfo, 0), number(fcinfo, 1), number(fcinfo, 2), number(fcinfo, 3)));
}

/*
 * Returns the header of the jsonb's root; reads no more of it than that.
 */
static uint32
jsonb_root_header(Datum value)
{
	Jsonb *start = (Jsonb *) PG_DETOAST_DATUM_SLICE(value, 0, sizeof(uint32));

	return start->root.header;
}

/*
 * Returns what the jsonb is, with its article.
 */
static const char *
jsonb_type(Datum value)
{
	uint32 header = jsonb_root_header(value);

	if ((header & JB_FSCALAR) != 0)
		return "a single value";
	return (header & JB_FOBJECT) != 0 ? "an object" : "an array";
}

/*
 * Returns whether the first argument is that column of that table of ours, in
 * a constraint of the table.
 */
static bool
is_column(FunctionCallInfo fcinfo, const char *table, const char *column)
{
	Node *call = fcinfo->flinfo->fn_expr;
	Node *arg = call != NULL && IsA(call, FuncExpr) ? linitial(((FuncExpr *) call)->args) : NULL;
	Oid relation = get_relname_relid(table, get_namespace_oid("restate", true));

	return arg != NULL && IsA(arg, Var) && OidIsValid(relation) &&
		   ((Var *) arg)->varattno == get_attnum(relation, column);
}

/*
 * check_json_object(value): it is a JSON object.  Two tables have such a
 * column; which of them it is can be seen from the column's number.
 */
PG_FUNCTION_INFO_V1(restate_check_json_object);
Datum
restate_check_json_object(PG_FUNCTION_ARGS)
{
	Datum value = PG_GETARG_DATUM(0);

	if ((jsonb_root_header(value) & JB_FOBJECT) != 0)
		PG_RETURN_BOOL(true);
	if (is_column(fcinfo, "audit", "parameters"))
		return violated("audit", "audit_parameters_check", psprintf("%s for parameters", jsonb_type(value)));
	return violated("journal", "journal_meta_check", psprintf("%s for meta", jsonb_type(value)));
}

/*
 * check_json_array(value): it is a JSON array.
 */
PG_FUNCTION_INFO_V1(restate_check_json_array);
Datum
restate_check_json_array(PG_FUNCTION_ARGS)
{
	Datum value = PG_GETARG_DATUM(0);
	uint32 header = jsonb_root_header(value);

	if ((header & JB_FARRAY) != 0 && (header & JB_FSCALAR) == 0)
		PG_RETURN_BOOL(true);
	return violated("invocation", "invocation_input_headers_check", psprintf("%s for input_headers", jsonb_type(value)));
}

/*
 * check_keys(table_name, key, second_key, request_id): none that is there is
 * longer than its kind may be.
 */
PG_FUNCTION_INFO_V1(restate_check_keys);
Datum
restate_check_keys(PG_FUNCTION_ARGS)
{
	const char *table;
	StringInfoData values;

	if ((PG_ARGISNULL(1) || restate_key_bytes(PG_GETARG_DATUM(1)) <= RESTATE_KEY_MAX_BYTES) &&
		(PG_ARGISNULL(2) || restate_key_bytes(PG_GETARG_DATUM(2)) <= RESTATE_KEY_MAX_BYTES) &&
		(PG_ARGISNULL(3) || restate_key_bytes(PG_GETARG_DATUM(3)) <= RESTATE_REQUEST_ID_MAX_BYTES))
		PG_RETURN_BOOL(true);
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	table = text_to_cstring(PG_GETARG_TEXT_PP(0));
	initStringInfo(&values);
	for (int arg = 1; arg < PG_NARGS(); arg++)
		if (!PG_ARGISNULL(arg))
			appendStringInfo(&values, "%s%zu", values.len > 0 ? ", " : "", restate_key_bytes(PG_GETARG_DATUM(arg)));
	return violated(table, psprintf("%s_keys_check", table), psprintf("%s bytes", values.data));
}
