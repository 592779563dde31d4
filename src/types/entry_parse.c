/*
 * entry_parse.c
 *		A journal entry's JSON taken apart into the columns of restate.journal.
 */
#include "postgres.h"

#include <string.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "types/entry_check.h"
#include "types/entry_columns.h"
#include "types/entry_shape.h"
#include "types/entry_type_oid.h"
#include "types/id.h"
#include "types/outcome.h"
#include "types/storable_json.h"

PG_FUNCTION_INFO_V1(restate_parse_entry);
PG_FUNCTION_INFO_V1(restate_parse_entry_text);
PG_FUNCTION_INFO_V1(restate_refuse_body);

/* the columns of the result, in order */
enum
{
	COLUMN_ENTRY_TYPE,
	COLUMN_NAME,
	COLUMN_COMPLETION_ID,
	COLUMN_RESULT_COMPLETION_ID,
	COLUMN_INVOKED_ID,
	COLUMN_SIGNAL_INDEX,
	COLUMN_SIGNAL_NAME,
	COLUMN_META,
	COLUMN_PAYLOAD,
	COLUMN_COUNT
};

typedef struct ParsedEntry
{
	EntryColumns *columns;
	EntryAuthor author;
	RestateJsonbBuilder meta;
} ParsedEntry;

typedef struct EntryRow
{
	Datum values[COLUMN_COUNT];
	bool nulls[COLUMN_COUNT];
} EntryRow;

static void parse_fields(ParsedEntry *entry, const RestateEntryField *fields, JsonbContainer *body);

/*
 * Takes the bytes of a Success; returns true if the value is another variant,
 * to be kept as it is.  Refuses a variant that the field does not have.
 */
static bool
parse_result(ParsedEntry *entry, const RestateEntryField *field, RestateFieldPlace place,
			 const JsonbValue *value)
{
	JsonbValue variant;
	JsonbValue content;

	if ((field->flags & RESULT_VOID) != 0 && restate_json_is(value, "Void"))
		return true;
	if (restate_json_is_object(value) &&
		restate_json_single_member(value->val.binary.data, &variant, &content))
	{
		if ((field->flags & RESULT_FAILURE) != 0 && restate_json_is(&variant, "Failure"))
		{
			restate_check_failure(place, &content);
			return true;
		}
		if ((field->flags & RESULT_SUCCESS) != 0 && restate_json_is(&variant, "Success"))
		{
			entry->columns->payload = restate_field_bytes(place, &content);
			return false;
		}
	}
	restate_refuse_field(place, psprintf("one of%s%s%s, with what belongs to it",
										 (field->flags & RESULT_SUCCESS) != 0 ? " Success" : "",
										 (field->flags & RESULT_FAILURE) != 0 ? " Failure" : "",
										 (field->flags & RESULT_VOID) != 0 ? " Void" : ""));
}

/*
 * Returns whether the field is the id of a callee, which whoever has written
 * the entry does not know yet; what stands there is not read.
 */
static bool
is_unknown_yet(const ParsedEntry *entry, const RestateEntryField *field)
{
	return field->role == FIELD_INVOKED_ID && entry->author == ENTRY_OF_WORKER &&
		   entry->columns->shape->kind == ENTRY_COMMAND;
}

/*
 * Checks a field, and puts what has a column into it.  Returns true if the
 * value is to be kept in meta as it is.
 */
static bool
parse_field(ParsedEntry *entry, const RestateEntryField *field, JsonbValue *key, JsonbValue *value)
{
	EntryColumns *columns = entry->columns;
	RestateFieldPlace place = {columns->shape, field->key};

	switch (field->role)
	{
		case FIELD_NAME:
			columns->name = restate_field_text(place, value);
			return false;
		case FIELD_COMPLETION_ID:
			columns->completion_id = restate_field_u32(place, value);
			return false;
		case FIELD_RESULT_COMPLETION_ID:
			columns->result_completion_id = restate_field_u32(place, value);
			return false;
		case FIELD_INVOKED_ID:
			if (!is_unknown_yet(entry, field))
				columns->invoked_id = restate_field_invocation_id(place, value);
			return false;
		case FIELD_SIGNAL_ID:
			restate_field_signal(place, value, &columns->signal_index, &columns->signal_name);
			return false;
		case FIELD_BYTES:
			columns->payload = restate_field_bytes(place, value);
			return false;
		case FIELD_RESULT:
			return parse_result(entry, field, place, value);
		case FIELD_REQUEST:
			restate_check_field(place, FIELD_OBJECT, value);
			restate_jsonb_push(&entry->meta, WJB_KEY, key);
			restate_jsonb_push(&entry->meta, WJB_BEGIN_OBJECT, NULL);
			parse_fields(entry, restate_call_request_fields, value->val.binary.data);
			restate_jsonb_push(&entry->meta, WJB_END_OBJECT, NULL);
			return false;
		default:
			restate_check_field(place, field->role, value);
			return true;
	}
}

