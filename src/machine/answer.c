/*
 * answer.c
 *		What arrives at an invocation from elsewhere: completions, each once, and
 *		signals, all in their order.  What is suspended on it wakes.
 */
#include "machine/machine.h"

#include <string.h>

static const EntryType waiter_answers[] = {
	[WAITER_CALL] = NOTIFICATION_CALL,
	[WAITER_ATTACH] = NOTIFICATION_ATTACH_INVOCATION};

static void arrive(Changes *changes, Invocation *invocation, bool is_awaited);
static bool awaits_completion(const Awaited *awaited, int64_t completion_id);
static bool wakes_on_signal(const Invocation *invocation, const Signal *signal);
static bool has_signal(const Awaited *awaited, int64_t index, const char *name);

/*
 * Adds the entry that answers a command to the journal, without waking anyone:
 * it is the invocation's own doing.
 */
void
machine_append_completion(Changes *changes, Invocation *invocation, EntryType type,
						  int64_t completion_id, const EntryResult *result)
{
	JournalAppend *append = machine_append(changes, invocation, type);

	append->completion_id = completion_id;
	append->meta = result->meta;
	append->payload = result->value;
}

/*
 * Brings a completion to an invocation that is in flight and does not have it
 * yet; there is nothing to do otherwise.
 */
Verdict
machine_complete_entry(Changes *changes, Invocation *invocation, EntryType type,
					   int64_t completion_id, const EntryResult *result)
{
	EntryResult had;
	int64_t index;

	if (!machine_is_in_flight(invocation) ||
		machine_find_completion(invocation, completion_id, &index, &had))
		return machine_unchanged();
	machine_append_completion(changes, invocation, type, completion_id, result);
	arrive(changes, invocation,
		   invocation->awaited && awaits_completion(invocation->awaited, completion_id));
	return machine_done("completed");
}

/*
 * Brings a signal to an invocation that is in flight; one that has not started
 * or has completed does not get it.
 */
Verdict
machine_signal(Changes *changes, Invocation *invocation, const Signal *signal)
{
	JournalAppend *append;

	if (!machine_is_in_flight(invocation))
		return machine_unchanged();
	append = machine_append(changes, invocation, NOTIFICATION_SIGNAL);
	append->signal_index = signal->index;
	append->signal_name = signal->name;
	append->meta = signal->result.meta;
	append->payload = signal->result.value;
	arrive(changes, invocation, wakes_on_signal(invocation, signal));
	return machine_done("signalled");
}

/*
 * Has an invocation, or a request, wait for the result of another that has not
 * completed.
 */
void
machine_add_waiter(Changes *changes, Invocation *target, WaiterKind kind, Invocation *caller,
				   int64_t completion_id)
{
	Waiter *waiter = changes->arena.allocate(changes->arena.owner, sizeof(*waiter));
	Waiter **last = &target->waiters;

	*waiter = (Waiter){
		.kind = kind, .caller = caller, .result_completion_id = completion_id, .is_new = true};
	while (*last)
		last = &(*last)->next;
	*last = waiter;
}

/*
 * Brings the result of an invocation to those that wait for it, and wakes each
 * that is suspended on that.
 */
void
machine_answer_waiters(Changes *changes, Invocation *target, const EntryResult *result)
{
	for (Waiter *waiter = target->waiters; waiter; waiter = waiter->next)
	{
		Invocation *caller = waiter->caller;

		if (waiter->answered)
			continue;
		if (caller == NULL)
		{
			waiter->answered = true;
			continue;
		}
		if (!caller->exists || caller->status == STATUS_COMPLETED ||
			!machine_is_same(caller, waiter->caller_seed))
			continue;
		waiter->answered = true;
		machine_append_completion(changes, caller, waiter_answers[waiter->kind],
								  waiter->result_completion_id, result);
		arrive(changes, caller,
			   caller->awaited && awaits_completion(caller->awaited, waiter->result_completion_id));
	}
}

/*
 * Lets an invocation know that something has arrived: wakes it if it is
 * suspended on that, has it told if it runs.
 */
static void
arrive(Changes *changes, Invocation *invocation, bool is_awaited)
{
	if (invocation->status == STATUS_RUNNING)
		invocation->has_news = true;
	else if (invocation->status == STATUS_SUSPENDED && is_awaited)
		machine_set_status(changes, invocation, STATUS_READY);
}

/*
 * Returns whether the completion is among what is awaited.
 */
static bool
awaits_completion(const Awaited *awaited, int64_t completion_id)
{
	for (int i = 0; i < awaited->ncompletions; i++)
		if (awaited->completions[i] == completion_id)
			return true;
	return false;
}

/*
 * Returns whether the invocation, if it is suspended, awaits the signal.
 */
static bool
wakes_on_signal(const Invocation *invocation, const Signal *signal)
{
	if (invocation->awaited == NULL)
		return signal->index == CANCEL_SIGNAL && invocation->facts.awaits_cancel;
	return has_signal(invocation->awaited, signal->index, signal->name);
}

/*
 * Returns whether the signal, of that index or else of that name, is among
 * what is awaited.
 */
static bool
has_signal(const Awaited *awaited, int64_t index, const char *name)
{
	for (int i = 0; index >= 0 && i < awaited->nsignals; i++)
		if (awaited->signals[i] == index)
			return true;
	for (int i = 0; index < 0 && i < awaited->nnames; i++)
		if (strcmp(awaited->names[i], name) == 0)
			return true;
	return false;
}

/*
 * Finds a completion in the invocation's journal, as it was read and as it is
 * to be; returns whether there is one, and its index and what it brings.
 */
bool
machine_find_completion(const Invocation *invocation, int64_t completion_id, int64_t *index,
						EntryResult *result)
{
	const JournalPart *journal = invocation->journal;

	for (int i = 0; journal && i < journal->ncompletions; i++)
		if (journal->completions[i].completion_id == completion_id)
		{
			*index = journal->completions[i].index;
			*result = journal->completions[i].result;
			return true;
		}
	for (const JournalAppend *append = invocation->appends; append; append = append->next)
		if (!append->is_command && append->completion_id == completion_id)
		{
			*index = append->index;
			*result = (EntryResult){append->meta, append->payload};
			return true;
		}
	return false;
}

/*
 * Returns whether something that would be awaited is in the invocation's
 * journal already.  A completion, or the signal of an awakeable, comes once
 * and need not be waited for again.  Another signal can come again and again:
 * it counts if the attempt has not been given it, having been given the first
 * known entries.
 */
bool
machine_has_arrived(const Invocation *invocation, const Awaited *awaited, int64_t known)
{
	const JournalPart *journal = invocation->journal;
	EntryResult result;
	int64_t index;

	for (int i = 0; i < awaited->ncompletions; i++)
		if (machine_find_completion(invocation, awaited->completions[i], &index, &result))
			return true;
	for (int i = 0; journal && i < journal->narrivals; i++)
	{
		const Arrival *arrival = &journal->arrivals[i];

		if ((arrival->index >= known || arrival->signal_index >= FIRST_AWAKEABLE_SIGNAL) &&
			has_signal(awaited, arrival->signal_index, arrival->signal_name))
			return true;
	}
	for (const JournalAppend *append = invocation->appends; append; append = append->next)
		if (!append->is_command && (append->signal_index >= 0 || append->signal_name) &&
			(append->index >= known || append->signal_index >= FIRST_AWAKEABLE_SIGNAL) &&
			has_signal(awaited, append->signal_index, append->signal_name))
			return true;
	return false;
}
