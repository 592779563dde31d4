/*
 * promise.c
 *		The promises of workflows: completed once, for all who wait for them.
 */
#include "machine/machine.h"

static const EntryResult nothing = {VOID_META, {NULL, 0}};
static const EntryResult completed_before = {
	FAILURE_META(409, "the promise has been completed before"),
	{NULL, 0}};

static void get(Changes *changes, Invocation *invocation, const Entry *entry);

/*
 * Does what a command on a promise is for.
 */
void
machine_use_promise(Changes *changes, Invocation *invocation, const Entry *entry)
{
	Promise *promise = entry->promise;

	switch (entry->type)
	{
		case COMMAND_GET_PROMISE:
			get(changes, invocation, entry);
			break;
		case COMMAND_PEEK_PROMISE:
			machine_append_completion(changes, invocation, NOTIFICATION_PEEK_PROMISE,
									  entry->completion_id,
									  promise->completed ? &promise->result : &nothing);
			break;
		default:
			machine_append_completion(changes, invocation, NOTIFICATION_COMPLETE_PROMISE,
									  entry->completion_id,
									  promise->completed ? &completed_before : &nothing);
			(void) machine_complete_promise(changes, promise, &entry->result);
			break;
	}
}

/*
 * Answers with what the promise was completed with, or waits for that.
 */
static void
get(Changes *changes, Invocation *invocation, const Entry *entry)
{
	Promise *promise = entry->promise;
	PromiseWaiter *waiter;
	PromiseWaiter **last = &promise->waiters;

	if (promise->completed)
	{
		machine_append_completion(changes, invocation, NOTIFICATION_GET_PROMISE,
								  entry->completion_id, &promise->result);
		return;
	}
	waiter = changes->arena.allocate(changes->arena.owner, sizeof(*waiter));
	*waiter = (PromiseWaiter){
		.caller = invocation,
		.caller_seed = invocation->facts.random_seed,
		.completion_id = entry->completion_id,
		.is_new = true};
	while (*last)
		last = &(*last)->next;
	*last = waiter;
	promise->changed = true;
}

/*
 * Completes a promise that is open, and answers who waits for it; one that was
 * completed before stays as it is.
 */
Verdict
machine_complete_promise(Changes *changes, Promise *promise, const EntryResult *result)
{
	if (promise->completed)
		return machine_unchanged();
	promise->completed = promise->changed = true;
	promise->result = *result;
	for (const PromiseWaiter *waiter = promise->waiters; waiter; waiter = waiter->next)
		if (machine_is_same(waiter->caller, waiter->caller_seed))
			(void) machine_complete_entry(changes, waiter->caller, NOTIFICATION_GET_PROMISE,
										  waiter->completion_id, result);
	return machine_done("completed");
}
