/*
 * shared.c
 *		What commands read and change beside invocations: the state of objects, and
 *		the promises of workflows.  Prints TAP.
 */
#include "check.h"

/*
 * Has the invocation, which runs, issue a command on the state or on a
 * promise; returns what answers it, or NULL.
 */
static const JournalAppend *
issue(Changes *changes, Invocation *invocation, EntryType type, int64_t completion_id, ObjectState *state, const char *key,
	  Promise *promise, const EntryResult *value)
{
	Entry entry = {.type = type, .completion_id = completion_id, .result_completion_id = -1, .meta = "{}", .state = state, .state_key = key, .promise = promise};
	NewEntries sent = {.attempt = ATTEMPT, .first_command = invocation->journal_commands_size, .entries = &entry, .count = 1};

	if (value)
	{
		entry.payload = value->value;
		entry.result = *value;
	}
	if (machine_append_entries(changes, invocation, &sent).refusal != NOT_REFUSED)
		return NULL;
	return invocation->last_append->index == entry.index ? NULL : invocation->last_append;
}

/*
 * Returns an invocation of the run of a workflow, or another of its handlers.
 */
static Invocation
of_workflow(Status status, unsigned char name)
{
	Invocation invocation = in_state(status, name);

	invocation.facts.is_workflow = invocation.facts.is_workflow_run = invocation.facts.has_service_key = true;
	return invocation;
}

/*
 * Returns whether these are the keys that the answer brings, each of a letter.
 */
static bool
has_keys(const JournalAppend *answer, const char *keys)
{
	if (answer == NULL || answer->nstate_keys != (int) strlen(keys))
		return false;
	for (int i = 0; i < answer->nstate_keys; i++)
		if (answer->state_keys[i][0] != keys[i])
			return false;
	return true;
}

/*
 * Reads and changes the state of an object.
 */
static void
state(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	StateEntry m = {.key = "m", .exists = true, .value = {"one", 3}};
	StateEntry b = {.next = &m, .key = "b", .exists = true, .value = {"one", 3}};
	ObjectState state = {.entries = &b};

	invocation.facts.has_service_key = true;
	check(brings(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE, 1, &state, "m", NULL, NULL), NOTIFICATION_GET_LAZY_STATE, 1, &one), "a shared handler reads");
	check(issue(&changes, &invocation, COMMAND_SET_STATE, -1, &state, "m", NULL, &two) == NULL && !m.changed && m.value.data == one.value.data, "and does not write");
	invocation.facts.is_exclusive = true;
	check(brings(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE, 2, &state, "c", NULL, NULL), NOTIFICATION_GET_LAZY_STATE, 2, &void_result),
		  "what is not there is void");
	check(brings(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE, 20, &state, "z", NULL, NULL), NOTIFICATION_GET_LAZY_STATE, 20, &void_result),
		  "also past the last");
	check(issue(&changes, &invocation, COMMAND_SET_STATE, -1, &state, "c", NULL, &two) == NULL && state.entries->next != &m &&
			  state.entries->next->changed && state.entries->next->exists && !b.changed,
		  "a write is for the writer of the tables");
	check(brings(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE, 3, &state, "c", NULL, NULL), NOTIFICATION_GET_LAZY_STATE, 3, &two), "and what is read from then on");
	(void) issue(&changes, &invocation, COMMAND_SET_STATE, -1, &state, "m", NULL, &two);
	check(brings(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE, 4, &state, "m", NULL, NULL), NOTIFICATION_GET_LAZY_STATE, 4, &two) && m.changed, "another value replaces the first");
	(void) issue(&changes, &invocation, COMMAND_SET_STATE, -1, &state, "a", NULL, &two);
	(void) issue(&changes, &invocation, COMMAND_SET_STATE, -1, &state, "z", NULL, &two);
	check(has_keys(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE_KEYS, 5, &state, NULL, NULL, NULL), "abcmz"), "keys are in their order");
	(void) issue(&changes, &invocation, COMMAND_CLEAR_STATE, -1, &state, "b", NULL, NULL);
	check(brings(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE, 6, &state, "b", NULL, NULL), NOTIFICATION_GET_LAZY_STATE, 6, &void_result) && b.changed && !b.exists,
		  "what is cleared is void");
	check(has_keys(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE_KEYS, 7, &state, NULL, NULL, NULL), "acmz"), "and no key");
	(void) issue(&changes, &invocation, COMMAND_CLEAR_ALL_STATE, -1, &state, NULL, NULL, NULL);
	(void) issue(&changes, &invocation, COMMAND_SET_STATE, -1, &state, "c", NULL, &one);
	check(has_keys(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE_KEYS, 8, &state, NULL, NULL, NULL), "c") && state.cleared && !m.changed && !b.changed,
		  "what is set after all was cleared is all there is");
	check(brings(issue(&changes, &invocation, COMMAND_GET_LAZY_STATE, 9, &state, "m", NULL, NULL), NOTIFICATION_GET_LAZY_STATE, 9, &void_result), "and the rest void");
}

