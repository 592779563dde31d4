/*
 * state.c
 *		The state of an object or workflow: commands change it at once, and read
 *		it with what was changed before.
 */
#include "machine/machine.h"

#include <string.h>

static bool same_value(const Bytes *a, const Bytes *b);
static void get(Changes *changes, Invocation *invocation, const Entry *entry);
static void get_keys(Changes *changes, Invocation *invocation, const Entry *entry);
static StateEntry **find(ObjectState *state, const char *key);
static void set(Changes *changes, ObjectState *state, const char *key, const Bytes *value);
static void clear(ObjectState *state);

/*
 * Does what a command on the state is for.
 */
void
machine_use_state(Changes *changes, Invocation *invocation, const Entry *entry)
{
	switch (entry->type)
	{
		case COMMAND_GET_LAZY_STATE:
			get(changes, invocation, entry);
			break;
		case COMMAND_GET_LAZY_STATE_KEYS:
			get_keys(changes, invocation, entry);
			break;
		case COMMAND_SET_STATE:
			set(changes, entry->state, entry->state_key, &entry->payload);
			break;
		case COMMAND_CLEAR_STATE:
			set(changes, entry->state, entry->state_key, NULL);
			break;
		default:
			clear(entry->state);
			break;
	}
}

/*
 * Changes the state of an object from outside: at once where nobody holds its key;
 * else the change waits in the inbox of the key, at a place that is given out.  key is
 * NULL for a workflow, which is held by nobody.  version is that of the state.
 */
Verdict
machine_change_state(Changes *changes, ObjectKey *key, ObjectState *state,
					 const StateChange *change, const char *version, int64_t *sequence_number)
{
	if (key == NULL || !key->has_holder)
		return machine_replace_state(changes, state, change, version);
	*sequence_number = key->next_sequence_number++;
	key->has_queued_state = key->changed = true;
	return machine_done("queued");
}

/*
 * Puts the change in place of all of the state, which was read; refuses it where it is
 * meant for another version.
 */
Verdict
machine_replace_state(Changes *changes, ObjectState *state, const StateChange *change,
					  const char *version)
{
	StateEntry **place = &state->entries;
	const StateEntry *wanted = change->entries;
	bool took_effect = false;

	if (change->version && !machine_same_text(change->version, version))
		return machine_refused(REFUSED_STATE_VERSION);
	for (; *place || wanted; place = &(*place)->next)
	{
		int order = *place && wanted ? strcmp((*place)->key, wanted->key) : wanted != NULL;

		if (order < 0 || (*place && wanted == NULL))
		{
			if (!(*place)->exists)
				continue;
			(*place)->exists = false;
			(*place)->value = (Bytes){NULL, 0};
			(*place)->changed = took_effect = true;
			continue;
		}
		if (order > 0)
		{
			StateEntry *added = changes->arena.allocate(changes->arena.owner, sizeof(*added));

			*added = (StateEntry){.next = *place, .key = wanted->key};
			*place = added;
		}
		if (!(*place)->exists || !same_value(&(*place)->value, &wanted->value))
		{
			(*place)->exists = true;
			(*place)->value = wanted->value;
			(*place)->changed = took_effect = true;
		}
		wanted = wanted->next;
	}
	return took_effect ? machine_done("changed") : machine_unchanged();
}

/*
 * Returns whether two values have the same bytes.
 */
static bool
same_value(const Bytes *a, const Bytes *b)
{
	return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/*
 * Answers with the value of a key.
 */
static void
get(Changes *changes, Invocation *invocation, const Entry *entry)
{
	const StateEntry *found = *find(entry->state, entry->state_key);
	EntryResult result = {VOID_META, {NULL, 0}};

	if (found && found->exists && strcmp(found->key, entry->state_key) == 0)
		result = (EntryResult){VALUE_META, found->value};
	machine_append_completion(changes, invocation, NOTIFICATION_GET_LAZY_STATE,
							  entry->completion_id, &result);
}

/*
 * Answers with the keys that have a value, in their order.
 */
static void
get_keys(Changes *changes, Invocation *invocation, const Entry *entry)
{
	JournalAppend *append = machine_append(changes, invocation, NOTIFICATION_GET_LAZY_STATE_KEYS);
	size_t count = 0;

	for (const StateEntry *known = entry->state->entries; known; known = known->next)
		count += known->exists;
	append->completion_id = entry->completion_id;
	append->state_keys =
		changes->arena.allocate(changes->arena.owner, sizeof(*append->state_keys) * (count + 1));
	for (const StateEntry *known = entry->state->entries; known; known = known->next)
		if (known->exists)
			append->state_keys[append->nstate_keys++] = known->key;
}

/*
 * Returns where the entry of that key is, or would be.
 */
static StateEntry **
find(ObjectState *state, const char *key)
{
	StateEntry **place = &state->entries;

	while (*place && strcmp((*place)->key, key) < 0)
		place = &(*place)->next;
	return place;
}

/*
 * Gives the key that value, or none.
 */
static void
set(Changes *changes, ObjectState *state, const char *key, const Bytes *value)
{
	StateEntry **place = find(state, key);

	if (*place == NULL || strcmp((*place)->key, key) != 0)
	{
		StateEntry *entry = changes->arena.allocate(changes->arena.owner, sizeof(*entry));

		*entry = (StateEntry){.next = *place, .key = key};
		*place = entry;
	}
	(*place)->exists = value != NULL;
	(*place)->value = value ? *value : (Bytes){NULL, 0};
	(*place)->changed = true;
}

/*
 * Clears all of the state, what was not read too.
 */
static void
clear(ObjectState *state)
{
	state->cleared = true;
	for (StateEntry *entry = state->entries; entry; entry = entry->next)
	{
		entry->exists = entry->changed = false;
		entry->value = (Bytes){NULL, 0};
	}
}
