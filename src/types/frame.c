/*
 * frame.c
 *		Frames taken off a stream of bytes, and what decoding and encoding share.
 */
#include "types/frame.h"

#include <stdio.h>
#include <string.h>

/*
 * Takes the first frame off the front of the stream.  Where it is not all
 * there the stream stays as it is.  *whole is how many bytes the frame has; of
 * one whose head is not all there yet, those of the head.
 */
FrameResult
restate_next_frame(Slice *stream, Frame *frame, size_t *whole)
{
	const uint8_t *at = stream->data;
	size_t len;

	*whole = RESTATE_FRAME_HEAD_BYTES;
	if (stream->len < RESTATE_FRAME_HEAD_BYTES)
		return FRAME_INCOMPLETE;
	len = (size_t) at[4] << 24 | (size_t) at[5] << 16 | (size_t) at[6] << 8 | at[7];
	*whole += len;
	if (len > RESTATE_FRAME_MAX_BODY)
		return FRAME_TOO_LONG;
	if (stream->len < *whole)
		return FRAME_INCOMPLETE;
	frame->type = (uint16_t) (at[0] << 8 | at[1]);
	frame->flags = (uint16_t) (at[2] << 8 | at[3]);
	frame->body = (Slice){at + RESTATE_FRAME_HEAD_BYTES, len};
	stream->data += *whole;
	stream->len -= *whole;
	return FRAME_OK;
}

/*
 * Says what is wrong with a message, or a field of it, which may be within
 * another one.
 */
void
restate_refuse_frame(FrameRefusal *refusal, const Message *message, const MessageField *outer,
					 const MessageField *field, const char *words)
{
	snprintf(refusal->text, sizeof(refusal->text), "%s%s%s%s%s %s", message->name,
			 outer != NULL || field != NULL ? ": " : "", outer != NULL ? outer->name : "",
			 outer != NULL && field != NULL ? "." : "", field != NULL ? field->name : "", words);
}

/*
 * Returns whether the entry has one of those fields of which its message has
 * one; otherwise says which it lacks.
 */
bool
restate_entry_is_whole(const FrameEntry *entry, FrameRefusal *refusal)
{
	const MessageField *fields = entry->message->fields;

	for (const MessageField *field = fields; field->kind != KIND_END; field++)
	{
		size_t len;

		if (field->choice == 0 || restate_entry_choice(entry, field) != VARIANT_NONE)
			continue;
		restate_refuse_frame(refusal, entry->message, NULL, NULL, "lacks its");
		for (const MessageField *other = field; other->kind != KIND_END; other++)
		{
			if (other->choice != field->choice)
				continue;
			len = strlen(refusal->text);
			snprintf(refusal->text + len, sizeof(refusal->text) - len, "%s %s",
					 other == field ? "" : " or", other->name);
		}
		return false;
	}
	return true;
}
