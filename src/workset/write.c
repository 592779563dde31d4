/*
 * write.c
 *		Brings the tables to what the operations made of the working set: a part for
 *		each kind of change, over all rows that it concerns.  No two parts
 *		concern the same row of a table, so that they can run as one.
 */
#include "postgres.h"

#include "commands/async.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "types/compat.h"
#include "types/settings.h"
#include "workset/workset.h"

/* the columns of one statement over invocations */
typedef struct Columns
{
	StoreColumn id;
	StoreColumn partition_key;
	StoreColumn status;
	StoreColumn journal_size;
	StoreColumn journal_commands_size;
	StoreColumn pause_requested;
	StoreColumn deployment_id;
	StoreColumn failure;
	StoreColumn status_was;
} Columns;

typedef struct AppendColumns
{
	StoreColumn id;
	StoreColumn partition_key;
	StoreColumn index;
	StoreColumn entry_type;
	StoreColumn completion_id;
	StoreColumn signal_index;
	StoreColumn meta;
} AppendColumns;

static void write_removals(Workset *workset);
static void write_workflow_data(Workset *workset);
static void write_purged_journals(Workset *workset);
static int64 count_entries(Workset *workset, bool (*concerns)(const Invocation *));
static bool loses_journal(const Invocation *invocation);
static bool loses_journal_only(const Invocation *invocation);
static void write_started_journals(Workset *workset);
static bool starts_journal(const Invocation *invocation);
static bool begin_call_on(Workset *workset, bool (*concerns)(const Invocation *), StoreCall *call,
						  StoreStatement statement);
static void write_updates(Workset *workset);
static void add_update(const Invocation *invocation, Columns *columns);
static void add_appends(const Invocation *invocation, AppendColumns *appends);
static void write_going_on(Workset *workset, const Columns *columns);
static void write_completed(Workset *workset, const Columns *columns);
static void write_appends(Workset *workset, const AppendColumns *appends);
static void write_object_keys(Workset *workset);

/*
 * Adds what the call changes to what the working set writes: that many rows, others
 * than all the rest.
 */
void
workset_defer(Workset *workset, const StoreCall *call, int64 rows)
{
	MemoryContext old = MemoryContextSwitchTo(workset->context);
	StoreCall *kept = palloc_object(StoreCall);

	*kept = *call;
	kept->rows = rows;
	workset->work = lappend(workset->work, kept);
	MemoryContextSwitchTo(old);
}

/*
 * Writes all changes of the working set, and what was deferred.
 */
void
workset_write(Workset *workset)
{
	write_removals(workset);
	write_workflow_data(workset);
	write_purged_journals(workset);
	write_started_journals(workset);
	write_updates(workset);
	write_object_keys(workset);
	(void) store_write(workset->work);
	if (workset->changes.made_runnable && restate_notify)
		Async_Notify("restate_runnable", "");
}

/*
 * Deletes the removed invocations; their journals go with those purged.
 */
static void
write_removals(Workset *workset)
{
	StoreCall call;
	Columns columns = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (invocation->removed)
		{
			workset_add_id(invocation, &columns.id, &columns.partition_key);
			store_column_add(&columns.status_was, CStringGetTextDatum(restate_status_name(invocation->facts.status)));
		}
	if (columns.id.count == 0)
		return;
	store_call(&call, STORE_DELETE_INVOCATIONS);
	store_arg_column(&call, &columns.id);
	store_arg_column(&call, &columns.partition_key);
	store_arg_column(&call, &columns.status_was);
	workset_defer(workset, &call, columns.id.count);
}

/*
 * Deletes the state and promises of removed workflow runs that had started.
 */
static void
write_workflow_data(Workset *workset)
{
	static const StoreStatement statements[] = {STORE_DELETE_STATE, STORE_DELETE_PROMISES};
	StoreColumn services = {0};
	StoreColumn keys = {0};
	StoreColumn partition_keys = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (invocation->removed && invocation->facts.is_workflow_run && invocation->facts.status > STATUS_SCHEDULED)
		{
			store_column_add(&services, CStringGetTextDatum(invocation->service_name));
			store_column_add(&keys, CStringGetTextDatum(invocation->service_key));
			store_column_add(&partition_keys, Int64GetDatum(invocation->partition_key));
		}
	if (services.count == 0)
		return;
	for (int i = 0; i < (int) lengthof(statements); i++)
	{
		StoreCall call;

		store_call(&call, statements[i]);
		store_arg_column(&call, &services);
		store_arg_column(&call, &keys);
		store_arg_column(&call, &partition_keys);
		workset_defer(workset, &call, STORE_ALL_ROWS);
	}
}

