/*
 * purge_audit.c
 *		Removes old rows of the audit.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "admin/operation.h"
#include "store/store.h"
#include "types/outcome.h"

PG_FUNCTION_INFO_V1(restate_purge_audit);

/*
 * Removes the rows of the audit whose transaction began before a time, and
 * returns how many there were.  Raises read_only on a standby,
 * invalid_query_parameter for null, and what the store raises.
 */
Datum
restate_purge_audit(PG_FUNCTION_ARGS)
{
	int guc_level = operation_begin();
	StoreCall call;
	int64 removed;

	if (PG_ARGISNULL(0))
	{
		RestateRefusal refusal = restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "before must not be null");

		refusal.hint = "before is a time, such as now() - interval '90 days'.";
		restate_raise(refusal);
	}
	store_call(&call, STORE_PURGE_AUDIT);
	call.rows = STORE_ALL_ROWS;
	store_arg(&call, PG_GETARG_DATUM(0));
	removed = store_write(list_make1(&call));
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_INT64(removed);
}
