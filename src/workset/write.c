/*
 * write.c
 *		Brings the tables to what the operations made of the working set: a part of
 *		the work for each kind of change, with a row for each that it concerns.
 *		No two parts concern the same row of a table, so that they can run as
 *		one.
 */
#include "postgres.h"

#include "commands/async.h"

#include "types/compat.h"
#include "types/settings.h"
#include "workset/workset.h"

static void write_invocation(Workset *workset, const Invocation *invocation);
static void delete_invocation(Workset *workset, const Invocation *invocation);
static void delete_workflow_data(Workset *workset, const Invocation *invocation);
static void delete_journal(Workset *workset, const Invocation *invocation);
static void start_journal(Workset *workset, const Invocation *invocation);
static void update(Workset *workset, const Invocation *invocation);
static void complete(Workset *workset, const Invocation *invocation);
static void append(Workset *workset, const Invocation *invocation);
static const bytea *bytes_value(const Bytes *bytes);
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

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		write_invocation(workset, invocation);
	foreach (cell, workset->object_keys)
		if (((const ObjectKey *) lfirst(cell))->changed)
			update_object_key(workset, lfirst(cell));
	(void) store_write(workset->work);
	if (workset->changes.made_runnable && restate_notify)
		Async_Notify("restate_runnable", "");
}

/*
 * Writes what became of the invocation.
 */
static void
write_invocation(Workset *workset, const Invocation *invocation)
{
	bool loses_journal = invocation->removed || invocation->journal_purged;

	write_runnable(workset, invocation);
	write_timers(workset, invocation);
	write_waiters(workset, invocation);
	if (loses_journal)
		delete_journal(workset, invocation);
	else if (invocation->started)
		start_journal(workset, invocation);
	if (invocation->removed)
		delete_invocation(workset, invocation);
	else if (invocation->changed)
	{
		if (invocation->status == STATUS_COMPLETED)
			complete(workset, invocation);
		else
			update(workset, invocation);
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
 * Deletes the state and promises of a workflow run.
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
}

/*
 * Updates an invocation that goes on.
 */
static void
update(Workset *workset, const Invocation *invocation)
{
	bool is_pending = invocation->status == STATUS_PENDING;
	bool is_foreign = invocation->facts.is_foreign;
	int64 protocol_version = invocation->set_protocol_version;

	store_add_update(
		workset_part(workset, STORE_UPDATE),
		&(StoreUpdate){
			.id = &invocation->id,
			.partition_key = invocation->partition_key,
			.status = restate_status_name(invocation->status),
			.journal_size = invocation->journal_size,
			.journal_commands_size = invocation->journal_commands_size,
			.pause_requested = invocation->pause_requested,
			.deployment_id = invocation->set_deployment ? &invocation->facts.deployment_id : NULL,
			.protocol_version = protocol_version > 0 ? &protocol_version : NULL,
			.inbox_sequence_number = is_pending && invocation->inbox_sequence_number != invocation->facts.inbox_sequence_number ? &invocation->inbox_sequence_number : NULL,
			.next_retry_at = invocation->next_retry_at,
			.attempt = invocation->attempt != 0 ? &invocation->attempt : NULL,
			.attempt_count = invocation->attempt_count,
			.entry_retry_count = invocation->entry_retry_count,
			.last_entry_at =
				is_foreign ? invocation->facts.last_entry_at : invocation->last_entry_at,
			.has_waiters = invocation->facts.has_waiters,
			.status_was = restate_status_name(invocation->facts.status),
			.at = workset->at});
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
							.status_was = restate_status_name(invocation->facts.status),
							.at = workset->at});
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
				.meta = store_jsonb(entry->meta),
				.payload = bytes_value(&entry->payload),
				.at = workset->at});
}

/*
 * Returns the bytes as the server has them, or NULL where there are none.
 */
static const bytea *
bytes_value(const Bytes *bytes)
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
		!invocation->removed && invocation->status == STATUS_READY && !facts->is_foreign;
	StoreRunnable row = {
		.id = &invocation->id,
		.partition_key = invocation->partition_key,
		.service_name = invocation->service_name};

	if (was_runnable == is_runnable)
		return;
	row.ready_at = was_runnable ? facts->ready_at : invocation->ready_at;
	store_add_runnable(
		workset_part(workset, was_runnable ? STORE_DROP_RUNNABLE : STORE_ADD_RUNNABLE), &row);
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
		if (!invocation->facts.is_foreign || change->timer.kind == TIMER_EXPIRY)
			store_add_timer(
				workset_part(workset, change->is_removed ? STORE_DROP_TIMERS : STORE_SET_TIMERS),
				&(StoreTimer){
					.id = &invocation->id,
					.partition_key = invocation->partition_key,
					.due_at = change->timer.due_at,
					.kind = kinds[change->timer.kind],
					.completion_id = change->timer.completion_id});
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
								 .kind = kinds[waiter->kind]});
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
							 .next_sequence_number = key->next_sequence_number});
}
