/*
 * audit.c
 *		Records who did what to which invocation, object or deployment, in the same
 *		transaction.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/json.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "types/settings.h"
#include "workset/audit.h"
#include "workset/claims.h"

static StoreAudited row_of_session(const Workset *workset, const char *operation);

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
	row = row_of_session(workset, operation);
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

/*
 * Adds a change of the state of an object, named by its service and key, to what the
 * working set writes: the keys of the entries, not their values.  place: where it waits
 * in the inbox, or has waited; NULL: it did not.
 */
void
audit_state(Workset *workset, const ObjectKeyName *object, int64 partition_key,
			const StateChange *change, const char *outcome, const int64 *place)
{
	StringInfoData parameters;

	if (!restate_audit)
		return;
	initStringInfo(&parameters);
	appendStringInfoString(&parameters, "{\"service\": ");
	escape_json(&parameters, object->service_name);
	appendStringInfoString(&parameters, ", \"key\": ");
	escape_json(&parameters, object->service_key);
	appendStringInfoString(&parameters, ", \"entries\": [");
	for (const StateEntry *entry = change->entries; entry; entry = entry->next)
	{
		if (entry != change->entries)
			appendStringInfoString(&parameters, ", ");
		escape_json(&parameters, entry->key);
	}
	appendStringInfoChar(&parameters, ']');
	if (change->version)
	{
		appendStringInfoString(&parameters, ", \"version\": ");
		escape_json(&parameters, change->version);
	}
	if (place)
		appendStringInfo(&parameters, ", \"place\": " INT64_FORMAT, *place);
	appendStringInfoChar(&parameters, '}');
	audit_note(workset, "modify_state", partition_key, store_jsonb(parameters.data), outcome);
}

/*
 * Adds what was done to something that is no invocation to what the working set writes.
 */
void
audit_note(Workset *workset, const char *operation, int64 partition_key, const Jsonb *parameters,
		   const char *outcome)
{
	StoreAudited row;

	if (!restate_audit)
		return;
	row = row_of_session(workset, operation);
	row.partition_key = partition_key;
	row.audit_id = restate_generate_audit_id();
	row.outcome = outcome;
	row.parameters = parameters;
	store_add_audited(workset_part(workset, STORE_AUDIT), &row);
}

/*
 * Returns a row with what the session says of who does it.
 */
static StoreAudited
row_of_session(const Workset *workset, const char *operation)
{
	return (StoreAudited){
		.at = workset->at,
		.operation = operation,
		.role_name = GetUserNameFromId(GetOuterUserId(), true),
		.session_user_name = GetUserNameFromId(GetSessionUserId(), true),
		.claimed_subject = claimed_subject(),
		.session_reason = restate_reason};
}
