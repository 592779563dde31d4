/*
 * push_reads.c
 *		Reads what of the journals, states and results is needed for what attempts
 *		push: of all of them at once.
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "types/compat.h"
#include "worker/push.h"

static void read_journals(Workset *workset, Push *push);
static void read_output(const Part *part);
static void read_news(Push *push, const StoreCall *call);
static void read_asked(Workset *workset, Push *push);
static void read_results(Workset *workset, Push *push);

/*
 * Reads what the parts that are not refused need to know.
 */
void
push_read_journals(Workset *workset, Push *push)
{
	read_journals(workset, push);
	read_asked(workset, push);
	read_results(workset, push);
}

/*
 * Reads what the parts need to know of the journals, of the states of their objects and
 * of failures before.
 */
static void
read_journals(Workset *workset, Push *push)
{
	HASHCTL by_id = {
		.keysize = sizeof(RestateInvocationId),
		.entrysize = sizeof(NamedPart),
		.hcxt = CurrentMemoryContext};
	StoreCall completions;
	StoreCall news;

	store_call(&completions, STORE_READ_ARRIVALS);
	store_call(&news, STORE_READ_NEWS);
	push->states = NIL;
	push->by_id = hash_create("restate_admin parts", 16, &by_id, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < push->count; i++)
	{
		Part *part = &push->parts[i];
		Invocation *invocation = part->invocation;
		Appending *appending = &part->appending;

		if (part->is_refused)
			continue;
		appending->first_command = part->pushed->first_command >= 0 ?
									   part->pushed->first_command :
									   invocation->journal_commands_size;
		journal_ask(&completions, invocation, appending->sent, appending->count,
					appending->first_command, part->closing.awaited);
		appending_read_state(&push->states, appending, invocation);
		if (part->closing.kind == CLOSING_SUSPENSION)
			journal_read_signals(invocation, part->closing.awaited, part->closing.known);
		else if (part->closing.kind == CLOSING_END)
			read_output(part);
		else if (part->closing.kind == CLOSING_ERROR)
			part->policy = ending_read_failure(invocation);
		else if (part->pushed->known >= 0 && part->pushed->known < invocation->journal_size)
		{
			((NamedPart *) hash_search(push->by_id, &invocation->id, HASH_ENTER, NULL))->part = part;
			store_add_journal_rest(&news, &(StoreJournalRest){
											  .id = &invocation->id,
											  .partition_key = invocation->partition_key,
											  .first = part->pushed->known});
		}
	}
	journal_read_asked(workset, &completions);
	read_news(push, &news);
}

/*
 * Reads the output of an attempt that ends, unless it comes with its end.
 */
static void
read_output(const Part *part)
{
	NewEntries entries = appending_entries(&part->appending);

	if (!machine_appends_output(part->invocation, &entries))
		journal_read_output(part->invocation);
}

/*
 * Reads what has come to the journals that the attempts have not been given yet, as
 * frames.
 */
static void
read_news(Push *push, const StoreCall *call)
{
	if (call->count == 0)
		return;
	for (uint64 rows = store_execute(call), row = 0; row < rows; row++)
	{
		StoreFoundNews found;
		EntryColumns columns;
		const NamedPart *named;

		store_read_news(row, &found);
		columns = (EntryColumns){
			.shape = restate_entry_shape_of_label(found.entry_type),
			.name = found.name,
			.completion_id = found.completion_id,
			.result_completion_id = found.result_completion_id,
			.invoked_id = found.invoked_id,
			.signal_index = found.signal_index,
			.signal_name = found.signal_name,
			.meta = found.meta,
			.payload = found.payload};
		named = hash_search(push->by_id, found.of, HASH_FIND, NULL);
		(void) restate_write_entry_frame(&named->part->reply, &columns);
	}
}

/*
 * Reads which completions were asked for last, where more are.
 */
static void
read_asked(Workset *workset, Push *push)
{
	Invocation **asking = palloc_array(Invocation *, Max(push->count, 1));
	int count = 0;

	for (int i = 0; i < push->count; i++)
		if (!push->parts[i].is_refused && appending_asks(&push->parts[i].appending))
			asking[count++] = push->parts[i].invocation;
	journal_read_last_completion_id(workset, asking, count);
}

/*
 * Reads the results of those that the entries concern.
 */
static void
read_results(Workset *workset, Push *push)
{
	Invocation **targets;
	int most = 0;
	int count = 0;

	for (int i = 0; i < push->count; i++)
		most += push->parts[i].appending.count;
	targets = palloc_array(Invocation *, Max(most, 1));
	for (int i = 0; i < push->count; i++)
		if (!push->parts[i].is_refused)
			count += appending_targets(workset, &push->parts[i].appending, &targets[count]);
	results_read(workset, targets, count);
}
