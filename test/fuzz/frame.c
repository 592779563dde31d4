/*
 * frame.c
 *		Fuzzes the frames of the service protocol: any bytes are taken for a
 *		stream, whose frames are either refused in words or the same once they
 *		were written and read again; and any entry is what is read of it.
 *
 * The first byte of an input chooses which of the two, the rest is the stream,
 * or what an entry is made from.
 */
#include "check.h"

#include <string.h>

#include "describe_entry.h"
#include "types/frame.h"
#include "types/is_utf8.h"

#define MAX_ELEMENTS 5
#define MAX_LISTS	 5

/* What an entry is made from. */
typedef struct Source
{
	uint8_t *next;
	size_t left;
	WireBuffer lists[MAX_LISTS]; /* their elements */
	int nlists;
} Source;

static void try_stream(const uint8_t *data, size_t size);
static void try_frame(const Frame *frame);
static void try_entry(const uint8_t *data, size_t size);
static void try_again(const FrameEntry *entry);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] % 2 == 0)
		try_stream(data + 1, size - 1);
	else
		try_entry(data + 1, size - 1);
	return 0;
}

/*
 * Gives a buffer another size.
 */
static void *
resize(void *owner, void *data, size_t size)
{
	(void) owner;
	return realloc(data, size);
}

/*
 * Takes frames off the stream up to where there is none; nothing is lost.
 */
static void
try_stream(const uint8_t *data, size_t size)
{
	Slice stream = {data, size};
	FrameResult result;
	Frame frame;
	size_t whole;

	for (;;)
	{
		Slice before = stream;

		result = restate_next_frame(&stream, &frame, &whole);
		if (result != FRAME_OK)
			break;
		CHECK(whole == RESTATE_FRAME_HEAD_BYTES + frame.body.len);
		CHECK(stream.data == before.data + whole && stream.len == before.len - whole);
		try_frame(&frame);
	}
	CHECK(result == FRAME_INCOMPLETE || whole > RESTATE_FRAME_MAX_BODY);
	CHECK(whole > stream.len);
	CHECK(stream.data + stream.len == data + size);
}

/*
 * A frame is refused in one printable line that is not cut short, or the same
 * once it was written and read again.
 */
static void
try_frame(const Frame *frame)
{
	/* in memory that has no byte more */
	uint8_t *body = malloc(frame->body.len);
	Frame copy = *frame;
	FrameRefusal refusal = {""};
	FrameEntry entry;

	CHECK(body != NULL || frame->body.len == 0);
	copy.body.data = body;
	if (frame->body.len > 0)
		memcpy(body, frame->body.data, frame->body.len);
	if (restate_decode_frame(&copy, &entry, &refusal))
		try_again(&entry);
	else
	{
		size_t len = strlen(refusal.text);

		CHECK(len > 10 && len < sizeof(refusal.text) - 1);
		for (size_t i = 0; i < len; i++)
			CHECK(refusal.text[i] >= 0x20 && refusal.text[i] < 0x7f);
	}
	free(body);
}

/*
 * What is written of an entry is one frame, is read as the same entry, and
 * written as it was.
 */
static void
try_again(const FrameEntry *entry)
{
	WireBuffer out = {.resize = resize};
	WireBuffer counted = {0};
	WireBuffer once_more = {.resize = resize};
	FrameRefusal refusal;
	Frame frame;
	FrameEntry again;
	Slice stream;
	size_t whole;
	char *text = describe_entry(entry);
	char *again_text;

	CHECK(restate_encode_frame(&out, entry, &refusal));
	CHECK(restate_encode_frame(&counted, entry, &refusal) && counted.len == out.len);
	stream = (Slice){out.data, out.len};
	CHECK(restate_next_frame(&stream, &frame, &whole) == FRAME_OK && stream.len == 0);
	CHECK(restate_decode_frame(&frame, &again, &refusal));
	again_text = describe_entry(&again);
	CHECK(again.message == entry->message && strcmp(text, again_text) == 0);
	CHECK(restate_encode_frame(&once_more, &again, &refusal));
	CHECK(once_more.len == out.len && memcmp(once_more.data, out.data, out.len) == 0);
	free(once_more.data);
	free(again_text);
	free(text);
	free(out.data);
}

/*
 * Draws so many bytes, or as many as there are.
 */
static Slice
draw(Source *source, size_t len)
{
	Slice drawn = {source->next, len < source->left ? len : source->left};

	source->next += drawn.len;
	source->left -= drawn.len;
	return drawn;
}

/*
 * Draws a number below the limit.
 */
static unsigned
draw_below(Source *source, unsigned limit)
{
	Slice byte = draw(source, 1);

	return byte.len > 0 ? byte.data[0] % limit : 0;
}

