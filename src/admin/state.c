/*
 * state.c
 *		Puts another state in place of that of an object or workflow: at once where no
 *		invocation holds its key, else when those are done that came first.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "admin/state.h"
#include "machine/machine.h"
#include "types/compat.h"
#include "types/id_generate.h"
#include "types/id.h"
#include "types/outcome.h"
#include "types/state_version.h"
#include "workset/audit.h"
#include "workset/object_state.h"

/* What is asked for, and what became of it. */
typedef struct Modification
{
	const ObjectKeyName *object;
	int64 partition_key;
	bool is_workflow;
	const StateChange *change;
	const char *outcome;
} Modification;

static bool modify(void *argument);
static const char *object_text(const ObjectKeyName *object);
static bool lock(Workset *workset, const Modification *modification, ObjectKey **key);
static void queue(Workset *workset, const Modification *modification, int64 place);
static const Jsonb *hex_of(const StateChange *change);

/*
 * Puts the change in place of the state.  Returns changed, queued or unchanged; raises
 * state_version_mismatch where the state has another version than it is meant for.
 */
const char *
state_modify(const ObjectKeyName *object, bool is_workflow, const StateChange *change)
{
	Modification modification = {
		.object = object,
		.partition_key = (int64) restate_key_partition(cstring_to_text(object->service_key)),
		.is_workflow = is_workflow,
		.change = change};

	workset_start_over(modify, &modification);
	return modification.outcome;
}

/*
 * Does it once; returns false if the key could not be locked.
 */
static bool
modify(void *argument)
{
	Modification *modification = argument;
	const StateChange *change = modification->change;
	ObjectState state = {
		.name = *modification->object,
		.partition_key = modification->partition_key};
	Workset workset;
	ObjectKey *key;
	const char *version = NULL;
	Verdict verdict;
	int64 place = -1;

	workset_init(&workset, NULL);
	if (!lock(&workset, modification, &key))
		return false;
	if (key == NULL || !key->has_holder)
	{
		workset_read_state(&state);
		if (change->version)
			version = state_version(state.entries);
	}
	verdict = machine_change_state(&workset.changes, key, &state, change, version, &place);
	if (verdict.refusal != NOT_REFUSED)
	{
		const RefusalDef *def = &refusals[verdict.refusal];

		restate_raise(restate_refusal(def->category, def->message, object_text(modification->object)));
	}
	modification->outcome = verdict.outcome;
	if (!verdict.took_effect)
		return true;
	if (place >= 0)
		queue(&workset, modification, place);
	workset_write_state(&workset, &state);
	audit_state(&workset, modification->object, modification->partition_key, change,
				verdict.outcome, place >= 0 ? &place : NULL);
	workset_write(&workset);
	return true;
}

/*
 * Returns the object as a message names it.
 */
static const char *
object_text(const ObjectKeyName *object)
{
	return psprintf("%s/%s", object->service_name, restate_quote_text(object->service_key));
}

/*
 * Locks what keeps others from the state: the key of an object, which is made where it is
 * missing, or the run of a workflow, if there is one.  Returns false if the key went.
 */
static bool
lock(Workset *workset, const Modification *modification, ObjectKey **key)
{
	const ObjectKeyName *object = modification->object;
	RestateInvocationId run;

	*key = NULL;
	if (modification->is_workflow)
	{
		restate_derive_workflow_id(cstring_to_text(object->service_name),
								   cstring_to_text(object->service_key), &run);
		return workset_lock_simply(workset, REACH_ROW, &run, 1);
	}
	*key = workset_find_object_key(workset, object->service_name, object->service_key, true);
	(*key)->partition_key = modification->partition_key;
	return workset_lock_object_keys(workset, REACH_KEY);
}

/*
 * Has the change wait at its place in the inbox of the key.
 */
static void
queue(Workset *workset, const Modification *modification, int64 place)
{
	store_add_queued_state(workset_part(workset, STORE_QUEUE_STATE),
						   &(StoreQueuedState){
							   .service_name = modification->object->service_name,
							   .service_key = modification->object->service_key,
							   .partition_key = modification->partition_key,
							   .sequence_number = place,
							   .state = hex_of(modification->change),
							   .version = modification->change->version,
							   .at = workset->at});
}

/*
 * Returns the entries of the change as an object, each value in hex.
 */
static const Jsonb *
hex_of(const StateChange *change)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	for (const StateEntry *entry = change->entries; entry; entry = entry->next)
	{
		const unsigned char *bytes = entry->value.data;

		if (entry != change->entries)
			appendStringInfoString(&json, ", ");
		escape_json(&json, entry->key);
		appendStringInfoString(&json, ": \"");
		for (size_t i = 0; i < entry->value.size; i++)
			appendStringInfo(&json, "%02x", bytes[i]);
		appendStringInfoChar(&json, '"');
	}
	appendStringInfoChar(&json, '}');
	return store_jsonb(json.data);
}
