/*
 * modify_state.c
 *		The SQL functions that change the state of an object from outside, and that note
 *		in the audit what functions written in SQL have done.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

#include "admin/state.h"
#include "types/compat.h"
#include "types/outcome.h"
#include "types/state_version.h"
#include "workset/audit.h"

static StateEntry *entries_of(ArrayType *keys, ArrayType *values);
static int compare_entries(const void *a, const void *b);

/*
 * restate.modify_state(service, key, is_workflow, keys, values, version): returns the
 * outcome.  The arrays have as many elements, none of them null.
 */
PG_FUNCTION_INFO_V1(restate_modify_state);
Datum
restate_modify_state(PG_FUNCTION_ARGS)
{
	ObjectKeyName object = {
		text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))};
	StateChange change = {
		.entries = entries_of(PG_GETARG_ARRAYTYPE_P(3), PG_GETARG_ARRAYTYPE_P(4)),
		.version = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5))};
	int guc_level = workset_begin();
	const char *outcome = state_modify(&object, PG_GETARG_BOOL(2), &change);

	AtEOXact_GUC(false, guc_level);
	PG_RETURN_TEXT_P(cstring_to_text(outcome));
}

/*
 * restate.state_version(keys, values): returns the version of that state.
 */
PG_FUNCTION_INFO_V1(restate_state_version);
Datum
restate_state_version(PG_FUNCTION_ARGS)
{
	const StateEntry *entries = entries_of(PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_ARRAYTYPE_P(1));

	PG_RETURN_TEXT_P(cstring_to_text(state_version(entries)));
}

/*
 * Returns the entries of a state in the order of their keys.  Raises
 * invalid_query_parameter for a key that is there twice.
 */
static StateEntry *
entries_of(ArrayType *keys, ArrayType *values)
{
	Datum *key_datums;
	Datum *value_datums;
	StateEntry *entries;
	int nkeys;
	int nvalues;

	deconstruct_array(keys, TEXTOID, -1, false, TYPALIGN_INT, &key_datums, NULL, &nkeys);
	deconstruct_array(values, BYTEAOID, -1, false, TYPALIGN_INT, &value_datums, NULL, &nvalues);
	if (nkeys == 0)
		return NULL;
	entries = palloc0_array(StateEntry, nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		const bytea *value = DatumGetByteaPP(value_datums[i]);

		entries[i] = (StateEntry){
			.key = TextDatumGetCString(key_datums[i]),
			.exists = true,
			.value = {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)}};
	}
	qsort(entries, (size_t) nkeys, sizeof(StateEntry), compare_entries);
	for (int i = 0; i + 1 < nkeys; i++)
	{
		if (strcmp(entries[i].key, entries[i + 1].key) == 0)
			restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
										  "keys has %s twice", restate_quote_text(entries[i].key)));
		entries[i].next = &entries[i + 1];
	}
	return entries;
}

/*
 * Orders entries by their keys, bytewise, for qsort().
 */
static int
compare_entries(const void *a, const void *b)
{
	return strcmp(((const StateEntry *) a)->key, ((const StateEntry *) b)->key);
}

/*
 * restate.note(operation, parameters, outcome): adds a row of what is no invocation to
 * the audit.
 */
PG_FUNCTION_INFO_V1(restate_note);
Datum
restate_note(PG_FUNCTION_ARGS)
{
	int guc_level = workset_begin();
	Workset workset;

	workset_init(&workset, NULL);
	audit_note(&workset, text_to_cstring(PG_GETARG_TEXT_PP(0)), 0, PG_GETARG_JSONB_P(1),
			   text_to_cstring(PG_GETARG_TEXT_PP(2)));
	workset_write(&workset);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_VOID();
}
