/*
 * entry_columns.h
 *		A journal entry as the columns of restate.journal have it.
 */
#ifndef RESTATE_ENTRY_COLUMNS_H
#define RESTATE_ENTRY_COLUMNS_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "types/entry_shape.h"
#include "types/id_codec.h"

/* What is NULL is a null pointer, except for the numbers, where it is -1. */
typedef struct EntryColumns
{
	const RestateEntryShape *shape; /* of the type */
	const char *name;
	int64 completion_id;
	int64 result_completion_id;
	const RestateInvocationId *invoked_id;
	int64 signal_index;
	const char *signal_name;
	const Jsonb *meta;
	const bytea *payload;
} EntryColumns;

/* Who has written an entry's JSON: a worker does not know yet whom a call calls. */
typedef enum EntryAuthor
{
	ENTRY_OF_JOURNAL,
	ENTRY_OF_WORKER
} EntryAuthor;

/*
 * Returns what an entry's meta is, or NULL.
 */
static inline JsonbContainer *
restate_columns_meta(const EntryColumns *columns)
{
	return columns->meta == NULL ? NULL : unconstify(JsonbContainer *, &columns->meta->root);
}

extern void restate_parse_columns(Jsonb *entry_json, EntryAuthor author, EntryColumns *columns);
extern void restate_render_columns(StringInfo buf, const EntryColumns *columns);

#endif /* RESTATE_ENTRY_COLUMNS_H */
