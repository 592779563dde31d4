/*
 * sent_frames.c
 *		What an attempt sends in frames of the service protocol: entries, and how it
 *		ends.
 */
#include "postgres.h"

#include <string.h>

#include "utils/builtins.h"

#include "types/compat.h"
#include "types/entry_frame.h"
#include "types/limits.h"
#include "types/outcome.h"
#include "types/refusal.h"
#include "types/wire_text.h"
#include "worker/sent.h"
#include "worker/worker.h"

/* the codes of an Error by which an SDK says that it found the journal to be another */
#define SDK_JOURNAL_MISMATCH   570
#define SDK_PROTOCOL_VIOLATION 571

static void read_frames(SentFrames *sent, const bytea *frames);
static bool read_frame(SentFrames *sent, const FrameEntry *frame);
static void read_entry(SentFrames *sent, const FrameEntry *frame);
static Awaited *read_suspension(const FrameEntry *frame);
static const int64 *read_numbers(WireList list, int *count);
static const char *const *read_names(WireList list, int *count);
static Failure *read_error(const FrameEntry *frame);

/*
 * Reads whole frames, in memory of the current context; what comes after the one that
 * ends the attempt is not looked at.  Returns false, and sets why, for what is refused:
 * frames that are malformed, not all there or nothing that an attempt sends, and entries
 * that the tables cannot hold.
 */
bool
sent_read_frames(const bytea *frames, SentFrames *sent, RestateRefusal *refusal)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool was_read = false;

	*sent = (SentFrames){.closing = CLOSING_NONE};
	PG_TRY();
	{
		read_frames(sent, frames);
		was_read = true;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (!restate_is_refusal(error, refusal))
			PG_RE_THROW();
		FlushErrorState();
		refusal->message = psprintf("frame %d: %s", sent->nframes, error->message);
	}
	PG_END_TRY();
	return was_read;
}

/*
 * Reads the frames, up to the one that ends the attempt.
 */
static void
read_frames(SentFrames *sent, const bytea *frames)
{
	Slice stream = {(const uint8_t *) VARDATA_ANY(frames), VARSIZE_ANY_EXHDR(frames)};
	Slice counted = stream;
	Frame frame;
	size_t whole;
	int most = 0;

	while (most < RESTATE_PUSH_MAX_FRAMES &&
		   restate_next_frame(&counted, &frame, &whole) == FRAME_OK)
		most++;
	sent->entries = palloc_array(SentEntry, Max(most, 1));
	while (stream.len > 0)
	{
		FrameEntry entry;
		FrameRefusal refusal;
		FrameResult result = restate_next_frame(&stream, &frame, &whole);

		sent->nframes++;
		if (result == FRAME_TOO_LONG)
			restate_raise(
				restate_refusal(RESTATE_INVALID_BODY, "it has more than %zu bytes", RESTATE_FRAME_MAX_BODY));
		if (result != FRAME_OK)
			restate_raise(restate_refusal(RESTATE_INVALID_BODY, "it is not all there"));
		if (sent->nframes > RESTATE_PUSH_MAX_FRAMES)
			restate_raise(restate_refusal(RESTATE_INVALID_BODY,
										  "more than " RESTATE_LIMIT_TEXT(
											  RESTATE_PUSH_MAX_FRAMES) " frames of an attempt"));
		if (!restate_decode_frame(&frame, &entry, &refusal))
			restate_raise(restate_refusal(RESTATE_INVALID_BODY, "%s", refusal.text));
		if (!entry.message->from_sdk)
			restate_raise(restate_refusal(RESTATE_COMMAND_NOT_ALLOWED,
										  "%s is not sent by who runs a handler",
										  entry.message->name));
		if (!read_frame(sent, &entry))
			return;
	}
}

/*
 * Reads one frame; returns whether the attempt goes on after it.
 */
static bool
read_frame(SentFrames *sent, const FrameEntry *frame)
{
	if (frame->message == restate_message_of_name("End"))
		sent->closing = CLOSING_END;
	else if (frame->message == restate_message_of_name("Suspension"))
	{
		sent->closing = CLOSING_SUSPENSION;
		sent->awaited = read_suspension(frame);
	}
	else if (frame->message == restate_message_of_name("Error"))
	{
		sent->closing = CLOSING_ERROR;
		sent->failure = read_error(frame);
	}
	else
		read_entry(sent, frame);
	return sent->closing == CLOSING_NONE;
}

/*
 * Reads an entry.  What a call is to says the registry; until it is asked, one with a
 * key is taken to be to an object.
 */
