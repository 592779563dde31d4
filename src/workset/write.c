/*
 * write.c
 *		Brings the tables to what the operations made of the working set: a part of
 *		the work for each kind of change, with a row for each that it concerns.
 *		No two parts concern the same row of a table, so that they can run as
 *		one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "workset/object_state.h"

static void write_invocation(Workset *workset, const Invocation *invocation);
static void delete_invocation(Workset *workset, const Invocation *invocation);
static void keep_undelivered(Workset *workset, const Invocation *invocation);
static const bytea *success_value(const Invocation *invocation);
static void delete_workflow_data(Workset *workset, const Invocation *invocation);
static void delete_journal(Workset *workset, const Invocation *invocation);
static void start_journal(Workset *workset, const Invocation *invocation);
static void create(Workset *workset, const Invocation *invocation);
static bool only_advances(const Invocation *invocation);
static void advance(Workset *workset, const Invocation *invocation);
static void update(Workset *workset, const Invocation *invocation);
static void set_awaited(StoreUpdate *row, const Awaited *awaited);
static const char *numbers_text(const int64 *numbers, int count);
static const char *names_text(const char *const *names, int count);
static const int64 *asked_of(const Invocation *invocation);
static bool gets_waiter(const Invocation *invocation);
static const Jsonb *failure_metadata(const Invocation *invocation);
static void complete(Workset *workset, const Invocation *invocation);
static void append(Workset *workset, const Invocation *invocation);
static const char *state_keys_meta(const JournalAppend *entry);
static void tell_paused(Workset *workset, const Invocation *invocation);
static void write_runnable(Workset *workset, const Invocation *invocation);
static void write_timers(Workset *workset, const Invocation *invocation);
static void write_waiters(Workset *workset, const Invocation *invocation);
static void update_object_key(Workset *workset, const ObjectKey *key);

/*
 * Returns the part of what is to be written that the statement is, to which rows
 * are added.
 */
StoreCall *
workset_part(Workset *workset, StoreStatement statement)
{
	if (workset->work[statement] == NULL)
	{
		workset->work[statement] = MemoryContextAlloc(workset->context, sizeof(StoreCall));
		store_call(workset->work[statement], statement);
	}
	return workset->work[statement];
}

/*
 * Writes all changes of the working set, and what was added to its parts before.
 */
void
workset_write(Workset *workset)
{
	HASH_SEQ_STATUS scan;
	const Invocation *invocation;
	ListCell *cell;
	List *news;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		write_invocation(workset, invocation);
	foreach (cell, workset->object_keys)
		if (((const ObjectKey *) lfirst(cell))->changed)
			update_object_key(workset, lfirst(cell));
	news = workset_find_news(workset);
	(void) store_write(workset->work);
	workset_apply_queued_states(workset);
	workset_notify(workset, news);
}

/*
 * Writes what became of the invocation.
 */
static void
write_invocation(Workset *workset, const Invocation *invocation)
{
	bool loses_journal = invocation->removed || invocation->journal_purged;

	if (invocation->created && invocation->removed)
		return;
	write_runnable(workset, invocation);
	write_timers(workset, invocation);
	write_waiters(workset, invocation);
	if (loses_journal)
		delete_journal(workset, invocation);
	else if (invocation->started && !invocation->created)
		start_journal(workset, invocation);
	if (invocation->removed)
	{
		keep_undelivered(workset, invocation);
		delete_invocation(workset, invocation);
	}
	else if (invocation->created)
	{
		create(workset, invocation);
		append(workset, invocation);
	}
	else if (invocation->changed || gets_waiter(invocation))
	{
		if (invocation->status == STATUS_COMPLETED)
			complete(workset, invocation);
		else if (only_advances(invocation))
			advance(workset, invocation);
		else
			update(workset, invocation);
		tell_paused(workset, invocation);
		append(workset, invocation);
	}
	else if (loses_journal)
		workset_add_id(workset_part(workset, STORE_CLEAR_JOURNAL_SIZES), invocation);
}

