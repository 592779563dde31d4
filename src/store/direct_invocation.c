/*
 * direct_invocation.c
 *		The row of an invocation that statements write without the executor, from the
 *		parameters of their calls and the row before: what the texts in work.c say of each
 *		column.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "store/direct.h"
#include "store/direct_tables.h"
#include "store/work.h"
#include "types/compat.h"
#include "types/status.h"
#include "types/text_equals.h"

/* the numbers of the parameters of each form */
#define SUBMISSION_PARAM(type, name) SUBMISSION_##name,
#define ADVANCE_PARAM(type, name)	 ADVANCE_##name,
#define UPDATE_PARAM(type, name)	 UPDATE_##name,
#define COMPLETED_PARAM(type, name)	 COMPLETED_##name,
enum
{
	STORE_SUBMISSIONS(SUBMISSION_PARAM, SUBMISSION_PARAM)
};
enum
{
	STORE_ADVANCES(ADVANCE_PARAM, ADVANCE_PARAM)
};
enum
{
	STORE_UPDATES(UPDATE_PARAM, UPDATE_PARAM)
};
enum
{
	STORE_COMPLETED(COMPLETED_PARAM, COMPLETED_PARAM)
};

static const NullableDatum null = {0, true};

static void copy_row(TupleTableSlot *before, TupleTableSlot *after);
static NullableDatum known(NullableDatum value, NullableDatum otherwise);
static NullableDatum only_if(bool condition, NullableDatum value);
static NullableDatum not_false(NullableDatum value);
static NullableDatum not_zero(NullableDatum value);
static NullableDatum as_integer(NullableDatum value);
static NullableDatum as_interval(NullableDatum microseconds);
static NullableDatum as_array(NullableDatum text_of_array, Oid element);
static NullableDatum array_of(NullableDatum text);
static NullableDatum number(int64 value);
static NullableDatum literal(const char *text);
static bool is_status(NullableDatum name, Status status);
static bool waits(NullableDatum status);
static bool same_status(NullableDatum a, NullableDatum b);
static NullableDatum retries(const StoreCall *call, int row, TupleTableSlot *before);
static void set_awaited(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after);
static void set_failure(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after);
static void forget_attempts(TupleTableSlot *after);

#define SUBMITTED(name)	   row_param(call, row, SUBMISSION_##name)
#define ADVANCED(name)	   row_param(call, row, ADVANCE_##name)
#define UPDATED(name)	   row_param(call, row, UPDATE_##name)
#define FINISHED(name)	   row_param(call, row, COMPLETED_##name)
#define BEFORE(column)	   column_value(&invocation_table, before, column)
#define SET(column, value) column_set(&invocation_table, after, column, value)

/*
 * Returns whether an invocation that is submitted can be no other than a new one: that of
 * an idempotency key, or the run of a workflow, may be there.
 */
bool
row_is_new(const StoreCall *call, int row)
{
	NullableDatum handler_ty = SUBMITTED(handler_ty);

	return SUBMITTED(idempotency_key).isnull &&
		   (handler_ty.isnull || !text_equals(DatumGetTextPP(handler_ty.value), "workflow"));
}

/*
 * Puts a new invocation into a slot: STORE_SUBMIT.
 */
