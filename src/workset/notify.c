/*
 * notify.c
 *		Tells workers at commit what another has done to the attempts that they run,
 *		requests that what they wait for is there, and who waits that something is
 *		ready.
 *
 * Commits of transactions that notify wait for each other: only a worker that lives is
 * told, or a place where requests wait, and only what it cannot know.
 */
#include "postgres.h"

#include "commands/async.h"

#include "types/limits.h"
#include "types/settings.h"
#include "workset/workset.h"

/* What a channel is to be told. */
typedef struct News
{
	const char *channel;
	const char *id;
} News;

static List *find_owners(Workset *workset);
static List *find_awaiters(Workset *workset, List *news);
static List *add_news(Workset *workset, List *news, StoreCall *call);

/*
 * Returns a list of News: for each invocation that runs and has some the channel of its
 * worker, if that was heard of lately and does not call itself, which is noted; for each that is awaited and completes, those of
 * where it is.  The rows must not be written yet.
 */
List *
workset_find_news(Workset *workset)
{
	if (restate_notify == NOTIFIED_NOBODY)
		return NIL;
	return find_awaiters(workset, find_owners(workset));
}

/*
 * Returns the news for workers.
 */
static List *
find_owners(Workset *workset)
{
	HASH_SEQ_STATUS scan;
	const Invocation *invocation;
	StoreCall call;

	store_call(&call, STORE_READ_OWNERS);
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (invocation->has_news && invocation->facts.attempt != 0)
			store_add_owner(
				&call, &(StoreOwner){
						   .id = &invocation->id,
						   .partition_key = invocation->partition_key,
						   .since = workset->at - RESTATE_WORKER_SILENCE_SECONDS * USECS_PER_SEC,
						   .caller = workset->caller});
	return add_news(workset, NIL, &call);
}

/*
 * Adds to the news, for each invocation that completes or is gone, the channels of
 * where requests wait for its result, but for that of the worker that completes it.
 */
static List *
find_awaiters(Workset *workset, List *news)
{
	HASH_SEQ_STATUS scan;
	const Invocation *invocation;
	StoreCall call;

	store_call(&call, STORE_READ_AWAITERS);
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		const Facts *facts = &invocation->facts;

		if (facts->is_awaited && facts->status != STATUS_COMPLETED &&
			(invocation->removed || invocation->status == STATUS_COMPLETED) &&
			(facts->is_awaited_elsewhere || invocation->has_news))
			store_add_awaiter(&call, &(StoreAwaiter){
										 .id = &invocation->id,
										 .partition_key = invocation->partition_key,
										 .tells_worker = invocation->has_news});
	}
	return add_news(workset, news, &call);
}

/*
 * Adds to the news what the statement says: a channel for each id, or none, where who calls
 * is told in the answer.
 */
static List *
add_news(Workset *workset, List *news, StoreCall *call)
{
	uint64 rows;

	if (call->count == 0)
		return news;
	rows = store_execute(call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundOwner found;
		News *one;

		store_read_owner(row, &found);
		if (found.channel == NULL)
		{
			workset_find(workset, found.id)->is_told_in_answer = true;
			continue;
		}
		one = palloc_object(News);
		one->channel = found.channel;
		one->id = restate_invocation_id_text(found.id);
		news = lappend(news, one);
	}
	return news;
}

/*
 * Notifies, once the transaction has committed, of the news and of what has become
 * ready.
 */
void
workset_notify(const Workset *workset, const List *news)
{
	ListCell *cell;

	foreach (cell, news)
	{
		const News *one = lfirst(cell);

		Async_Notify(one->channel, one->id);
	}
	if (workset->changes.made_runnable && restate_notify == NOTIFIED_ALL)
		Async_Notify("restate_runnable", "");
}
