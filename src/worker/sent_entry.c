/*
 * sent_entry.c
 *		An entry's columns as the machine takes them, of an entry that was sent and
 *		of one that is read back from the journal, so that the two compare.
 */
#include "postgres.h"

#include <string.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "machine/machine.h"
#include "types/compat.h"
#include "types/entry_check.h"
#include "types/id.h"
#include "types/key.h"
#include "types/limits.h"
#include "worker/sent.h"

static void read_command(const EntryColumns *row, Entry *entry);
static void read_target(const EntryColumns *columns, SentEntry *sent);
static void read_awakeable(const EntryColumns *columns, SentEntry *sent);
static text *target_part(const EntryColumns *columns, JsonbContainer *target, const char *key);
static EntryResult read_result(const EntryColumns *row, const char **failure);
static const char *meta_without(JsonbContainer *meta, const char *key);
static bool get_member(JsonbContainer *object, const char *key, JsonbValue *value);

/*
 * Reads an entry that was sent, with whom it is about.  Raises invalid_body if
 * that can be nobody.
 */
void
sent_read_columns(const EntryColumns *columns, SentEntry *sent)
{
	JsonbContainer *meta = restate_columns_meta(columns);

	memset(sent, 0, sizeof(*sent));
	sent_read_row(columns, &sent->entry);
	switch (columns->shape->type)
	{
		case COMMAND_CALL:
		case COMMAND_ONE_WAY_CALL:
			sent_read_callee(columns, sent);
			break;
		case COMMAND_ATTACH_INVOCATION:
		case COMMAND_GET_INVOCATION_OUTPUT:
		case COMMAND_SEND_SIGNAL:
			read_target(columns, sent);
			break;
		case COMMAND_COMPLETE_AWAKEABLE:
			read_awakeable(columns, sent);
			break;
		case COMMAND_GET_PROMISE:
		case COMMAND_PEEK_PROMISE:
		case COMMAND_COMPLETE_PROMISE:
			sent->promise_key = sent_text(meta, "key");
			sent_check_key(columns, "key", sent->promise_key);
			break;
		default:
			sent_check_key(columns, "key", sent->entry.state_key);
			break;
	}
}

/*
 * Reads an entry from its columns.  A command that no name was given has the
 * empty one, as Restate shows it.
 */
void
sent_read_row(const EntryColumns *row, Entry *entry)
{
	JsonbContainer *meta = restate_columns_meta(row);
	bool is_command = entry_type_is_command(row->shape->type);

	*entry = (Entry){
		.type = row->shape->type,
		.name = row->name == NULL && is_command ? "" : row->name,
		.completion_id = row->completion_id,
		.result_completion_id = row->result_completion_id,
		.meta = VALUE_META,
		.signal = {.index = row->signal_index, .name = row->signal_name},
	};
	if (row->payload != NULL)
		entry->payload = (Bytes){VARDATA_ANY(row->payload), VARSIZE_ANY_EXHDR(row->payload)};
	entry->result = entry->signal.result = read_result(row, &entry->failure);
	if (meta == NULL || JsonContainerSize(meta) == 0)
		return;
	entry->meta = JsonbToCString(NULL, meta, (int) VARSIZE_ANY(row->meta));
	if (is_command)
		read_command(row, entry);
}

/*
 * Reads what a command has in meta, and sets what of meta a replay repeats.
 */
static void
read_command(const EntryColumns *row, Entry *entry)
{
	JsonbContainer *meta = restate_columns_meta(row);
	RestateFieldPlace signal = {row->shape, "signal_id"};
	JsonbValue value;

	Assert(meta != NULL);
	switch (entry->type)
	{
		case COMMAND_SLEEP:
			entry->wake_up_at = sent_time(meta, "wake_up_time");
			entry->replay_meta = meta_without(meta, "wake_up_time");
			break;
		case COMMAND_CALL:
		case COMMAND_ONE_WAY_CALL:
			entry->meta = NULL;
			entry->replay_meta = sent_replayed_call(meta);
			break;
		case COMMAND_SEND_SIGNAL:
			if (get_member(meta, signal.key, &value))
				restate_field_signal(signal, &value, &entry->signal.index, &entry->signal.name);
			break;
		case COMMAND_GET_EAGER_STATE:
			entry->replay_meta = meta_without(meta, "result");
			entry->state_key = sent_text(meta, "key");
			break;
		case COMMAND_GET_EAGER_STATE_KEYS:
			entry->replay_meta = meta_without(meta, "state_keys");
			break;
		case COMMAND_GET_LAZY_STATE:
		case COMMAND_SET_STATE:
		case COMMAND_CLEAR_STATE:
			entry->state_key = sent_text(meta, "key");
			break;
		default:
			break;
	}
}