static void
read_entry(SentFrames *sent, const FrameEntry *frame)
{
	SentEntry *entry = &sent->entries[sent->count++];
	EntryColumns columns;

	restate_columns_of_frame(frame, frame->key.len > 0 ? "VirtualObject" : "Service", &columns);
	sent_read_columns(&columns, entry);
	if (entry->service_name)
	{
		FrameEntry *copy = palloc_object(FrameEntry);

		*copy = *frame;
		entry->frame = copy;
	}
}

/*
 * Has a call that came as a frame be to a service of that type, as in
 * invocation.target_service_ty: the frame does not say it, nor whether it has a key that
 * is empty or none.
 */
void
sent_fit_call(SentEntry *sent, const char *service_ty)
{
	const FrameEntry *frame = sent->frame;
	EntryColumns columns;

	if (frame == NULL || strcmp(sent->service_ty, service_ty) == 0)
		return;
	restate_columns_of_frame(frame, sent_call_variant(service_ty), &columns);
	sent_read_columns(&columns, sent);
	sent->frame = frame;
	/* a key that a service does not have is for who looks for the handler to refuse */
	if (sent->service_key == NULL && frame->key.len > 0)
		sent->service_key = restate_text_of_wire(frame->key);
}

/*
 * Returns what a Suspension waits for.
 */
static Awaited *
read_suspension(const FrameEntry *frame)
{
	Awaited *awaited = palloc0_object(Awaited);

	awaited->completions = read_numbers(frame->completions, &awaited->ncompletions);
	awaited->signals = read_numbers(frame->signals, &awaited->nsignals);
	awaited->names = read_names(frame->named_signals, &awaited->nnames);
	return awaited;
}

/*
 * Refuses a list that is longer than any should be.
 */
static void
check_length(int count)
{
	if (count > RESTATE_FRAME_MAX_ELEMENTS)
		restate_raise(restate_refusal(RESTATE_INVALID_BODY,
									  "Suspension: a list has more than " RESTATE_LIMIT_TEXT(
										  RESTATE_FRAME_MAX_ELEMENTS) " elements"));
}

/*
 * Returns the numbers of a list.
 */
static const int64 *
read_numbers(WireList list, int *count)
{
	WireList counted = list;
	uint32_t number;
	int64 *numbers;

	*count = 0;
	while (restate_list_next_number(&counted, &number))
		check_length(++*count);
	numbers = palloc_array(int64, Max(*count, 1));
	for (int i = 0; restate_list_next_number(&list, &number); i++)
		numbers[i] = number;
	return numbers;
}

/*
 * Returns the texts of a list.
 */
static const char *const *
read_names(WireList list, int *count)
{
	WireList counted = list;
	Slice name;
	const char **names;

	*count = 0;
	while (restate_list_next(&counted, &name))
		check_length(++*count);
	names = palloc_array(const char *, Max(*count, 1));
	for (int i = 0; restate_list_next(&list, &name); i++)
	{
		names[i] = restate_text_of_wire(name);
		if (names[i] == NULL)
			restate_raise(
				restate_refusal(RESTATE_INVALID_BODY,
								"Suspension: named_signals has a character that no text of the database can hold"));
	}
	return names;
}

/*
 * Returns the failure that an Error tells of, without what an invocation ends with by
 * it.  Nothing in it is refused: what no text can hold is replaced.
 */
static Failure *
read_error(const FrameEntry *frame)
{
	const uint64 most = PG_INT64_MAX / 1000;
	Failure *failure = palloc0_object(Failure);
	const Message *command = frame->command_type >= 0 && frame->command_type <= PG_UINT16_MAX ?
								 restate_message_of_type((uint16_t) frame->command_type) :
								 NULL;
	int code = frame->failure_code <= PG_UINT16_MAX ? (int) frame->failure_code : 500;
	const char *message = restate_text_of_wire_replaced(frame->failure_message);

	failure->text = psprintf("[%d] %s", code, message);
	failure->error_code = code == SDK_JOURNAL_MISMATCH	 ? RESTATE_ERROR_MISMATCH :
						  code == SDK_PROTOCOL_VIOLATION ? RESTATE_ERROR_PROTOCOL :
														   RESTATE_ERROR_HANDLER;
	if (frame->stacktrace.len > 0)
		failure->stacktrace = restate_text_of_wire_replaced(frame->stacktrace);
	failure->shown = results_show_failure(code, message, failure->stacktrace);
	failure->retry_after = -1;
	if (frame->retry_delay.given)
		failure->retry_after = (int64) Min(frame->retry_delay.value, most) * 1000;
	failure->related_command_index = frame->command_index;
	if (frame->command_name.data != NULL)
		failure->related_command_name = restate_text_of_wire_replaced(frame->command_name);
	if (command != NULL && command->type >= MESSAGE_FIRST_COMMAND &&
		command->type < MESSAGE_FIRST_NOTIFICATION)
		failure->related_command_type = command->name + strlen("Command: ");
	return failure;
}
