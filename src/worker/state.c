/*
 * state.c
 *		The state of objects and workflows, as the commands of attempts use it.
 */
#include "postgres.h"

#include "types/compat.h"
#include "worker/appending.h"
#include "workset/object_state.h"

/* The state of an object that is used; all that use it have the same. */
typedef struct UsedState
{
	ObjectState state;
	bool is_read;
} UsedState;

static bool uses_state(EntryType type);
static UsedState *find_used(List **states, const Invocation *invocation);

/*
 * Gives those of the entries that use state the state of the invocation's object, as
 * far as they read it; states are those that are used.
 */
void
appending_read_state(List **states, Appending *appending, const Invocation *invocation)
{
	UsedState *used = NULL;
	bool reads = false;

	for (int i = 0; i < appending->count; i++)
	{
		Entry *entry = &appending->sent[i].entry;

		if (!uses_state(entry->type))
			continue;
		if (used == NULL)
			used = find_used(states, invocation);
		entry->state = &used->state;
		reads |= entry->type != COMMAND_SET_STATE && entry->type != COMMAND_CLEAR_STATE;
	}
	if (!reads || used->is_read || invocation->service_key == NULL)
		return;
	workset_read_state(&used->state);
	used->is_read = true;
}

/*
 * Returns whether a command reads or changes state through the store.
 */
static bool
uses_state(EntryType type)
{
	return type == COMMAND_GET_LAZY_STATE || type == COMMAND_GET_LAZY_STATE_KEYS ||
		   type == COMMAND_SET_STATE || type == COMMAND_CLEAR_STATE ||
		   type == COMMAND_CLEAR_ALL_STATE;
}

/*
 * Returns the state of the invocation's object, which is added if it is not used yet.
 */
static UsedState *
find_used(List **states, const Invocation *invocation)
{
	UsedState *used;
	ListCell *cell;

	foreach (cell, *states)
	{
		used = lfirst(cell);
		if (used->state.partition_key == invocation->partition_key &&
			strcmp(used->state.name.service_name, invocation->service_name) == 0 &&
			machine_same_text(used->state.name.service_key, invocation->service_key))
			return used;
	}
	used = palloc0_object(UsedState);
	used->state.name = (ObjectKeyName){invocation->service_name, invocation->service_key};
	used->state.partition_key = invocation->partition_key;
	*states = lappend(*states, used);
	return used;
}

/*
 * Writes what the commands have changed of the states that they use.
 */
void
appending_write_states(Workset *workset, const List *states)
{
	ListCell *cell;

	foreach (cell, states)
		workset_write_state(workset, &((const UsedState *) lfirst(cell))->state);
}
