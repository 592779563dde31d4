/*
 * notify.c
 *		Tells workers at commit what another has done to the attempts that they run,
 *		and who waits that something is ready.
 *
 * Commits of transactions that notify wait for each other: only a worker that lives is
 * told, and only what it cannot know.
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

/*
 * Returns a list of News: for each invocation that runs and has some the channel of its
 * worker, if that was heard of lately.  The rows must not be written yet.
 */
List *
workset_find_news(Workset *workset)
{
	HASH_SEQ_STATUS scan;
	const Invocation *invocation;
	List *news = NIL;
	StoreCall call;
	uint64 rows;

	if (restate_notify == NOTIFIED_NOBODY)
		return NIL;
	store_call(&call, STORE_READ_OWNERS);
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (invocation->has_news && invocation->facts.attempt != 0)
			store_add_owner(
				&call, &(StoreOwner){
						   .id = &invocation->id,
						   .partition_key = invocation->partition_key,
						   .since = workset->at - RESTATE_WORKER_SILENCE_SECONDS * USECS_PER_SEC});
	if (call.count == 0)
		return NIL;
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundOwner found;
		News *one = palloc_object(News);

		store_read_owner(row, &found);
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
