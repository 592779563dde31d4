/*
 * entry_to_frame.c
 *		A journal entry's columns as a frame of the service protocol, and the Start
 *		message that goes before the entries.
 */
#include "postgres.h"

#include <string.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "types/compat.h"
#include "types/entry_check.h"
#include "types/entry_frame.h"
#include "types/entry_type_oid.h"
#include "types/id.h"
#include "types/wire_text.h"

PG_FUNCTION_INFO_V1(restate_entry_frame);
PG_FUNCTION_INFO_V1(restate_start_frame);

/* the number that lists have which are made here, and not read from a message */
#define LIST_NUMBER 1

static void set_fields(FrameEntry *frame, const EntryColumns *columns,
					   const RestateEntryField *fields, JsonbContainer *meta);

/*
 * Gives memory of a buffer another size.
 */
static void *
resize(void *owner, void *data, size_t size)
{
	return data == NULL ? palloc(size) : repalloc(data, size);
}

/*
 * Returns an empty buffer for frames, in memory of the current context.
 */
WireBuffer
restate_frame_buffer(void)
{
	return (WireBuffer){.resize = resize};
}

/*
 * Returns what was written to a buffer as a list.
 */
static WireList
list_of(const WireBuffer *buffer)
{
	return (WireList){.in = {buffer->data, buffer->len}, .number = LIST_NUMBER};
}

/*
 * Returns a text, or nothing, which is not no text, for NULL.
 */
static Slice
wire_text(const char *text)
{
	return text == NULL ? (Slice){(const uint8_t *) "", 0} :
						  restate_wire_of_text(text, (int) strlen(text));
}

/*
 * Returns the text of a string, as wire_text does.
 */
static Slice
wire_string(const JsonbValue *value)
{
	return value->type == jbvString ?
			   restate_wire_of_text(value->val.string.val, value->val.string.len) :
			   wire_text(NULL);
}

/*
 * Returns bytes, or nothing, as wire_text does.
 */
static Slice
wire_bytes(const bytea *bytes)
{
	return bytes == NULL ? wire_text(NULL) :
						   (Slice){(const uint8_t *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)};
}

/*
 * Sets *value to a member of an object; returns false if there is none.
 */
static bool
get_member(JsonbContainer *object, const char *key, JsonbValue *value)
{
	return object != NULL && JsonContainerIsObject(object) &&
		   getKeyJsonValueFromContainer(object, key, (int) strlen(key), value) != NULL;
}

/*
 * Returns the object that a value is, or NULL.
 */
static JsonbContainer *
object_of(const JsonbValue *value)
{
	return restate_json_is_object(value) ? value->val.binary.data : NULL;
}

/*
 * Returns a member of an object that is a text, or nothing, as wire_text does.
 */
static Slice
member_text(JsonbContainer *object, const char *key)
{
	JsonbValue value;

	return get_member(object, key, &value) ? wire_string(&value) : wire_text(NULL);
}

/*
 * Returns the texts of an array, or the pairs of texts that its objects have under these
 * keys.
 */
static WireList
list_of_array(const JsonbValue *array, const char *first, const char *second)
{
	WireBuffer buffer = restate_frame_buffer();
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue element;

	if (array->type != jbvBinary || !JsonContainerIsArray(array->val.binary.data))
		return (WireList){0};
	it = JsonbIteratorInit(array->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (first == NULL)
			restate_wire_write_slice(&buffer, LIST_NUMBER, wire_string(&element));
		else
			restate_wire_write_pair(&buffer, LIST_NUMBER, member_text(object_of(&element), first),
									member_text(object_of(&element), second));
	}
	return list_of(&buffer);
}

/*
 * Sets what the entry brings, of which meta has all but a value.
 */
static void
set_result(FrameEntry *frame, const EntryColumns *columns, const JsonbValue *kept)
{
	JsonbValue failure;
	JsonbValue value;
	JsonbContainer *content;
	uint64 code;

	if (kept == NULL)
	{
		frame->result = VARIANT_VALUE;
		frame->payload = wire_bytes(columns->payload);
		return;
	}
	if (!get_member(object_of(kept), "Failure", &failure))
	{
		frame->result = VARIANT_VOID;
		return;
	}
	content = object_of(&failure);
	frame->result = VARIANT_FAILURE;
	frame->failure_code = 0;
	if (get_member(content, "code", &value) && restate_json_whole_number(&value, PG_UINT32_MAX, &code))
		frame->failure_code = (int64) code;
	frame->failure_message = member_text(content, "message");
	if (get_member(content, "metadata", &value))
		frame->failure_metadata = list_of_array(&value, "key", "value");
}

/*
 * Sets the target of a call, whatever it is of.
 */
static void
set_call_target(FrameEntry *frame, JsonbContainer *variants)
{
	static const char *const names[] = {"Service", "VirtualObject", "Workflow"};
	JsonbValue value;

	for (size_t i = 0; i < lengthof(names); i++)
	{
		if (!get_member(variants, names[i], &value))
			continue;
		frame->service = member_text(object_of(&value), "name");
		frame->key = member_text(object_of(&value), "key");
		frame->handler = member_text(object_of(&value), "handler");
	}
}

