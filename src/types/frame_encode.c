/*
 * frame_encode.c
 *		A FrameEntry written as a frame, after the table of messages: fields in the
 *		order of their numbers, numbers of a list together, and nothing of a
 *		field that does not say anything.
 */
#include "types/frame.h"

/*
 * Writes the numbers of a list, if there are any.
 */
static void
encode_numbers(WireBuffer *out, const MessageField *field, WireList list)
{
	WireBuffer counted = {0};
	WireList left = list;
	uint32_t number;

	while (restate_list_next_number(&left, &number))
		restate_wire_write_varint(&counted, number);
	if (counted.len == 0)
		return;
	restate_wire_write_head(out, field->number, counted.len);
	while (restate_list_next_number(&list, &number))
		restate_wire_write_varint(out, number);
}

/*
 * Writes the elements of a list.
 */
static void
encode_list(WireBuffer *out, const MessageField *field, WireList list)
{
	Slice key;
	Slice value;

	if (field->kind == KIND_U32_LIST)
		encode_numbers(out, field, list);
	else if (field->kind == KIND_TEXT_LIST)
		while (restate_list_next(&list, &value))
			restate_wire_write_slice(out, field->number, value);
	else
		while (restate_list_next_pair(&list, &key, &value))
			restate_wire_write_pair(out, field->number, key, value);
}

/*
 * Writes fields that the entry has, the one of several that is chosen even if
 * it says nothing.  It calls itself for the parts of a field
 * alone, and parts have no parts.
 */
static void
encode_fields(WireBuffer *out, const MessageField *fields, const FrameEntry *entry)
{
	for (const MessageField *field = fields; field->kind != KIND_END; field++)
	{
		const char *place = (const char *) entry + field->offset;
		bool chosen = field->choice != 0 && restate_entry_choice(entry, field) == field->variant;

		if (field->choice != 0 && !chosen)
			continue;
		switch (field->kind)
		{
			case KIND_U32:
			{
				int64_t value = *(const int64_t *) place;

				if (value > 0 || (value == 0 && field->optional) || chosen)
					restate_wire_write_number(out, field->number, (uint64_t) value);
				break;
			}
			case KIND_U64:
				if (*(const uint64_t *) place != 0)
					restate_wire_write_number(out, field->number, *(const uint64_t *) place);
				break;
			case KIND_U64_OR_NONE:
				if (((const OptionalNumber *) place)->given)
					restate_wire_write_number(out, field->number,
											  ((const OptionalNumber *) place)->value);
				break;
			case KIND_FLAG:
				if (*(const bool *) place)
					restate_wire_write_number(out, field->number, 1);
				break;
			case KIND_TEXT:
			case KIND_TEXT_IN_BYTES:
			case KIND_BYTES:
			{
				Slice value = *(const Slice *) place;

				if (value.len > 0 || (value.data != NULL && field->optional) || chosen)
					restate_wire_write_slice(out, field->number, value);
				break;
			}
			case KIND_PARTS:
			{
				WireBuffer counted = {0};

				encode_fields(&counted, field->parts, entry);
				restate_wire_write_head(out, field->number, counted.len);
				encode_fields(out, field->parts, entry);
				break;
			}
			default:
				encode_list(out, field, *(const WireList *) place);
				break;
		}
	}
}

/*
 * Writes the entry as a frame, after what is in the buffer.  Returns false,
 * has said why in the refusal and has written nothing, if it lacks a field of
 * which its message has one, is too long for a frame, or memory runs out.
 * Texts must be UTF-8 and numbers of 32 bits fit them: nobody looks again.
 */
bool
restate_encode_frame(WireBuffer *out, const FrameEntry *entry, FrameRefusal *refusal)
{
	WireBuffer counted = {0};
	size_t before = out->len;
	uint16_t type = entry->message->type;
	uint8_t head[RESTATE_FRAME_HEAD_BYTES] = {(uint8_t) (type >> 8), (uint8_t) type};
	size_t len;

	if (!restate_entry_is_whole(entry, refusal))
		return false;
	encode_fields(&counted, entry->message->fields, entry);
	len = counted.len;
	if (len > RESTATE_FRAME_MAX_BODY)
	{
		restate_refuse_frame(refusal, entry->message, NULL, NULL, "is longer than a frame may be");
		return false;
	}
	restate_wire_reserve(out, RESTATE_FRAME_HEAD_BYTES + len);
	for (int i = 0; i < 4; i++)
		head[4 + i] = (uint8_t) (len >> (24 - 8 * i));
	restate_wire_write_bytes(out, (Slice){head, sizeof(head)});
	encode_fields(out, entry->message->fields, entry);
	if (!out->failed)
		return true;
	out->len = before;
	restate_refuse_frame(refusal, entry->message, NULL, NULL, "does not fit the memory");
	return false;
}