/*
 * Waits for a promise, looks at it, and completes it.
 */
static void
promises(void)
{
	static const int64_t completions[] = {1};
	static const Awaited awaited = {.completions = completions, .ncompletions = 1};
	Changes changes = no_changes();
	Invocation run = of_workflow(STATUS_RUNNING, 1);
	Invocation other = of_workflow(STATUS_RUNNING, 2);
	Invocation gone = of_workflow(STATUS_RUNNING, 3);
	Promise promise = {.key = "p"};

	check(brings(issue(&changes, &run, COMMAND_PEEK_PROMISE, 1, NULL, NULL, &promise, NULL), NOTIFICATION_PEEK_PROMISE, 1, &void_result) && !promise.changed,
		  "an open promise is void");
	check(issue(&changes, &other, COMMAND_GET_PROMISE, 1, NULL, NULL, &promise, NULL) == NULL && promise.changed && promise.waiters->is_new &&
			  promise.waiters->caller == &other,
		  "it is waited for");
	(void) issue(&changes, &gone, COMMAND_GET_PROMISE, 1, NULL, NULL, &promise, NULL);
	check(promise.waiters->next && promise.waiters->next->caller == &gone, "by as many as like");
	(void) machine_suspend(&changes, &other, ATTEMPT, &awaited, 4);
	(void) machine_kill(&changes, &gone);
	check(brings(issue(&changes, &run, COMMAND_COMPLETE_PROMISE, 2, NULL, NULL, &promise, &one), NOTIFICATION_COMPLETE_PROMISE, 2, &void_result) && promise.completed,
		  "who completes it is told that it did");
	check(brings(other.last_append, NOTIFICATION_GET_PROMISE, 1, &one) && other.status == STATUS_READY, "who waits for it wakes");
	check(gone.journal_size == 4, "but for those who are gone");
	check(strstr(issue(&changes, &run, COMMAND_COMPLETE_PROMISE, 3, NULL, NULL, &promise, &two)->meta, "409") && promise.result.value.data == one.value.data &&
			  other.last_append->index == 4,
		  "a second completion fails, and nobody hears of it");
	check(brings(issue(&changes, &run, COMMAND_PEEK_PROMISE, 4, NULL, NULL, &promise, NULL), NOTIFICATION_PEEK_PROMISE, 4, &one), "a peek has the value then");
	check(brings(issue(&changes, &run, COMMAND_GET_PROMISE, 5, NULL, NULL, &promise, NULL), NOTIFICATION_GET_PROMISE, 5, &one), "and so has who gets it");

	promise = (Promise){.key = "q"};
	check(says(machine_complete_promise(&changes, &promise, &one), "completed") && promise.changed, "a request completes one");
	promise.changed = false;
	check(says(machine_complete_promise(&changes, &promise, &two), "unchanged") && !promise.changed && promise.result.value.data == one.value.data, "once");
}

int
main(void)
{
	state();
	promises();
	return finish_tests();
}
