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
	if (invocation->facts.is_workflow_run && invocation->facts.status > STATUS_SCHEDULED)
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
	store_add_update(workset_part(workset, STORE_UPDATE),
					 &(StoreUpdate){.id = &invocation->id,
									.partition_key = invocation->partition_key,
									.status = restate_status_name(invocation->status),
									.journal_size = invocation->journal_size,
									.journal_commands_size = invocation->journal_commands_size,
									.pause_requested = invocation->pause_requested,
									.deployment_id = invocation->set_deployment ?
														 &invocation->facts.deployment_id :
														 NULL,
									.status_was = restate_status_name(invocation->facts.status),
									.at = workset->at});
}

/*
 * Updates an invocation that is completed, by a failure.
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
			&(StoreAppend){.id = &invocation->id,
						   .partition_key = invocation->partition_key,
						   .index = entry->index,
						   .entry_type = entry->entry_type,
						   .completion_id =
							   entry->completion_id >= 0 ? &entry->completion_id : NULL,
						   .signal_index = entry->signal_index >= 0 ? &entry->signal_index : NULL,
						   .meta = store_jsonb(entry->meta),
						   .at = workset->at});
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