/*
 * Deletes the journal with its events.
 */
static void
delete_journal(Workset *workset, const Invocation *invocation)
{
	StoreCall *part = workset_part(workset, STORE_DELETE_JOURNALS);
	int64 entries = part->must_write + invocation->facts.journal_size;

	workset_add_id(part, invocation);
	part->must_write = entries;
	workset_add_id(workset_part(workset, STORE_DELETE_EVENTS), invocation);
}

/*
 * Gives an invocation that leaves an inbox without a journal its input as the
 * first entry.
 */
static void
start_journal(Workset *workset, const Invocation *invocation)
{
	store_add_start(workset_part(workset, STORE_START_JOURNALS),
					&(StoreStart){
						.id = &invocation->id,
						.partition_key = invocation->partition_key,
						.at = workset->at});
}

/*
 * Keeps the result of an invocation that is removed as it ends, while requests wait for
 * it.
 */
static void
keep_undelivered(Workset *workset, const Invocation *invocation)
{
	if (!invocation->facts.is_awaited || invocation->facts.status == STATUS_COMPLETED)
		return;
	store_add_undelivered(workset_part(workset, STORE_KEEP_UNDELIVERED),
						  &(StoreUndelivered){
							  .id = &invocation->id,
							  .partition_key = invocation->partition_key,
							  .random_seed = invocation->facts.random_seed,
							  .failure = invocation->failure,
							  .failure_metadata = failure_metadata(invocation),
							  .value = success_value(invocation),
							  .at = workset->at});
}

/*
 * Deletes the invocation; of a workflow run that had started, what it kept too.
 */
static void
delete_invocation(Workset *workset, const Invocation *invocation)
{
	store_add_removal(workset_part(workset, STORE_DELETE_INVOCATIONS),
					  &(StoreRemoval){
						  .id = &invocation->id,
						  .partition_key = invocation->partition_key,
						  .status = restate_status_name(invocation->facts.status)});
	if (invocation->facts.is_workflow_run && status_has_started(invocation->facts.status))
		delete_workflow_data(workset, invocation);
}

/*
 * Deletes the state and promises of a workflow run, and who waits for those.
 */
static void
delete_workflow_data(Workset *workset, const Invocation *invocation)
{
	StoreKey key = {
		.service_name = invocation->service_name,
		.service_key = invocation->service_key,
		.partition_key = invocation->partition_key};

	store_add_key(workset_part(workset, STORE_DELETE_STATE), &key);
	store_add_key(workset_part(workset, STORE_DELETE_PROMISES), &key);
	store_add_key(workset_part(workset, STORE_DELETE_PROMISE_WAITERS), &key);
}

/*
 * Creates an invocation that was submitted in this call; of one that has started the
 * input becomes the first entry of its journal.
 */
