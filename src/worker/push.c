/*
 * push.c
 *		What attempts send in frames, of many at once: all is locked in one order, what
 *		is needed of the journals is read, the machine decides for one after the other,
 *		and all is written in one statement.
 *
 * Each attempt's frames are taken or refused as a whole, and by themselves.  Where a
 * refused one had an object key or a promise made, which are there before the machine
 * can decide, all starts over without it, so that it has changed nothing.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "types/compat.h"
#include "worker/promises.h"
#include "worker/push.h"

/* The key of an attempt. */
typedef struct AttemptKey
{
	RestateInvocationId id;
	int64 attempt;
} AttemptKey;

static int read_parts(Push *push, Pushed *pushed, int count);
static void refuse_as(Part *part, RestateRefusal refusal);
static void refuse(Part *part, Refusal refusal);
static bool concerns_others(const Push *push);
static bool ends(const Part *part);
static bool push_alone(Push *push);
static bool push_with_others(void *argument);
static void find_callees(Push *push);
static bool lock_with_others(Workset *workset, Push *push);
static bool uses_promise(const Part *part);
static void list_appendings(Push *push);
static bool decide(Workset *workset, Push *push);
static bool made_something(const Part *part);
static void push_part(Workset *workset, Part *part);
static void write_push(Workset *workset, Push *push);

/*
 * Takes what attempts have sent, each by itself, as if one after the other; notes on each
 * how it went.  Who claims runs at once what has become ready by it, and is told what has come to
 * its other attempts; with NULL nobody is.  Raises an error only for what concerns them all.
 */
PushAnswer
worker_push(Pushed *pushed, int count, const Claim *claim)
{
	Push push = {.parts = palloc0_array(Part, Max(count, 1)), .claim = claim};
	Workset workset;
	RestateInvocationId *ids;

	push.count = read_parts(&push, pushed, count);
	if (push.count == 0)
		return push.answer;
	push.appendings = palloc_array(Appending *, push.count);
	if (concerns_others(&push))
	{
		if (!push_alone(&push))
			workset_start_over(push_with_others, &push);
		return push.answer;
	}
	ids = palloc_array(RestateInvocationId, push.count);
	for (int i = 0; i < push.count; i++)
		ids[i] = push.parts[i].appending.caller->id;
	workset_init(&workset, NULL);
	(void) workset_lock_simply(&workset, REACH_ROW, ids, push.count);
	(void) decide(&workset, &push);
	write_push(&workset, &push);
	return push.answer;
}

/*
 * Reads the frames of all that are not refused yet; returns how many are not refused
 * then.
 */
static int
read_parts(Push *push, Pushed *pushed, int count)
{
	HASHCTL ctl = {
		.keysize = sizeof(AttemptKey),
		.entrysize = sizeof(AttemptKey),
		.hcxt = CurrentMemoryContext};
	HTAB *attempts =
		hash_create("restate_admin attempts", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	int nparts = 0;

	for (int i = 0; i < count; i++)
	{
		Part *part = &push->parts[nparts];
		AttemptKey key = {pushed[i].caller.id, pushed[i].caller.attempt};
		RestateRefusal refusal;
		bool found;

		if (pushed[i].refusal.category != RESTATE_OK)
			continue;
		memset(part, 0, sizeof(*part));
		part->pushed = &pushed[i];
		(void) hash_search(attempts, &key, HASH_ENTER, &found);
		if (found)
			refuse_as(part, restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
											"the attempt of invocation %s is named twice",
											restate_invocation_id_text(&key.id)));
		else if (!sent_read_frames(pushed[i].frames, &part->sent, &refusal))
		{
			refuse_as(part, refusal);
			pushed[i].error_code = RESTATE_ERROR_PROTOCOL;
		}
		else
		{
			part->appending = (Appending){&pushed[i].caller, 0, part->sent.entries, part->sent.count};
			part->closing.kind = part->sent.closing;
			part->closing.awaited = part->sent.awaited;
			part->closing.known = Max(pushed[i].known, 0);
			if (part->sent.failure)
				part->sent.failure->result = results_of_failure(part->sent.failure->text, NULL);
			part->closing.failure = part->sent.failure;
			part->closing.policy = &part->policy;
			nparts++;
		}
	}
	return nparts;
}

