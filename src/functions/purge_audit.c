/*
 * purge_audit.c
 *		Removes old rows of the audit.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "admin/operation.h"
#include "store/work.h"
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
	int guc_level = workset_begin();
	StoreCall *work[STORE_WORK_COUNT] = {NULL};
	StoreCall call;
	int64 removed;

	if (PG_ARGISNULL(0))
	{
		RestateRefusal refusal =
			restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "before must not be null");

		refusal.hint = "before is a time, such as now() - interval '90 days'.";
		restate_raise(refusal);
	}
	store_call(&call, STORE_PURGE_AUDIT);
	store_add_audit_purge(&call, &(StoreAuditPurge){.before = PG_GETARG_TIMESTAMPTZ(0)});
	work[STORE_PURGE_AUDIT] = &call;
	removed = store_write(work);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_INT64(removed);
}
