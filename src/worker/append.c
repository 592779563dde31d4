/*
 * append.c
 *		Appends what an attempt sends: in the invocation's own row alone, where the
 *		entries concern nobody else, else with whom they call, signal or attach to.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "types/compat.h"
#include "types/outcome.h"
#include "worker/appending.h"
#include "worker/promises.h"

static bool append_with_others(void *argument);
static bool find_callee(const Appending *appending, SentEntry *sent, RestateRefusal *refusal);
static const char *target_of(const Invocation *invocation);
static void link_callee(Workset *workset, SentEntry *sent);

/*
 * Appends the entries, and sets on each which index it has, whether the journal
 * had it, and what answers it.  Raises what they are refused for; then nothing is changed.
 */
void
worker_append(const Caller *caller, int64 first_command, SentEntry *sent, int count)
{
	Appending appending = {caller, first_command, sent, count};

	if (appending_reaches_others(&appending))
		workset_start_over(append_with_others, &appending);
	else
	{
		Workset workset;
		Invocation *invocation;

		workset_init(&workset, NULL);
		(void) workset_lock_simply(&workset, REACH_ROW, &caller->id, 1);
		invocation = workset_find(&workset, &caller->id);
		appending_append(&workset, &appending, invocation);
		answers_find(invocation, sent, count);
		workset_write(&workset);
	}
}

/*
 * Appends once, with the others locked; returns false if they could not be.
 */
static bool
append_with_others(void *argument)
{
	Appending *appending = argument;
	Workset workset;
	Invocation *invocation;

	workset_init(&workset, NULL);
	if (!appending_lock(&workset, appending, REACH_CANCEL))
		return false;
	invocation = workset_find(&workset, &appending->caller->id);
	appending_append(&workset, appending, invocation);
	answers_find(invocation, appending->sent, appending->count);
	workset_write(&workset);
	return workset.work[STORE_SUBMIT] == NULL || workset.work[STORE_SUBMIT]->conflicts == 0;
}

/*
 * Returns whether an entry concerns another invocation, or a promise.
 */
bool
appending_reaches_others(const Appending *appending)
{
	for (int i = 0; i < appending->count; i++)
		if (appending->sent[i].service_name || appending->sent[i].has_target_id ||
			appending->sent[i].promise_key)
			return true;
	return false;
}

/*
 * Returns whether one of the commands asks for a completion.
 */
bool
appending_asks(const Appending *appending)
{
	for (int i = 0; i < appending->count; i++)
		if (entry_type_is_command(appending->sent[i].entry.type) &&
			appending->sent[i].entry.completion_id >= 0)
			return true;
	return false;
}

/*
 * Locks the caller and whom its entries concern; returns false if they could not be.
 */
bool
appending_lock(Workset *workset, Appending *appending, Reach reach)
{
	RestateInvocationId *ids = palloc_array(RestateInvocationId, appending->count + 1);
	RestateRefusal refusal;
	int nids = 0;

	if (!appending_find_callees(appending, &refusal))
		restate_raise(refusal);
	ids[nids++] = appending->caller->id;
	nids += appending_enter_others(workset, appending, &ids[nids]);
	if (!workset_lock_reached_keys(workset, reach, ids, nids))
		return false;
	promises_lock(workset, &appending, 1);
	if (!workset_lock_reached_rows(workset, reach))
		return false;
	workset_read_awaited(workset, true);
	return true;
}

/*
 * Finds the handlers that calls are to, and names the callees.  Returns false, and sets
 * why, if a call has a key that its callee cannot have.
 */
bool
appending_find_callees(const Appending *appending, RestateRefusal *refusal)
{
	for (int i = 0; i < appending->count; i++)
		if (appending->sent[i].service_name &&
			!find_callee(appending, &appending->sent[i], refusal))
			return false;
	return true;
}

/*
 * Finds the handler that a call is to, and names the callee.
 */
static bool
find_callee(const Appending *appending, SentEntry *sent, RestateRefusal *refusal)
{
	Handler *handler = palloc_object(Handler);
	bool is_found = registry_find(sent->service_name, sent->handler_name, NULL, handler);
	Submission *submission;
	int64 result_retention;
	int64 journal_retention;

	if (is_found)
		sent_fit_call(sent, handler->service_ty);
	sent->entry.submission = NULL;
	sent->has_target_id = is_found && strcmp(handler->service_ty, sent->service_ty) == 0;
	if (!sent->has_target_id)
		return true;
	if (!registry_takes(handler, sent->service_key, sent->idempotency_key, refusal))
		return false;
	registry_name_id(handler, sent->service_key, sent->idempotency_key, &sent->target_id);
	submission = registry_submission(handler, sent->service_key, sent->idempotency_key);
	submission->start_at = sent->start_at;
	submission->input_meta = sent->headers ? sent->headers : "[]";
	submission->input = sent->entry.payload;
	submission->has_caller = true;
	submission->caller_id = appending->caller->id;
	machine_retentions(submission, &result_retention, &journal_retention);
	sent_finish_call(sent, handler->handler_ty, result_retention, journal_retention);
	sent->entry.submission = submission;
	return true;
}

