/*
 * entry_of_frame.c
 *		What a frame of the service protocol says of a journal entry, as the columns
 *		of restate.journal have it.
 *
 * The decoder has seen to the form of the frame.  What is left to refuse is what the
 * tables cannot hold, and what the JSON of an entry is refused for too.
 */
#include "postgres.h"

#include <string.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "types/compat.h"
#include "types/entry_check.h"
#include "types/entry_frame.h"
#include "types/limits.h"
#include "types/outcome.h"
#include "types/wire_text.h"

/* What is put together from a frame. */
typedef struct Reading
{
	const FrameEntry *frame;
	const char *call_variant;
	EntryColumns *columns;
	RestateJsonbBuilder meta;
} Reading;

static void read_fields(Reading *reading, const RestateEntryField *fields);

/*
 * Raises invalid_body for a field of the frame.
 */
pg_noreturn static void
refuse(const Reading *reading, const char *key, const char *words)
{
	restate_raise(restate_refusal(RESTATE_INVALID_BODY, "%s: %s %s", reading->frame->message->name,
								  key, words));
}

/*
 * Returns a text.  Refuses one that no text of the database can hold.
 */
static char *
read_text(const Reading *reading, const char *key, Slice wire)
{
	char *text = restate_text_of_wire(wire);

	if (text == NULL)
		refuse(reading, key, "has a character that no text of the database can hold");
	return text;
}

/*
 * Returns bytes.
 */
static bytea *
read_bytes(Slice wire)
{
	bytea *bytes = palloc(VARHDRSZ + wire.len);

	SET_VARSIZE(bytes, VARHDRSZ + wire.len);
	if (wire.len > 0)
		memcpy(VARDATA(bytes), wire.data, wire.len);
	return bytes;
}

/*
 * Adds the key of a member.
 */
static void
push_key(Reading *reading, const char *key)
{
	JsonbValue value = {.type = jbvString};

	value.val.string.len = (int) strlen(key);
	value.val.string.val = unconstify(char *, key);
	restate_jsonb_push(&reading->meta, WJB_KEY, &value);
}

/*
 * Adds a string, as the value of a member or as an element.
 */
static void
push_string(Reading *reading, JsonbIteratorToken token, char *text)
{
	JsonbValue value = {.type = jbvString};

	value.val.string.len = (int) strlen(text);
	value.val.string.val = text;
	restate_jsonb_push(&reading->meta, token, &value);
}

/*
 * Adds a member that is a text.
 */
static void
push_text(Reading *reading, const char *key, const char *field, Slice wire)
{
	push_key(reading, key);
	push_string(reading, WJB_VALUE, read_text(reading, field, wire));
}

/*
 * Adds a member that is a number.
 */