/*
 * Sets the target of an attach.
 */
static void
set_attach_target(FrameEntry *frame, JsonbContainer *variants)
{
	JsonbValue value;
	JsonbValue key;

	if (get_member(variants, "InvocationId", &value))
	{
		frame->target = VARIANT_INVOCATION;
		frame->target_id = wire_string(&value);
		return;
	}
	if (get_member(variants, "Workflow", &value))
	{
		frame->target = VARIANT_WORKFLOW;
		frame->service = member_text(object_of(&value), "service_name");
		frame->key = member_text(object_of(&value), "key");
		return;
	}
	if (!get_member(variants, "IdempotentRequest", &value))
		return;
	frame->target = VARIANT_IDEMPOTENT;
	frame->service = member_text(object_of(&value), "service_name");
	if (get_member(object_of(&value), "service_key", &key) && key.type == jbvString)
		frame->key = wire_string(&key);
	frame->handler = member_text(object_of(&value), "service_handler");
	frame->idempotency_key = member_text(object_of(&value), "idempotency_key");
}

/*
 * Sets which signal it is about.
 */
static void
set_signal(FrameEntry *frame, int64 index, Slice name)
{
	frame->signal = index >= 0 ? VARIANT_INDEX : VARIANT_NAME;
	frame->signal_index = index;
	frame->signal_name = name;
}

/*
 * Sets which signal a command sends.
 */
static void
set_signal_sent(FrameEntry *frame, JsonbContainer *variants)
{
	JsonbValue value;
	uint64 index;

	if (get_member(variants, "Index", &value) &&
		restate_json_whole_number(&value, PG_UINT32_MAX, &index))
		set_signal(frame, (int64) index, wire_text(NULL));
	else
		set_signal(frame, -1, member_text(variants, "Name"));
}

/*
 * Sets what one field of the entry is in the frame; kept is what meta has of it, or
 * NULL.
 */
static void
set_field(FrameEntry *frame, const EntryColumns *columns, const RestateEntryField *field,
		  const JsonbValue *kept)
{
	JsonbContainer *object = kept == NULL ? NULL : object_of(kept);

	switch (field->role)
	{
		case FIELD_NAME:
			frame->name = wire_text(columns->name);
			break;
		case FIELD_COMPLETION_ID:
			frame->completion_id = columns->completion_id;
			break;
		case FIELD_RESULT_COMPLETION_ID:
			frame->result_completion_id = columns->result_completion_id;
			break;
		case FIELD_INVOKED_ID:
			if (columns->shape->kind == ENTRY_COMMAND || columns->invoked_id == NULL)
				break;
			frame->result = VARIANT_INVOKED_ID;
			frame->invoked_id = wire_text(restate_invocation_id_text(columns->invoked_id));
			break;
		case FIELD_SIGNAL_ID:
			set_signal(frame, columns->signal_index, wire_text(columns->signal_name));
			break;
		case FIELD_BYTES:
			frame->result = VARIANT_VALUE;
			frame->payload = wire_bytes(columns->payload);
			break;
		case FIELD_RESULT:
			set_result(frame, columns, kept);
			break;
		case FIELD_REQUEST:
			set_fields(frame, columns, restate_call_request_fields, object);
			break;
		case FIELD_TEXT:
			if (columns->shape->type == COMMAND_COMPLETE_AWAKEABLE)
				frame->awakeable_id = kept == NULL ? wire_text(NULL) : wire_string(kept);
			else
				frame->key = kept == NULL ? wire_text(NULL) : wire_string(kept);
			break;
		case FIELD_TEXT_OR_NULL:
			if (kept != NULL && kept->type == jbvString)
				frame->idempotency_key = wire_string(kept);
			break;
		case FIELD_TEXTS:
			frame->result = VARIANT_STATE_KEYS;
			if (kept != NULL)
				frame->state_keys = list_of_array(kept, NULL, NULL);
			break;
		case FIELD_MILLIS:
			if (kept == NULL || !restate_json_whole_number(kept, PG_UINT64_MAX, &frame->time))
				frame->time = 0;
			break;
		case FIELD_HEADERS:
			if (kept != NULL)
				frame->headers = list_of_array(kept, "name", "value");
			break;
		case FIELD_CALL_TARGET:
			set_call_target(frame, object);
			break;
		case FIELD_ATTACH_TARGET:
			set_attach_target(frame, object);
			break;
		case FIELD_SIGNAL_SENT:
			set_signal_sent(frame, object);
			break;
		case FIELD_ID_SENT:
			frame->target_id = kept == NULL ? wire_text(NULL) : wire_string(kept);
			break;
		default:
			break;
	}
}

/*
 * Sets what fields of the entry are in the frame; meta is what is kept of them as JSON,
 * or NULL.
 */
static void
set_fields(FrameEntry *frame, const EntryColumns *columns, const RestateEntryField *fields,
		   JsonbContainer *meta)
{
	for (; fields->role != FIELD_END; fields++)
	{
		JsonbValue value;

		set_field(frame, columns, fields, get_member(meta, fields->key, &value) ? &value : NULL);
	}
}