static void
create(Workset *workset, const Invocation *invocation)
{
	const Submission *submission = invocation->submission;
	bool has_started = status_has_started(invocation->status);
	int64 protocol_version = invocation->set_protocol_version;
	const Jsonb *headers = store_jsonb(submission->input_meta);
	const bytea *input = workset_bytes(&submission->input);

	store_add_submission(
		workset_part(workset, STORE_SUBMIT),
		&(StoreSubmission){
			.id = &invocation->id,
			.partition_key = invocation->partition_key,
			.status = restate_status_name(invocation->status),
			.service_name = submission->service_name,
			.service_key = submission->service_key,
			.handler_name = submission->handler_name,
			.service_ty = submission->service_ty,
			.handler_ty = submission->handler_ty,
			.idempotency_key = submission->idempotency_key,
			.invoked_by = submission->has_caller ? "service" : "ingress",
			.caller_id = submission->has_caller ? &submission->caller_id : NULL,
			.caller_service_name = submission->caller_service_name,
			.caller_target = submission->caller_target,
			.deployment_id = invocation->set_deployment ? &invocation->facts.deployment_id : NULL,
			.protocol_version = protocol_version > 0 ? &protocol_version : NULL,
			.journal_size = invocation->journal_size,
			.journal_commands_size = invocation->journal_commands_size,
			.completion_retention = invocation->result_retention,
			.journal_retention = invocation->journal_retention,
			.inbox_sequence_number = invocation->status == STATUS_PENDING ?
										 &invocation->inbox_sequence_number :
										 NULL,
			.scheduled_start_at = invocation->scheduled_start_at,
			.input_headers = has_started ? NULL : headers,
			.input_payload = has_started ? NULL : input,
			.random_seed = invocation->facts.random_seed != 0 ? invocation->facts.random_seed :
																(int64) restate_random_bits(),
			.attempt = invocation->attempt != 0 ? &invocation->attempt : NULL,
			.worker_name = invocation->worker_name,
			.has_waiters = gets_waiter(invocation),
			.awaited_by = submission->awaited_by,
			.at = workset->at});
	if (has_started)
		store_add_append(
			workset_part(workset, STORE_APPEND),
			&(StoreAppend){.id = &invocation->id,
						   .partition_key = invocation->partition_key,
						   .index = 0,
						   .entry_type = entry_type_names[COMMAND_INPUT],
						   .name = "",
						   .meta = store_jsonb(psprintf("{\"headers\": %s}", submission->input_meta)),
						   .payload = input,
						   .at = workset->at});
}

/*
 * Returns whether nothing of the invocation changes but that its attempt runs on with
 * more entries.
 */
static bool
only_advances(const Invocation *invocation)
{
	const Facts *facts = &invocation->facts;

	return facts->status == STATUS_RUNNING && invocation->status == STATUS_RUNNING &&
		   facts->attempt != 0 && invocation->attempt == facts->attempt &&
		   invocation->pause_requested == facts->pause_requested && !invocation->set_deployment &&
		   !gets_waiter(invocation);
}

/*
 * Notes how long the journal is of an invocation whose attempt runs on.
 */
static void
advance(Workset *workset, const Invocation *invocation)
{
	store_add_advance(workset_part(workset, STORE_ADVANCE),
					  &(StoreAdvance){
						  .id = &invocation->id,
						  .partition_key = invocation->partition_key,
						  .journal_size = invocation->journal_size,
						  .journal_commands_size = invocation->journal_commands_size,
						  .attempt = invocation->attempt,
						  .asked = asked_of(invocation),
						  .server = invocation->attempt_server,
						  .at = workset->at});
}

/*
 * Returns which completion the commands of the journal have asked for last; NULL if that
 * is not known, or none of them can have.
 */
static const int64 *
asked_of(const Invocation *invocation)
{
	return invocation->asked_is_known && invocation->journal_commands_size > 1 ?
			   &invocation->asked :
			   NULL;
}

/*
 * Returns whether somebody waits for the invocation's result who did not before.
 */
static bool
gets_waiter(const Invocation *invocation)
{
	if (invocation->facts.has_waiters || invocation->status == STATUS_COMPLETED)
		return false;
	for (const Waiter *waiter = invocation->waiters; waiter; waiter = waiter->next)
		if (waiter->is_new && waiter->caller)
			return true;
	return false;
}

/*
 * Updates an invocation that goes on.
 */