/*
 * Sets the ids of those whom the entries concern, of which there is one for each at
 * most, and adds the object keys that new ones take to the working set; returns how many
 * ids there are.
 */
int
appending_enter_others(Workset *workset, const Appending *appending, RestateInvocationId *ids)
{
	int nids = 0;

	for (int i = 0; i < appending->count; i++)
	{
		const SentEntry *sent = &appending->sent[i];

		if (sent->has_target_id)
			ids[nids++] = sent->target_id;
		if (sent->entry.submission && sent->entry.submission->is_exclusive)
		{
			ObjectKey *key =
				workset_find_object_key(workset, sent->service_name, sent->service_key, true);

			key->partition_key = (int64) restate_id_partition_key(&sent->target_id);
			workset->makes_keys = true;
		}
	}
	return nids;
}

/*
 * Appends in the locked working set.
 */
void
appending_append(Workset *workset, Appending *appending, Invocation *invocation)
{
	NewEntries entries;
	Invocation **targets = palloc_array(Invocation *, Max(appending->count, 1));
	List *states = NIL;
	StoreCall call;
	Verdict verdict;

	if (!invocation->exists)
		worker_refuse(REFUSED_NOT_FOUND, &appending->caller->id);
	if (!machine_is_current(invocation, appending->caller->attempt))
		worker_refuse(REFUSED_ATTEMPT_LOST, &appending->caller->id);
	store_call(&call, STORE_READ_ARRIVALS);
	journal_ask(&call, invocation, appending->sent, appending->count, appending->first_command,
				NULL);
	journal_read_asked(workset, &call);
	if (appending_asks(appending))
		journal_read_last_completion_id(workset, &invocation, 1);
	appending_read_state(&states, appending, invocation);
	results_read(workset, targets, appending_targets(workset, appending, targets));
	appending_link(workset, appending, invocation);
	entries = appending_entries(appending);
	verdict = machine_append_entries(&workset->changes, invocation, &entries);
	if (verdict.refusal != NOT_REFUSED)
		worker_refuse(verdict.refusal, &invocation->id);
	for (int i = 0; i < appending->count; i++)
	{
		appending->sent[i].entry.index = entries.entries[i].index;
		appending->sent[i].entry.repeated = entries.entries[i].repeated;
	}
	appending_write_states(workset, states);
	promises_write(workset, &appending, 1);
}

/*
 * Returns the entries as the machine takes them.
 */
NewEntries
appending_entries(const Appending *appending)
{
	NewEntries entries = {
		.attempt = appending->caller->attempt,
		.first_command = appending->first_command,
		.entries = palloc_array(Entry, Max(appending->count, 1)),
		.count = appending->count};

	for (int i = 0; i < appending->count; i++)
		entries.entries[i] = appending->sent[i].entry;
	return entries;
}

/*
 * Sets the invocations that the entries concern, of which there is one for each at most;
 * returns how many there are.
 */
int
appending_targets(Workset *workset, const Appending *appending, Invocation **targets)
{
	int count = 0;

	for (int i = 0; i < appending->count; i++)
		if (appending->sent[i].has_target_id)
			targets[count++] = workset_find(workset, &appending->sent[i].target_id);
	return count;
}

/*
 * Connects the entries with those that they concern, as these are by now.
 */
void
appending_link(Workset *workset, Appending *appending, Invocation *invocation)
{
	const char *target = NULL;

	for (int i = 0; i < appending->count; i++)
	{
		SentEntry *sent = &appending->sent[i];
		Submission *submission = unconstify(Submission *, sent->entry.submission);

		sent->entry.target =
			sent->has_target_id ? workset_find(workset, &sent->target_id) : NULL;
		if (submission && sent->entry.target)
		{
			if (target == NULL)
				target = target_of(invocation);
			link_callee(workset, sent);
			submission->caller_service_name = invocation->service_name;
			submission->caller_target = target;
		}
		else if (sent->entry.target && !machine_is_known(sent->entry.target))
			sent->entry.target = NULL;
	}
}

/*
 * Returns the target of an invocation, as sys_invocation has it.
 */
static const char *
target_of(const Invocation *invocation)
{
	StoreCall call;
	StoreFoundHandlerName found;

	store_call(&call, STORE_READ_HANDLER_NAME);
	workset_add_id(&call, invocation);
	if (store_execute(&call) == 0)
		return NULL;
	store_read_handler_name(0, &found);
	if (invocation->service_key)
		return psprintf("%s/%s/%s", invocation->service_name, invocation->service_key,
						found.handler_name);
	return psprintf("%s/%s", invocation->service_name, found.handler_name);
}

/*
 * Prepares the callee of a call, which may be new.
 */
static void
link_callee(Workset *workset, SentEntry *sent)
{
	Invocation *callee = sent->entry.target;

	callee->service_name = unconstify(char *, sent->service_name);
	callee->service_key = unconstify(char *, sent->service_key);
	if (sent->entry.submission->is_exclusive)
		callee->object_key =
			workset_find_object_key(workset, sent->service_name, sent->service_key, false);
}
