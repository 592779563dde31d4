/*
 * entry_render.c
 *		A journal entry's JSON put together from the columns of
 *		restate.journal: the full form, and the lite form without bytes.
 */
#include "postgres.h"

#include <string.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "types/compat.h"
#include "types/entry_columns.h"
#include "types/entry_type_oid.h"
#include "types/id.h"

PG_FUNCTION_INFO_V1(restate_entry_json);
PG_FUNCTION_INFO_V1(restate_entry_lite_json);

/* the arguments, in order; the lite form has no payload */
enum
{
	ARG_ENTRY_TYPE,
	ARG_NAME,
	ARG_COMPLETION_ID,
	ARG_RESULT_COMPLETION_ID,
	ARG_INVOKED_ID,
	ARG_SIGNAL_INDEX,
	ARG_SIGNAL_NAME,
	ARG_META,
	ARG_PAYLOAD
};

/* bytes written between two checks for interrupts */
#define BYTES_AT_ONCE 65536

/* the span of what belongs to no trace: Restate's command line shows no call without one */
#define NO_SPAN                                                                                        \
	"{\"span_context\":{\"trace_id\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],\"span_id\":[0,0,0,0,0,0,0,0]," \
	"\"trace_flags\":0,\"is_remote\":false,\"trace_state\":\"\"},\"cause\":null}"

static void render_jsonb(StringInfo buf, JsonbContainer *container);

/*
 * Writes a string of the given length.
 */
static void
render_string(StringInfo buf, const char *text, int len)
{
	char *copy = pnstrdup(text, len);

	escape_json(buf, copy);
	pfree(copy);
}

/*
 * Writes a member's key, after a comma if it is not its object's first.
 */
static void
render_key(StringInfo buf, const char *key, int len)
{
	if (buf->data[buf->len - 1] != '{')
		appendStringInfoChar(buf, ',');
	render_string(buf, key, len);
	appendStringInfoChar(buf, ':');
}

/*
 * Writes a value of jsonb, without spaces.
 */
static void
render_value(StringInfo buf, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			appendStringInfoString(buf, "null");
			break;
		case jbvString:
			render_string(buf, value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			appendStringInfoString(buf, DatumGetCString(DirectFunctionCall1(
											numeric_out, NumericGetDatum(value->val.numeric))));
			break;
		case jbvBool:
			appendStringInfoString(buf, value->val.boolean ? "true" : "false");
			break;
		case jbvBinary:
			render_jsonb(buf, value->val.binary.data);
			break;
		default:
			elog(ERROR, "unexpected jsonb value type %d", (int) value->type);
	}
}

/*
 * Writes an object or array of jsonb, without spaces.
 */
static void
render_jsonb(StringInfo buf, JsonbContainer *container)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue value;

	check_stack_depth();
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		switch (token)
		{
			case WJB_BEGIN_OBJECT:
				appendStringInfoChar(buf, '{');
				break;
			case WJB_END_OBJECT:
				appendStringInfoChar(buf, '}');
				break;
			case WJB_BEGIN_ARRAY:
				appendStringInfoChar(buf, '[');
				break;
			case WJB_END_ARRAY:
				appendStringInfoChar(buf, ']');
				break;
			case WJB_KEY:
				render_key(buf, value.val.string.val, value.val.string.len);
				break;
			case WJB_ELEM:
				if (buf->data[buf->len - 1] != '[')
					appendStringInfoChar(buf, ',');
				render_value(buf, &value);
				break;
			default:
				render_value(buf, &value);
				break;
		}
	}
}

/*
 * Writes bytes as an array of numbers.
 */
static void
render_bytes(StringInfo buf, const bytea *bytes)
{
	const unsigned char *in = (const unsigned char *) VARDATA_ANY(bytes);
	Size left = VARSIZE_ANY_EXHDR(bytes);

	appendStringInfoChar(buf, '[');
	while (left > 0)
	{
		Size now = Min(left, BYTES_AT_ONCE);
		char *out;

		CHECK_FOR_INTERRUPTS();
		enlargeStringInfo(buf, (int) now * 4 + 2);
		out = buf->data + buf->len;
		for (Size i = 0; i < now; i++)
		{
			unsigned int byte = in[i];

			if (byte >= 100)
				*out++ = (char) ('0' + byte / 100);
			if (byte >= 10)
				*out++ = (char) ('0' + byte / 10 % 10);
			*out++ = (char) ('0' + byte % 10);
			*out++ = ',';
		}
		buf->len = (int) (out - buf->data);
		in += now;
		left -= now;
	}
	if (buf->data[buf->len - 1] == ',')
		buf->len--;
	appendStringInfoChar(buf, ']');
}

/*
 * Returns the member of an object, or NULL if there is neither.
 */
static JsonbValue *
member(JsonbContainer *object, const char *key, JsonbValue *buf)
{
	if (object == NULL || !JsonContainerIsObject(object))
		return NULL;
	return getKeyJsonValueFromContainer(object, key, (int) strlen(key), buf);
}