static void
update(Workset *workset, const Invocation *invocation)
{
	const Failure *failure = invocation->attempt_failure;
	bool is_pending = invocation->status == STATUS_PENDING;
	bool is_foreign = invocation->is_foreign;
	int64 protocol_version = invocation->set_protocol_version;
	StoreUpdate row = {
		.id = &invocation->id,
		.partition_key = invocation->partition_key,
		.status = restate_status_name(invocation->status),
		.journal_size = invocation->journal_size,
		.journal_commands_size = invocation->journal_commands_size,
		.pause_requested = invocation->pause_requested,
		.deployment_id = invocation->set_deployment ? &invocation->facts.deployment_id : NULL,
		.protocol_version = protocol_version > 0 ? &protocol_version : NULL,
		.next_retry_at = invocation->next_retry_at,
		.attempt = invocation->attempt != 0 ? &invocation->attempt : NULL,
		.worker_name = invocation->worker_name,
		.last_start_at = invocation->attempt_started ? invocation->last_start_at : 0,
		.attempt_count = invocation->attempt_count,
		.entry_retry_count = invocation->entry_retry_count,
		.last_entry_at = is_foreign ? invocation->facts.last_entry_at : invocation->last_entry_at,
		.has_waiters = invocation->facts.has_waiters || gets_waiter(invocation),
		.is_foreign = is_foreign,
		.asked = asked_of(invocation),
		.status_was = restate_status_name(invocation->facts.status),
		.at = workset->at};

	if (is_pending && invocation->facts.status != STATUS_PENDING)
		row.inbox_sequence_number = &invocation->inbox_sequence_number;
	if (invocation->status == STATUS_SUSPENDED && invocation->facts.status != STATUS_SUSPENDED)
		set_awaited(&row, invocation->awaited);
	row.server = invocation->attempt_server;
	if (failure)
	{
		row.last_failure = failure->shown;
		row.error_code = failure->error_code;
		row.command_index =
			failure->related_command_index >= 0 ? &failure->related_command_index : NULL;
		row.command_name = failure->related_command_name;
		row.command_type = failure->related_command_type;
	}
	store_add_update(workset_part(workset, STORE_UPDATE), &row);
}

/*
 * Adds an event to the journal where the invocation is paused now, unless it is by a
 * failure, whose event tells that: what backed off has failed by what its last event tells.
 */
static void
tell_paused(Workset *workset, const Invocation *invocation)
{
	if (!invocation->created && invocation->status == STATUS_PAUSED && invocation->facts.status != STATUS_PAUSED &&
		invocation->attempt_failure == NULL)
		workset_add_event(workset, invocation, EVENT_PAUSED,
						  invocation->facts.status == STATUS_BACKING_OFF ?
							  NULL :
							  "{\"ty\": \"" EVENT_PAUSED "\"}");
}

/*
 * Adds an event to the journal; without JSON it has the failure that was told of last.
 */
void
workset_add_event(Workset *workset, const Invocation *invocation, const char *type,
				  const char *json)
{
	store_add_event(workset_part(workset, STORE_ADD_EVENTS),
					&(StoreEvent){
						.id = &invocation->id,
						.partition_key = invocation->partition_key,
						.journal_size = invocation->journal_size,
						.event_type = type,
						.event_json = json ? store_jsonb(json) : NULL,
						.at = workset->at});
}

/*
 * Sets what a suspended invocation waits for.
 */
static void
set_awaited(StoreUpdate *row, const Awaited *awaited)
{
	row->completions = numbers_text(awaited->completions, awaited->ncompletions);
	row->signals = numbers_text(awaited->signals, awaited->nsignals);
	row->names = names_text(awaited->names, awaited->nnames);
}

/*
 * Returns numbers as the text of an array, or NULL for none.
 */
static const char *
numbers_text(const int64 *numbers, int count)
{
	StringInfoData text;

	if (count == 0)
		return NULL;
	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%c" INT64_FORMAT, i == 0 ? '{' : ',', numbers[i]);
	appendStringInfoChar(&text, '}');
	return text.data;
}

/*
 * Returns texts as the text of an array, or NULL for none.
 */
static const char *
names_text(const char *const *names, int count)
{
	StringInfoData text;

	if (count == 0)
		return NULL;
	initStringInfo(&text);
	for (int i = 0; i < count; i++)
	{
		appendStringInfoString(&text, i == 0 ? "{\"" : "\",\"");
		for (const char *c = names[i]; *c; c++)
		{
			if (*c == '"' || *c == '\\')
				appendStringInfoChar(&text, '\\');
			appendStringInfoChar(&text, *c);
		}
	}
	appendStringInfoString(&text, "\"}");
	return text.data;
}

