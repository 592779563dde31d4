/*
 * life.c
 *		The steps that the transitions of an invocation's life are made of.
 */
#include "machine/machine.h"

#include <string.h>

static void release_key(Changes *changes, Invocation *invocation);
static int64_t inbox_place(const Invocation *invocation);
static void leave_inbox(Invocation *invocation);

/*
 * Returns whether the invocation has begun: it waits neither for its time nor
 * in an inbox.
 */
bool
machine_has_started(const Invocation *invocation)
{
	return status_has_started(invocation->status);
}

/*
 * Returns whether the invocation has begun and has not ended: its journal
 * takes entries.
 */
bool
machine_is_in_flight(const Invocation *invocation)
{
	return invocation->exists && machine_has_started(invocation) &&
		   invocation->status != STATUS_COMPLETED;
}

/*
 * Returns whether the invocation is the one that had the random seed, and not
 * one that has come under its id since: that waits for nothing that the former
 * has asked for.  0: not known, so it is.
 */
bool
machine_is_same(const Invocation *invocation, int64_t seed)
{
	return seed == 0 || invocation->facts.random_seed == seed;
}

/*
 * Moves the invocation to a status.  Its attempt, its wait for a retry or for
 * something to arrive are no more, where it leaves them.
 */
void
machine_set_status(Changes *changes, Invocation *invocation, Status status)
{
	if (status == STATUS_READY && invocation->status != STATUS_READY)
	{
		changes->made_runnable = true;
		invocation->ready_at = changes->now;
	}
	if (status != STATUS_RUNNING)
		invocation->attempt = 0;
	if (status != STATUS_BACKING_OFF && invocation->next_retry_at != 0)
	{
		machine_drop_timer(changes, invocation, TIMER_RETRY, invocation->next_retry_at);
		invocation->next_retry_at = 0;
	}
	if (status != STATUS_SUSPENDED)
		invocation->awaited = NULL;
	invocation->status = status;
	invocation->changed = true;
}

/*
 * Appends an entry to the invocation's journal; returns it, with nothing in it
 * yet.
 */
JournalAppend *
machine_append(Changes *changes, Invocation *invocation, EntryType type)
{
	JournalAppend *append = changes->arena.allocate(changes->arena.owner, sizeof(*append));

	*append = (JournalAppend){
		.index = invocation->journal_size++,
		.entry_type = entry_type_names[type],
		.is_command = entry_type_is_command(type),
		.completion_id = -1,
		.result_completion_id = -1,
		.signal_index = -1,
		.meta = "{}"};
	invocation->journal_commands_size += append->is_command;
	invocation->last_entry_at = changes->now;
	invocation->entry_retry_count = 0;
	if (invocation->appends)
		invocation->last_append->next = append;
	else
		invocation->appends = append;
	invocation->last_append = append;
	invocation->changed = true;
	return append;
}

/*
 * Makes the input of an invocation the first entry of its journal, unless it
 * has one, as a restart does.
 */
void
machine_begin_journal(Changes *changes, Invocation *invocation)
{
	if (invocation->journal_size > 0)
		return;
	invocation->started = true;
	invocation->journal_size = invocation->journal_commands_size = 1;
	invocation->last_entry_at = changes->now;
	invocation->changed = true;
}

/*
 * Starts an invocation that has waited, or is new.
 */
void
machine_start(Changes *changes, Invocation *invocation)
{
	machine_set_status(changes, invocation, STATUS_READY);
	machine_begin_journal(changes, invocation);
}

/*
 * Completes an invocation that has started, by a failure or, without one,
 * with a value: frees its object key for the next in the inbox, answers who
 * waits for it, and drops what is not retained.
 */
void
machine_finish(Changes *changes, Invocation *invocation, const char *failure,
			   const EntryResult *result)
{
	machine_set_status(changes, invocation, STATUS_COMPLETED);
	invocation->pause_requested = false;
	invocation->failure = failure;
	invocation->result = result;
	invocation->retained_from = changes->now;
	release_key(changes, invocation);
	machine_answer_waiters(changes, invocation, result);
	machine_retain(changes, invocation);
}

/*
 * Frees the object key that the invocation holds, if it does, and starts the
 * first of the key's inbox.  The changes of the state that wait before that one are
 * due now.
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
	next = key->has_holder ? key->inbox[0] : NULL;
	if (key->has_queued_state)
		key->queued_state_until = next ? inbox_place(next) : INT64_MAX;
	key->has_queued_state &= next != NULL;
	if (next == NULL)
		return;
	leave_inbox(next);
	key->holder = next->id;
	machine_start(changes, next);
}

/*
 * Returns the place in the inbox of an invocation that waits there, since before this
 * call or by it.
 */
static int64_t
inbox_place(const Invocation *invocation)
{
	return invocation->facts.status == STATUS_PENDING ? invocation->facts.inbox_sequence_number :
														invocation->inbox_sequence_number;
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
			memmove(&key->inbox[i], &key->inbox[i + 1],
					sizeof(Invocation *) * (size_t) (key->inbox_size - i));
			return;
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
	if (facts->protocol_version < facts->min_protocol_version ||
		facts->protocol_version > facts->max_protocol_version)
		return REFUSED_INCOMPATIBLE;
	return NOT_REFUSED;
}

/*
 * Returns the time that lies that long, which is not below zero, after
 * another: never, where it cannot be told.
 */
int64_t
machine_time_after(int64_t at, int64_t duration)
{
	return at > 0 && duration > TIME_NEVER - at ? TIME_NEVER : at + duration;
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
