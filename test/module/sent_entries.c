/*
 * sent_entries.c
 *		What a worker's entries are read into, as SQL shows it: for the test of that
 *		name, which builds this together with what it tests.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "types/compat.h"
#include "types/entry_type_oid.h"
#include "types/id.h"
#include "worker/sent.h"

RESTATE_MODULE_MAGIC("sent_entries", "test");

PG_FUNCTION_INFO_V1(sent_entries);
PG_FUNCTION_INFO_V1(finished_call);
PG_FUNCTION_INFO_V1(read_row);

/*
 * Writes a member whose value is a text, unless it is NULL.
 */
static void
write_text(StringInfo out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(out, ", \"%s\": ", key);
	escape_json(out, value);
}

/*
 * Writes a member whose value is a number, unless it is the one that stands for
 * none.
 */
static void
write_number(StringInfo out, const char *key, int64 value, int64 none)
{
	if (value != none)
		appendStringInfo(out, ", \"%s\": " INT64_FORMAT, key, value);
}

/*
 * Writes a member whose value is bytes, unless there are none.
 */
static void
write_bytes(StringInfo out, const char *key, Bytes value)
{
	if (value.data == NULL)
		return;
	appendStringInfo(out, ", \"%s\": \"", key);
	for (size_t i = 0; i < value.size; i++)
		appendStringInfo(out, "%02x", ((const unsigned char *) value.data)[i]);
	appendStringInfoChar(out, '"');
}

/*
 * Writes a member whose value is a time, unless it is 0.
 */
static void
write_time(StringInfo out, const char *key, TimestampTz value)
{
	if (value != 0)
		write_text(out, key, value == TIME_NEVER ? "never" : timestamptz_to_str(value));
}

/*
 * Writes all of an entry.
 */
static void
write_entry(StringInfo out, const Entry *entry)
{
	appendStringInfo(out, "{\"type\": \"%s\"", entry_type_names[entry->type]);
	write_text(out, "name", entry->name);
	write_number(out, "completion_id", entry->completion_id, -1);
	write_number(out, "result_completion_id", entry->result_completion_id, -1);
	write_text(out, "meta", entry->meta);
	write_text(out, "replay_meta", entry->replay_meta);
	write_bytes(out, "payload", entry->payload);
	write_text(out, "result", entry->result.meta);
	write_bytes(out, "value", entry->result.value);
	write_text(out, "failure", entry->failure);
	write_number(out, "signal_index", entry->signal.index, -1);
	write_text(out, "signal_name", entry->signal.name);
	write_text(out, "signal_result", entry->signal.result.meta);
	write_time(out, "wake_up_at", entry->wake_up_at);
	write_text(out, "state_key", entry->state_key);
}

/*
 * sent_entries(anyarray): returns an object for each entry, as text.
 */
Datum
sent_entries(PG_FUNCTION_ARGS)
{
	int count;
	SentEntry *sent = sent_read_json(PG_GETARG_ARRAYTYPE_P(0), &count);
	Datum *texts = palloc_array(Datum, count + 1);

	for (int i = 0; i < count; i++)
	{
		StringInfoData out;

		initStringInfo(&out);
		write_entry(&out, &sent[i].entry);
		write_text(&out, "promise_key", sent[i].promise_key);
		write_text(&out, "service_name", sent[i].service_name);
		write_text(&out, "service_ty", sent[i].service_ty);
		write_text(&out, "service_key", sent[i].service_key);
		write_text(&out, "handler_name", sent[i].handler_name);
		write_text(&out, "idempotency_key", sent[i].idempotency_key);
		write_text(&out, "headers", sent[i].headers);
		write_time(&out, "start_at", sent[i].start_at);
		if (sent[i].has_target_id)
			write_text(&out, "target", restate_invocation_id_text(&sent[i].target_id));
		appendStringInfoChar(&out, '}');
		texts[i] = CStringGetTextDatum(out.data);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(texts, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * finished_call(anyarray, handler_ty text, completion_retention bigint,
 * journal_retention bigint): returns the meta of the call that is the first entry.
 */
Datum
finished_call(PG_FUNCTION_ARGS)
{
	int count;
	SentEntry *sent = sent_read_json(PG_GETARG_ARRAYTYPE_P(0), &count);

	sent_finish_call(sent, PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)),
					 PG_GETARG_INT64(2), PG_GETARG_INT64(3));
	PG_RETURN_TEXT_P(cstring_to_text(sent->entry.meta));
}

/*
 * read_row(entry_type, name, completion_id, result_completion_id,
 * signal_index, signal_name, meta, payload): returns the entry as text.
 */
Datum
read_row(PG_FUNCTION_ARGS)
{
	EntryColumns row = {
		.shape = restate_entry_shape_of_type(PG_GETARG_OID(0)),
		.name = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)),
		.completion_id = PG_ARGISNULL(2) ? -1 : PG_GETARG_INT64(2),
		.result_completion_id = PG_ARGISNULL(3) ? -1 : PG_GETARG_INT64(3),
		.signal_index = PG_ARGISNULL(4) ? -1 : PG_GETARG_INT64(4),
		.signal_name = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5)),
		.meta = PG_ARGISNULL(6) ? NULL : PG_GETARG_JSONB_P(6),
		.payload = PG_ARGISNULL(7) ? NULL : PG_GETARG_BYTEA_PP(7),
	};
	StringInfoData out;
	Entry entry;

	sent_read_row(&row, &entry);
	initStringInfo(&out);
	write_entry(&out, &entry);
	appendStringInfoChar(&out, '}');
	PG_RETURN_TEXT_P(cstring_to_text(out.data));
}