/*
 * Writes the entry as a frame.  Returns false, with nothing written, if no frame can
 * have it: it is too long, or lacks what its message has.
 */
bool
restate_write_entry_frame(WireBuffer *out, const EntryColumns *columns)
{
	FrameEntry frame;
	FrameRefusal refusal;

	restate_clear_entry(&frame, restate_message_of_name(entry_type_names[columns->shape->type]));
	set_fields(&frame, columns, columns->shape->fields, restate_columns_meta(columns));
	/* that a sleep is over says no field of the entry */
	if (columns->shape->type == NOTIFICATION_SLEEP)
		frame.result = VARIANT_VOID;
	return restate_encode_frame(out, &frame, &refusal);
}

/*
 * Returns what was written as a bytea.
 */
static bytea *
written(const WireBuffer *out)
{
	bytea *bytes = palloc(VARHDRSZ + out->len);

	SET_VARSIZE(bytes, VARHDRSZ + out->len);
	memcpy(VARDATA(bytes), out->data, out->len);
	return bytes;
}

/*
 * restate.entry_frame(entry_type, name, completion_id, result_completion_id,
 * invoked_id, signal_index, signal_name, meta, payload): returns the entry as a frame,
 * null if none can have it.
 */
Datum
restate_entry_frame(PG_FUNCTION_ARGS)
{
	WireBuffer out = restate_frame_buffer();
	EntryColumns columns = {0};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	columns.shape = restate_entry_shape_in(fcinfo->flinfo, PG_GETARG_OID(0));
	if (!PG_ARGISNULL(1))
		columns.name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	columns.completion_id = PG_ARGISNULL(2) ? -1 : PG_GETARG_INT64(2);
	columns.result_completion_id = PG_ARGISNULL(3) ? -1 : PG_GETARG_INT64(3);
	if (!PG_ARGISNULL(4))
		columns.invoked_id = (const RestateInvocationId *) PG_GETARG_POINTER(4);
	columns.signal_index = PG_ARGISNULL(5) ? -1 : PG_GETARG_INT64(5);
	if (!PG_ARGISNULL(6))
		columns.signal_name = text_to_cstring(PG_GETARG_TEXT_PP(6));
	if (!PG_ARGISNULL(7))
		columns.meta = PG_GETARG_JSONB_P(7);
	if (!PG_ARGISNULL(8))
		columns.payload = PG_GETARG_BYTEA_PP(8);
	if (!restate_write_entry_frame(&out, &columns))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(written(&out));
}

/*
 * Returns the pairs of two arrays of the same length, of text and of bytea.
 */
static WireList
list_of_state(ArrayType *keys, ArrayType *values)
{
	WireBuffer buffer = restate_frame_buffer();
	Datum *key;
	Datum *value;
	bool *key_nulls;
	bool *value_nulls;
	int nkeys;
	int nvalues;

	deconstruct_array(keys, TEXTOID, -1, false, TYPALIGN_INT, &key, &key_nulls, &nkeys);
	deconstruct_array(values, BYTEAOID, -1, false, TYPALIGN_INT, &value, &value_nulls, &nvalues);
	for (int i = 0; i < Min(nkeys, nvalues); i++)
		if (!key_nulls[i] && !value_nulls[i])
		{
			const text *name = DatumGetTextPP(key[i]);

			restate_wire_write_pair(
				&buffer, LIST_NUMBER,
				restate_wire_of_text(VARDATA_ANY(name), (int) VARSIZE_ANY_EXHDR(name)),
				wire_bytes(DatumGetByteaPP(value[i])));
		}
	return list_of(&buffer);
}

/*
 * restate.start_frame(id, known_entries, key, state_keys, state_values, retry_count,
 * since_last, random_seed): returns the Start message, whose state is partial where the
 * arrays are null; null if no frame can have it.
 */
Datum
restate_start_frame(PG_FUNCTION_ARGS)
{
	const RestateInvocationId *id = PG_GETARG_INVOCATION_ID(0);
	WireBuffer out = restate_frame_buffer();
	FrameEntry frame;
	FrameRefusal refusal;

	restate_clear_entry(&frame, restate_message_of_name("Start"));
	frame.invocation_id = (Slice){id->data, sizeof(id->data)};
	frame.debug_id = wire_text(restate_invocation_id_text(id));
	frame.known_entries = PG_GETARG_INT64(1);
	if (!PG_ARGISNULL(2))
		frame.key = wire_text(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	frame.partial_state = PG_ARGISNULL(3) || PG_ARGISNULL(4);
	if (!frame.partial_state)
		frame.state = list_of_state(PG_GETARG_ARRAYTYPE_P(3), PG_GETARG_ARRAYTYPE_P(4));
	frame.retry_count = PG_ARGISNULL(5) ? 0 : PG_GETARG_INT64(5);
	frame.since_last = PG_ARGISNULL(6) ? 0 : (uint64) Max(PG_GETARG_INT64(6), 0);
	frame.random_seed = PG_ARGISNULL(7) ? 0 : (uint64) PG_GETARG_INT64(7);
	if (!restate_encode_frame(&out, &frame, &refusal))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(written(&out));
}
