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
static void find_callee(Appending *appending, SentEntry *sent);
static void link_others(Workset *workset, Appending *appending, Invocation *invocation);
static const char *target_of(const Invocation *invocation);
static void link_callee(Workset *workset, SentEntry *sent);
static void read_state(Invocation *invocation, SentEntry *sent, int count);
static bool uses_state(EntryType type);

/*
 * Appends the entries, and sets on each which index it has and whether the journal
 * had it.  Raises what they are refused for; then nothing is changed.
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
 * Locks the caller and whom its entries concern; returns false if they could not be.
 */
bool
appending_lock(Workset *workset, Appending *appending, Reach reach)
{
	RestateInvocationId *ids = palloc_array(RestateInvocationId, 2 * appending->count + 1);
	int nids = 0;

	ids[nids++] = appending->caller->id;
	for (int i = 0; i < appending->count; i++)
	{
		SentEntry *sent = &appending->sent[i];

		if (sent->service_name)
			find_callee(appending, sent);
		if (sent->has_target_id)
			ids[nids++] = sent->target_id;
		if (sent->entry.submission && sent->entry.submission->is_exclusive)
		{
			ObjectKey *key = workset_find_object_key(workset, sent->service_name, sent->service_key, true);

			key->partition_key = (int64) restate_id_partition_key(&sent->target_id);
			workset->makes_keys = true;
		}
	}
	if (!workset_lock_reached_keys(workset, reach, ids, nids))
		return false;
	promises_lock(workset, appending);
	if (!workset_lock_reached_rows(workset, reach))
		return false;
	workset_read_awaited(workset, true);
	return true;
}

/*
 * Finds the handler that a call is to, and names the callee.
 */
static void
find_callee(Appending *appending, SentEntry *sent)
{
	Handler *handler = palloc_object(Handler);
	Submission *submission;

	sent->entry.submission = NULL;
	sent->has_target_id = registry_find(sent->service_name, sent->handler_name, NULL, handler) &&
						  strcmp(handler->service_ty, sent->service_ty) == 0;
	if (!sent->has_target_id)
		return;
	registry_name_id(handler, sent->service_key, sent->idempotency_key, &sent->target_id);
	submission = registry_submission(handler, sent->service_key, sent->idempotency_key);
	submission->start_at = sent->start_at;
	submission->input_meta = sent->headers ? sent->headers : "[]";
	submission->input = sent->entry.payload;
	submission->has_caller = true;
	submission->caller_id = appending->caller->id;
	sent_finish_call(sent, handler->handler_ty, handler->completion_retention,
					 handler->journal_retention);
	sent->entry.submission = submission;
}

/*
 * Appends in the locked working set.
 */
void
appending_append(Workset *workset, Appending *appending, Invocation *invocation)
{
	NewEntries entries = {
		.attempt = appending->caller->attempt,
		.first_command = appending->first_command,
		.count = appending->count};
	Verdict verdict;

	if (!invocation->exists)
		worker_refuse(REFUSED_NOT_FOUND, &appending->caller->id);
	if (!machine_is_current(invocation, appending->caller->attempt))
		worker_refuse(REFUSED_ATTEMPT_LOST, &appending->caller->id);
	journal_read_part(invocation, appending->sent, appending->count, appending->first_command);
	read_state(invocation, appending->sent, appending->count);
	link_others(workset, appending, invocation);
	entries.entries = palloc_array(Entry, Max(appending->count, 1));
	for (int i = 0; i < appending->count; i++)
		entries.entries[i] = appending->sent[i].entry;
	verdict = machine_append_entries(&workset->changes, invocation, &entries);
	if (verdict.refusal != NOT_REFUSED)
		worker_refuse(verdict.refusal, &invocation->id);
	for (int i = 0; i < appending->count; i++)
	{
		appending->sent[i].entry.index = entries.entries[i].index;
		appending->sent[i].entry.repeated = entries.entries[i].repeated;
	}
	appending_write_state(workset, invocation, appending);
	promises_write(workset, appending);
}

