/*
 * frames.c
 *		The frames of the service protocol, without a server: every message read
 *		and written, with what it means; those that were recorded; what is
 *		refused, and why; streams, lists, and the ids of awakeables.  Prints TAP.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/describe_entry.h"
#include "frame_cases.h"
#include "types/entry_shape.h"
#include "types/frame.h"
#include "types/id_codec.h"

#define RECORDED "test/conformance/frames.tsv"

static int tests;
static int failures;

static void check(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * One test; the format and its arguments say the rule.
 */
static void
check(bool holds, const char *format, ...)
{
	va_list args;

	tests++;
	failures += !holds;
	printf("%s %d - ", holds ? "ok" : "not ok", tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
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
 * As if memory ran out.
 */
static void *
resize_never(void *owner, void *data, size_t size)
{
	(void) owner;
	(void) data;
	(void) size;
	return NULL;
}

/*
 * Returns the bytes that the digits mean, in memory that has no byte more and
 * is to be freed.
 */
static Slice
bytes_of(const char *hex, size_t digits)
{
	uint8_t *bytes = malloc(digits / 2 + (digits == 0));

	for (size_t i = 0; i < digits / 2; i++)
	{
		unsigned byte;

		if (bytes == NULL || sscanf(hex + 2 * i, "%2x", &byte) != 1)
			abort();
		bytes[i] = (uint8_t) byte;
	}
	return (Slice){bytes, digits / 2};
}

/*
 * Takes the frame off the bytes and decodes it.
 */
static bool
decode(Slice bytes, FrameEntry *entry, FrameRefusal *refusal)
{
	Frame frame;
	size_t whole;

	strcpy(refusal->text, "it is no frame");
	return restate_next_frame(&bytes, &frame, &whole) == FRAME_OK && restate_decode_frame(&frame, entry, refusal);
}

/*
 * Returns whether the entry is written as these bytes.
 */
static bool
is_written_as(const FrameEntry *entry, Slice bytes)
{
	WireBuffer out = {.resize = resize};
	FrameRefusal refusal;
	bool same = restate_encode_frame(&out, entry, &refusal) && out.len == bytes.len &&
				memcmp(out.data, bytes.data, bytes.len) == 0;

	free(out.data);
	return same;
}

/*
 * Gives the entry of a case what it leaves out: which message it is, and what
 * that has without saying anything.
 */
static FrameEntry
whole_entry(const Case *c)
{
	const Message *message = restate_message_of_name(c->name);
	FrameEntry entry = c->entry;
	FrameEntry clear;

	if (message == NULL)
		abort();
	entry.message = message;
	restate_clear_entry(&clear, message);
	for (const MessageField *field = message->fields; field->kind != KIND_END; field++)
	{
		Slice *slice = (Slice *) ((char *) &entry + field->offset);

		if ((field->kind == KIND_TEXT || field->kind == KIND_TEXT_IN_BYTES || field->kind == KIND_BYTES) &&
			slice->data == NULL)
			*slice = *(Slice *) ((char *) &clear + field->offset);
	}
	return entry;
}

/*
 * Reads and writes every message, and compares what it is with what it is to
 * be.
 */
static void
messages(void)
{
	bool seen[MESSAGE_COUNT] = {false};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		const Case *c = &cases[i];
		Slice bytes = bytes_of(c->hex, strlen(c->hex));
		FrameEntry wanted = whole_entry(c);
		FrameEntry read;
		FrameRefusal refusal = {""};
		char *wanted_text;
		char *text;

		if (!decode(bytes, &read, &refusal))
			check(false, "%s is read: %s", c->name, refusal.text);
		else
		{
			wanted_text = describe_entry(&wanted);
			text = describe_entry(&read);
			check(strcmp(text, wanted_text) == 0, "%s is read as what it is: %s", c->name, text);
			check(is_written_as(&read, bytes), "%s is written as it was read", c->name);
			free(wanted_text);
			free(text);
		}
		check(is_written_as(&wanted, bytes), "%s is written as it is", c->name);
		seen[wanted.message - restate_messages] = true;
		free((void *) bytes.data);
	}
	for (size_t i = 0; i < MESSAGE_COUNT; i++)
		check(seen[i], "%s has a case", restate_messages[i].name);
}

/*
 * Reads and writes what was recorded.
 */
static void
recorded(void)
{
	FILE *file = fopen(RECORDED, "r");
	char line[4096];
	int frames = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		const char *hex = strchr(line, '\t');
		FrameRefusal refusal = {""};
		FrameEntry entry;
		Slice bytes;

		if (line[0] == '#' || hex == NULL)
			continue;
		bytes = bytes_of(hex + 1, strcspn(hex + 1, "\n"));
		frames++;
		if (!decode(bytes, &entry, &refusal))
			check(false, "recorded frame %d is read: %s", frames, refusal.text);
		else
			check(strlen(entry.message->name) == (size_t) (hex - line) &&
					  strncmp(entry.message->name, line, (size_t) (hex - line)) == 0 && is_written_as(&entry, bytes),
				  "recorded frame %d, %s, is written as it was", frames, entry.message->name);
		free((void *) bytes.data);
	}
	if (file != NULL)
		fclose(file);
	check(frames > 40, "there are recorded frames");
}