/*
 * Returns the metadata of the failure that the invocation ends with, or NULL.
 */
static const Jsonb *
failure_metadata(const Invocation *invocation)
{
	static const char *const path[] = {"result", "Failure", "metadata"};
	Datum result;
	Datum elements[lengthof(path)];
	LOCAL_FCINFO(fcinfo, 2);

	if (invocation->failure == NULL || invocation->result == NULL ||
		strstr(invocation->result->meta, "metadata") == NULL)
		return NULL;
	for (int i = 0; i < (int) lengthof(path); i++)
		elements[i] = CStringGetTextDatum(path[i]);
	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = PointerGetDatum(store_jsonb(invocation->result->meta));
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = PointerGetDatum(
		construct_array(elements, lengthof(path), TEXTOID, -1, false, TYPALIGN_INT));
	fcinfo->args[1].isnull = false;
	result = jsonb_extract_path(fcinfo);
	return fcinfo->isnull ? NULL : DatumGetJsonbP(result);
}

/*
 * Updates an invocation that is completed.
 */
static void
complete(Workset *workset, const Invocation *invocation)
{
	store_add_completed(workset_part(workset, STORE_COMPLETE),
						&(StoreCompleted){
							.id = &invocation->id,
							.partition_key = invocation->partition_key,
							.journal_size = invocation->journal_size,
							.journal_commands_size = invocation->journal_commands_size,
							.failure = invocation->failure,
							.failure_metadata = failure_metadata(invocation),
							.value = success_value(invocation),
							.status_was = restate_status_name(invocation->facts.status),
							.at = workset->at});
}

/*
 * Returns the value that the invocation ends with, NULL where it has none.
 */
static const bytea *
success_value(const Invocation *invocation)
{
	return invocation->failure || invocation->result == NULL ?
			   NULL :
			   workset_bytes(&invocation->result->value);
}

/*
 * Appends what there is for it to the invocation's journal.
 */
static void
append(Workset *workset, const Invocation *invocation)
{
	for (const JournalAppend *entry = invocation->appends; entry; entry = entry->next)
		store_add_append(
			workset_part(workset, STORE_APPEND),
			&(StoreAppend){
				.id = &invocation->id,
				.partition_key = invocation->partition_key,
				.index = entry->index,
				.entry_type = entry->entry_type,
				.name = entry->name,
				.completion_id = entry->completion_id >= 0 ? &entry->completion_id : NULL,
				.result_completion_id =
					entry->result_completion_id >= 0 ? &entry->result_completion_id : NULL,
				.invoked_id = entry->invoked_id,
				.signal_index = entry->signal_index >= 0 ? &entry->signal_index : NULL,
				.signal_name = entry->signal_name,
				.meta = workset_meta(entry),
				.payload = workset_bytes(&entry->payload),
				.at = workset->at});
}

/*
 * Returns the meta of an entry that is to be appended.
 */
const Jsonb *
workset_meta(const JournalAppend *entry)
{
	return store_jsonb(entry->state_keys ? state_keys_meta(entry) : entry->meta);
}

/*
 * Returns the meta of an entry that brings keys of the state.
 */
static const char *
state_keys_meta(const JournalAppend *entry)
{
	StringInfoData meta;

	initStringInfo(&meta);
	appendStringInfoString(&meta, "{\"state_keys\": [");
	for (int i = 0; i < entry->nstate_keys; i++)
	{
		if (i > 0)
			appendStringInfoString(&meta, ", ");
		escape_json(&meta, entry->state_keys[i]);
	}
	appendStringInfoString(&meta, "]}");
	return meta.data;
}

/*
 * Returns the bytes as the server has them, or NULL where there are none.
 */
const bytea *
workset_bytes(const Bytes *bytes)
{
	bytea *value;

	if (bytes->data == NULL)
		return NULL;
	value = palloc(VARHDRSZ + bytes->size);
	SET_VARSIZE(value, VARHDRSZ + bytes->size);
	memcpy(VARDATA(value), bytes->data, bytes->size);
	return value;
}