void
row_submit(const StoreCall *call, int row, TupleTableSlot *after)
{
	NullableDatum at = SUBMITTED(at);
	NullableDatum status = SUBMITTED(status);
	bool has_attempt = !SUBMITTED(attempt).isnull;

	row_begin(&invocation_table, after);
	SET(COLUMN_id, SUBMITTED(id));
	SET(COLUMN_partition_key, SUBMITTED(partition_key));
	SET(FACT_status, status);
	SET(FACT_target_service_name, SUBMITTED(service_name));
	SET(FACT_target_service_key, SUBMITTED(service_key));
	SET(COLUMN_target_handler_name, SUBMITTED(handler_name));
	SET(FACT_target_service_ty, SUBMITTED(service_ty));
	SET(FACT_target_handler_ty, SUBMITTED(handler_ty));
	SET(COLUMN_idempotency_key, SUBMITTED(idempotency_key));
	SET(COLUMN_invoked_by, SUBMITTED(invoked_by));
	SET(FACT_invoked_by_id, SUBMITTED(caller_id));
	SET(COLUMN_invoked_by_service_name, SUBMITTED(caller_service_name));
	SET(COLUMN_invoked_by_target, SUBMITTED(caller_target));
	SET(FACT_pinned_deployment_id, SUBMITTED(deployment_id));
	SET(FACT_pinned_service_protocol_version, as_integer(SUBMITTED(protocol_version)));
	SET(FACT_journal_size, SUBMITTED(journal_size));
	SET(FACT_journal_commands_size, SUBMITTED(journal_commands_size));
	SET(COLUMN_created_at, at);
	SET(FACT_modified_at, at);
	SET(COLUMN_inboxed_at, only_if(is_status(status, STATUS_PENDING), at));
	SET(COLUMN_scheduled_at, only_if(!SUBMITTED(scheduled_start_at).isnull, at));
	SET(FACT_scheduled_start_at, SUBMITTED(scheduled_start_at));
	SET(COLUMN_running_at, only_if(!waits(status), at));
	SET(FACT_completion_retention, as_interval(SUBMITTED(completion_retention)));
	SET(FACT_journal_retention, as_interval(SUBMITTED(journal_retention)));
	SET(FACT_inbox_sequence_number, SUBMITTED(inbox_sequence_number));
	SET(COLUMN_input_headers, SUBMITTED(input_headers));
	SET(COLUMN_input_payload, SUBMITTED(input_payload));
	SET(FACT_random_seed, SUBMITTED(random_seed));
	SET(FACT_attempt, SUBMITTED(attempt));
	SET(FACT_worker_name, SUBMITTED(worker_name));
	SET(FACT_last_start_at, only_if(has_attempt, at));
	SET(COLUMN_retry_count, only_if(has_attempt, number(1)));
	SET(FACT_attempt_count, only_if(has_attempt, number(1)));
	SET(COLUMN_last_attempt_deployment_id, only_if(has_attempt, SUBMITTED(deployment_id)));
	SET(FACT_last_entry_at, only_if(!waits(status), at));
	SET(FACT_has_waiters, not_false(SUBMITTED(has_waiters)));
	SET(FACT_awaited_by, array_of(SUBMITTED(awaited_by)));
	ExecStoreVirtualTuple(after);
}

/*
 * Sets the primary key of the invocation that a row of a call is about.
 */
void
row_invocation_key(const StoreCall *call, int row, Datum *key)
{
	key[0] = row_param(call, row, UPDATE_id).value;
	key[1] = row_param(call, row, UPDATE_partition_key).value;
}

/*
 * Puts an invocation whose attempt runs on, with more entries, into a slot: STORE_ADVANCE.
 * Returns whether its attempt is the one that runs.
 */
bool
row_advance(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after)
{
	NullableDatum attempt = BEFORE(FACT_attempt);

	if (attempt.isnull || DatumGetInt64(attempt.value) != DatumGetInt64(ADVANCED(attempt).value) ||
		!is_status(BEFORE(FACT_status), STATUS_RUNNING))
		return false;
	copy_row(before, after);
	SET(FACT_journal_size, ADVANCED(journal_size));
	SET(FACT_journal_commands_size, ADVANCED(journal_commands_size));
	SET(FACT_asked_completion_id, ADVANCED(asked));
	SET(FACT_entry_retry_count, null);
	SET(FACT_last_entry_at, ADVANCED(at));
	SET(COLUMN_last_attempt_server, known(ADVANCED(server), BEFORE(COLUMN_last_attempt_server)));
	ExecStoreVirtualTuple(after);
	return true;
}

/*
 * Puts an invocation that goes on, as it is to be, into a slot: STORE_UPDATE.  Returns
 * whether it is what it was taken for.
 */
bool
row_update(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after)
{
	NullableDatum at = UPDATED(at);
	NullableDatum status = UPDATED(status);
	bool is_same = same_status(BEFORE(FACT_status), status);
	bool is_pending = is_status(status, STATUS_PENDING);
	bool starts = !UPDATED(last_start_at).isnull;
	NullableDatum deployment_id = known(UPDATED(deployment_id), BEFORE(FACT_pinned_deployment_id));

	if (!same_status(BEFORE(FACT_status), UPDATED(status_was)))
		return false;
	copy_row(before, after);
	SET(FACT_status, status);
	SET(FACT_modified_at, is_same && !starts ? BEFORE(FACT_modified_at) : at);
	SET(FACT_journal_size, UPDATED(journal_size));
	SET(FACT_journal_commands_size, UPDATED(journal_commands_size));
	SET(FACT_pause_requested, UPDATED(pause_requested));
	SET(FACT_pinned_deployment_id, deployment_id);
	SET(FACT_pinned_service_protocol_version,
		known(as_integer(UPDATED(protocol_version)), BEFORE(FACT_pinned_service_protocol_version)));
	set_awaited(call, row, before, after);
	SET(FACT_inbox_sequence_number,
		only_if(is_pending, known(UPDATED(inbox_sequence_number), BEFORE(FACT_inbox_sequence_number))));
	if (is_pending)
		SET(COLUMN_inboxed_at, known(BEFORE(COLUMN_inboxed_at), at));
	SET(COLUMN_input_headers, only_if(waits(status), BEFORE(COLUMN_input_headers)));
	SET(COLUMN_input_payload, only_if(waits(status), BEFORE(COLUMN_input_payload)));
	SET(COLUMN_running_at, only_if(!waits(status), known(BEFORE(COLUMN_running_at), at)));
	SET(FACT_next_retry_at,
		is_same ? known(BEFORE(FACT_next_retry_at), UPDATED(next_retry_at)) : UPDATED(next_retry_at));
	SET(FACT_attempt, UPDATED(attempt));
	SET(FACT_worker_name,
		only_if(is_status(status, STATUS_RUNNING), known(UPDATED(worker_name), BEFORE(FACT_worker_name))));
	SET(FACT_last_start_at, known(UPDATED(last_start_at), BEFORE(FACT_last_start_at)));
	if (starts)
		SET(COLUMN_last_attempt_deployment_id, deployment_id);
	SET(COLUMN_retry_count, retries(call, row, before));
	SET(FACT_attempt_count, not_zero(UPDATED(attempt_count)));
	SET(FACT_entry_retry_count, not_zero(UPDATED(entry_retry_count)));
	SET(FACT_last_entry_at, UPDATED(last_entry_at));
	SET(COLUMN_last_attempt_server, known(UPDATED(server), BEFORE(COLUMN_last_attempt_server)));
	set_failure(call, row, before, after);
	SET(FACT_has_waiters, not_false(UPDATED(has_waiters)));
	SET(FACT_is_foreign, not_false(UPDATED(is_foreign)));
	SET(FACT_asked_completion_id, UPDATED(asked));
	ExecStoreVirtualTuple(after);
	return true;
}