/*
 * Connects the entries with those that they concern, and reads the results of those
 * that have one.
 */
static void
link_others(Workset *workset, Appending *appending, Invocation *invocation)
{
	Invocation **targets = palloc_array(Invocation *, Max(appending->count, 1));
	const char *target = NULL;
	int ntargets = 0;

	for (int i = 0; i < appending->count; i++)
	{
		SentEntry *sent = &appending->sent[i];

		if (!sent->has_target_id)
			continue;
		sent->entry.target = workset_find(workset, &sent->target_id);
		targets[ntargets++] = sent->entry.target;
		if (sent->entry.submission)
			link_callee(workset, sent);
		else if (!sent->entry.target->exists)
			sent->entry.target = NULL;
	}
	results_read(workset, targets, ntargets);
	for (int i = 0; i < appending->count; i++)
		if (appending->sent[i].entry.submission)
		{
			Submission *submission = unconstify(Submission *, appending->sent[i].entry.submission);

			if (target == NULL)
				target = target_of(invocation);
			submission->caller_service_name = invocation->service_name;
			submission->caller_target = target;
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

/*
 * Gives those of the entries that use state the state of the invocation's object, as
 * far as they read it.
 */
static void
read_state(Invocation *invocation, SentEntry *sent, int count)
{
	ObjectState *state = NULL;
	StateEntry **last = NULL;
	bool reads = false;
	StoreCall call;

	for (int i = 0; i < count; i++)
	{
		if (!uses_state(sent[i].entry.type))
			continue;
		if (state == NULL)
			state = palloc0_object(ObjectState);
		sent[i].entry.state = state;
		reads |= sent[i].entry.type != COMMAND_SET_STATE && sent[i].entry.type != COMMAND_CLEAR_STATE;
	}
	if (state == NULL)
		return;
	state->name = (ObjectKeyName){invocation->service_name, invocation->service_key};
	state->partition_key = invocation->partition_key;
	if (!reads || invocation->service_key == NULL)
		return;
	store_call(&call, STORE_READ_STATE);
	store_add_key(&call, &(StoreKey){
							 .service_name = invocation->service_name,
							 .service_key = invocation->service_key,
							 .partition_key = invocation->partition_key});
	last = &state->entries;
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundState found;
		StateEntry *entry = palloc0_object(StateEntry);

		store_read_state(row, &found);
		entry->key = found.key;
		entry->exists = true;
		entry->value = (Bytes){VARDATA_ANY(found.value), VARSIZE_ANY_EXHDR(found.value)};
		*last = entry;
		last = &entry->next;
	}
}

/*
 * Returns whether a command reads or changes state through the store.
 */
static bool
uses_state(EntryType type)
{
	return type == COMMAND_GET_LAZY_STATE || type == COMMAND_GET_LAZY_STATE_KEYS ||
		   type == COMMAND_SET_STATE || type == COMMAND_CLEAR_STATE ||
		   type == COMMAND_CLEAR_ALL_STATE;
}

/*
 * Writes what the commands have changed of the state.
 */
void
appending_write_state(Workset *workset, const Invocation *invocation, const Appending *appending)
{
	const ObjectState *state = NULL;

	for (int i = 0; state == NULL && i < appending->count; i++)
		state = appending->sent[i].entry.state;
	for (const StateEntry *entry = state ? state->entries : NULL; entry; entry = entry->next)
	{
		StoreStateChange row = {
			.service_name = state->name.service_name,
			.service_key = state->name.service_key,
			.partition_key = state->partition_key,
			.key = entry->key};

		if (!entry->changed && !state->cleared)
			continue;
		if (entry->exists)
			row.value = workset_bytes(&entry->value);
		store_add_state_change(
			workset_part(workset, entry->exists ? STORE_SET_STATE : STORE_CLEAR_STATE), &row);
	}
}
