/*
 * unit_write.c
 *		Brings the tables to what the operations made of the unit: one
 *		statement for each kind of change, over all rows that it concerns.
 */
#include "postgres.h"

#include "commands/async.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "settings.h"
#include "unit.h"

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

static void write_removals(Unit *unit);
static void write_started_journals(Unit *unit);
static bool starts_journal(const Invocation *invocation);
static bool begin_call_on(Unit *unit, bool (*concerns)(const Invocation *), StoreCall *call,
						  StoreStatement statement);
static void write_updates(Unit *unit);
static void add_update(Invocation *invocation, Columns *columns, AppendColumns *appends);
static void write_purged_journals(Unit *unit);
static bool purges_journal(const Invocation *invocation);
static void write_object_keys(Unit *unit);
static void add_id(Invocation *invocation, StoreColumn *ids, StoreColumn *partition_keys);

/*
 * Writes all changes of the unit.
 */
void
unit_write(Unit *unit)
{
	write_removals(unit);
	write_started_journals(unit);
	write_updates(unit);
	write_purged_journals(unit);
	write_object_keys(unit);
	if (unit->made_runnable && restate_notify)
		Async_Notify("restate_runnable", "");
}

/*
 * Adds the id of the invocation to two columns.
 */
static void
add_id(Invocation *invocation, StoreColumn *ids, StoreColumn *partition_keys)
{
	store_column_add(ids, InvocationIdGetDatum(&invocation->id));
	store_column_add(partition_keys, Int64GetDatum(invocation->partition_key));
}

/*
 * Deletes the removed invocations with their journals; of a workflow run that
 * had started its state and promises too.
 */
static void
write_removals(Unit *unit)
{
	StoreCall call;
	Columns columns = {0};
	StoreColumn services = {0};
	StoreColumn keys = {0};
	StoreColumn partition_keys = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, unit->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		if (!invocation->removed)
			continue;
		add_id(invocation, &columns.id, &columns.partition_key);
		store_column_add(&columns.status_was, CStringGetTextDatum(unit_status_name(invocation->status_was)));
		if (invocation->is_workflow_run && invocation->status_was > STATUS_SCHEDULED)
		{
			store_column_add(&services, CStringGetTextDatum(invocation->service_name));
			store_column_add(&keys, CStringGetTextDatum(invocation->service_key));
			store_column_add(&partition_keys, Int64GetDatum(invocation->partition_key));
		}
	}
	if (columns.id.count == 0)
		return;
	store_call(&call, STORE_REMOVE);
	store_arg_array(&call, &columns.id);
	store_arg_array(&call, &columns.partition_key);
	store_arg_array(&call, &columns.status_was);
	(void) store_execute(&call);
	if (services.count == 0)
		return;
	for (int i = 0; i < 2; i++)
	{
		store_call(&call, i == 0 ? STORE_DELETE_STATE : STORE_DELETE_PROMISES);
		store_arg_array(&call, &services);
		store_arg_array(&call, &keys);
		store_arg_array(&call, &partition_keys);
		(void) store_execute(&call);
	}
}

/*
 * Gives each invocation that leaves an inbox without a journal its input as
 * the first entry.
 */
static void
write_started_journals(Unit *unit)
{
	StoreCall call;

	if (!begin_call_on(unit, starts_journal, &call, STORE_START_JOURNALS))
		return;
	store_arg(&call, TimestampTzGetDatum(unit->at));
	(void) store_execute(&call);
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
begin_call_on(Unit *unit, bool (*concerns)(const Invocation *), StoreCall *call, StoreStatement statement)
{
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, unit->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (concerns(invocation))
			add_id(invocation, &ids, &partition_keys);
	if (ids.count == 0)
		return false;
	store_call(call, statement);
	store_arg_array(call, &ids);
	store_arg_array(call, &partition_keys);
	return true;
}

/*
 * Updates the invocations that changed, and appends to their journals.
 */
static void
write_updates(Unit *unit)
{
	StoreCall call;
	Columns columns = {0};
	AppendColumns appends = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, unit->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (invocation->changed && !invocation->removed)
			add_update(invocation, &columns, &appends);
	if (columns.id.count == 0)
		return;
	store_call(&call, appends.id.count > 0 ? STORE_APPEND_AND_UPDATE : STORE_UPDATE);
	store_arg_array(&call, &columns.id);
	store_arg_array(&call, &columns.partition_key);
	store_arg_array(&call, &columns.status);
	store_arg_array(&call, &columns.journal_size);
	store_arg_array(&call, &columns.journal_commands_size);
	store_arg_array(&call, &columns.pause_requested);
	store_arg_array(&call, &columns.deployment_id);
	store_arg_array(&call, &columns.failure);
	store_arg_array(&call, &columns.status_was);
	store_arg(&call, TimestampTzGetDatum(unit->at));
	if (appends.id.count > 0)
	{
		store_arg_array(&call, &appends.id);
		store_arg_array(&call, &appends.partition_key);
		store_arg_array(&call, &appends.index);
		store_arg_array(&call, &appends.entry_type);
		store_arg_array(&call, &appends.completion_id);
		store_arg_array(&call, &appends.signal_index);
		store_arg_array(&call, &appends.meta);
	}
	(void) store_execute(&call);
}

/*
 * Adds the invocation, as it is to be, and what is appended to its journal.
 */
static void
add_update(Invocation *invocation, Columns *columns, AppendColumns *appends)
{
	ListCell *cell;

	add_id(invocation, &columns->id, &columns->partition_key);
	store_column_add(&columns->status, CStringGetTextDatum(unit_status_name(invocation->status)));
	store_column_add(&columns->journal_size, Int64GetDatum(invocation->journal_size));
	store_column_add(&columns->journal_commands_size, Int64GetDatum(invocation->journal_commands_size));
	store_column_add(&columns->pause_requested, BoolGetDatum(invocation->pause_requested));
	if (invocation->set_deployment)
		store_column_add(&columns->deployment_id, DeploymentIdGetDatum(&invocation->deployment_id));
	else
		store_column_add_null(&columns->deployment_id);
	if (invocation->failure)
		store_column_add(&columns->failure, CStringGetTextDatum(invocation->failure));
	else
		store_column_add_null(&columns->failure);
	store_column_add(&columns->status_was, CStringGetTextDatum(unit_status_name(invocation->status_was)));

	foreach (cell, invocation->appends)
	{
		JournalAppend *append = lfirst(cell);

		add_id(invocation, &appends->id, &appends->partition_key);
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
 * Deletes the journals that were purged.
 */
static void
write_purged_journals(Unit *unit)
{
	StoreCall call;

	if (begin_call_on(unit, purges_journal, &call, STORE_PURGE_JOURNALS))
		(void) store_execute(&call);
}

/*
 * Returns whether the invocation stays and its journal goes.
 */
static bool
purges_journal(const Invocation *invocation)
{
	return invocation->journal_purged && !invocation->removed;
}

/*
 * Updates the object keys whose holder or counter changed.
 */
static void
write_object_keys(Unit *unit)
{
	StoreCall call;
	StoreColumn services = {0};
	StoreColumn names = {0};
	StoreColumn partition_keys = {0};
	StoreColumn holders = {0};
	StoreColumn sequence_numbers = {0};
	ListCell *cell;

	foreach (cell, unit->object_keys)
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
	store_arg_array(&call, &services);
	store_arg_array(&call, &names);
	store_arg_array(&call, &partition_keys);
	store_arg_array(&call, &holders);
	store_arg_array(&call, &sequence_numbers);
	(void) store_execute(&call);
}