/*
 * Sets what an invocation that goes on waits for.
 */
static void
set_awaited(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after)
{
	bool is_suspended = is_status(UPDATED(status), STATUS_SUSPENDED);

	SET(COLUMN_suspended_waiting_for_completions,
		only_if(is_suspended,
				known(as_array(UPDATED(completions), INT8OID), BEFORE(COLUMN_suspended_waiting_for_completions))));
	SET(COLUMN_suspended_waiting_for_signals,
		only_if(is_suspended,
				known(as_array(UPDATED(signals), INT8OID), BEFORE(COLUMN_suspended_waiting_for_signals))));
	SET(COLUMN_suspended_waiting_for_names,
		only_if(is_suspended, known(as_array(UPDATED(names), TEXTOID), BEFORE(COLUMN_suspended_waiting_for_names))));
}

/*
 * Returns how many attempts there have been of an invocation that goes on.
 */
static NullableDatum
retries(const StoreCall *call, int row, TupleTableSlot *before)
{
	NullableDatum count = BEFORE(COLUMN_retry_count);
	bool was_running = is_status(BEFORE(FACT_status), STATUS_RUNNING);

	if (!UPDATED(last_start_at).isnull)
		return was_running ? UPDATED(attempt_count) : number((count.isnull ? 0 : DatumGetInt64(count.value)) + 1);
	return only_if(!was_running || is_status(UPDATED(status), STATUS_RUNNING) ||
					   DatumGetInt64(UPDATED(attempt_count).value) > 0,
				   count);
}

/*
 * Sets how the last attempt of an invocation that goes on has failed, if that is new.
 */
static void
set_failure(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after)
{
	if (UPDATED(last_failure).isnull)
		return;
	SET(COLUMN_last_failure, UPDATED(last_failure));
	SET(COLUMN_last_failure_error_code, UPDATED(error_code));
	SET(COLUMN_last_failure_related_command_index, UPDATED(command_index));
	SET(COLUMN_last_failure_related_command_name, UPDATED(command_name));
	SET(COLUMN_last_failure_related_command_type, UPDATED(command_type));
}

/*
 * Puts an invocation that is completed into a slot: STORE_COMPLETE.  Returns whether it is
 * what it was taken for.
 */
bool
row_complete(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after)
{
	NullableDatum at = FINISHED(at);

	if (!same_status(BEFORE(FACT_status), FINISHED(status_was)))
		return false;
	copy_row(before, after);
	SET(FACT_status, literal(restate_status_name(STATUS_COMPLETED)));
	SET(FACT_modified_at, at);
	SET(FACT_journal_size, FINISHED(journal_size));
	SET(FACT_journal_commands_size, FINISHED(journal_commands_size));
	SET(FACT_pause_requested, ((NullableDatum){BoolGetDatum(false), false}));
	SET(COLUMN_suspended_waiting_for_completions, null);
	SET(COLUMN_suspended_waiting_for_signals, null);
	SET(COLUMN_suspended_waiting_for_names, null);
	SET(FACT_inbox_sequence_number, null);
	SET(COLUMN_input_headers, null);
	SET(COLUMN_input_payload, null);
	SET(COLUMN_running_at, known(BEFORE(COLUMN_running_at), at));
	SET(FACT_next_retry_at, null);
	SET(FACT_attempt, null);
	SET(FACT_worker_name, null);
	SET(FACT_attempt_count, null);
	SET(FACT_entry_retry_count, null);
	SET(FACT_last_entry_at, null);
	if (!is_status(BEFORE(FACT_status), STATUS_PAUSED))
		forget_attempts(after);
	SET(COLUMN_completed_at, at);
	SET(COLUMN_completion_result, literal(FINISHED(failure).isnull ? "success" : "failure"));
	SET(COLUMN_completion_failure, FINISHED(failure));
	SET(COLUMN_completion_failure_metadata, FINISHED(failure_metadata));
	SET(COLUMN_completion_payload, FINISHED(value));
	ExecStoreVirtualTuple(after);
	return true;
}

