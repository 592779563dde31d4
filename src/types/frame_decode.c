/*
 * frame_decode.c
 *		A frame's message read into a FrameEntry, after the table of messages.
 *
 * Whatever comes is either read or refused.  Unknown fields are skipped.  What
 * an encoder never writes but a reader could take in two ways is refused: a
 * field that is there twice, and two of which there may be one.
 */
#include "types/frame.h"

#include <stdio.h>
#include <string.h>

#include "types/is_utf8.h"

/* What is being read, and where to say what is wrong with it. */
typedef struct Decoder
{
	FrameEntry *entry;
	const MessageField *outer; /* the field whose parts are read, or NULL */
	FrameRefusal *refusal;
} Decoder;

/* what a message does not say is of no length, but there */
static const uint8_t nothing[1];

static bool decode_fields(Decoder *decoder, const MessageField *fields, Slice in);

/*
 * Says what is wrong with a field, or with what is read without one; returns
 * false.
 */
static bool
refuse(const Decoder *decoder, const MessageField *field, const char *words)
{
	restate_refuse_frame(decoder->refusal, decoder->entry->message, decoder->outer, field, words);
	return false;
}

/*
 * Has the entry have these fields, none of which says anything.
 */
static void
clear_fields(FrameEntry *entry, const MessageField *fields)
{
	for (const MessageField *field = fields; field->kind != KIND_END; field++)
	{
		char *place = (char *) entry + field->offset;

		if (field->optional || field->choice != 0)
			continue;
		if (field->kind == KIND_U32)
			*(int64_t *) place = 0;
		else if (field->kind == KIND_TEXT || field->kind == KIND_TEXT_IN_BYTES ||
				 field->kind == KIND_BYTES)
			*(Slice *) place = (Slice){nothing, 0};
	}
}

/*
 * Makes it an entry of this message that says nothing yet, and has chosen
 * nothing where there is a choice.
 */
void
restate_clear_entry(FrameEntry *entry, const Message *message)
{
	memset(entry, 0, sizeof(*entry));
	entry->message = message;
	entry->completion_id = entry->result_completion_id = entry->signal_index = -1;
	entry->failure_code = entry->known_entries = entry->retry_count = -1;
	entry->command_index = entry->command_type = -1;
	clear_fields(entry, message->fields);
}

/*
 * Returns whether the bytes are text.
 */
static bool
is_text(Slice bytes)
{
	return restate_is_utf8((const char *) bytes.data, bytes.len);
}

/*
 * Reads a number of 32 bits.  Refuses a larger one.
 */
static bool
decode_u32(const Decoder *decoder, const MessageField *field, uint64_t value)
{
	if (value > UINT32_MAX)
		return refuse(decoder, field, "is above 4294967295");
	*(int64_t *) ((char *) decoder->entry + field->offset) = (int64_t) value;
	return true;
}

/*
 * Looks through the numbers of a list that stand together.  Refuses those that
 * do not fit 32 bits.
 */
static bool
check_packed(const Decoder *decoder, const MessageField *field, Slice packed)
{
	while (packed.len > 0)
	{
		uint64_t value;
		WireFault fault = restate_wire_read_varint(&packed, &value);

		if (fault != WIRE_OK)
			return refuse(decoder, field, restate_wire_faults[fault]);
		if (value > UINT32_MAX)
			return refuse(decoder, field, "has a number above 4294967295");
	}
	return true;
}

/*
 * Looks through a key with its value.  Refuses what is not both at most once,
 * and text.
 */
static bool
check_pair(const Decoder *decoder, const MessageField *field, Slice pair)
{
	uint32_t seen = 0;

	while (pair.len > 0)
	{
		WireField part;
		WireFault fault = restate_wire_read(&pair, &part);

		if (fault != WIRE_OK)
			return refuse(decoder, field, restate_wire_faults[fault]);
		if (part.number > 2)
			continue;
		if (part.type != WIRE_BYTES)
			return refuse(decoder, field, "has a part of another type");
		if ((seen & 1U << part.number) != 0)
			return refuse(decoder, field, "has a part that is there twice");
		seen |= 1U << part.number;
		if ((part.number == 1 || field->kind == KIND_TEXT_PAIR_LIST) && !is_text(part.bytes))
			return refuse(decoder, field, "has text that is not UTF-8");
	}
	return true;
}

/*
 * Looks through an element of a list, and has the entry know where the list is.
 */
static bool
decode_element(const Decoder *decoder, const MessageField *field, const WireField *read, Slice in)
{
	WireList *list = (WireList *) ((char *) decoder->entry + field->offset);

	list->in = in;
	list->number = field->number;
	switch (field->kind)
	{
		case KIND_U32_LIST:
			if (read->type == WIRE_BYTES)
				return check_packed(decoder, field, read->bytes);
			return read->value <= UINT32_MAX ||
				   refuse(decoder, field, "has a number above 4294967295");
		case KIND_TEXT_LIST:
			return is_text(read->bytes) || refuse(decoder, field, "has text that is not UTF-8");
		default:
			return check_pair(decoder, field, read->bytes);
	}
}

