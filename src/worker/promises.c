/*
 * promises.c
 *		The promises of workflows: locked in the order of their keys, after object
 *		keys and before invocations, with those who wait for them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "types/compat.h"
#include "types/outcome.h"
#include "worker/promises.h"

/* An entry that is about a promise, and whose it is. */
typedef struct Using
{
	const Invocation *caller;
	SentEntry *sent;
} Using;

static int compare_keys(const void *a, const void *b);
static char *failure_text(const EntryResult *result);
static char *text_at(const Jsonb *json, const char *member);

/*
 * Locks the promises that the entries are about, and gives each entry its own.
 */
void
promises_lock(Workset *workset, Appending *const *appendings, int count)
{
	Using *using;
	Promise *promise = NULL;
	int most = 0;
	int nusing = 0;

	for (int i = 0; i < count; i++)
		most += appendings[i]->count;
	using = palloc_array(Using, Max(most, 1));
	for (int i = 0; i < count; i++)
	{
		const Invocation *caller = workset_find(workset, &appendings[i]->caller->id);

		/* of what has no promises the machine refuses them */
		if (caller == NULL || !caller->exists || !caller->facts.is_workflow)
			continue;
		for (int j = 0; j < appendings[i]->count; j++)
			if (appendings[i]->sent[j].promise_key)
				using[nusing++] = (Using){caller, &appendings[i]->sent[j]};
	}
	if (nusing > 1)
		qsort(using, (size_t) nusing, sizeof(Using), compare_keys);
	for (int i = 0; i < nusing; i++)
	{
		const Invocation *caller = using[i].caller;

		if (promise == NULL || compare_keys(&using[i - 1], &using[i]) != 0)
			promise = promise_lock(workset,
								   &(ObjectKeyName){caller->service_name, caller->service_key},
								   caller->partition_key, using[i].sent->promise_key);
		using[i].sent->entry.promise = promise;
	}
}

/*
 * Orders entries by the services and keys of their workflows and the keys of their
 * promises, bytewise, for qsort().
 */
static int
compare_keys(const void *a, const void *b)
{
	const Using *first = a;
	const Using *second = b;
	int order = strcmp(first->caller->service_name, second->caller->service_name);

	if (order == 0)
		order = strcmp(first->caller->service_key, second->caller->service_key);
	return order != 0 ? order : strcmp(first->sent->promise_key, second->sent->promise_key);
}

/*
 * Locks a promise, which is made if it is missing, and adds those who wait for it to
 * the working set.
 */
Promise *
promise_lock(Workset *workset, const ObjectKeyName *workflow, int64 partition_key, const char *key)
{
	Promise *promise = palloc0_object(Promise);
	PromiseWaiter **last = &promise->waiters;
	StorePromise row = {
		.service_name = workflow->service_name,
		.service_key = workflow->service_key,
		.partition_key = partition_key,
		.key = key};
	StoreFoundPromise found;
	StoreCall call;

	promise->workflow = *workflow;
	promise->partition_key = partition_key;
	promise->key = key;
	store_call(&call, STORE_CREATE_PROMISES);
	store_add_promise(&call, &row);
	(void) store_execute(&call);
	store_call(&call, STORE_LOCK_PROMISES);
	store_add_promise(&call, &row);
	if (store_execute(&call) != 1)
		store_not_written("create promises", 1);
	store_read_promise(0, &found);
	promise->completed = found.completed;
	if (found.failure)
		promise->result = results_of_failure(found.failure, NULL);
	else if (found.value)
		promise->result = (EntryResult){
			VALUE_META, {VARDATA_ANY(found.value), VARSIZE_ANY_EXHDR(found.value)}};
	if (promise->completed)
		return promise;
	store_call(&call, STORE_READ_PROMISE_WAITERS);
	store_add_promise(&call, &row);
	for (uint64 rows = store_execute(&call), i = 0; i < rows; i++)
	{
		StoreFoundPromiseWaiter waiter;

		store_read_promise_waiter(i, &waiter);
		*last = palloc0_object(PromiseWaiter);
		(*last)->caller = workset_enter(workset, waiter.caller);
		(*last)->caller_seed = waiter.caller_seed;
		(*last)->completion_id = waiter.completion_id;
		last = &(*last)->next;
	}
	return promise;
}

/*
 * Writes what has become of the promises of the entries.
 */
void
promises_write(Workset *workset, Appending *const *appendings, int count)
{
	List *written = NIL;

	for (int i = 0; i < count; i++)
		for (int j = 0; j < appendings[i]->count; j++)
		{
			Promise *promise = appendings[i]->sent[j].entry.promise;

			if (promise == NULL || list_member_ptr(written, promise))
				continue;
			written = lappend(written, promise);
			promise_write(workset, promise);
		}
}

/*
 * Writes what has become of a promise: completed, with nobody waiting any more, or
 * waited for by more.
 */
void
promise_write(Workset *workset, const Promise *promise)
{
	StorePromise row = {
		.service_name = promise->workflow.service_name,
		.service_key = promise->workflow.service_key,
		.partition_key = promise->partition_key,
		.key = promise->key};

	if (!promise->changed)
		return;
	if (promise->completed)
	{
		row.failure = failure_text(&promise->result);
		row.value = row.failure ? NULL : workset_bytes(&promise->result.value);
		store_add_promise(workset_part(workset, STORE_COMPLETE_PROMISES), &row);
		store_add_promise(workset_part(workset, STORE_DROP_PROMISE_WAITERS), &row);
		return;
	}
	for (const PromiseWaiter *waiter = promise->waiters; waiter; waiter = waiter->next)
		if (waiter->is_new)
			store_add_promise_waiter(workset_part(workset, STORE_ADD_PROMISE_WAITERS),
									 &(StorePromiseWaiter){
										 .service_name = row.service_name,
										 .service_key = row.service_key,
										 .partition_key = row.partition_key,
										 .key = row.key,
										 .caller = &waiter->caller->id,
										 .completion_id = waiter->completion_id,
										 .caller_seed = waiter->caller_seed});
}

/*
 * Returns the text of a failure, its code in brackets and its message; NULL for a
 * result that is none.
 */
static char *
failure_text(const EntryResult *result)
{
	const Jsonb *meta;
	char *failure;

	if (strcmp(result->meta, VALUE_META) == 0)
		return NULL;
	meta = store_jsonb(result->meta);
	failure = text_at(meta, "message");
	return failure ? psprintf("[%s] %s", text_at(meta, "code"), failure) : NULL;
}

/*
 * Returns a member of the failure that an entry's meta has, as text, or NULL.
 */
static char *
text_at(const Jsonb *json, const char *member)
{
	Datum path[] = {CStringGetTextDatum("result"), CStringGetTextDatum("Failure"),
					CStringGetTextDatum(member)};
	LOCAL_FCINFO(fcinfo, 2);
	Datum result;

	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = PointerGetDatum(json);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = PointerGetDatum(
		construct_array(path, lengthof(path), TEXTOID, -1, false, TYPALIGN_INT));
	fcinfo->args[1].isnull = false;
	result = jsonb_extract_path_text(fcinfo);
	return fcinfo->isnull ? NULL : TextDatumGetCString(result);
}