/*
 * Deletes the journals of what was removed or purged, with their events.
 */
static void
write_purged_journals(Workset *workset)
{
	StoreCall call;

	if (!begin_call_on(workset, loses_journal, &call, STORE_DELETE_JOURNALS))
		return;
	workset_defer(workset, &call, count_entries(workset, loses_journal));
	call.statement = STORE_DELETE_EVENTS;
	workset_defer(workset, &call, STORE_ALL_ROWS);
	if (begin_call_on(workset, loses_journal_only, &call, STORE_CLEAR_JOURNAL_SIZES))
		workset_defer(workset, &call, call.args[0].column.count);
}

/*
 * Returns how many entries the journals of the invocations that it concerns
 * have in the tables.
 */
static int64
count_entries(Workset *workset, bool (*concerns)(const Invocation *))
{
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	int64 entries = 0;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (concerns(invocation))
			entries += invocation->facts.journal_size;
	return entries;
}

/*
 * Returns whether the invocation's journal goes, with it or without.
 */
static bool
loses_journal(const Invocation *invocation)
{
	return invocation->removed || invocation->journal_purged;
}

/*
 * Returns whether the journal goes and nothing else changes.
 */
static bool
loses_journal_only(const Invocation *invocation)
{
	return invocation->journal_purged && !invocation->removed && !invocation->changed;
}

/*
 * Gives each invocation that leaves an inbox without a journal its input as
 * the first entry.
 */
static void
write_started_journals(Workset *workset)
{
	StoreCall call;

	if (!begin_call_on(workset, starts_journal, &call, STORE_START_JOURNALS))
		return;
	store_arg(&call, TimestampTzGetDatum(workset->at));
	workset_defer(workset, &call, call.args[0].column.count);
}

/*
 * Returns whether the invocation's input is to become its journal.
 */
static bool
starts_journal(const Invocation *invocation)
{
	return invocation->started && !invocation->removed && !invocation->journal_purged;
}

/*
 * Starts a call on the invocations that it concerns: their ids and partition
 * keys are its first two arguments.  Returns whether there are any.
 */
static bool
begin_call_on(Workset *workset, bool (*concerns)(const Invocation *), StoreCall *call, StoreStatement statement)
{
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (concerns(invocation))
			workset_add_id(invocation, &ids, &partition_keys);
	if (ids.count == 0)
		return false;
	store_call(call, statement);
	store_arg_column(call, &ids);
	store_arg_column(call, &partition_keys);
	return true;
}

/*
 * Updates the invocations that changed, and appends to their journals.
 */
static void
write_updates(Workset *workset)
{
	Columns going_on = {0};
	Columns completed = {0};
	AppendColumns appends = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		if (!invocation->changed || invocation->removed)
			continue;
		add_update(invocation, invocation->status == STATUS_COMPLETED ? &completed : &going_on);
		add_appends(invocation, &appends);
	}
	if (going_on.id.count > 0)
		write_going_on(workset, &going_on);
	if (completed.id.count > 0)
		write_completed(workset, &completed);
	if (appends.id.count > 0)
		write_appends(workset, &appends);
}

/*
 * Adds the invocation as it is to be.
 */
static void
add_update(const Invocation *invocation, Columns *columns)
{
	workset_add_id(invocation, &columns->id, &columns->partition_key);
	store_column_add(&columns->status, CStringGetTextDatum(restate_status_name(invocation->status)));
	store_column_add(&columns->journal_size, Int64GetDatum(invocation->journal_size));
	store_column_add(&columns->journal_commands_size, Int64GetDatum(invocation->journal_commands_size));
	store_column_add(&columns->pause_requested, BoolGetDatum(invocation->pause_requested));
	if (invocation->set_deployment)
		store_column_add(&columns->deployment_id, DeploymentIdGetDatum(&invocation->facts.deployment_id));
	else
		store_column_add_null(&columns->deployment_id);
	if (invocation->failure)
		store_column_add(&columns->failure, CStringGetTextDatum(invocation->failure));
	else
		store_column_add_null(&columns->failure);
	store_column_add(&columns->status_was, CStringGetTextDatum(restate_status_name(invocation->facts.status)));
}

