/*
 * audit.c
 *		Records who did what to which invocation, in the same transaction.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

#include "store/store.h"
#include "types/compat.h"
#include "types/id_generate.h"
#include "types/settings.h"
#include "workset/audit.h"
#include "workset/claims.h"

/*
 * Adds the effects that were noted to what the working set writes.  A restart with a
 * request id is recorded even where the audit is off: when it is asked for
 * again, the record tells what it was.
 */
void
audit_write(Workset *workset, const char *operation, const char *parameters)
{
	StoreCall call;
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	StoreColumn audit_ids = {0};
	StoreColumn outcomes = {0};
	StoreColumn new_ids = {0};
	StoreColumn causes = {0};
	StoreColumn all_parameters = {0};
	StoreColumn subjects = {0};
	StoreColumn reasons = {0};
	Datum of_request;

	if (workset->changes.effects == NULL || (!restate_audit && workset->asked.request_id == NULL))
		return;
	of_request = DirectFunctionCall1(jsonb_in, CStringGetDatum(parameters));
	for (const Effect *effect = workset->changes.effects; effect; effect = effect->next)
	{
		store_column_add(&ids, InvocationIdGetDatum(&effect->id));
		store_column_add(&partition_keys, Int64GetDatum((int64) restate_id_partition_key(&effect->id)));
		store_column_add(&audit_ids, Int64GetDatum(restate_generate_audit_id()));
		store_column_add(&outcomes, CStringGetTextDatum(effect->outcome));
		if (effect->has_new_id)
			store_column_add(&new_ids, InvocationIdGetDatum(&effect->new_id));
		else
			store_column_add_null(&new_ids);
		if (effect->has_cause)
			store_column_add(&causes, InvocationIdGetDatum(&effect->cause));
		else
			store_column_add_null(&causes);
		store_column_add(&all_parameters,
						 effect->parameters ? DirectFunctionCall1(jsonb_in, CStringGetDatum(effect->parameters)) : of_request);
		store_column_add_text(&subjects, effect->subject);
		store_column_add_text(&reasons, effect->reason);
	}
	store_call(&call, STORE_AUDIT);
	store_arg_column(&call, &ids);
	store_arg_column(&call, &partition_keys);
	store_arg_column(&call, &audit_ids);
	store_arg_column(&call, &outcomes);
	store_arg_column(&call, &new_ids);
	store_arg_column(&call, &causes);
	store_arg_column(&call, &all_parameters);
	store_arg_column(&call, &subjects);
	store_arg_column(&call, &reasons);
	store_arg(&call, TimestampTzGetDatum(workset->at));
	store_arg_text(&call, operation);
	store_arg_text(&call, GetUserNameFromId(GetOuterUserId(), true));
	store_arg_text(&call, GetUserNameFromId(GetSessionUserId(), true));
	store_arg_text(&call, claimed_subject());
	store_arg_text(&call, restate_reason);
	workset_defer(workset, &call, ids.count);
}