/*
 * Refuses a part.
 */
static void
refuse_as(Part *part, RestateRefusal refusal)
{
	part->is_refused = true;
	part->pushed->refusal = refusal;
}

/*
 * Refuses a part for what the machine says.
 */
static void
refuse(Part *part, Refusal refusal)
{
	const RefusalDef *def = &refusals[refusal];
	RestateRefusal refused = restate_refusal(
		def->category, def->message, restate_invocation_id_text(&part->pushed->caller.id));

	refused.hint = def->hint;
	refuse_as(part, refused);
	part->pushed->error_code = def->error_code;
}

/*
 * Returns whether others than the invocations themselves may have to be locked.
 */
static bool
concerns_others(const Push *push)
{
	for (int i = 0; i < push->count; i++)
		if (ends(&push->parts[i]) || appending_reaches_others(&push->parts[i].appending))
			return true;
	return false;
}

/*
 * Returns whether the attempt's end can be the end of its invocation.
 */
static bool
ends(const Part *part)
{
	return part->closing.kind == CLOSING_END || part->closing.kind == CLOSING_ERROR;
}

/*
 * Takes what one attempt has sent that ends, if nobody else has a part in that.  Returns
 * whether it did.
 */
static bool
push_alone(Push *push)
{
	Workset workset;

	if (push->count > 1 || appending_reaches_others(&push->parts[0].appending))
		return false;
	workset_init(&workset, NULL);
	if (!ending_lock_alone(&workset, &push->parts[0].appending.caller->id))
		return false;
	(void) decide(&workset, push);
	write_push(&workset, push);
	return true;
}

/*
 * Takes it once, with the others locked; returns false if they could not be, or one was
 * refused that is to be left out.
 */
static bool
push_with_others(void *argument)
{
	Push *push = argument;
	Workset workset;

	find_callees(push);
	list_appendings(push);
	if (push->nappendings == 0)
		return true;
	workset_init(&workset, NULL);
	if (!lock_with_others(&workset, push) || !decide(&workset, push))
		return false;
	write_push(&workset, push);
	return workset.work[STORE_SUBMIT] == NULL || workset.work[STORE_SUBMIT]->conflicts == 0;
}

/*
 * Finds the handlers that calls are to.
 */
static void
find_callees(Push *push)
{
	for (int i = 0; i < push->count; i++)
	{
		Part *part = &push->parts[i];
		RestateRefusal refusal;

		if (part->is_refused || appending_find_callees(&part->appending, &refusal))
			continue;
		refuse_as(part, refusal);
		part->pushed->error_code = RESTATE_ERROR_NOT_ALLOWED;
	}
}

/*
 * Locks the invocations with whom they concern.  What only goes on is locked by its row
 * alone.  Returns false if more came within reach.
 */
static bool
lock_with_others(Workset *workset, Push *push)
{
	RestateInvocationId *ids;
	Reach reach = REACH_CANCEL;
	int most = 0;
	int nids = 0;

	for (int i = 0; i < push->count; i++)
		most += push->parts[i].appending.count + 1;
	ids = palloc_array(RestateInvocationId, Max(most, 1));
	for (int i = 0; i < push->count; i++)
	{
		const Part *part = &push->parts[i];

		if (part->is_refused)
			continue;
		if (ends(part))
			reach = REACH_END;
		if (ends(part) || uses_promise(part))
			ids[nids++] = part->appending.caller->id;
		nids += appending_enter_others(workset, &part->appending, &ids[nids]);
	}
	if (!workset_lock_reached_keys(workset, reach, ids, nids))
		return false;
	for (int i = 0; i < push->count; i++)
		if (!push->parts[i].is_refused)
			(void) workset_enter(workset, &push->parts[i].appending.caller->id);
	promises_lock(workset, push->appendings, push->nappendings);
	if (!workset_lock_reached_rows(workset, reach))
		return false;
	workset_read_awaited(workset, true);
	return true;
}

