/*
 * push_replies.c
 *		What goes back, in frames, to those who run the handlers whose attempts push.
 */
#include "postgres.h"

#include "types/compat.h"
#include "worker/push.h"

static const bytea *bytes_of(const WireBuffer *reply);
static bool write_append(WireBuffer *reply, const JournalAppend *append);

/*
 * Notes how long the journals are now, and puts together what goes back to those who run
 * the handlers that go on: what has come before this call, and what came of it, in the
 * order of the journal.
 */
void
push_write_replies(Push *push)
{
	for (int i = 0; i < push->count; i++)
	{
		Part *part = &push->parts[i];
		Invocation *invocation = part->invocation;

		if (part->is_refused)
			continue;
		part->pushed->commands = invocation->journal_commands_size;
		part->pushed->entries = invocation->journal_size;
		if (part->closing.kind != CLOSING_NONE)
			continue;
		for (const JournalAppend *append = invocation->appends; append; append = append->next)
			if (!append->is_command)
				(void) write_append(&part->reply, append);
		part->pushed->reply = bytes_of(&part->reply);
		/* which is all that there is to tell it */
		invocation->has_news = false;
	}
}

/*
 * Returns what has come to attempts that push nothing here, of those that are told of it in
 * the answer: a list of PushNews.  What fits no frame is left out, as it is where it is
 * asked for.
 */
List *
push_news(Workset *workset)
{
	HASH_SEQ_STATUS scan;
	const Invocation *invocation;
	List *news = NIL;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		WireBuffer reply = restate_frame_buffer();
		PushNews *one;

		if (!invocation->is_told_in_answer)
			continue;
		for (const JournalAppend *append = invocation->appends; append; append = append->next)
			(void) write_append(&reply, append);
		one = palloc_object(PushNews);
		*one = (PushNews){
			.id = invocation->id,
			.known = invocation->facts.journal_size,
			.entries = invocation->journal_size,
			.reply = bytes_of(&reply)};
		news = lappend(news, one);
	}
	return news;
}

/*
 * Returns frames as the server has bytes.
 */
static const bytea *
bytes_of(const WireBuffer *reply)
{
	Bytes written = {reply->data ? (const void *) reply->data : "", reply->len};

	return workset_bytes(&written);
}

/*
 * Writes a new entry as a frame; returns false, with nothing written, if it fits none.
 */
static bool
write_append(WireBuffer *reply, const JournalAppend *append)
{
	EntryColumns columns = {
		.shape = restate_entry_shape_of_label(append->entry_type),
		.completion_id = append->completion_id,
		.result_completion_id = append->result_completion_id,
		.invoked_id = append->invoked_id,
		.signal_index = append->signal_index,
		.signal_name = append->signal_name,
		.meta = workset_meta(append),
		.payload = workset_bytes(&append->payload)};

	return restate_write_entry_frame(reply, &columns);
}