/*
 * Reads what is odd, and the same once more from what is written of it.
 */
static void
odd_frames(void)
{
	for (size_t i = 0; i < sizeof(oddities) / sizeof(*oddities); i++)
	{
		const char *said = oddities[i].said;
		Slice bytes = bytes_of(oddities[i].hex, strlen(oddities[i].hex));
		FrameRefusal refusal = {""};
		FrameEntry entry;
		bool read = decode(bytes, &entry, &refusal);

		check(read == (said == NULL) && (read || strcmp(refusal.text, said) == 0), "%s: %s", oddities[i].hex,
			  read ? "is read" : refusal.text);
		if (read)
		{
			WireBuffer out = {.resize = resize};
			FrameEntry again;
			char *text = describe_entry(&entry);
			char *again_text = NULL;

			if (restate_encode_frame(&out, &entry, &refusal) && decode((Slice){out.data, out.len}, &again, &refusal))
				again_text = describe_entry(&again);
			check(again_text != NULL && strcmp(text, again_text) == 0, "%s: is the same again", oddities[i].hex);
			free(again_text);
			free(text);
			free(out.data);
		}
		free((void *) bytes.data);
	}
}

/*
 * Cuts a stream wherever it can be cut.
 */
static void
streams(void)
{
	static const char hex[] = "0003000000000000"
							  "0411000000000007"
							  "580162036f6e65";
	Slice all = bytes_of(hex, sizeof(hex) - 1);
	Slice head;
	Frame frame;
	size_t whole;

	for (size_t len = 0; len <= all.len; len++)
	{
		Slice stream = {all.data, len};
		size_t frames = 0;
		FrameResult result;

		while ((result = restate_next_frame(&stream, &frame, &whole)) == FRAME_OK)
			frames++;
		check(result == FRAME_INCOMPLETE && frames == (len == all.len ? 2 : len / 8 > 0) &&
				  stream.len == len - (frames == 0 ? 0 : frames == 1 ? 8 :
																	   all.len) &&
				  whole == (len >= 16 && len < all.len ? 15 : 8),
			  "of %zu bytes %zu frames are taken, and the rest is left", len, frames);
	}
	free((void *) all.data);

	head = bytes_of("0411000002000000", 16);
	check(restate_next_frame(&(Slice){head.data, head.len}, &frame, &whole) == FRAME_INCOMPLETE &&
			  whole == RESTATE_FRAME_HEAD_BYTES + RESTATE_FRAME_MAX_BODY,
		  "a frame may be as long as a frame may be");
	((uint8_t *) head.data)[7] = 1;
	check(restate_next_frame(&(Slice){head.data, head.len}, &frame, &whole) == FRAME_TOO_LONG, "and no longer, which its head tells");
	free((void *) head.data);
}

/*
 * Writes what cannot be written.
 */
