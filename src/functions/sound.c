/*
 * sound.c
 *		Whether columns of a row are sound, alone and together.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "functions/sound.h"
#include "types/limits.h"
#include "types/status.h"
#include "types/text_equals.h"

/*
 * Returns whether the column is not null and that text.
 */
bool
column_is_text(Column column, const char *value)
{
	return !column->isnull && text_equals(DatumGetTextPP(column->value), value);
}

/*
 * Returns whether a bigint is null or at least so much.
 */
bool
column_is_at_least(Column column, int64 least)
{
	return column->isnull || DatumGetInt64(column->value) >= least;
}

/*
 * Returns whether a bigint is null or an unsigned number of 32 bits.
 */
bool
column_is_u32(Column column)
{
	return column_is_at_least(column, 0) &&
		   (column->isnull || DatumGetInt64(column->value) <= RESTATE_INDEX_MAX);
}

/*
 * Returns the header of a jsonb's root; reads no more of it than that.
 */
static uint32
jsonb_root_header(Column column)
{
	Jsonb *start = (Jsonb *) PG_DETOAST_DATUM_SLICE(column->value, 0, sizeof(uint32));

	return start->root.header;
}

/*
 * Returns whether it is null or a JSON object.
 */
bool
column_is_json_object(Column column)
{
	return column->isnull || (jsonb_root_header(column) & JB_FOBJECT) != 0;
}

/*
 * Returns whether it is null or a JSON array.
 */
bool
column_is_json_array(Column column)
{
	uint32 header;

	if (column->isnull)
		return true;
	header = jsonb_root_header(column);
	return (header & JB_FARRAY) != 0 && (header & JB_FSCALAR) == 0;
}

/*
 * Returns whether the text is null or one of the kinds of service.
 */
bool
column_is_service_ty(Column column)
{
	return column->isnull || column_is_text(column, "service") ||
		   column_is_text(column, "virtual_object") ||
		   column_is_text(column, "workflow");
}

/*
 * Returns whether the status is one, and whether there is what comes with it
 * alone: a place in the inbox, what is waited for.
 */
bool
status_is_sound(Column status, Column inbox_number, Column completions, Column signals)
{
	Status is;

	return !status->isnull && restate_status_from_text(DatumGetTextPP(status->value), &is) &&
		   (is == STATUS_PENDING) == !inbox_number->isnull &&
		   (is == STATUS_SUSPENDED || (completions->isnull && signals->isnull));
}

/*
 * Returns whether there is a result, success or failure, exactly when
 * completed, and a failure exactly with that result.
 */
bool
completion_is_sound(Column status, Column result, Column failure)
{
	bool failed = column_is_text(result, "failure");

	return column_is_text(status, "completed") == !result->isnull &&
		   (result->isnull || failed || column_is_text(result, "success")) &&
		   failed == !failure->isnull;
}

/*
 * Returns whether there is a key and a kind of handler exactly where the kind
 * of service has them.
 */
bool
target_is_sound(Column service_ty, Column service_key, Column handler_ty)
{
	const char *exclusive_handler;

	if (column_is_text(service_ty, "service"))
		return service_key->isnull && handler_ty->isnull;
	if (column_is_text(service_ty, "virtual_object"))
		exclusive_handler = "exclusive";
	else if (column_is_text(service_ty, "workflow"))
		exclusive_handler = "workflow";
	else
		return false;
	return !service_key->isnull &&
		   (column_is_text(handler_ty, exclusive_handler) || column_is_text(handler_ty, "shared"));
}

/*
 * Returns whether the origin is one, with an original exactly for a restart,
 * and a request id at most there.
 */
bool
origin_is_sound(Column invoked_by, Column restarted_from, Column request_id)
{
	if (column_is_text(invoked_by, "restart_as_new"))
		return !restarted_from->isnull;
	return (column_is_text(invoked_by, "ingress") || column_is_text(invoked_by, "service") ||
			column_is_text(invoked_by, "subscription")) &&
		   restarted_from->isnull && request_id->isnull;
}

/*
 * Returns whether a deployment and a protocol version are both there or
 * neither, and the version is one.
 */
bool
pinned_is_sound(Column deployment, Column version)
{
	return deployment->isnull == version->isnull &&
		   (version->isnull || DatumGetInt32(version->value) > 0);
}

/*
 * Returns whether a journal can have so many entries, and so many of them be
 * commands; true if either is null.
 */
bool
journal_size_is_sound(Column size, Column commands)
{
	if (size->isnull || commands->isnull)
		return true;
	return DatumGetInt64(commands->value) >= 0 &&
		   DatumGetInt64(commands->value) <= DatumGetInt64(size->value) &&
		   DatumGetInt64(size->value) <= RESTATE_JOURNAL_SIZE_MAX;
}

/*
 * Returns whether neither retention is negative; true if either is null.
 */
bool
retention_is_sound(Column completion, Column journal)
{
	Interval zero = {0};
	Datum none = IntervalPGetDatum(&zero);

	if (completion->isnull || journal->isnull)
		return true;
	return DatumGetBool(DirectFunctionCall2(interval_ge, completion->value, none)) &&
		   DatumGetBool(DirectFunctionCall2(interval_ge, journal->value, none));
}
