/*
 * audit.c
 *		Records who did what to which invocation, in the same transaction.
 */
#include "postgres.h"

#include "miscadmin.h"

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
	StoreCall *part;
	StoreAudited row;
	const Jsonb *of_request;

	if (workset->changes.effects == NULL || (!restate_audit && workset->asked.request_id == NULL))
		return;
	part = workset_part(workset, STORE_AUDIT);
	of_request = store_jsonb(parameters);
	row = (StoreAudited){
		.at = workset->at,
		.operation = operation,
		.role_name = GetUserNameFromId(GetOuterUserId(), true),
		.session_user_name = GetUserNameFromId(GetSessionUserId(), true),
		.claimed_subject = claimed_subject(),
		.session_reason = restate_reason};
	for (const Effect *effect = workset->changes.effects; effect; effect = effect->next)
	{
		row.id = &effect->id;
		row.partition_key = (int64) restate_id_partition_key(&effect->id);
		row.audit_id = restate_generate_audit_id();
		row.outcome = effect->outcome;
		row.new_id = effect->has_new_id ? &effect->new_id : NULL;
		row.caused_by = effect->has_cause ? &effect->cause : NULL;
		row.parameters = effect->parameters ? store_jsonb(effect->parameters) : of_request;
		row.subject = effect->subject;
		row.reason = effect->reason;
		store_add_audited(part, &row);
	}
}