/*
 * Goes through an object's members: those of the table by their role, the
 * others into meta.  Refuses the entry if a required one is missing.
 */
static void
parse_fields(ParsedEntry *entry, const RestateEntryField *fields, JsonbContainer *body)
{
	JsonbIterator *it = JsonbIteratorInit(body);
	JsonbIteratorToken token;
	JsonbValue key;
	JsonbValue value;
	uint32 seen = 0;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		const RestateEntryField *field;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		field = restate_entry_field(fields, key.val.string.val, key.val.string.len);
		if (field != NULL)
			seen |= (uint32) 1 << (field - fields);
		if (field == NULL || parse_field(entry, field, &key, &value))
		{
			restate_jsonb_push(&entry->meta, WJB_KEY, &key);
			restate_jsonb_push(&entry->meta, WJB_VALUE, &value);
		}
	}
	for (int i = 0; fields[i].role != FIELD_END; i++)
	{
		if ((fields[i].flags & FIELD_REQUIRED) != 0 && (seen & ((uint32) 1 << i)) == 0 &&
			!is_unknown_yet(entry, &fields[i]))
			restate_raise(restate_refusal(RESTATE_INVALID_BODY, "journal entry %s: %s is missing",
										  entry_type_names[entry->columns->shape->type],
										  fields[i].key));
	}
}

/*
 * Opens one of the objects that stand around an entry: sets *variant to the
 * key of its single member and returns the object under it.  Refuses anything
 * else.
 */
static JsonbContainer *
open_object(JsonbContainer *container, const char *what, JsonbValue *variant)
{
	JsonbValue content;

	if (!JsonContainerIsObject(container) ||
		!restate_json_single_member(container, variant, &content) ||
		!restate_json_is_object(&content))
		restate_raise(restate_refusal(
			RESTATE_INVALID_BODY, "%s must be an object whose single member is an object", what));
	return content.val.binary.data;
}

/*
 * Finds the entry's shape and returns the object that has its fields.  Refuses
 * an unknown kind.
 */
static JsonbContainer *
open_entry(JsonbContainer *root, const RestateEntryShape **shape)
{
	JsonbValue variant;
	JsonbContainer *body = open_object(root, "a journal entry", &variant);
	RestateEntryKind kind = ENTRY_COMMAND;

	if (restate_json_is(&variant, "Command"))
		body = open_object(body, "a command", &variant);
	else if (restate_json_is(&variant, "Notification"))
	{
		body = open_object(body, "a notification", &variant);
		kind = ENTRY_SIGNAL;
		if (restate_json_is(&variant, "Completion"))
		{
			body = open_object(body, "a completion", &variant);
			kind = ENTRY_COMPLETION;
		}
	}
	else
		restate_raise(restate_refusal(RESTATE_INVALID_BODY,
									  "a journal entry is a Command or a Notification, not %s",
									  restate_quote_text(restate_json_string(&variant))));

	*shape = restate_entry_shape_of_variant(kind, variant.val.string.val, variant.val.string.len);
	if (*shape == NULL)
		restate_raise(restate_refusal(RESTATE_INVALID_BODY, "there is no %s %s",
									  kind == ENTRY_COMMAND ? "command" : "notification",
									  restate_quote_text(restate_json_string(&variant))));
	return body;
}

/*
 * Takes an entry's JSON apart into its columns, of which meta is always there.
 * Raises invalid_body for whatever is no journal entry, and
 * invalid_invocation_id for a malformed id in it.
 */
