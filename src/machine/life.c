/*
 * life.c
 *		The steps that the transitions of an invocation's life are made of.
 */
#include "machine/machine.h"

#include <string.h>

static void release_key(Changes *changes, Invocation *invocation);
static void leave_inbox(Invocation *invocation);

/*
 * Returns whether the invocation has begun: it waits neither for its time nor
 * in an inbox.
 */
bool
machine_has_started(const Invocation *invocation)
{
	return invocation->status > STATUS_SCHEDULED;
}

/*
 * Moves the invocation to a status.
 */
void
machine_set_status(Changes *changes, Invocation *invocation, Status status)
{
	if (status == STATUS_READY && invocation->status != STATUS_READY)
		changes->made_runnable = true;
	invocation->status = status;
	invocation->changed = true;
}

/*
 * Appends an entry to the invocation's journal.
 */
void
machine_append(Changes *changes, Invocation *invocation, const char *entry_type,
			   int64_t completion_id, int64_t signal_index, const char *meta)
{
	JournalAppend *append = changes->arena.allocate(changes->arena.owner, sizeof(*append));

	append->next = NULL;
	append->index = invocation->journal_size++;
	append->entry_type = entry_type;
	append->completion_id = completion_id;
	append->signal_index = signal_index;
	append->meta = meta;
	if (invocation->appends)
		invocation->last_append->next = append;
	else
		invocation->appends = append;
	invocation->last_append = append;
	invocation->changed = true;
}

/*
 * Returns the status that a new invocation begins with: ready, and holder of
 * its object key if it needs one, or pending in the inbox of the key, where it
 * gets a number.
 */
Status
machine_place(Changes *changes, ObjectKey *key, const RestateInvocationId *id, int64_t *sequence_number)
{
	if (key)
	{
		key->changed = true;
		if (key->has_holder)
		{
			*sequence_number = key->next_sequence_number++;
			return STATUS_PENDING;
		}
		key->has_holder = true;
		key->holder = *id;
	}
	changes->made_runnable = true;
	return STATUS_READY;
}

/*
 * Starts an invocation that has waited: its input becomes the first entry of
 * its journal, unless it has one, as a restart does.
 */
void
machine_start(Changes *changes, Invocation *invocation)
{
	machine_set_status(changes, invocation, STATUS_READY);
	if (invocation->journal_size == 0)
	{
		invocation->started = true;
		invocation->journal_size = invocation->journal_commands_size = 1;
	}
}

/*
 * Completes an invocation that has started with a failure: frees its object
 * key for the next in the inbox, answers its caller, and drops what is not
 * retained.
 */
void
machine_complete(Changes *changes, Invocation *invocation, const char *failure, const char *failure_meta)
{
	machine_set_status(changes, invocation, STATUS_COMPLETED);
	invocation->pause_requested = false;
	invocation->failure = failure;
	release_key(changes, invocation);
	machine_answer_caller(changes, invocation, failure_meta);
	if (!invocation->facts.keeps_result)
		machine_remove(invocation);
	else if (!invocation->facts.keeps_journal)
		machine_drop_journal(invocation);
}

/*
 * Frees the object key that the invocation holds, if it does, and starts the
 * first of the key's inbox.
 */
static void
release_key(Changes *changes, Invocation *invocation)
{
	ObjectKey *key = invocation->object_key;
	Invocation *next;

	if (key == NULL || !key->has_holder ||
		memcmp(&key->holder, &invocation->id, sizeof(key->holder)) != 0)
		return;
	key->changed = true;
	key->has_holder = key->inbox_size > 0;
	if (!key->has_holder)
		return;
	next = key->inbox[0];
	leave_inbox(next);
	key->holder = next->id;
	machine_start(changes, next);
}

/*
 * Takes the invocation out of the inbox that it waits in, if it does.
 */
static void
leave_inbox(Invocation *invocation)
{
	ObjectKey *key = invocation->object_key;

	for (int i = 0; key && i < key->inbox_size; i++)
		if (key->inbox[i] == invocation)
		{
			key->inbox_size--;
			memmove(&key->inbox[i], &key->inbox[i + 1], sizeof(Invocation *) * (size_t) (key->inbox_size - i));
			return;
		}
}

/*
 * Brings the failure of a callee to the calls that wait for it, and wakes each
 * caller that is suspended on that.
 */
void
machine_answer_caller(Changes *changes, Invocation *callee, const char *failure_meta)
{
	for (AwaitedCall *call = callee->awaited_calls; call; call = call->next)
	{
		Invocation *caller = call->caller;

		if (call->answered || !caller->exists || caller->status == STATUS_COMPLETED)
			continue;
		call->answered = true;
		machine_append(changes, caller, "Notification: Call", call->result_completion_id, -1, failure_meta);
		if (caller->status == STATUS_SUSPENDED && call->is_suspended_on_it)
			machine_set_status(changes, caller, STATUS_READY);
	}
}

/*
 * Drops the journal of a completed invocation.
 */
void
machine_drop_journal(Invocation *invocation)
{
	invocation->journal_purged = true;
	invocation->journal_size = 0;
	invocation->journal_commands_size = 0;
	invocation->appends = NULL;
}

/*
 * Removes the invocation with all that is its own; one that waits in an inbox
 * leaves it.
 */
void
machine_remove(Invocation *invocation)
{
	leave_inbox(invocation);
	invocation->exists = false;
	invocation->removed = true;
}

/*
 * Returns why the invocation cannot go to the deployment that was looked for:
 * it is not there, or does not support the invocation's service protocol.
 */
Refusal
machine_finds_deployment(const Invocation *invocation)
{
	const Facts *facts = &invocation->facts;

	if (!facts->deployment_found)
		return REFUSED_NO_DEPLOYMENT;
	if (facts->protocol_version < facts->min_protocol_version || facts->protocol_version > facts->max_protocol_version)
		return REFUSED_INCOMPATIBLE;
	return NOT_REFUSED;
}

/*
 * Notes what was done to an invocation, after what was noted before.
 */
void
machine_note(Changes *changes, const Effect *effect)
{
	Effect *noted = changes->arena.allocate(changes->arena.owner, sizeof(*noted));

	*noted = *effect;
	noted->next = NULL;
	if (changes->effects)
		changes->last_effect->next = noted;
	else
		changes->effects = noted;
	changes->last_effect = noted;
}

/*
 * Returns that it was done.
 */
Verdict
machine_done(const char *outcome)
{
	return (Verdict){NOT_REFUSED, outcome, true};
}

/*
 * Returns that there was nothing to do.
 */
Verdict
machine_unchanged(void)
{
	return (Verdict){NOT_REFUSED, "unchanged", false};
}

/*
 * Returns that it cannot be, and why.
 */
Verdict
machine_refused(Refusal refusal)
{
	return (Verdict){refusal, NULL, false};
}
