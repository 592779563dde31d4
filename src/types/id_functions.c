/*
 * id_functions.c
 *		The SQL functions that make ids and tell what is in them.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "fmgr.h"

#include "types/compat.h"
#include "types/id.h"
#include "types/id_generate.h"
#include "types/key.h"

PG_FUNCTION_INFO_V1(restate_new_invocation_id);
PG_FUNCTION_INFO_V1(restate_new_invocation_id_in_partition);
PG_FUNCTION_INFO_V1(restate_new_deployment_id);
PG_FUNCTION_INFO_V1(restate_keyed_invocation_id);
PG_FUNCTION_INFO_V1(restate_workflow_invocation_id);
PG_FUNCTION_INFO_V1(restate_idempotent_invocation_id);
PG_FUNCTION_INFO_V1(restate_partition_key_of_id);
PG_FUNCTION_INFO_V1(restate_partition_key_of_text);
PG_FUNCTION_INFO_V1(restate_old_partition_key_of_id);
PG_FUNCTION_INFO_V1(restate_old_partition_key_of_text);
PG_FUNCTION_INFO_V1(restate_random_seed);
PG_FUNCTION_INFO_V1(restate_new_audit_id);

/*
 * Returns a new invocation id, with the given partition key, as a datum.
 */
static Datum
new_invocation_id(uint64 partition_key)
{
	RestateInvocationId *id = palloc(sizeof(RestateInvocationId));

	restate_generate_invocation_id(partition_key, id);
	return InvocationIdGetDatum(id);
}

/*
 * Returns a new invocation id with a random partition key.
 */
Datum
restate_new_invocation_id(PG_FUNCTION_ARGS)
{
	return new_invocation_id(restate_random_bits());
}

/*
 * Returns a new invocation id with the partition key given.
 */
Datum
restate_new_invocation_id_in_partition(PG_FUNCTION_ARGS)
{
	return new_invocation_id((uint64) PG_GETARG_INT64(0));
}

/*
 * Returns a new deployment id.
 */
Datum
restate_new_deployment_id(PG_FUNCTION_ARGS)
{
	RestateDeploymentId *id = palloc(sizeof(RestateDeploymentId));

	restate_generate_deployment_id(id);
	PG_RETURN_DEPLOYMENT_ID(id);
}

/*
 * Returns a new invocation id in the partition of the object key.  Raises
 * invalid_query_parameter for a key that is too long.
 */
Datum
restate_keyed_invocation_id(PG_FUNCTION_ARGS)
{
	const text *service_key = PG_GETARG_TEXT_PP(0);

	restate_require_key("service_key", service_key);
	return new_invocation_id(restate_key_partition(service_key));
}

/*
 * Returns the id of the one run that the workflow key has.  Raises
 * invalid_query_parameter for a key that is too long.
 */
Datum
restate_workflow_invocation_id(PG_FUNCTION_ARGS)
{
	const text *workflow_key = PG_GETARG_TEXT_PP(1);
	RestateInvocationId *id = palloc(sizeof(RestateInvocationId));

	restate_require_key("workflow_key", workflow_key);
	restate_derive_workflow_id(PG_GETARG_TEXT_PP(0), workflow_key, id);
	PG_RETURN_INVOCATION_ID(id);
}

/*
 * Returns the id that a call with the idempotency key has.  The service key
 * is null for a plain service; the result is null if anything else is.
 * Raises invalid_query_parameter for a key that is too long.
 */
Datum
restate_idempotent_invocation_id(PG_FUNCTION_ARGS)
{
	const text *service_key = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	const text *idempotency_key;
	RestateInvocationId *id;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	idempotency_key = PG_GETARG_TEXT_PP(3);
	if (service_key != NULL)
		restate_require_key("service_key", service_key);
	restate_require_key("idempotency_key", idempotency_key);
	id = palloc(sizeof(RestateInvocationId));
	restate_derive_idempotent_id(PG_GETARG_TEXT_PP(0), service_key, PG_GETARG_TEXT_PP(2),
								 idempotency_key, id);
	PG_RETURN_INVOCATION_ID(id);
}

/*
 * Returns the id's partition key, its bits taken as a signed number.
 */
Datum
restate_partition_key_of_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) restate_id_partition_key(PG_GETARG_INVOCATION_ID(0)));
}

/*
 * Returns the partition key of an object key, its bits taken as a signed
 * number.
 */
Datum
restate_partition_key_of_text(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) restate_key_partition(PG_GETARG_TEXT_PP(0)));
}

/*
 * Says that restate_partition_key of this argument type is on its way out: the
 * first time in the session, and only in its leading process, as a query may
 * call it for each of a million rows.
 */
static void
warn_of_old_name(bool *warned, const char *argument, const char *successor)
{
	if (*warned || IsParallelWorker())
		return;
	*warned = true;
	ereport(
		WARNING,
		(errcode(ERRCODE_WARNING_DEPRECATED_FEATURE),
		 errmsg("restate_partition_key(%s) goes with the next release: use %s", argument,
				successor),
		 errdetail(
			 "A literal given to restate_partition_key is taken for an object key, even if it is the text of an id."),
		 errhint(
			 "Use restate_partition_key_of_id for an invocation id and restate_partition_key_of_key for an object key.")));
}

/*
 * restate_partition_key(restate_invocation_id): restate_partition_key_of_id
 * by its old name.
 */
Datum
restate_old_partition_key_of_id(PG_FUNCTION_ARGS)
{
	static bool warned = false;

	warn_of_old_name(&warned, "restate_invocation_id", "restate_partition_key_of_id");
	return restate_partition_key_of_id(fcinfo);
}

/*
 * restate_partition_key(text): restate_partition_key_of_key by its old name.
 */
Datum
restate_old_partition_key_of_text(PG_FUNCTION_ARGS)
{
	static bool warned = false;

	warn_of_old_name(&warned, "text", "restate_partition_key_of_key");
	return restate_partition_key_of_text(fcinfo);
}

/*
 * Returns 64 random bits, taken as a signed number.
 */
Datum
restate_random_seed(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) restate_random_bits());
}

/*
 * Returns a new number for a row of the audit.
 */
Datum
restate_new_audit_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(restate_generate_audit_id());
}