/*
 * Keeps the invocation's place among those that can run.
 */
static void
write_runnable(Workset *workset, const Invocation *invocation)
{
	const Facts *facts = &invocation->facts;
	bool was_runnable =
		!invocation->created && facts->status == STATUS_READY && !facts->is_foreign;
	bool is_runnable =
		!invocation->removed && invocation->status == STATUS_READY && !invocation->is_foreign;
	StoreRunnable row = {
		.id = &invocation->id,
		.partition_key = invocation->partition_key,
		.service_name = invocation->service_name};

	if (was_runnable == is_runnable && !(is_runnable && invocation->set_deployment))
		return;
	row.deployment_id = facts->is_pinned ? &facts->pinned_deployment_id : &restate_no_deployment;
	row.ready_at = facts->ready_at;
	if (was_runnable)
		store_add_runnable(workset_part(workset, STORE_DROP_RUNNABLE), &row);
	if (invocation->set_deployment)
		row.deployment_id = &facts->deployment_id;
	row.ready_at = invocation->ready_at;
	if (is_runnable)
		store_add_runnable(workset_part(workset, STORE_ADD_RUNNABLE), &row);
}

/*
 * Sets and drops the invocation's timers.  One that runs elsewhere has none but
 * the one that ends its retention.
 */
static void
write_timers(Workset *workset, const Invocation *invocation)
{
	static const char *const kinds[] = {
		[TIMER_SLEEP] = "sleep",
		[TIMER_SCHEDULE] = "schedule",
		[TIMER_RETRY] = "retry",
		[TIMER_EXPIRY] = "expiry"};

	for (const TimerChange *change = invocation->timers; change; change = change->next)
		if (!invocation->is_foreign || change->timer.kind == TIMER_EXPIRY)
			store_add_timer(
				workset_part(workset, change->is_removed ? STORE_DROP_TIMERS : STORE_SET_TIMERS),
				&(StoreTimer){
					.id = &invocation->id,
					.partition_key = invocation->partition_key,
					.due_at = change->timer.due_at,
					.kind = kinds[change->timer.kind],
					.completion_id = change->timer.completion_id,
					.seed = change->timer.seed});
}

/*
 * Drops those that wait for the invocation's result, which it has now, or
 * adds those that are new.
 */
static void
write_waiters(Workset *workset, const Invocation *invocation)
{
	static const char *const kinds[] = {[WAITER_CALL] = "call", [WAITER_ATTACH] = "attach"};

	if (invocation->removed || invocation->status == STATUS_COMPLETED)
	{
		if (invocation->facts.has_waiters && invocation->facts.status != STATUS_COMPLETED)
			workset_add_id(workset_part(workset, STORE_DROP_WAITERS), invocation);
		return;
	}
	for (const Waiter *waiter = invocation->waiters; waiter; waiter = waiter->next)
		if (waiter->is_new && waiter->caller)
			store_add_waiter(workset_part(workset, STORE_ADD_WAITERS),
							 &(StoreWaiter){
								 .id = &invocation->id,
								 .partition_key = invocation->partition_key,
								 .caller = &waiter->caller->id,
								 .completion_id = waiter->result_completion_id,
								 .kind = kinds[waiter->kind],
								 .caller_seed = waiter->caller->facts.random_seed});
}

/*
 * Updates an object key whose holder or counter changed.
 */
static void
update_object_key(Workset *workset, const ObjectKey *key)
{
	store_add_key_update(workset_part(workset, STORE_UPDATE_KEYS),
						 &(StoreKeyUpdate){
							 .service_name = key->name.service_name,
							 .service_key = key->name.service_key,
							 .partition_key = key->partition_key,
							 .holder = key->has_holder ? &key->holder : NULL,
							 .next_sequence_number = key->next_sequence_number,
							 .has_queued_state = key->has_queued_state});
}
