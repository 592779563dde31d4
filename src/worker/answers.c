/*
 * answers.c
 *		The completions that have come of commands, as those are told who append
 *		them.
 */
#include "postgres.h"

#include "types/compat.h"
#include "worker/appending.h"

static void read_answers(const Invocation *invocation, SentEntry *sent, int count);
static bool is_sent(const SentEntry *sent, int count, int64 index);
static bool is_answered_by(const SentEntry *sent, int64 completion_id);
static void add(SentEntry *sent, int64 index, const EntryColumns *columns);

/*
 * Sets on each of the commands, which were just appended, what answers it: of a new
 * one that is among what this call has appended, of a repetition it is read.
 */
void
answers_find(const Invocation *invocation, SentEntry *sent, int count)
{
	for (int i = 0; i < count; i++)
		sent[i].answers = NULL;
	for (const JournalAppend *append = invocation->appends; append; append = append->next)
		if (!append->is_command && append->completion_id >= 0 &&
			!is_sent(sent, count, append->index))
			for (int i = 0; i < count; i++)
				if (is_answered_by(&sent[i], append->completion_id))
					add(&sent[i], append->index,
						&(EntryColumns){
							.shape = restate_entry_shape_of_label(append->entry_type),
							.completion_id = append->completion_id,
							.result_completion_id = -1,
							.invoked_id = append->invoked_id,
							.signal_index = -1,
							.meta = workset_meta(append),
							.payload = workset_bytes(&append->payload)});
	read_answers(invocation, sent, count);
}

/*
 * Reads the answers of repeated commands.
 */
static void
read_answers(const Invocation *invocation, SentEntry *sent, int count)
{
	StoreCall call;

	store_call(&call, STORE_READ_ANSWERS);
	for (int i = 0; i < count; i++)
	{
		const Entry *entry = &sent[i].entry;
		const int64 ids[] = {entry->completion_id, entry->result_completion_id};

		for (int j = 0; j < (int) lengthof(ids); j++)
			if (entry->repeated && entry_type_is_command(entry->type) && ids[j] >= 0)
				store_add_completion(&call, &(StoreCompletion){
												.id = &invocation->id,
												.partition_key = invocation->partition_key,
												.completion_id = ids[j]});
	}
	if (call.count == 0)
		return;
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundEntry found;
		EntryColumns columns;

		store_read_entry(row, &found);
		if (is_sent(sent, count, found.index))
			continue;
		columns = journal_columns(&found);
		for (int i = 0; i < count; i++)
			if (sent[i].entry.repeated && is_answered_by(&sent[i], found.completion_id))
				add(&sent[i], found.index, &columns);
	}
}

/*
 * Returns whether the entry of that index is one of those that were sent.
 */
static bool
is_sent(const SentEntry *sent, int count, int64 index)
{
	for (int i = 0; i < count; i++)
		if (sent[i].entry.index == index)
			return true;
	return false;
}

/*
 * Returns whether the entry is a command that waits for the completion.
 */
static bool
is_answered_by(const SentEntry *sent, int64 completion_id)
{
	return entry_type_is_command(sent->entry.type) &&
		   (sent->entry.completion_id == completion_id ||
			sent->entry.result_completion_id == completion_id);
}

/*
 * Adds an answer in its place.
 */
static void
add(SentEntry *sent, int64 index, const EntryColumns *columns)
{
	Answer **place = &sent->answers;
	Answer *answer = palloc_object(Answer);

	while (*place && (*place)->index < index)
		place = &(*place)->next;
	*answer = (Answer){*place, index, *columns};
	*place = answer;
}