/*
 * Returns whether one of the entries is about a promise.
 */
static bool
uses_promise(const Part *part)
{
	for (int i = 0; i < part->appending.count; i++)
		if (part->appending.sent[i].promise_key)
			return true;
	return false;
}

/*
 * Lists what is appended by the parts that are not refused.
 */
static void
list_appendings(Push *push)
{
	push->nappendings = 0;
	for (int i = 0; i < push->count; i++)
		if (!push->parts[i].is_refused)
			push->appendings[push->nappendings++] = &push->parts[i].appending;
}

/*
 * Has the machine decide for one part after the other, in the locked working set.
 * Returns false if one is refused now that has made something, so that all has to start
 * over without it.
 */
static bool
decide(Workset *workset, Push *push)
{
	bool is_clean = true;

	for (int i = 0; i < push->count; i++)
	{
		Part *part = &push->parts[i];

		if (part->is_refused)
			continue;
		part->reply = restate_frame_buffer();
		part->pushed->status = part->pushed->error_code = NULL;
		part->pushed->result = NULL;
		part->invocation = workset_find(workset, &part->appending.caller->id);
		if (!part->invocation->exists)
			refuse(part, REFUSED_NOT_FOUND);
		else if (!machine_is_current(part->invocation, part->appending.caller->attempt))
			refuse(part, REFUSED_ATTEMPT_LOST);
		else
			part->invocation->attempt_server = part->appending.caller->server;
		is_clean &= !part->is_refused || !made_something(part);
	}
	push_read_journals(workset, push);
	for (int i = 0; i < push->count; i++)
		if (!push->parts[i].is_refused)
		{
			push_part(workset, &push->parts[i]);
			is_clean &= !push->parts[i].is_refused || !made_something(&push->parts[i]);
		}
	if (is_clean)
		push_write_replies(push);
	return is_clean;
}

/*
 * Returns whether something is there already that the part needs, and that stays if it
 * is refused.
 */
static bool
made_something(const Part *part)
{
	for (int i = 0; i < part->appending.count; i++)
	{
		const Entry *entry = &part->appending.sent[i].entry;

		if (entry->promise || (entry->submission && entry->submission->is_exclusive))
			return true;
	}
	return false;
}

/*
 * Has the machine decide for one part.
 */
static void
push_part(Workset *workset, Part *part)
{
	Pushed *pushed = part->pushed;
	Invocation *invocation = part->invocation;
	NewEntries entries;
	Verdict verdict;

	appending_link(workset, &part->appending, invocation);
	entries = appending_entries(&part->appending);
	verdict = machine_push(&workset->changes, invocation, &entries, &part->closing);
	if (verdict.refusal != NOT_REFUSED)
	{
		refuse(part, verdict.refusal);
		return;
	}
	if (part->closing.kind == CLOSING_NONE)
	{
		pushed->status = invocation->pause_requested ? "pausing" : NULL;
		return;
	}
	pushed->status = verdict.outcome;
	if (invocation->status == STATUS_COMPLETED && invocation->facts.is_awaited &&
		invocation->failure == NULL && invocation->result)
	{
		pushed->result = workset_bytes(&invocation->result->value);
		pushed->seed = invocation->facts.random_seed;
	}
	pushed->next_retry_at = invocation->next_retry_at;
	if (part->closing.kind == CLOSING_ERROR)
	{
		pushed->error_code = part->closing.failure->error_code;
		ending_add_event(workset, invocation, part->closing.failure);
	}
}

/*
 * Writes what became of all.
 */
static void
write_push(Workset *workset, Push *push)
{
	appending_write_states(workset, push->states);
	list_appendings(push);
	promises_write(workset, push->appendings, push->nappendings);
	push->answer = (PushAnswer){0};
	if (push->claim)
	{
		workset->caller = push->claim->worker_name;
		push->answer.started = worker_hand_over(workset, push->claim);
	}
	workset_write(workset);
	push->answer.made_ready = workset->changes.made_runnable;
	push->answer.news = push_news(workset);
}
