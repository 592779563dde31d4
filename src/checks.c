/*
 * checks.c
 *		The rules that a row of the tables holds by itself.
 *
 * The server reads a table's CHECK constraints back from their stored text in
 * each INSERT and UPDATE.  Written out in SQL, with each constant and each
 * repeated column a node of its own, that was a quarter of an operation's
 * time: so a rule is one function here, which is handed each column once.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "status.h"
#include "text_equals.h"

static bool text_arg_is(FunctionCallInfo fcinfo, int arg, const char *value);
static bool is_u32(FunctionCallInfo fcinfo, int arg);
static bool is_not_negative(const Interval *interval);
static uint32 jsonb_root_header(Datum value);

/*
 * Returns whether the argument is not null and that text.
 */
static bool
text_arg_is(FunctionCallInfo fcinfo, int arg, const char *value)
{
	return !PG_ARGISNULL(arg) && text_equals(PG_GETARG_TEXT_PP(arg), value);
}

/*
 * check_status(status, inbox_sequence_number, suspended_waiting_for_completions,
 * suspended_waiting_for_signals): whether the status is one, and the others are
 * there with the status that has them.
 */
PG_FUNCTION_INFO_V1(restate_check_status);
Datum
restate_check_status(PG_FUNCTION_ARGS)
{
	Status status;

	if (PG_ARGISNULL(0) || !restate_status_from_text(PG_GETARG_TEXT_PP(0), &status))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL((status == STATUS_PENDING) == !PG_ARGISNULL(1) &&
				   (status == STATUS_SUSPENDED || (PG_ARGISNULL(2) && PG_ARGISNULL(3))));
}

/*
 * check_completion(status, completion_result, completion_failure): whether a
 * result is there exactly when completed, and a failure exactly with that
 * result.
 */
PG_FUNCTION_INFO_V1(restate_check_completion);
Datum
restate_check_completion(PG_FUNCTION_ARGS)
{
	bool failed = text_arg_is(fcinfo, 1, "failure");

	PG_RETURN_BOOL(text_arg_is(fcinfo, 0, "completed") == !PG_ARGISNULL(1) &&
				   (PG_ARGISNULL(1) || failed || text_arg_is(fcinfo, 1, "success")) &&
				   failed == !PG_ARGISNULL(2));
}

/*
 * check_target(target_service_ty, target_service_key, target_handler_ty):
 * whether there is a key and a kind of handler exactly where the kind of
 * service has them.
 */
PG_FUNCTION_INFO_V1(restate_check_target);
Datum
restate_check_target(PG_FUNCTION_ARGS)
{
	const char *exclusive_handler;

	if (text_arg_is(fcinfo, 0, "service"))
		PG_RETURN_BOOL(PG_ARGISNULL(1) && PG_ARGISNULL(2));
	if (text_arg_is(fcinfo, 0, "virtual_object"))
		exclusive_handler = "exclusive";
	else if (text_arg_is(fcinfo, 0, "workflow"))
		exclusive_handler = "workflow";
	else
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(!PG_ARGISNULL(1) &&
				   (text_arg_is(fcinfo, 2, exclusive_handler) || text_arg_is(fcinfo, 2, "shared")));
}

/*
 * check_invoked_by(invoked_by, restarted_from, request_id): whether the first
 * is one of the origins, the original is there exactly for a restart, and a
 * request id at most there.
 */
PG_FUNCTION_INFO_V1(restate_check_invoked_by);
Datum
restate_check_invoked_by(PG_FUNCTION_ARGS)
{
	if (text_arg_is(fcinfo, 0, "restart_as_new"))
		PG_RETURN_BOOL(!PG_ARGISNULL(1));
	PG_RETURN_BOOL((text_arg_is(fcinfo, 0, "ingress") || text_arg_is(fcinfo, 0, "service") ||
					text_arg_is(fcinfo, 0, "subscription")) &&
				   PG_ARGISNULL(1) && PG_ARGISNULL(2));
}

/*
 * check_pinned(pinned_deployment_id, pinned_service_protocol_version): whether
 * both are there or neither, and the version is one.
 */
PG_FUNCTION_INFO_V1(restate_check_pinned);
Datum
restate_check_pinned(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_ARGISNULL(0) == PG_ARGISNULL(1) && (PG_ARGISNULL(1) || PG_GETARG_INT32(1) > 0));
}

/*
 * check_journal_size(journal_size, journal_commands_size): whether a journal
 * can have so many entries, and so many of them be commands.  Neither is null.
 */
PG_FUNCTION_INFO_V1(restate_check_journal_size);
Datum
restate_check_journal_size(PG_FUNCTION_ARGS)
{
	int64 size = PG_GETARG_INT64(0);
	int64 commands = PG_GETARG_INT64(1);

	PG_RETURN_BOOL(commands >= 0 && commands <= size && size <= (int64) PG_UINT32_MAX + 1);
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
 * check_retention(completion_retention, journal_retention): whether neither is
 * negative.  Neither is null.
 */
PG_FUNCTION_INFO_V1(restate_check_retention);
Datum
restate_check_retention(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_not_negative(PG_GETARG_INTERVAL_P(0)) && is_not_negative(PG_GETARG_INTERVAL_P(1)));
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
 * signal_index): whether each is null or an unsigned number of 32 bits.
 */
PG_FUNCTION_INFO_V1(restate_check_entry_numbers);
Datum
restate_check_entry_numbers(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_u32(fcinfo, 0) && is_u32(fcinfo, 1) && is_u32(fcinfo, 2) && is_u32(fcinfo, 3));
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
 * check_json_object(value): whether it is a JSON object.
 */
PG_FUNCTION_INFO_V1(restate_check_json_object);
Datum
restate_check_json_object(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL((jsonb_root_header(PG_GETARG_DATUM(0)) & JB_FOBJECT) != 0);
}

/*
 * check_json_array(value): whether it is a JSON array.
 */
PG_FUNCTION_INFO_V1(restate_check_json_array);
Datum
restate_check_json_array(PG_FUNCTION_ARGS)
{
	uint32 header = jsonb_root_header(PG_GETARG_DATUM(0));

	PG_RETURN_BOOL((header & JB_FARRAY) != 0 && (header & JB_FSCALAR) == 0);
}