static void
unwritable(void)
{
	WireBuffer out = {.resize = resize};
	WireBuffer full = {.resize = resize_never};
	WireBuffer counted = {0};
	FrameRefusal refusal = {""};
	FrameEntry entry;
	uint8_t *large = calloc(1, RESTATE_FRAME_MAX_BODY);

	restate_clear_entry(&entry, restate_message_of_name("Command: Output"));
	check(!restate_encode_frame(&out, &entry, &refusal) && out.len == 0 &&
			  strcmp(refusal.text, "Command: Output lacks its value or failure") == 0,
		  "an output must have a result: %s", refusal.text);
	entry.result = VARIANT_VALUE;
	check(!restate_encode_frame(&full, &entry, &refusal) && full.len == 0 && full.data == NULL &&
			  strcmp(refusal.text, "Command: Output does not fit the memory") == 0,
		  "memory may run out: %s", refusal.text);
	entry.payload = (Slice){large, RESTATE_FRAME_MAX_BODY};
	check(!restate_encode_frame(&out, &entry, &refusal) && out.len == 0 &&
			  strcmp(refusal.text, "Command: Output is longer than a frame may be") == 0,
		  "a frame has its length: %s", refusal.text);
	/* two tags and two lengths less */
	entry.payload.len -= 10;
	check(large != NULL && restate_encode_frame(&out, &entry, &refusal) && out.len == RESTATE_FRAME_HEAD_BYTES + RESTATE_FRAME_MAX_BODY,
		  "and may be as long as that");
	check(restate_encode_frame(&counted, &entry, &refusal) && counted.len == out.len && counted.data == NULL,
		  "a buffer without memory counts");
	entry.payload.len = 1;
	check(restate_encode_frame(&out, &entry, &refusal) && out.len == 2 * RESTATE_FRAME_HEAD_BYTES + RESTATE_FRAME_MAX_BODY + 5,
		  "a second frame goes after the first");
	free(out.data);
	free(large);
}

/*
 * Returns the shape of an entry of this type, or NULL.
 */
static const RestateEntryShape *
shape_of(const char *type)
{
	for (size_t i = 0; i < ENTRY_TYPE_COUNT; i++)
	{
		if (strcmp(entry_type_names[restate_entry_shapes[i].type], type) == 0)
			return &restate_entry_shapes[i];
	}
	return NULL;
}

/*
 * Returns which results a message can have, as the flags of a shape's result.
 */
static int
results_of(const Message *message)
{
	int results = 0;

	for (const MessageField *field = message->fields; field->kind != KIND_END; field++)
	{
		if (field->choice != offsetof(FrameEntry, result))
			continue;
		if (field->variant == VARIANT_VOID)
			results |= RESULT_VOID;
		else if (field->variant == VARIANT_FAILURE)
			results |= RESULT_FAILURE;
		else if (field->variant == VARIANT_VALUE)
			results |= RESULT_SUCCESS;
	}
	return results;
}

/*
 * Holds the table of messages against that of shapes, and looks through it.
 */
