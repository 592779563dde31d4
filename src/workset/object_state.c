/*
 * object_state.c
 *		The states of objects and workflows: read and written, and changed from outside
 *		where a change was waiting for the key.
 */
#include "postgres.h"

#include "machine/machine.h"
#include "types/compat.h"
#include "types/state_version.h"
#include "workset/audit.h"
#include "workset/object_state.h"

/* A change of a state that waited in the inbox of its key. */
typedef struct QueuedChange
{
	int64 sequence_number;
	StateChange change;
} QueuedChange;

static void apply(Workset *workset, const ObjectKey *key);
static List *read_queued(const StoreQueuedUntil *until);
static void write_and_drop(Workset *workset, const ObjectState *state,
						   const StoreQueuedUntil *until);

/*
 * Reads all entries of a state.
 */
void
workset_read_state(ObjectState *state)
{
	StateEntry **last = &state->entries;
	StoreCall call;

	store_call(&call, STORE_READ_STATE);
	store_add_key(&call, &(StoreKey){
							 .service_name = state->name.service_name,
							 .service_key = state->name.service_key,
							 .partition_key = state->partition_key});
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundState found;
		StateEntry *entry = palloc0_object(StateEntry);

		store_read_state(row, &found);
		entry->key = found.key;
		entry->exists = true;
		entry->value = (Bytes){VARDATA_ANY(found.value), VARSIZE_ANY_EXHDR(found.value)};
		*last = entry;
		last = &entry->next;
	}
}

/*
 * Writes what has changed of a state.
 */
void
workset_write_state(Workset *workset, const ObjectState *state)
{
	for (const StateEntry *entry = state->entries; entry; entry = entry->next)
	{
		StoreStateChange row = {
			.service_name = state->name.service_name,
			.service_key = state->name.service_key,
			.partition_key = state->partition_key,
			.key = entry->key};

		if (!entry->changed && !state->cleared)
			continue;
		if (entry->exists)
			row.value = workset_bytes(&entry->value);
		store_add_state_change(
			workset_part(workset, entry->exists ? STORE_SET_STATE : STORE_CLEAR_STATE), &row);
	}
}

/*
 * Applies the changes of states that have waited for the keys which the working set has
 * freed.  It is written by then: they change what was written.
 */
void
workset_apply_queued_states(Workset *workset)
{
	ListCell *cell;

	foreach (cell, workset->object_keys)
		if (((const ObjectKey *) lfirst(cell))->queued_state_until > 0)
			apply(workset, lfirst(cell));
}

/*
 * Applies those of one key, in their order; one that is meant for another version of
 * the state does nothing.
 */
static void
apply(Workset *workset, const ObjectKey *key)
{
	Workset after;
	ObjectState state = {.name = key->name, .partition_key = key->partition_key};
	StoreQueuedUntil until = {
		.service_name = key->name.service_name,
		.service_key = key->name.service_key,
		.partition_key = key->partition_key,
		.until = key->queued_state_until};
	List *queued = read_queued(&until);
	ListCell *cell;

	if (queued == NIL)
		return;
	workset_init(&after, NULL);
	workset_read_state(&state);
	foreach (cell, queued)
	{
		const QueuedChange *change = lfirst(cell);
		const char *version = change->change.version ? state_version(state.entries) : NULL;
		Verdict verdict =
			machine_replace_state(&after.changes, &state, &change->change, version);

		audit_state(&after, &key->name, key->partition_key, &change->change,
					verdict.refusal == NOT_REFUSED ? verdict.outcome : "passed_over",
					&change->sequence_number);
	}
	write_and_drop(&after, &state, &until);
}

/*
 * Reads the changes that wait before a place, in their order.
 */
static List *
read_queued(const StoreQueuedUntil *until)
{
	List *queued = NIL;
	QueuedChange *change = NULL;
	StateEntry **last = NULL;
	StoreCall call;

	store_call(&call, STORE_READ_QUEUED_STATE);
	store_add_queued_until(&call, until);
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundQueuedState found;
		StateEntry *entry;

		store_read_queued_state(row, &found);
		if (change == NULL || change->sequence_number != found.sequence_number)
		{
			change = palloc0_object(QueuedChange);
			change->sequence_number = found.sequence_number;
			change->change.version = found.version;
			queued = lappend(queued, change);
			last = &change->change.entries;
		}
		if (found.key == NULL)
			continue;
		entry = palloc0_object(StateEntry);
		*entry = (StateEntry){
			.key = found.key,
			.exists = true,
			.value = {VARDATA_ANY(found.value), VARSIZE_ANY_EXHDR(found.value)}};
		*last = entry;
		last = &entry->next;
	}
	return queued;
}

/*
 * Writes the state, and drops the changes that led to it.
 */
static void
write_and_drop(Workset *workset, const ObjectState *state, const StoreQueuedUntil *until)
{
	workset_write_state(workset, state);
	store_add_queued_until(workset_part(workset, STORE_DROP_QUEUED_STATE), until);
	(void) store_write(workset->work);
}
