/*
 * create.c
 *		Invocations that are submitted.
 */
#include "machine/machine.h"

#include <string.h>

static void place(Changes *changes, Invocation *invocation);
static void retain_as_submitted(Invocation *invocation, const Submission *submission);

/*
 * Creates the invocation as it is asked for, or says that there is one of its
 * id already, which is left as it is: one that was asked for before with the
 * same idempotency key, or the run of a workflow.  One with a time to wait for
 * is scheduled, another waits in the inbox of its object key, if it takes one
 * that is held, or is ready.  The object key has been linked where the handler
 * takes one.
 */
Verdict
machine_submit(Changes *changes, Invocation *invocation, const Submission *submission)
{
	if (machine_is_known(invocation))
		return (Verdict){NOT_REFUSED, "previously_accepted", false};
	if (submission->idempotency_key && submission->idempotency_key[0] == '\0')
		return machine_refused(REFUSED_EMPTY_IDEMPOTENCY_KEY);
	invocation->exists = invocation->created = invocation->changed = true;
	invocation->submission = submission;
	invocation->facts.is_workflow = submission->is_workflow;
	invocation->facts.is_workflow_run = submission->is_workflow_run;
	invocation->facts.is_exclusive = submission->is_exclusive;
	invocation->facts.has_service_key = submission->service_key != NULL;
	retain_as_submitted(invocation, submission);
	if (submission->start_at > changes->now)
	{
		machine_set_status(changes, invocation, STATUS_SCHEDULED);
		invocation->scheduled_start_at = submission->start_at;
		machine_set_timer(changes, invocation, TIMER_SCHEDULE, submission->start_at, -1);
	}
	else
		place(changes, invocation);
	return machine_done("accepted");
}

/*
 * Returns whether an invocation of this id is there, or was when the call
 * began: then it is joined, and not made again.
 */
bool
machine_is_known(const Invocation *invocation)
{
	return invocation->exists || invocation->removed;
}

/*
 * Decides how long an invocation is kept.  What others can come back to by an
 * id that they know keeps its result for as long as its handler says, and its
 * journal no longer than that; another keeps both as long as journals are kept.
 */
void
machine_retentions(const Submission *submission, int64_t *result, int64_t *journal)
{
	*result = *journal = submission->journal_retention;
	if (submission->is_workflow_run || submission->idempotency_key)
	{
		*result = submission->completion_retention;
		if (*journal > *result)
			*journal = *result;
	}
}

/*
 * Has the invocation kept so.
 */
static void
retain_as_submitted(Invocation *invocation, const Submission *submission)
{
	machine_retentions(submission, &invocation->result_retention, &invocation->journal_retention);
	invocation->facts.keeps_result = invocation->result_retention > 0;
	invocation->facts.keeps_journal = invocation->journal_retention > 0;
}

/*
 * Places an invocation whose time has come: starts it, or has it wait in an
 * inbox.
 */
static void
place(Changes *changes, Invocation *invocation)
{
	int64_t number = 0;

	if (machine_place(changes, invocation->object_key, &invocation->id, &number) == STATUS_READY)
	{
		machine_start(changes, invocation);
		return;
	}
	machine_set_status(changes, invocation, STATUS_PENDING);
	invocation->inbox_sequence_number = number;
	machine_enter_inbox(changes, invocation);
}

/*
 * Places an invocation whose start was scheduled, if its time has come.
 */
Verdict
machine_start_scheduled(Changes *changes, Invocation *invocation)
{
	if (!invocation->exists || invocation->status != STATUS_SCHEDULED ||
		invocation->scheduled_start_at > changes->now)
		return machine_unchanged();
	place(changes, invocation);
	return machine_done(invocation->status == STATUS_READY ? "ready" : "pending");
}

/*
 * Returns the status that a new invocation begins with: ready, and holder of
 * its object key if it needs one, or pending in the inbox of the key, where it
 * gets a number.
 */
Status
machine_place(Changes *changes, ObjectKey *key, const RestateInvocationId *id,
			  int64_t *sequence_number)
{
	if (key && !machine_take_key(key, id, sequence_number))
		return STATUS_PENDING;
	changes->made_runnable = true;
	return STATUS_READY;
}

/*
 * Makes the invocation holder of the key if that is free; else gives out the
 * next place in the inbox, and returns false.
 */
bool
machine_take_key(ObjectKey *key, const RestateInvocationId *id, int64_t *sequence_number)
{
	key->changed = true;
	if (key->has_holder)
	{
		*sequence_number = key->next_sequence_number++;
		return false;
	}
	key->has_holder = true;
	key->holder = *id;
	return true;
}

/*
 * Adds the invocation at the end of the inbox, as far as that was read: what
 * this call frees the key for comes first either way.
 */
void
machine_enter_inbox(Changes *changes, Invocation *invocation)
{
	ObjectKey *key = invocation->object_key;
	size_t size = (size_t) key->inbox_size;
	Invocation **inbox =
		changes->arena.allocate(changes->arena.owner, sizeof(Invocation *) * (size + 1));

	if (size > 0)
		memcpy(inbox, key->inbox, sizeof(Invocation *) * size);
	inbox[size] = invocation;
	key->inbox = inbox;
	key->inbox_size++;
}