/*
 * Finds out whom a command is about that names an invocation, or the request
 * that has made it.
 */
static void
read_target(const EntryColumns *columns, SentEntry *sent)
{
	JsonbContainer *meta = restate_columns_meta(columns);
	JsonbContainer *target = sent_member(meta, "target");
	const char *id = target == NULL ? sent_text(meta, "target_invocation_id") :
									  sent_text(target, "InvocationId");
	JsonbContainer *request;

	sent->has_target_id = true;
	if (id != NULL)
	{
		if (restate_decode_invocation_id(id, strlen(id), sent->target_id.data) != RESTATE_ID_OK)
			elog(ERROR, "an invocation id that was read before is malformed");
	}
	else if ((request = sent_member(target, "Workflow")) != NULL)
		restate_derive_workflow_id(target_part(columns, request, "service_name"),
								   target_part(columns, request, "key"), &sent->target_id);
	else
	{
		char *service_key;

		request = sent_member(target, "IdempotentRequest");
		service_key = sent_text(request, "service_key");
		sent_check_key(columns, "target", service_key);
		restate_derive_idempotent_id(target_part(columns, request, "service_name"),
									 service_key == NULL ? NULL : cstring_to_text(service_key),
									 target_part(columns, request, "service_handler"),
									 target_part(columns, request, "idempotency_key"),
									 &sent->target_id);
	}
}

/*
 * Returns a text that an id is derived from.  Refuses the entry if it is
 * missing or longer than a key can be.
 */
static text *
target_part(const EntryColumns *columns, JsonbContainer *target, const char *key)
{
	RestateFieldPlace place = {columns->shape, "target"};
	char *part = sent_text(target, key);

	if (part == NULL)
		restate_refuse_field(place, psprintf("a target with its %s", key));
	sent_check_key(columns, place.key, part);
	return cstring_to_text(part);
}

/*
 * Finds out whose awakeable is completed, which is by a signal.
 */
static void
read_awakeable(const EntryColumns *columns, SentEntry *sent)
{
	RestateFieldPlace place = {columns->shape, "id"};
	const char *id = sent_text(restate_columns_meta(columns), place.key);
	RestateAwakeableId awakeable;

	Assert(id != NULL);
	if (restate_decode_awakeable_id(id, strlen(id), &awakeable) != RESTATE_ID_OK)
		restate_refuse_field(place, "the text of an awakeable id");
	if (awakeable.is_entry)
		return;
	sent->has_target_id = true;
	sent->target_id = awakeable.invocation_id;
	sent->entry.signal.index = awakeable.index;
}

/*
 * Returns what the entry brings, if it is one that brings something, in the
 * form that a notification has; sets *failure to the text of an Output that
 * fails.
 */
static EntryResult
read_result(const EntryColumns *row, const char **failure)
{
	JsonbContainer *meta = restate_columns_meta(row);
	const RestateEntryField *field = row->shape->fields;
	EntryResult result = {NULL, {NULL, 0}};
	JsonbContainer *variant;
	JsonbContainer *content;
	JsonbValue value;

	while (field->role != FIELD_END && field->role != FIELD_RESULT)
		field++;
	if (field->role == FIELD_END)
		return result;
	if (meta == NULL || !get_member(meta, field->key, &value))
	{
		result.meta = VALUE_META;
		if (row->payload != NULL)
			result.value = (Bytes){VARDATA_ANY(row->payload), VARSIZE_ANY_EXHDR(row->payload)};
		return result;
	}
	variant = sent_member(meta, field->key);
	content = variant == NULL ? NULL : sent_member(variant, "Failure");
	if (content == NULL)
	{
		result.meta = VOID_META;
		return result;
	}
	result.meta = psprintf("{\"result\": %s}", JsonbToCString(NULL, variant, value.val.binary.len));
	if (row->shape->type == COMMAND_OUTPUT && get_member(content, "code", &value))
		*failure = psprintf("[%s] %s",
							DatumGetCString(DirectFunctionCall1(numeric_out,
																NumericGetDatum(value.val.numeric))),
							sent_text(content, "message"));
	return result;
}