static void
tables(void)
{
	for (size_t i = 0; i < MESSAGE_COUNT; i++)
	{
		const Message *message = &restate_messages[i];
		const RestateEntryShape *shape = shape_of(message->name);
		bool is_entry = message->type >= MESSAGE_FIRST_COMMAND;
		bool ordered = true;

		check(restate_message_of_type(message->type) == message && restate_message_of_name(message->name) == message,
			  "%s is found", message->name);
		for (const MessageField *field = message->fields; field->kind != KIND_END; field++)
			ordered = ordered && field->number > (field == message->fields ? 0 : field[-1].number);
		check(ordered, "%s: its fields are in order", message->name);
		check(is_entry == (shape != NULL), "%s: what is an entry has a shape", message->name);
		if (shape == NULL)
			continue;
		check((shape->kind == ENTRY_COMMAND) == (message->type < MESSAGE_FIRST_NOTIFICATION),
			  "%s: commands and notifications are told apart", message->name);
		for (const RestateEntryField *field = shape->fields; field->role != FIELD_END; field++)
		{
			if (field->role == FIELD_RESULT)
				check(results_of(message) == (field->flags & (RESULT_SUCCESS | RESULT_FAILURE | RESULT_VOID)),
					  "%s: its results are those of its shape", message->name);
		}
	}
	for (size_t i = 0; i < ENTRY_TYPE_COUNT; i++)
	{
		check(entry_type_is_command(restate_entry_shapes[i].type) == (restate_entry_shapes[i].kind == ENTRY_COMMAND),
			  "%s: its type and its shape agree on whether it is a command", entry_type_names[restate_entry_shapes[i].type]);
		check(restate_message_of_name(entry_type_names[restate_entry_shapes[i].type]) != NULL, "%s: it has a message", entry_type_names[restate_entry_shapes[i].type]);
	}
	check(restate_message_of_name("Command: Nothing") == NULL, "no message has another name");
	for (size_t i = 0; i < MESSAGE_COUNT; i++)
	{
		const char *name = restate_messages[i].name;
		bool to_sdk = strncmp(name, "Notification: ", 14) == 0 || strcmp(name, "Start") == 0 ||
					  strcmp(name, "CommandAck") == 0 || strcmp(name, "Command: Input") == 0;

		check(restate_messages[i].from_sdk != to_sdk, "%s is sent one way", name);
	}
}

/*
 * Reads and writes ids of awakeables.
 */
static void
awakeables(void)
{
	/* base64url by another hand, of the bytes 00 to 17, then fb ff fe 11 */
	static const char text[] = "sign_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-EQ";
	static const struct
	{
		const char *text;
		RestateIdResult result;
	} refused[] = {
		{"", RESTATE_ID_EMPTY},
		{"sign", RESTATE_ID_NO_SEPARATOR},
		{"awk_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-EQ", RESTATE_ID_UNKNOWN_TYPE},
		{"sign_", RESTATE_ID_NO_VERSION},
		{"sign_2AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-EQ", RESTATE_ID_UNKNOWN_VERSION},
		{"inv_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-EQ", RESTATE_ID_WRONG_TYPE},
		{"sign_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-E", RESTATE_ID_TOO_SHORT},
		{"prom_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-E", RESTATE_ID_TOO_SHORT},
		{"sign_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX+//+EQ", RESTATE_ID_NOT_BASE64},
		{"sign_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-E=", RESTATE_ID_NOT_BASE64},
		{"sign_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-ER", RESTATE_ID_TOO_LARGE},
		{"sign_1AAECAwQFBgcICQoLDA0ODxAREhMUFRYX-__-EQA", RESTATE_ID_TRAILING},
		/* as the SDK's example has it, which the server refuses too */
		{"prom_1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAR", RESTATE_ID_TRAILING},
	};
	RestateAwakeableId id = {.index = 0};
	char again[RESTATE_AWAKEABLE_ID_CHARS + 1];
	bool bytes = true;

	check(restate_decode_awakeable_id(text, strlen(text), &id) == RESTATE_ID_OK && id.index == 0xfbfffe11 && !id.is_entry,
		  "an awakeable is a signal");
	for (uint8_t i = 0; i < RESTATE_INVOCATION_ID_BYTES; i++)
		bytes = bytes && id.invocation_id.data[i] == i;
	check(bytes, "of an invocation");
	restate_encode_awakeable_id(&id, again);
	check(strcmp(again, text) == 0, "its id is written as it was: %s", again);
	id.is_entry = true;
	restate_encode_awakeable_id(&id, again);
	check(strncmp(again, "prom_1", 6) == 0 && restate_decode_awakeable_id(again, strlen(again), &id) == RESTATE_ID_OK && id.is_entry,
		  "an old one is an entry: %s", again);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		check(restate_decode_awakeable_id(refused[i].text, strlen(refused[i].text), &id) == refused[i].result,
			  "\"%s\" is none", refused[i].text);
}

int
main(void)
{
	messages();
	recorded();
	odd_frames();
	streams();
	unwritable();
	tables();
	awakeables();
	printf("1..%d\n", tests);
	return failures != 0;
}