/*
 * Forgets what is known of attempts, which does not outlive completion.
 */
static void
forget_attempts(TupleTableSlot *after)
{
	static const int columns[] = {
		COLUMN_retry_count, FACT_last_start_at, COLUMN_last_attempt_deployment_id, COLUMN_last_attempt_server,
		COLUMN_last_failure, COLUMN_last_failure_error_code, COLUMN_last_failure_related_command_index,
		COLUMN_last_failure_related_command_name, COLUMN_last_failure_related_command_type};

	for (int i = 0; i < (int) lengthof(columns); i++)
		SET(columns[i], null);
}

/*
 * Begins a row as it was before.
 */
static void
copy_row(TupleTableSlot *before, TupleTableSlot *after)
{
	ExecClearTuple(after);
	memcpy(after->tts_values, before->tts_values, sizeof(Datum) * (Size) before->tts_nvalid);
	memcpy(after->tts_isnull, before->tts_isnull, sizeof(bool) * (Size) before->tts_nvalid);
}

/*
 * coalesce(value, otherwise)
 */
static NullableDatum
known(NullableDatum value, NullableDatum otherwise)
{
	return value.isnull ? otherwise : value;
}

/*
 * CASE WHEN condition THEN value END
 */
static NullableDatum
only_if(bool condition, NullableDatum value)
{
	return condition ? value : null;
}

/*
 * nullif(value, false)
 */
static NullableDatum
not_false(NullableDatum value)
{
	return only_if(!value.isnull && DatumGetBool(value.value), value);
}

/*
 * nullif(value, 0)
 */
static NullableDatum
not_zero(NullableDatum value)
{
	return only_if(!value.isnull && DatumGetInt64(value.value) != 0, value);
}

/*
 * value::integer
 */
static NullableDatum
as_integer(NullableDatum value)
{
	return value.isnull ? null : (NullableDatum){OidFunctionCall1(F_INT4_INT8, value.value), false};
}

/*
 * microseconds * interval '1 microsecond'
 */
static NullableDatum
as_interval(NullableDatum microseconds)
{
	Interval one = {.time = 1};

	if (microseconds.isnull)
		return null;
	return (NullableDatum){
		DirectFunctionCall2(interval_mul, IntervalPGetDatum(&one),
							Float8GetDatum((double) DatumGetInt64(microseconds.value))),
		false};
}

/*
 * restate.read_numbers(text_of_array) or restate.read_names(text_of_array)
 */
static NullableDatum
as_array(NullableDatum text_of_array, Oid element)
{
	if (text_of_array.isnull)
		return null;
	return (NullableDatum){
		OidInputFunctionCall(F_ARRAY_IN, TextDatumGetCString(text_of_array.value), element, -1), false};
}

/*
 * CASE WHEN value IS NOT NULL THEN ARRAY[value] END
 */
static NullableDatum
array_of(NullableDatum value)
{
	if (value.isnull)
		return null;
	return (NullableDatum){
		PointerGetDatum(construct_array(&value.value, 1, TEXTOID, -1, false, TYPALIGN_INT)), false};
}

/*
 * Returns a number.
 */
static NullableDatum
number(int64 value)
{
	return (NullableDatum){Int64GetDatum(value), false};
}

/*
 * Returns a text.
 */
static NullableDatum
literal(const char *text)
{
	return (NullableDatum){CStringGetTextDatum(text), false};
}

/*
 * Returns whether that is the name of the status.
 */
static bool
is_status(NullableDatum name, Status status)
{
	return !name.isnull && text_equals(DatumGetTextPP(name.value), restate_status_name(status));
}

/*
 * Returns whether one of that status has not started.
 */
static bool
waits(NullableDatum status)
{
	return is_status(status, STATUS_PENDING) || is_status(status, STATUS_SCHEDULED);
}

/*
 * Returns whether both are the name of the same status.
 */
static bool
same_status(NullableDatum a, NullableDatum b)
{
	return same_text(DatumGetTextPP(a.value), DatumGetTextPP(b.value));
}
