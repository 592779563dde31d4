/*
 * vocabulary.c
 *		What statuses, entry types and indexes are, for SQL: the tables and the
 *		limit that tell it are those that the C sources follow.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "types/entry_type_oid.h"
#include "types/limits.h"
#include "types/status.h"

PG_FUNCTION_INFO_V1(restate_has_started);
PG_FUNCTION_INFO_V1(restate_coarse_status);
PG_FUNCTION_INFO_V1(restate_status_of);
PG_FUNCTION_INFO_V1(restate_entry_ids_fit);
PG_FUNCTION_INFO_V1(restate_index_max);

/*
 * restate.has_started(status): returns whether an invocation of that status
 * has started; null for what is no status.
 */
Datum
restate_has_started(PG_FUNCTION_ARGS)
{
	Status status;

	if (!restate_status_from_text(PG_GETARG_TEXT_PP(0), &status))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(status_has_started(status));
}

/*
 * restate.coarse_status(status): returns the coarse name of the status; null
 * for what is no status.
 */
Datum
restate_coarse_status(PG_FUNCTION_ARGS)
{
	Status status;

	if (!restate_status_from_text(PG_GETARG_TEXT_PP(0), &status))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(restate_status_coarse_name(status)));
}

/*
 * restate.status_of(name): returns the status of that name, or the first of
 * that coarse name; null where there is neither.
 */
Datum
restate_status_of(PG_FUNCTION_ARGS)
{
	const text *name = PG_GETARG_TEXT_PP(0);
	Status status;

	if (!restate_status_from_text(name, &status) && !restate_status_from_coarse(name, &status))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(restate_status_name(status)));
}

/*
 * restate.entry_ids_fit(entry_type, completion_id, result_completion_id,
 * invoked_id): returns whether an entry of the type has exactly those of the
 * ids that are not null.  Null without a type.
 */
Datum
restate_entry_ids_fit(PG_FUNCTION_ARGS)
{
	static const RestateFieldRole roles[] = {
		FIELD_COMPLETION_ID, FIELD_RESULT_COMPLETION_ID, FIELD_INVOKED_ID};
	const RestateEntryShape *shape;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	shape = restate_entry_shape_in(fcinfo->flinfo, PG_GETARG_OID(0));
	for (int i = 0; i < (int) lengthof(roles); i++)
		if (restate_entry_has_field(shape, roles[i]) == PG_ARGISNULL(i + 1))
			PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(true);
}

/*
 * restate.index_max(): returns the largest index of a journal entry, a
 * completion or a signal.
 */
Datum
restate_index_max(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(RESTATE_INDEX_MAX);
}