/*
 * Draws a number of up to so many bytes.
 */
static uint64_t
draw_number(Source *source, unsigned bytes)
{
	Slice drawn = draw(source, draw_below(source, bytes + 1));
	uint64_t number = 0;

	for (size_t i = 0; i < drawn.len; i++)
		number = number << 8 | drawn.data[i];
	return number;
}

/*
 * Draws bytes, perhaps none.
 */
static Slice
draw_bytes(Source *source)
{
	return draw(source, draw_below(source, 200));
}

/*
 * Draws bytes that are UTF-8, or made so.
 */
static Slice
draw_text(Source *source)
{
	Slice text = draw_bytes(source);
	uint8_t *bytes = source->next - text.len;

	if (!restate_is_utf8((const char *) text.data, text.len))
		for (size_t i = 0; i < text.len; i++)
			bytes[i] &= 0x7f;
	return text;
}

/*
 * Draws a list.  Numbers stand together or do not.
 */
static WireList
draw_list(Source *source, MessageFieldKind kind)
{
	WireBuffer *out = &source->lists[source->nlists++];
	WireList list = {.number = 1 + draw_below(source, 20)};
	unsigned elements = draw_below(source, MAX_ELEMENTS + 1);
	WireBuffer packed = {.resize = resize};
	bool together = draw_below(source, 2) == 1;

	CHECK(source->nlists <= MAX_LISTS);
	*out = (WireBuffer){.resize = resize};
	for (unsigned i = 0; i < elements; i++)
	{
		Slice key;

		switch (kind)
		{
			case KIND_U32_LIST:
				if (together)
					restate_wire_write_varint(&packed, draw_number(source, 4));
				else
					restate_wire_write_number(out, list.number, draw_number(source, 4));
				break;
			case KIND_TEXT_LIST:
				restate_wire_write_slice(out, list.number, draw_text(source));
				break;
			default:
				key = draw_text(source);
				restate_wire_write_pair(out, list.number, key,
										kind == KIND_TEXT_PAIR_LIST ? draw_text(source) : draw_bytes(source));
				break;
		}
		/* what is of another number is not of the list */
		restate_wire_write_number(out, list.number + 1, i);
	}
	if (together && kind == KIND_U32_LIST)
		restate_wire_write_slice(out, list.number, (Slice){packed.data, packed.len});
	free(packed.data);
	list.in = (Slice){out->data, out->len};
	return list;
}

/*
 * Draws the fields of an entry.
 */
static void
draw_fields(Source *source, const MessageField *fields, FrameEntry *entry)
{
	for (const MessageField *field = fields; field->kind != KIND_END; field++)
	{
		char *place = (char *) entry + field->offset;

		if (field->choice != 0)
		{
			EntryVariant *chosen = (EntryVariant *) ((char *) entry + field->choice);
			bool is_last = true;

			for (const MessageField *later = field + 1; later->kind != KIND_END; later++)
				is_last = is_last && later->choice != field->choice;
			if (*chosen != VARIANT_NONE || (!is_last && draw_below(source, 2) == 0))
				continue;
			*chosen = field->variant;
		}
		if (field->optional && draw_below(source, 2) == 0)
			continue;
		switch (field->kind)
		{
			case KIND_U32:
				*(int64_t *) place = (int64_t) draw_number(source, 4);
				break;
			case KIND_U64:
				*(uint64_t *) place = draw_number(source, 8);
				break;
			case KIND_U64_OR_NONE:
				*(OptionalNumber *) place = (OptionalNumber){true, draw_number(source, 8)};
				break;
			case KIND_FLAG:
				*(bool *) place = draw_below(source, 2) == 1;
				break;
			case KIND_TEXT:
			case KIND_TEXT_IN_BYTES:
				*(Slice *) place = draw_text(source);
				break;
			case KIND_BYTES:
				*(Slice *) place = draw_bytes(source);
				break;
			case KIND_PARTS:
				draw_fields(source, field->parts, entry);
				break;
			default:
				*(WireList *) place = draw_list(source, field->kind);
				break;
		}
	}
}

/*
 * Makes an entry, whose message the first byte chooses, and tries it.
 */
static void
try_entry(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	Source source = {.next = bytes, .left = size};
	FrameEntry entry;

	CHECK(bytes != NULL);
	memcpy(bytes, data, size);
	restate_clear_entry(&entry, &restate_messages[draw_below(&source, MESSAGE_COUNT)]);
	draw_fields(&source, entry.message->fields, &entry);
	try_again(&entry);
	for (int i = 0; i < source.nlists; i++)
		free(source.lists[i].data);
	free(bytes);
}
