/*
 * states.c
 *		Changes of a state from outside: what is left of it, for which version, and
 *		when one is done that has to wait for the object key.  Prints TAP.
 */
#include "check.h"

#define HAS(text)              \
	{                          \
		text, sizeof(text) - 1 \
	}

/*
 * Returns whether the entries that exist are these, in the form key=value and so on.
 */
static bool
is_state(const ObjectState *state, const char *wanted)
{
	char have[256] = "";

	for (const StateEntry *entry = state->entries; entry; entry = entry->next)
		if (entry->exists)
			snprintf(have + strlen(have), sizeof(have) - strlen(have), "%s=%.*s ", entry->key,
					 (int) entry->value.size, (const char *) entry->value.data);
	return strcmp(have, wanted) == 0;
}

/*
 * Returns how many entries are to be written.
 */
static int
written(const ObjectState *state)
{
	int count = 0;

	for (const StateEntry *entry = state->entries; entry; entry = entry->next)
		count += entry->changed;
	return count;
}

/*
 * Puts states in place of others.
 */
static void
replace(void)
{
	Changes changes = no_changes();
	StateEntry c = {.key = "c", .exists = true, .value = HAS("3")};
	StateEntry a = {.next = &c, .key = "a", .exists = true, .value = HAS("1")};
	ObjectState state = {.entries = &a};
	StateEntry new_d = {.key = "d", .exists = true, .value = HAS("4")};
	StateEntry new_c = {.next = &new_d, .key = "c", .exists = true, .value = HAS("3")};
	StateEntry new_b = {.next = &new_c, .key = "b", .exists = true, .value = HAS("")};
	StateChange change = {.entries = &new_b, .version = "v"};
	StateChange none = {.entries = NULL};

	check(machine_replace_state(&changes, &state, &change, "w").refusal == REFUSED_STATE_VERSION && is_state(&state, "a=1 c=3 ") && written(&state) == 0,
		  "one that is meant for another version is refused, and nothing has changed");
	check(says(machine_replace_state(&changes, &state, &change, "v"), "changed") && is_state(&state, "b= c=3 d=4 "), "what is given is the state");
	check(written(&state) == 3, "what stays as it is is not written");
	check(says(machine_replace_state(&changes, &state, &change, "v"), "unchanged"), "once more changes nothing");
	check(says(machine_replace_state(&changes, &state, &none, "v"), "changed") && is_state(&state, ""), "an empty one leaves none");
	check(says(machine_replace_state(&changes, &state, &none, NULL), "unchanged"), "nor does it the next time");
	change.version = NULL;
	check(says(machine_replace_state(&changes, &state, &change, NULL), "changed") && is_state(&state, "b= c=3 d=4 "), "what was gone can come again");
}

/*
 * Has changes wait for an object key.
 */
static void
queue(void)
{
	Changes changes = no_changes();
	ObjectKey key = {.next_sequence_number = 3};
	Invocation holder = in_state(STATUS_RUNNING, 1);
	Invocation next = in_state(STATUS_PENDING, 2);
	Invocation *waiting[] = {&next};
	StateEntry a = {.key = "a", .exists = true, .value = HAS("1")};
	ObjectState state = {.entries = NULL};
	StateChange change = {.entries = &a};
	int64_t number = -1;

	check(says(machine_change_state(&changes, &key, &state, &change, NULL, &number), "changed") && number == -1 && !key.has_queued_state,
		  "where nobody holds the key a change is done at once");
	check(says(machine_change_state(&changes, NULL, &state, &change, NULL, &number), "unchanged"), "and of a workflow");
	key.has_holder = true;
	key.holder = holder.id;
	holder.object_key = next.object_key = &key;
	key.inbox = waiting;
	key.inbox_size = 1;
	next.facts.inbox_sequence_number = 4;
	change.version = "another";
	check(says(machine_change_state(&changes, &key, &state, &change, NULL, &number), "queued") && number == 3 && key.next_sequence_number == 4,
		  "else it has a place in the inbox, whatever its version");
	check(key.has_queued_state && key.changed && key.queued_state_until == 0, "and the key says so");
	(void) machine_kill(&changes, &holder);
	check(key.queued_state_until == 4 && key.has_queued_state, "those before the next are due when the key is freed");
	(void) machine_kill(&changes, &next);
	check(key.queued_state_until == INT64_MAX && !key.has_queued_state && !key.has_holder, "and all of them where there is no next");
}

int
main(void)
{
	replace();
	queue();
	return finish_tests();
}