/*
 * Writes the name of a result's variant: what meta holds is the variant, and
 * nothing is held of a Success.
 */
static void
render_result_variant(StringInfo buf, JsonbContainer *meta, const char *key)
{
	JsonbValue value;
	JsonbValue variant;

	if (member(meta, key, &value) == NULL)
		appendStringInfoString(buf, "\"Success\"");
	else if (value.type == jbvBinary && JsonContainerIsObject(value.val.binary.data) &&
			 JsonContainerSize(value.val.binary.data) > 0)
	{
		JsonbIterator *it = JsonbIteratorInit(value.val.binary.data);

		(void) JsonbIteratorNext(&it, &variant, true);
		(void) JsonbIteratorNext(&it, &variant, true);
		render_value(buf, &variant);
	}
	else
		render_value(buf, &value);
}

/*
 * Writes a member whose value is a number, unless it is NULL.
 */
static void
render_number(StringInfo buf, const char *key, int64 number)
{
	if (number < 0)
		return;
	render_key(buf, key, (int) strlen(key));
	appendStringInfo(buf, INT64_FORMAT, number);
}

/*
 * Writes a member whose value is a text, unless it is NULL.
 */
static void
render_text(StringInfo buf, const char *key, const char *text)
{
	if (text == NULL)
		return;
	render_key(buf, key, (int) strlen(key));
	escape_json(buf, text);
}

/*
 * Writes the fields of an entry, or of a call's request, in the table's order.
 * meta is what is kept of them as JSON.  A field of which nothing is kept is
 * left out.
 */
static void
render_fields(StringInfo buf, const EntryColumns *columns, const RestateEntryField *fields,
			  JsonbContainer *meta, bool lite)
{
	for (const RestateEntryField *field = fields; field->role != FIELD_END; field++)
	{
		JsonbValue value;
		JsonbValue *kept;

		if (lite && (field->flags & (FIELD_LITE | FIELD_LITE_NOT_EMPTY)) == 0)
			continue;
		kept = member(meta, field->key, &value);
		switch (field->role)
		{
			case FIELD_NAME:
				if (!lite || (columns->name != NULL && columns->name[0] != '\0'))
					render_text(buf, field->key, columns->name);
				break;
			case FIELD_COMPLETION_ID:
				render_number(buf, field->key, columns->completion_id);
				break;
			case FIELD_RESULT_COMPLETION_ID:
				render_number(buf, field->key, columns->result_completion_id);
				break;
			case FIELD_INVOKED_ID:
				if (columns->invoked_id != NULL)
					render_text(buf, field->key, restate_invocation_id_text(columns->invoked_id));
				break;
			case FIELD_SIGNAL_ID:
				render_key(buf, field->key, (int) strlen(field->key));
				appendStringInfoChar(buf, '{');
				render_number(buf, "Index", columns->signal_index);
				render_text(buf, "Name", columns->signal_name);
				appendStringInfoChar(buf, '}');
				break;
			case FIELD_BYTES:
				if (columns->payload != NULL)
				{
					render_key(buf, field->key, (int) strlen(field->key));
					render_bytes(buf, columns->payload);
				}
				break;
			case FIELD_RESULT:
				if (lite)
				{
					render_key(buf, field->key, (int) strlen(field->key));
					render_result_variant(buf, meta, field->key);
				}
				else if (kept != NULL)
				{
					render_key(buf, field->key, (int) strlen(field->key));
					render_value(buf, kept);
				}
				else if (columns->payload != NULL)
				{
					render_key(buf, field->key, (int) strlen(field->key));
					appendStringInfoString(buf, "{\"Success\":");
					render_bytes(buf, columns->payload);
					appendStringInfoChar(buf, '}');
				}
				break;
			case FIELD_REQUEST:
			{
				JsonbContainer *request =
					kept != NULL && kept->type == jbvBinary ? kept->val.binary.data : NULL;

				if (lite)
					render_fields(buf, columns, restate_call_request_fields, request, true);
				else
				{
					render_key(buf, field->key, (int) strlen(field->key));
					appendStringInfoChar(buf, '{');
					render_fields(buf, columns, restate_call_request_fields, request, false);
					appendStringInfoChar(buf, '}');
				}
			}
			break;
			default:
				if (kept == NULL && (field->flags & FIELD_SPAN) == 0)
					break;
				render_key(buf, field->key, (int) strlen(field->key));
				if (kept != NULL)
					render_value(buf, kept);
				else
					appendStringInfoString(buf, NO_SPAN);
				break;
		}
	}

	/* what the table does not know of was kept too */
	if (!lite && meta != NULL && JsonContainerIsObject(meta))
	{
		JsonbIterator *it = JsonbIteratorInit(meta);
		JsonbIteratorToken token;
		JsonbValue key;
		JsonbValue value;

		while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		{
			if (token != WJB_KEY)
				continue;
			(void) JsonbIteratorNext(&it, &value, true);
			if (restate_entry_field(fields, key.val.string.val, key.val.string.len) != NULL)
				continue;
			render_key(buf, key.val.string.val, key.val.string.len);
			render_value(buf, &value);
		}
	}
}