void
restate_parse_columns(Jsonb *entry_json, EntryAuthor author, EntryColumns *columns)
{
	ParsedEntry entry = {.columns = columns, .author = author};
	JsonbContainer *body;

	*columns = (EntryColumns){.completion_id = -1, .result_completion_id = -1, .signal_index = -1};
	body = open_entry(&entry_json->root, &columns->shape);
	restate_jsonb_push(&entry.meta, WJB_BEGIN_OBJECT, NULL);
	parse_fields(&entry, columns->shape->fields, body);
	restate_jsonb_push(&entry.meta, WJB_END_OBJECT, NULL);
	columns->meta = JsonbValueToJsonb(entry.meta.result);
}

/*
 * Returns the row type of the result, found by the first of a query's calls.
 */
static TupleDesc
result_desc(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
			desc->natts != COLUMN_COUNT)
			elog(ERROR, "parse_entry has an unexpected result type");
		fcinfo->flinfo->fn_extra = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(caller);
	}
	return fcinfo->flinfo->fn_extra;
}

/*
 * Gives a column of the result its value.
 */
static void
set_column(EntryRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

/*
 * Gives a column of the result a text, unless it is NULL.
 */
static void
set_text(EntryRow *row, int column, const char *value)
{
	if (value != NULL)
		set_column(row, column, CStringGetTextDatum(value));
}

/*
 * Gives a column of the result a number, unless it is -1.
 */
static void
set_number(EntryRow *row, int column, int64 value)
{
	if (value >= 0)
		set_column(row, column, Int64GetDatum(value));
}

/*
 * Returns the row of the entry's columns.
 */
static Datum
parse_entry(FunctionCallInfo fcinfo, Jsonb *entry_json)
{
	TupleDesc desc = result_desc(fcinfo);
	Oid enum_type = TupleDescAttr(desc, COLUMN_ENTRY_TYPE)->atttypid;
	EntryColumns columns;
	EntryRow row;

	restate_parse_columns(entry_json, ENTRY_OF_JOURNAL, &columns);
	memset(row.nulls, true, sizeof(row.nulls));
	set_column(&row, COLUMN_ENTRY_TYPE,
			   ObjectIdGetDatum(restate_entry_type_oid(columns.shape, enum_type)));
	set_text(&row, COLUMN_NAME, columns.name);
	set_number(&row, COLUMN_COMPLETION_ID, columns.completion_id);
	set_number(&row, COLUMN_RESULT_COMPLETION_ID, columns.result_completion_id);
	if (columns.invoked_id != NULL)
		set_column(&row, COLUMN_INVOKED_ID, InvocationIdGetDatum(columns.invoked_id));
	set_number(&row, COLUMN_SIGNAL_INDEX, columns.signal_index);
	set_text(&row, COLUMN_SIGNAL_NAME, columns.signal_name);
	set_column(&row, COLUMN_META, JsonbPGetDatum(columns.meta));
	if (columns.payload != NULL)
		set_column(&row, COLUMN_PAYLOAD, PointerGetDatum(columns.payload));
	return HeapTupleGetDatum(heap_form_tuple(desc, row.values, row.nulls));
}

/*
 * restate.parse_entry(entry_json jsonb): returns the entry's columns.  Raises
 * invalid_body for whatever is no journal entry, and invalid_invocation_id for
 * a malformed id in it.
 */
Datum
restate_parse_entry(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(parse_entry(fcinfo, PG_GETARG_JSONB_P(0)));
}

/*
 * restate.parse_entry(entry_json text), and the same of json: as of jsonb, with
 * a replacement for what no text can hold.
 */
Datum
restate_parse_entry_text(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(parse_entry(fcinfo, restate_storable_json(PG_GETARG_TEXT_PP(0))));
}

/*
 * restate.refuse_body(message text, quoted text): raises invalid_body with the
 * message, and after it the second text, quoted as foreign text is.
 */
Datum
restate_refuse_body(PG_FUNCTION_ARGS)
{
	const char *message = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (PG_ARGISNULL(1))
		restate_raise(restate_refusal(RESTATE_INVALID_BODY, "%s", message));
	restate_raise(restate_refusal(RESTATE_INVALID_BODY, "%s: %s", message,
								  restate_quote_text(text_to_cstring(PG_GETARG_TEXT_PP(1)))));
}