/*
 * Reads a message within the message: the entry has its fields too.
 */
static bool
decode_parts(Decoder *decoder, const MessageField *field, Slice in)
{
	bool read;

	clear_fields(decoder->entry, field->parts);
	decoder->outer = field;
	read = decode_fields(decoder, field->parts, in);
	decoder->outer = NULL;
	return read;
}

/*
 * Returns whether a field of this kind is written so.
 */
static bool
has_type(MessageFieldKind kind, WireType type)
{
	switch (kind)
	{
		case KIND_U32:
		case KIND_U64:
		case KIND_U64_OR_NONE:
		case KIND_FLAG:
			return type == WIRE_VARINT;
		case KIND_U32_LIST:
			return type == WIRE_VARINT || type == WIRE_BYTES;
		default:
			return type == WIRE_BYTES;
	}
}

/*
 * Reads one field into the entry.  in is all that it stands in.
 */
static bool
decode_field(Decoder *decoder, const MessageField *field, const WireField *read, Slice in)
{
	char *place = (char *) decoder->entry + field->offset;

	switch (field->kind)
	{
		case KIND_U32:
			return decode_u32(decoder, field, read->value);
		case KIND_U64:
			*(uint64_t *) place = read->value;
			return true;
		case KIND_U64_OR_NONE:
			*(OptionalNumber *) place = (OptionalNumber){true, read->value};
			return true;
		case KIND_FLAG:
			*(bool *) place = read->value != 0;
			return true;
		case KIND_TEXT:
		case KIND_TEXT_IN_BYTES:
			if (!is_text(read->bytes))
				return refuse(decoder, field, "is not UTF-8");
			*(Slice *) place = read->bytes;
			return true;
		case KIND_BYTES:
			*(Slice *) place = read->bytes;
			return true;
		case KIND_PARTS:
			return decode_parts(decoder, field, read->bytes);
		default:
			return decode_element(decoder, field, read, in);
	}
}

/*
 * Notes that the entry has this one of several fields.  Refuses a second one.
 */
static bool
choose(const Decoder *decoder, const MessageField *field)
{
	if (restate_entry_choice(decoder->entry, field) != VARIANT_NONE)
		return refuse(decoder, field, "is there beside another");
	*(EntryVariant *) ((char *) decoder->entry + field->choice) = field->variant;
	return true;
}

/*
 * Reads all fields of a message, or of one within it, into the entry.  Returns
 * false, and has said so, if something is wrong.  It calls itself for the
 * parts of a field alone, and parts have no parts.
 */
static bool
decode_fields(Decoder *decoder, const MessageField *fields, Slice in)
{
	Slice left = in;
	uint32_t seen = 0;

	while (left.len > 0)
	{
		const MessageField *field = fields;
		WireField read;
		WireFault fault = restate_wire_read(&left, &read);
		bool is_list;

		if (fault != WIRE_OK)
			return refuse(decoder, NULL, restate_wire_faults[fault]);
		while (field->kind != KIND_END && field->number != read.number)
			field++;
		if (field->kind == KIND_END)
			continue;
		if (!has_type(field->kind, read.type))
			return refuse(decoder, field, "is of another type");
		is_list = field->kind >= KIND_U32_LIST && field->kind <= KIND_BYTES_PAIR_LIST;
		if (!is_list && (seen & 1U << (field - fields)) != 0)
			return refuse(decoder, field, "is there twice");
		seen |= 1U << (field - fields);
		if (field->choice != 0 && !choose(decoder, field))
			return false;
		if (!decode_field(decoder, field, &read, in))
			return false;
	}
	return true;
}

/*
 * Reads a frame.  Returns false, and has said why in the refusal, if it is no
 * message of versions 5 and 6; the entry is of no use then.  What is in the
 * entry points into the frame's body.
 */
bool
restate_decode_frame(const Frame *frame, FrameEntry *entry, FrameRefusal *refusal)
{
	const Message *message = restate_message_of_type(frame->type);
	Decoder decoder = {entry, NULL, refusal};

	if (message == NULL)
	{
		snprintf(refusal->text, sizeof(refusal->text), "no message has the type 0x%04x",
				 frame->type);
		return false;
	}
	restate_clear_entry(entry, message);
	if (frame->flags != 0)
		return refuse(&decoder, NULL, "has flags, which are of a later version");
	return decode_fields(&decoder, message->fields, frame->body) &&
		   restate_entry_is_whole(entry, refusal);
}
