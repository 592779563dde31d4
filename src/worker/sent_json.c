/*
 * sent_json.c
 *		The entries that a worker appends, as JSON.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "types/entry_columns.h"
#include "types/outcome.h"
#include "types/storable_json.h"
#include "worker/sent.h"

/* the class of the SQLSTATEs that refusals have */
#define REFUSAL_CLASS MAKE_SQLSTATE('P', 'T', '0', '0', '0')

pg_noreturn static void name_entry(MemoryContext caller, int at, int count);
static void read_entry(Datum json, Oid type, SentEntry *sent);

/*
 * Reads the entries, in memory of the current context, and sets *count.  The
 * elements are jsonb, or json or text, in which what no text can hold is
 * replaced as restate.storable_json does.  Raises invalid_body for what is no
 * entry or is about nobody that there could be, and invalid_invocation_id for a
 * malformed id; the message says which entry it is about.
 */
SentEntry *
sent_read_json(const ArrayType *entries, int *count)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid type = ARR_ELEMTYPE(entries);
	SentEntry *sent;
	Datum *elements;
	bool *nulls;
	volatile int at = 0;

	if (type != JSONBOID && type != JSONOID && type != TEXTOID)
		elog(ERROR, "entries have the unexpected type %u", type);
	deconstruct_array(unconstify(ArrayType *, entries), type, -1, false, TYPALIGN_INT, &elements,
					  &nulls, count);
	sent = palloc_array(SentEntry, Max(*count, 1));
	PG_TRY();
	{
		for (; at < *count; at++)
		{
			if (nulls[at])
				restate_raise(restate_refusal(RESTATE_INVALID_BODY, "it is null"));
			read_entry(elements[at], type, &sent[at]);
		}
	}
	PG_CATCH();
	{
		name_entry(caller, at + 1, *count);
	}
	PG_END_TRY();
	return sent;
}

/*
 * Raises the error that is being handled again; if it is a refusal, with the
 * entry that it is about in its message.
 */
static void
name_entry(MemoryContext caller, int at, int count)
{
	ErrorData *error;

	if (ERRCODE_TO_CATEGORY(geterrcode()) != REFUSAL_CLASS)
		PG_RE_THROW();
	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	FlushErrorState();
	error->message = psprintf("entry %d of %d: %s", at, count, error->message);
	ReThrowError(error);
}

/*
 * Reads an entry of one of the types that have JSON.
 */
static void
read_entry(Datum json, Oid type, SentEntry *sent)
{
	EntryColumns columns;
	Jsonb *entry =
		type == JSONBOID ? DatumGetJsonbP(json) : restate_storable_json(DatumGetTextPP(json));

	restate_parse_columns(entry, ENTRY_OF_WORKER, &columns);
	sent_read_columns(&columns, sent);
}