static void
push_number(Reading *reading, const char *key, uint64 number)
{
	JsonbValue value = {.type = jbvNumeric};

	if (number <= (uint64) PG_INT64_MAX)
		value.val.numeric = int64_to_numeric((int64) number);
	else
		value.val.numeric = DatumGetNumeric(DirectFunctionCall3(
			numeric_in, CStringGetDatum(psprintf(UINT64_FORMAT, number)),
			ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	push_key(reading, key);
	restate_jsonb_push(&reading->meta, WJB_VALUE, &value);
}

/*
 * Refuses a list that is longer than any should be.
 */
static void
count_element(const Reading *reading, const char *key, int *count)
{
	if (++*count > RESTATE_FRAME_MAX_ELEMENTS)
		refuse(reading, key,
			   "has more than " RESTATE_LIMIT_TEXT(RESTATE_FRAME_MAX_ELEMENTS) " elements");
}

/*
 * Adds pairs of texts as an array of objects, whose members have these names.
 */
static void
push_pairs(Reading *reading, const char *key, WireList pairs, const char *first, const char *second)
{
	Slice name;
	Slice value;
	int count = 0;

	push_key(reading, key);
	restate_jsonb_push(&reading->meta, WJB_BEGIN_ARRAY, NULL);
	while (restate_list_next_pair(&pairs, &name, &value))
	{
		count_element(reading, key, &count);
		restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
		push_text(reading, first, key, name);
		push_text(reading, second, key, value);
		restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
	}
	restate_jsonb_push(&reading->meta, WJB_END_ARRAY, NULL);
}

/*
 * Adds texts as an array.
 */
static void
push_texts(Reading *reading, const char *key, WireList texts)
{
	Slice wire;
	int count = 0;

	push_key(reading, key);
	restate_jsonb_push(&reading->meta, WJB_BEGIN_ARRAY, NULL);
	while (restate_list_next(&texts, &wire))
	{
		count_element(reading, key, &count);
		push_string(reading, WJB_ELEM, read_text(reading, key, wire));
	}
	restate_jsonb_push(&reading->meta, WJB_END_ARRAY, NULL);
}

/*
 * Adds a failure, of which the message of one that is the handler's own result may have
 * what no text can hold replaced: nothing else is held against it.
 */
static void
push_failure(Reading *reading, const char *key)
{
	const FrameEntry *frame = reading->frame;
	EntryType type = reading->columns->shape->type;
	WireList metadata = frame->failure_metadata;
	Slice name;
	Slice value;

	push_key(reading, key);
	restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
	push_key(reading, "Failure");
	restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
	push_number(reading, "code", (uint64) frame->failure_code);
	push_key(reading, "message");
	push_string(reading, WJB_VALUE,
				type == COMMAND_OUTPUT || type == NOTIFICATION_RUN ?
					restate_text_of_wire_replaced(frame->failure_message) :
					read_text(reading, "message", frame->failure_message));
	if (restate_list_next_pair(&metadata, &name, &value))
		push_pairs(reading, "metadata", frame->failure_metadata, "key", "value");
	restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
	restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
}

/*
 * Reads what the entry brings: a value is the payload, all else stands in meta.
 */
static void
read_result(Reading *reading, const char *key)
{
	switch (reading->frame->result)
	{
		case VARIANT_VALUE:
			reading->columns->payload = read_bytes(reading->frame->payload);
			break;
		case VARIANT_VOID:
			push_key(reading, key);
			push_string(reading, WJB_VALUE, pstrdup("Void"));
			break;
		default:
			push_failure(reading, key);
			break;
	}
}

/*
 * Adds the target of a call.
 */
static void
push_call_target(Reading *reading, const char *key)
{
	const FrameEntry *frame = reading->frame;

	push_key(reading, key);
	restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
	push_key(reading, reading->call_variant);
	restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
	push_text(reading, "name", "service", frame->service);
	if (strcmp(reading->call_variant, "Service") != 0)
		push_text(reading, "key", "key", frame->key);
	push_text(reading, "handler", "handler", frame->handler);
	restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
	restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
}

/*
 * Adds the target of an attach.
 */
static void
push_attach_target(Reading *reading, const char *key)
{
	const FrameEntry *frame = reading->frame;
	JsonbValue none = {.type = jbvNull};

	push_key(reading, key);
	restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
	if (frame->target == VARIANT_INVOCATION)
		push_text(reading, "InvocationId", "invocation_id", frame->target_id);
	else
	{
		bool is_workflow = frame->target == VARIANT_WORKFLOW;

		push_key(reading, is_workflow ? "Workflow" : "IdempotentRequest");
		restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
		push_text(reading, "service_name", "service", frame->service);
		if (is_workflow)
			push_text(reading, "key", "key", frame->key);
		else
		{
			if (frame->key.data != NULL)
				push_text(reading, "service_key", "key", frame->key);
			else
			{
				push_key(reading, "service_key");
				restate_jsonb_push(&reading->meta, WJB_VALUE, &none);
			}
			push_text(reading, "service_handler", "handler", frame->handler);
			push_text(reading, "idempotency_key", "idempotency_key", frame->idempotency_key);
		}
		restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
	}
	restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
}

/*
 * Adds which signal is sent.
 */
static void
push_signal(Reading *reading, const char *key)
{
	const FrameEntry *frame = reading->frame;

	push_key(reading, key);
	restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
	if (frame->signal == VARIANT_INDEX)
		push_number(reading, "Index", (uint64) frame->signal_index);
	else
		push_text(reading, "Name", "name", frame->signal_name);
	restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
}

/*
 * Reads one field of the entry.
 */
static void
read_field(Reading *reading, const RestateEntryField *field)
{
	const FrameEntry *frame = reading->frame;
	EntryColumns *columns = reading->columns;

	switch (field->role)
	{
		case FIELD_NAME:
			columns->name = read_text(reading, field->key, frame->name);
			break;
		case FIELD_COMPLETION_ID:
			columns->completion_id = frame->completion_id;
			break;
		case FIELD_RESULT_COMPLETION_ID:
			columns->result_completion_id = frame->result_completion_id;
			break;
		case FIELD_BYTES:
			columns->payload = read_bytes(frame->payload);
			break;
		case FIELD_RESULT:
			read_result(reading, field->key);
			break;
		case FIELD_REQUEST:
			push_key(reading, field->key);
			restate_jsonb_push(&reading->meta, WJB_BEGIN_OBJECT, NULL);
			read_fields(reading, restate_call_request_fields);
			restate_jsonb_push(&reading->meta, WJB_END_OBJECT, NULL);
			break;
		case FIELD_TEXT:
			push_text(reading, field->key, field->key,
					  frame->awakeable_id.data != NULL ? frame->awakeable_id : frame->key);
			break;
		case FIELD_TEXT_OR_NULL:
			if (frame->idempotency_key.data != NULL)
				push_text(reading, field->key, field->key, frame->idempotency_key);
			break;
		case FIELD_TEXTS:
			push_texts(reading, field->key, frame->state_keys);
			break;
		case FIELD_MILLIS:
			push_number(reading, field->key, frame->time);
			break;
		case FIELD_HEADERS:
			push_pairs(reading, field->key, frame->headers, "name", "value");
			break;
		case FIELD_CALL_TARGET:
			push_call_target(reading, field->key);
			break;
		case FIELD_ATTACH_TARGET:
			push_attach_target(reading, field->key);
			break;
		case FIELD_SIGNAL_SENT:
			push_signal(reading, field->key);
			break;
		case FIELD_ID_SENT:
			push_text(reading, field->key, field->key, frame->target_id);
			break;
		default:
			break;
	}
}

/*
 * Reads fields of the entry.
 */
static void
read_fields(Reading *reading, const RestateEntryField *fields)
{
	for (; fields->role != FIELD_END; fields++)
		read_field(reading, fields);
}

/*
 * Refuses what the JSON of the entry would be refused for.
 */
static void
check_meta(const EntryColumns *columns)
{
	JsonbContainer *meta = restate_columns_meta(columns);

	for (const RestateEntryField *field = columns->shape->fields; field->role != FIELD_END; field++)
	{
		RestateFieldPlace place = {columns->shape, field->key};
		JsonbValue value;
		JsonbValue variant;
		JsonbValue content;

		if (getKeyJsonValueFromContainer(meta, field->key, (int) strlen(field->key), &value) == NULL)
			continue;
		if (field->role == FIELD_ATTACH_TARGET || field->role == FIELD_ID_SENT)
			restate_check_field(place, field->role, &value);
		else if (field->role == FIELD_RESULT && restate_json_is_object(&value) &&
				 restate_json_single_member(value.val.binary.data, &variant, &content))
			restate_check_failure(place, &content);
	}
}

/*
 * Reads the entry that a frame is, or the result of a run that it proposes, into its
 * columns, of which meta is always there.  call_variant is what the target of a call
 * is called in JSON, which the frame does not say.  Raises invalid_body for what the
 * tables cannot hold, and invalid_invocation_id for a malformed id.
 */
void
restate_columns_of_frame(const FrameEntry *frame, const char *call_variant, EntryColumns *columns)
{
	Reading reading = {.frame = frame, .call_variant = call_variant, .columns = columns};
	bool is_proposal = frame->message->type < MESSAGE_FIRST_COMMAND;

	*columns = (EntryColumns){
		.shape = restate_entry_shape_of_label(is_proposal ? entry_type_names[NOTIFICATION_RUN] :
															frame->message->name),
		.completion_id = -1,
		.result_completion_id = -1,
		.signal_index = -1};
	restate_jsonb_push(&reading.meta, WJB_BEGIN_OBJECT, NULL);
	read_fields(&reading, columns->shape->fields);
	restate_jsonb_push(&reading.meta, WJB_END_OBJECT, NULL);
	columns->meta = JsonbValueToJsonb(reading.meta.result);
	check_meta(columns);
}