/*
 * Adds what is appended to the invocation's journal.
 */
static void
add_appends(const Invocation *invocation, AppendColumns *appends)
{
	for (const JournalAppend *append = invocation->appends; append; append = append->next)
	{
		workset_add_id(invocation, &appends->id, &appends->partition_key);
		store_column_add(&appends->index, Int64GetDatum(append->index));
		store_column_add(&appends->entry_type, CStringGetTextDatum(append->entry_type));
		if (append->completion_id >= 0)
			store_column_add(&appends->completion_id, Int64GetDatum(append->completion_id));
		else
			store_column_add_null(&appends->completion_id);
		if (append->signal_index >= 0)
			store_column_add(&appends->signal_index, Int64GetDatum(append->signal_index));
		else
			store_column_add_null(&appends->signal_index);
		store_column_add(&appends->meta, DirectFunctionCall1(jsonb_in, CStringGetDatum(append->meta)));
	}
}

/*
 * Updates the invocations that go on.
 */
static void
write_going_on(Workset *workset, const Columns *columns)
{
	StoreCall call;

	store_call(&call, STORE_UPDATE);
	store_arg_column(&call, &columns->id);
	store_arg_column(&call, &columns->partition_key);
	store_arg_column(&call, &columns->status);
	store_arg_column(&call, &columns->journal_size);
	store_arg_column(&call, &columns->journal_commands_size);
	store_arg_column(&call, &columns->pause_requested);
	store_arg_column(&call, &columns->deployment_id);
	store_arg_column(&call, &columns->status_was);
	store_arg(&call, TimestampTzGetDatum(workset->at));
	workset_defer(workset, &call, columns->id.count);
}

/*
 * Updates the invocations that are completed, by a failure.
 */
static void
write_completed(Workset *workset, const Columns *columns)
{
	StoreCall call;

	store_call(&call, STORE_COMPLETE);
	store_arg_column(&call, &columns->id);
	store_arg_column(&call, &columns->partition_key);
	store_arg_column(&call, &columns->journal_size);
	store_arg_column(&call, &columns->journal_commands_size);
	store_arg_column(&call, &columns->failure);
	store_arg_column(&call, &columns->status_was);
	store_arg(&call, TimestampTzGetDatum(workset->at));
	workset_defer(workset, &call, columns->id.count);
}

/*
 * Appends the entries to the journals.
 */
static void
write_appends(Workset *workset, const AppendColumns *appends)
{
	StoreCall call;

	store_call(&call, STORE_APPEND);
	store_arg_column(&call, &appends->id);
	store_arg_column(&call, &appends->partition_key);
	store_arg_column(&call, &appends->index);
	store_arg_column(&call, &appends->entry_type);
	store_arg_column(&call, &appends->completion_id);
	store_arg_column(&call, &appends->signal_index);
	store_arg_column(&call, &appends->meta);
	store_arg(&call, TimestampTzGetDatum(workset->at));
	workset_defer(workset, &call, appends->id.count);
}

/*
 * Updates the object keys whose holder or counter changed.
 */
static void
write_object_keys(Workset *workset)
{
	StoreCall call;
	StoreColumn services = {0};
	StoreColumn names = {0};
	StoreColumn partition_keys = {0};
	StoreColumn holders = {0};
	StoreColumn sequence_numbers = {0};
	ListCell *cell;

	foreach (cell, workset->object_keys)
	{
		ObjectKey *key = lfirst(cell);

		if (!key->changed)
			continue;
		store_column_add(&services, CStringGetTextDatum(key->name.service_name));
		store_column_add(&names, CStringGetTextDatum(key->name.service_key));
		store_column_add(&partition_keys, Int64GetDatum(key->partition_key));
		if (key->has_holder)
			store_column_add(&holders, InvocationIdGetDatum(&key->holder));
		else
			store_column_add_null(&holders);
		store_column_add(&sequence_numbers, Int64GetDatum(key->next_sequence_number));
	}
	if (services.count == 0)
		return;
	store_call(&call, STORE_UPDATE_KEYS);
	store_arg_column(&call, &services);
	store_arg_column(&call, &names);
	store_arg_column(&call, &partition_keys);
	store_arg_column(&call, &holders);
	store_arg_column(&call, &sequence_numbers);
	workset_defer(workset, &call, services.count);
}