/*
 * Refuses the entry if the key, if there is one, is longer than one can be.
 */
void
sent_check_key(const EntryColumns *columns, const char *field, const char *key)
{
	RestateFieldPlace place = {columns->shape, field};

	if (key == NULL || strlen(key) <= RESTATE_KEY_MAX_BYTES / MAX_CONVERSION_GROWTH)
		return;
	if (restate_key_bytes(CStringGetTextDatum(key)) > RESTATE_KEY_MAX_BYTES)
		restate_refuse_field(place, "a key of at most " RESTATE_LIMIT_TEXT(
										RESTATE_KEY_MAX_BYTES) " bytes in UTF-8");
}

/*
 * Returns the text of meta without a member.
 */
static const char *
meta_without(JsonbContainer *meta, const char *key)
{
	JsonbIterator *it;
	JsonbValue member;
	JsonbValue value;
	RestateJsonbBuilder rest = {0};

	if (JsonContainerSize(meta) == 1 && get_member(meta, key, &value))
		return VALUE_META;
	it = JsonbIteratorInit(meta);
	restate_jsonb_push(&rest, WJB_BEGIN_OBJECT, NULL);
	while (sent_next_member(&it, &member, &value))
	{
		if (restate_json_is(&member, key))
			continue;
		restate_jsonb_push(&rest, WJB_KEY, &member);
		restate_jsonb_push(&rest, WJB_VALUE, &value);
	}
	restate_jsonb_push(&rest, WJB_END_OBJECT, NULL);
	return JsonbToCString(NULL, &JsonbValueToJsonb(rest.result)->root, 64);
}

/*
 * Sets *value to an object's member; returns false if it has none of that key.
 */
static bool
get_member(JsonbContainer *object, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(object, key, (int) strlen(key), value) != NULL;
}

/*
 * Goes to the next member of an object; returns false at its end.
 */
bool
sent_next_member(JsonbIterator **it, JsonbValue *key, JsonbValue *value)
{
	JsonbIteratorToken token = JsonbIteratorNext(it, key, true);

	if (token == WJB_BEGIN_OBJECT)
		token = JsonbIteratorNext(it, key, true);
	if (token != WJB_KEY)
		return false;
	(void) JsonbIteratorNext(it, value, true);
	return true;
}

/*
 * Returns the object or array that is the member of an object, or NULL.
 */
JsonbContainer *
sent_member(JsonbContainer *object, const char *key)
{
	JsonbValue value;

	return get_member(object, key, &value) && value.type == jbvBinary ? value.val.binary.data :
																		NULL;
}

/*
 * Returns the text that is the member of an object, or NULL.
 */
char *
sent_text(JsonbContainer *object, const char *key)
{
	JsonbValue value;

	return get_member(object, key, &value) && value.type == jbvString ?
			   restate_json_string(&value) :
			   NULL;
}

/*
 * Returns the time that the member of an object is, in milliseconds since 1970:
 * 0 for none, and TIME_NEVER beyond what a timestamp can hold.
 */
TimestampTz
sent_time(JsonbContainer *object, const char *key)
{
	const int64 until_2000 = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (USECS_PER_DAY / 1000);
	JsonbValue value;
	uint64 millis;

	if (!get_member(object, key, &value) ||
		!restate_json_whole_number(&value, PG_UINT64_MAX, &millis) || millis == 0)
		return 0;
	if (millis >= (uint64) (END_TIMESTAMP / 1000 + until_2000))
		return TIME_NEVER;
	return ((int64) millis - until_2000) * 1000;
}
