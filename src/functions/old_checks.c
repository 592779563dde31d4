/*
 * old_checks.c
 *		The functions that 0.2.0 has for one rule each.
 *
 * Its constraints call them until ALTER EXTENSION ... UPDATE, and its scripts
 * are run on the way from 0.1.0.  Each returns whether the rule holds; the
 * server names the constraint.
 */
#include "postgres.h"

#include "fmgr.h"

#include "functions/sound.h"

PG_FUNCTION_INFO_V1(restate_check_status);
PG_FUNCTION_INFO_V1(restate_check_completion);
PG_FUNCTION_INFO_V1(restate_check_target);
PG_FUNCTION_INFO_V1(restate_check_invoked_by);
PG_FUNCTION_INFO_V1(restate_check_pinned);
PG_FUNCTION_INFO_V1(restate_check_journal_size);
PG_FUNCTION_INFO_V1(restate_check_retention);
PG_FUNCTION_INFO_V1(restate_check_entry_numbers);
PG_FUNCTION_INFO_V1(restate_check_json_object);
PG_FUNCTION_INFO_V1(restate_check_json_array);

/*
 * check_status(status, inbox_sequence_number, suspended_waiting_for_completions,
 * suspended_waiting_for_signals).
 */
Datum
restate_check_status(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	PG_RETURN_BOOL(status_is_sound(&row[0], &row[1], &row[2], &row[3]));
}

/*
 * check_completion(status, completion_result, completion_failure).
 */
Datum
restate_check_completion(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	PG_RETURN_BOOL(completion_is_sound(&row[0], &row[1], &row[2]));
}

/*
 * check_target(target_service_ty, target_service_key, target_handler_ty).
 */
Datum
restate_check_target(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	PG_RETURN_BOOL(target_is_sound(&row[0], &row[1], &row[2]));
}

/*
 * check_invoked_by(invoked_by, restarted_from, request_id).
 */
Datum
restate_check_invoked_by(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	PG_RETURN_BOOL(origin_is_sound(&row[0], &row[1], &row[2]));
}

/*
 * check_pinned(pinned_deployment_id, pinned_service_protocol_version).
 */
Datum
restate_check_pinned(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	PG_RETURN_BOOL(pinned_is_sound(&row[0], &row[1]));
}

/*
 * check_journal_size(journal_size, journal_commands_size).
 */
Datum
restate_check_journal_size(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	PG_RETURN_BOOL(journal_size_is_sound(&row[0], &row[1]));
}

/*
 * check_retention(completion_retention, journal_retention).
 */
Datum
restate_check_retention(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	PG_RETURN_BOOL(retention_is_sound(&row[0], &row[1]));
}

/*
 * check_entry_numbers(index, completion_id, result_completion_id, signal_index).
 */
Datum
restate_check_entry_numbers(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	PG_RETURN_BOOL(column_is_u32(&row[0]) && column_is_u32(&row[1]) &&
				   column_is_u32(&row[2]) && column_is_u32(&row[3]));
}

/*
 * check_json_object(value).
 */
Datum
restate_check_json_object(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(column_is_json_object(fcinfo->args));
}

/*
 * check_json_array(value).
 */
Datum
restate_check_json_array(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(column_is_json_array(fcinfo->args));
}
