/*
 * attempt.c
 *		How an attempt ends: suspended, completed or failed.
 */
#include "postgres.h"

#include "types/compat.h"
#include "types/outcome.h"
#include "worker/appending.h"

/* What an attempt is ended with, and what became of it. */
typedef struct Ending
{
	Appending appending;	/* what is appended before it completes */
	const Failure *failure; /* NULL: it completes */
	const char *outcome;
} Ending;

static const char *settle(Verdict verdict, const RestateInvocationId *id);
static bool end_alone(Ending *ending);
static bool end_with_others(void *argument);
static void end(Workset *workset, Ending *ending);
static Verdict fail(Workset *workset, Invocation *invocation, const Ending *ending);

/*
 * Raises what something on an invocation is refused for.
 */
void
worker_refuse(Refusal refusal, const RestateInvocationId *id)
{
	const RefusalDef *def = &refusals[refusal];
	RestateRefusal raised =
		restate_refusal(def->category, def->message, restate_invocation_id_text(id));

	raised.hint = def->hint;
	restate_raise(raised);
}

/*
 * Raises what the verdict refuses, else returns what was done.
 */
static const char *
settle(Verdict verdict, const RestateInvocationId *id)
{
	if (verdict.refusal != NOT_REFUSED)
		worker_refuse(verdict.refusal, id);
	return verdict.outcome;
}

/*
 * Suspends the invocation of an attempt that waits for any of what it names, having
 * been given the first known entries of the journal.
 */
const char *
worker_suspend(const Caller *caller, const Awaited *awaited, int64 known)
{
	Workset workset;
	Invocation *invocation;
	const char *outcome;

	workset_init(&workset, NULL);
	(void) workset_lock_simply(&workset, REACH_ROW, &caller->id, 1);
	invocation = workset_find(&workset, &caller->id);
	if (!invocation->exists)
		worker_refuse(REFUSED_NOT_FOUND, &caller->id);
	if (machine_is_current(invocation, caller->attempt))
	{
		StoreCall call;

		store_call(&call, STORE_READ_ARRIVALS);
		journal_ask(&call, invocation, NULL, 0, -1, awaited);
		journal_read_asked(&workset, &call);
		journal_read_signals(invocation, awaited, known);
	}
	outcome = settle(
		machine_suspend(&workset.changes, invocation, caller->attempt, awaited, known), &caller->id);
	workset_write(&workset);
	return outcome;
}

/*
 * Appends the entries, and completes the invocation with the last output.
 */
const char *
worker_complete(const Caller *caller, int64 first_command, SentEntry *sent, int count)
{
	Ending ending = {{caller, first_command, sent, count}, NULL, NULL};

	if (appending_reaches_others(&ending.appending) || !end_alone(&ending))
		workset_start_over(end_with_others, &ending);
	return ending.outcome;
}

/*
 * Ends an attempt that has failed: the invocation tries again after a while, is
 * paused, or completes with the failure.
 */
const char *
worker_fail(const Caller *caller, const Failure *failure)
{
	Ending ending = {{caller, 0, NULL, 0}, failure, NULL};

	if (!end_alone(&ending))
		workset_start_over(end_with_others, &ending);
	return ending.outcome;
}

/*
 * Ends the attempt if nobody else has a part in that.  Returns whether it did.
 */
static bool
end_alone(Ending *ending)
{
	Workset workset;

	workset_init(&workset, NULL);
	if (!ending_lock_alone(&workset, &ending->appending.caller->id))
		return false;
	end(&workset, ending);
	return true;
}

/*
 * Locks an invocation that ends without anybody else: no object key is to be freed and
 * nobody waits for the result.  Returns false if it is not such a one, with nothing
 * locked.
 */
bool
ending_lock_alone(Workset *workset, const RestateInvocationId *id)
{
	StoreCall call;
	StoreFoundInvocation found;

	(void) workset_enter(workset, id);
	store_call(&call, STORE_LOCK_ONE_TO_END);
	store_add_one(&call,
				  &(StoreOne){.id = id, .partition_key = (int64) restate_id_partition_key(id)});
	if (store_execute(&call) == 0)
		return false;
	(void) workset_read_invocation(workset, 0, &found);
	return true;
}

/*
 * Ends the attempt once, with the others locked; returns false if they could not be.
 */
static bool
end_with_others(void *argument)
{
	Ending *ending = argument;
	Workset workset;

	workset_init(&workset, NULL);
	if (!appending_lock(&workset, &ending->appending, REACH_END))
		return false;
	end(&workset, ending);
	return workset.work[STORE_SUBMIT] == NULL || workset.work[STORE_SUBMIT]->conflicts == 0;
}

/*
 * Ends the attempt in the locked working set.
 */
static void
end(Workset *workset, Ending *ending)
{
	const Caller *caller = ending->appending.caller;
	Invocation *invocation = workset_find(workset, &caller->id);
	Verdict verdict;

	if (!invocation->exists)
		worker_refuse(REFUSED_NOT_FOUND, &caller->id);
	if (!machine_is_current(invocation, caller->attempt))
		worker_refuse(REFUSED_ATTEMPT_LOST, &caller->id);
	invocation->attempt_server = caller->server;
	if (ending->failure)
		verdict = fail(workset, invocation, ending);
	else
	{
		if (ending->appending.count > 0)
			appending_append(workset, &ending->appending, invocation);
		if (invocation->output == NULL)
			journal_read_output(invocation);
		verdict = machine_complete(&workset->changes, invocation, caller->attempt);
	}
	ending->outcome = settle(verdict, &caller->id);
	workset_write(workset);
}

/*
 * Fails the attempt by the retry policy of its handler, and adds an event to its
 * journal if the failure is another than the last.
 */
static Verdict
fail(Workset *workset, Invocation *invocation, const Ending *ending)
{
	RetryPolicy policy = ending_read_failure(invocation);
	Verdict verdict =
		machine_fail_attempt(&workset->changes, invocation, ending->appending.caller->attempt,
							 ending->failure, &policy);

	if (verdict.refusal == NOT_REFUSED)
		ending_add_event(workset, invocation, ending->failure);
	return verdict;
}

/*
 * Reads how the last attempt of the invocation has failed; returns the retry policy of
 * its handler.
 */
RetryPolicy
ending_read_failure(Invocation *invocation)
{
	StoreCall call;
	StoreFoundFailure found;
	Handler handler = {
		.retry = {500000, 2.0, INT64CONST(60000000), 70, false}};

	store_call(&call, STORE_READ_FAILURE);
	workset_add_id(&call, invocation);
	if (store_execute(&call) == 1)
	{
		store_read_failure(0, &found);
		if (found.last_failure)
		{
			Failure *last = palloc0_object(Failure);

			*last = (Failure){.shown = found.last_failure, .error_code = found.error_code};
			invocation->last_failure = last;
		}
		if (!registry_find(invocation->service_name, found.handler_name,
						   &invocation->facts.pinned_deployment_id, &handler))
			(void) registry_find(invocation->service_name, found.handler_name, NULL, &handler);
	}
	return handler.retry;
}
