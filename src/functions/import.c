/*
 * import.c
 *		What restate_import_invocation() leaves to C.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "admin/import.h"
#include "workset/workset.h"

/*
 * restate.take_imported_key(id, status, service_name, service_key): returns whether the
 * invocation got its object key, or a place in its inbox, and which.
 */
PG_FUNCTION_INFO_V1(restate_take_imported_key);
Datum
restate_take_imported_key(PG_FUNCTION_ARGS)
{
	Imported imported = {
		.id = *PG_GETARG_INVOCATION_ID(0),
		.service_name = text_to_cstring(PG_GETARG_TEXT_PP(2)),
		.service_key = text_to_cstring(PG_GETARG_TEXT_PP(3))};
	Datum values[2];
	bool nulls[2] = {false};
	TupleDesc desc;
	int guc_level;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		!restate_status_from_text((struct varlena *) PG_GETARG_TEXT_PP(1), &imported.status))
		elog(ERROR, "restate.take_imported_key has an unexpected result type or status");
	guc_level = workset_begin();
	values[0] = BoolGetDatum(import_take_key(&imported));
	AtEOXact_GUC(false, guc_level);
	values[1] = Int64GetDatum(imported.place);
	nulls[1] = imported.status != STATUS_PENDING;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
