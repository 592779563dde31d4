/*
 * registry.c
 *		What the registry of deployments says of a handler, and what follows from
 *		that for an invocation of it.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "types/outcome.h"
#include "worker/worker.h"

static bool find(const StoreHandler *asked, StoreFoundHandler *found);

/*
 * Finds the handler in the latest revision of its service, or in that of a
 * deployment; returns whether there is one.
 */
bool
registry_find(const char *service_name, const char *handler_name,
			  const RestateDeploymentId *deployment_id, Handler *handler)
{
	StoreHandler asked = {service_name, handler_name, deployment_id};
	StoreFoundHandler found;

	if (!find(&asked, &found))
		return false;
	*handler = (Handler){
		.service_name = service_name,
		.handler_name = handler_name,
		.service_ty = found.service_ty,
		.handler_ty = found.handler_ty,
		.completion_retention = found.result_kept_for,
		.journal_retention = found.journal_kept_for,
		.retry =
			{.initial_interval = found.initial_interval,
			 .factor = (double) found.factor / 1000000,
			 .max_interval = found.max_interval,
			 .max_attempts = found.max_attempts > 0 ? found.max_attempts : PG_INT64_MAX,
			 .kills = found.kills},
		.deployment_id = *found.deployment_id,
		.min_protocol_version = (int32) found.min_protocol_version,
		.max_protocol_version = (int32) found.max_protocol_version,
		.is_held = found.is_held};
	return true;
}

/*
 * Reads what is registered, and what follows from it: the latter only if it is not known
 * from an earlier call, from which nothing has changed.
 */
static bool
find(const StoreHandler *asked, StoreFoundHandler *found)
{
	StoreCall call;

	if (handlers_has(asked))
	{
		store_call(&call, STORE_READ_REGISTERED);
		store_add_handler(&call, asked);
		if (store_execute(&call) == 0)
			return false;
		store_read_handler(0, found);
		if (handlers_find(asked, found))
			return true;
	}
	store_call(&call, STORE_READ_HANDLER);
	store_add_handler(&call, asked);
	if (store_execute(&call) == 0)
		return false;
	store_read_handler(0, found);
	handlers_keep(asked, found);
	return true;
}

/*
 * Returns whether an invocation that is asked for again is the same: it has an
 * idempotency key, or is the run of a workflow.
 */
bool
registry_is_joined(const Handler *handler, const char *idempotency_key)
{
	return idempotency_key ||
		   (handler->handler_ty && strcmp(handler->handler_ty, "workflow") == 0);
}

/*
 * Returns whether an invocation of the handler can have this key and idempotency key;
 * otherwise sets why it cannot.
 */
bool
registry_takes(const Handler *handler, const char *service_key, const char *idempotency_key,
			   RestateRefusal *refusal)
{
	bool is_service = strcmp(handler->service_ty, "service") == 0;
	bool is_run = handler->handler_ty && strcmp(handler->handler_ty, "workflow") == 0;

	if (is_service != (service_key == NULL))
		*refusal = restate_refusal(RESTATE_INVALID_BODY, "service %s is a %s, which has %s key",
								   restate_quote_text(handler->service_name), handler->service_ty,
								   is_service ? "no" : "a");
	else if (is_run && idempotency_key)
		*refusal = restate_refusal(RESTATE_INVALID_BODY,
								   "the run of workflow %s takes no idempotency key",
								   restate_quote_text(handler->service_name));
	else
		return true;
	return false;
}

/*
 * Sets the id of an invocation of the handler, which takes these keys: what others derive
 * too of one that is joined, else a new one in the partition of its key.
 */
void
registry_name_id(const Handler *handler, const char *service_key, const char *idempotency_key,
				 RestateInvocationId *id)
{
	const text *service_name = cstring_to_text(handler->service_name);
	const text *key = service_key ? cstring_to_text(service_key) : NULL;

	if (handler->handler_ty && strcmp(handler->handler_ty, "workflow") == 0)
		restate_derive_workflow_id(service_name, key, id);
	else if (idempotency_key)
		restate_derive_idempotent_id(service_name, key, cstring_to_text(handler->handler_name),
									 cstring_to_text(idempotency_key), id);
	else
		restate_generate_invocation_id(key ? restate_key_partition(key) : restate_random_bits(),
									   id);
}

/*
 * Returns a submission to the handler, without what is the caller's own.
 */
Submission *
registry_submission(const Handler *handler, const char *service_key, const char *idempotency_key)
{
	Submission *submission = palloc0_object(Submission);
	const char *ty = handler->handler_ty ? handler->handler_ty : "";

	submission->service_name = handler->service_name;
	submission->service_ty = handler->service_ty;
	submission->handler_ty = handler->handler_ty;
	submission->service_key = service_key;
	submission->handler_name = handler->handler_name;
	submission->is_workflow = strcmp(handler->service_ty, "workflow") == 0;
	submission->is_workflow_run = strcmp(ty, "workflow") == 0;
	submission->is_exclusive = strcmp(ty, "exclusive") == 0;
	submission->idempotency_key = idempotency_key;
	submission->completion_retention = handler->completion_retention;
	submission->journal_retention = handler->journal_retention;
	return submission;
}