/*
 * Writes a notification's lite form: its kind, which completion or signal it
 * is, and the variant of its result.
 */
static void
render_lite_notification(StringInfo buf, const EntryColumns *columns)
{
	const RestateEntryShape *shape = columns->shape;

	if (shape->kind == ENTRY_SIGNAL)
		appendStringInfo(buf, "{\"ty\":\"%s\",\"id\":{", shape->variant);
	else
		appendStringInfo(buf, "{\"ty\":{\"Completion\":\"%s\"},\"id\":{", shape->variant);
	render_number(buf, "CompletionId", columns->completion_id);
	render_number(buf, "SignalIndex", columns->signal_index);
	render_text(buf, "SignalName", columns->signal_name);
	appendStringInfoString(buf, "},\"result\":");
	if (shape->lite_result != NULL)
		appendStringInfo(buf, "\"%s\"", shape->lite_result);
	else
		render_result_variant(buf, restate_columns_meta(columns), "result");
	appendStringInfoChar(buf, '}');
}

/*
 * Returns a number argument, or -1 for NULL.
 */
static int64
number_argument(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? -1 : PG_GETARG_INT64(arg);
}

/*
 * Returns a text argument, or NULL.
 */
static char *
text_argument(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/*
 * Appends the entry's JSON, full or lite.
 */
static void
render_columns(StringInfo buf, const EntryColumns *columns, bool lite)
{
	const RestateEntryShape *shape = columns->shape;

	if (lite && shape->kind != ENTRY_COMMAND)
	{
		appendStringInfoString(buf, "{\"Notification\":");
		render_lite_notification(buf, columns);
		appendStringInfoChar(buf, '}');
	}
	else
	{
		const char *before = shape->kind == ENTRY_COMMAND ? "{\"Command\":{" :
							 shape->kind == ENTRY_SIGNAL  ? "{\"Notification\":{" :
															"{\"Notification\":{\"Completion\":{";
		const char *after = shape->kind == ENTRY_COMPLETION ? "}}}}" : "}}}";

		appendStringInfo(buf, "%s\"%s\":{", before, shape->variant);
		render_fields(buf, columns, shape->fields, restate_columns_meta(columns), lite);
		appendStringInfoString(buf, after);
	}
}

/*
 * Appends the entry as JSON.
 */
void
restate_render_columns(StringInfo buf, const EntryColumns *columns)
{
	render_columns(buf, columns, false);
}

/*
 * Returns the entry's JSON, full or lite, from the call's arguments; NULL
 * without an entry type.
 */
static Datum
render_entry(FunctionCallInfo fcinfo, bool lite)
{
	EntryColumns columns;
	StringInfoData buf;

	if (PG_ARGISNULL(ARG_ENTRY_TYPE))
		PG_RETURN_NULL();
	columns.shape = restate_entry_shape_in(fcinfo->flinfo, PG_GETARG_OID(ARG_ENTRY_TYPE));
	columns.name = text_argument(fcinfo, ARG_NAME);
	columns.completion_id = number_argument(fcinfo, ARG_COMPLETION_ID);
	columns.result_completion_id = number_argument(fcinfo, ARG_RESULT_COMPLETION_ID);
	columns.invoked_id = PG_ARGISNULL(ARG_INVOKED_ID) ?
							 NULL :
							 (const RestateInvocationId *) PG_GETARG_POINTER(ARG_INVOKED_ID);
	columns.signal_index = number_argument(fcinfo, ARG_SIGNAL_INDEX);
	columns.signal_name = text_argument(fcinfo, ARG_SIGNAL_NAME);
	columns.meta = PG_ARGISNULL(ARG_META) ? NULL : PG_GETARG_JSONB_P(ARG_META);
	columns.payload = lite || PG_ARGISNULL(ARG_PAYLOAD) ? NULL : PG_GETARG_BYTEA_PP(ARG_PAYLOAD);

	initStringInfo(&buf);
	render_columns(&buf, &columns, lite);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(buf.data, buf.len));
}

/*
 * restate.entry_json(entry_type, name, completion_id, result_completion_id,
 * invoked_id, signal_index, signal_name, meta, payload): returns the entry as
 * JSON.
 */
Datum
restate_entry_json(PG_FUNCTION_ARGS)
{
	return render_entry(fcinfo, false);
}

/*
 * restate.entry_lite_json(entry_type, name, completion_id,
 * result_completion_id, invoked_id, signal_index, signal_name, meta): returns
 * the entry as JSON without its bytes and its less telling fields.
 */
Datum
restate_entry_lite_json(PG_FUNCTION_ARGS)
{
	return render_entry(fcinfo, true);
}
