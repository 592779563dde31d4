/*
 * submit.c
 *		New invocations that come from outside.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "types/key.h"
#include "types/limits.h"
#include "types/outcome.h"
#include "worker/worker.h"

/* What an attempt to submit is given, and gives. */
typedef struct Submitting
{
	const Order *order;
	const Handler *handler;
	const Submission *submission;
	Submitted submitted;
} Submitting;

static void check_key(const char *name, const char *key);
static bool submit(void *argument);
static bool is_among(const RestateDeploymentId *id, const ArrayType *array);
static void start(Workset *workset, Invocation *invocation, const Order *order,
				  const Handler *handler, Submitted *submitted);

/*
 * Submits an invocation; or finds the one of the same idempotency key, or the run of
 * the same workflow.  Raises handler_not_found, and what does not fit.
 */
Submitted
worker_submit(const Order *order)
{
	Handler *handler = palloc_object(Handler);
	Submission *submission;
	Submitting submitting = {.order = order, .handler = handler};
	RestateRefusal refusal;

	if (!registry_find(order->service_name, order->handler_name, NULL, handler))
		restate_raise(restate_refusal(RESTATE_HANDLER_NOT_FOUND, "no handler %s is registered of a service %s",
									  restate_quote_text(order->handler_name),
									  restate_quote_text(order->service_name)));
	check_key("key", order->service_key);
	check_key("idempotency_key", order->idempotency_key);
	if (!registry_takes(handler, order->service_key, order->idempotency_key, &refusal))
		restate_raise(refusal);
	registry_name_id(handler, order->service_key, order->idempotency_key,
					 &submitting.submitted.id);
	submission = registry_submission(handler, order->service_key, order->idempotency_key);
	submission->start_at = order->start_at;
	submission->input_meta = order->headers;
	submission->input = order->input;
	submission->awaited_by = order->awaited_by;
	submitting.submission = submission;
	if (submission->is_exclusive || registry_is_joined(handler, order->idempotency_key))
		workset_start_over(submit, &submitting);
	else
		(void) submit(&submitting);
	return submitting.submitted;
}

/*
 * Raises invalid_body if the key, if there is one, is longer than one can be.
 */
static void
check_key(const char *name, const char *key)
{
	if (key && restate_key_bytes(CStringGetTextDatum(key)) > RESTATE_KEY_MAX_BYTES)
		restate_raise(restate_refusal(RESTATE_INVALID_BODY,
									  "%s must have at most " RESTATE_LIMIT_TEXT(
										  RESTATE_KEY_MAX_BYTES) " bytes in UTF-8",
									  name));
}

/*
 * Submits it once; returns false if one of its id has come meanwhile.
 */
static bool
submit(void *argument)
{
	Submitting *submitting = argument;
	const Submission *submission = submitting->submission;
	Workset workset;
	Invocation *invocation;
	Verdict verdict;

	workset_init(&workset, NULL);
	invocation = workset_enter(&workset, &submitting->submitted.id);
	if (submission->is_exclusive)
	{
		ObjectKey *key = workset_find_object_key(&workset, submission->service_name,
												 submission->service_key, true);

		key->partition_key = invocation->partition_key;
		workset.makes_keys = true;
		if (!workset_lock_object_keys(&workset, REACH_END))
			return false;
		invocation->object_key = key;
	}
	if (registry_is_joined(submitting->handler, submission->idempotency_key))
		workset_lock_rows(&workset);
	verdict = machine_submit(&workset.changes, invocation, submission);
	if (verdict.refusal != NOT_REFUSED)
		worker_refuse(verdict.refusal, &invocation->id);
	submitting->submitted.outcome = verdict.outcome;
	submitting->submitted.attempt = 0;
	submitting->submitted.seed = 0;
	submitting->submitted.made_ready = false;
	if (!verdict.took_effect)
		return true;
	invocation->facts.random_seed = submitting->submitted.seed = (int64) restate_random_bits();
	invocation->service_name = unconstify(char *, submission->service_name);
	invocation->service_key = unconstify(char *, submission->service_key);
	start(&workset, invocation, submitting->order, submitting->handler, &submitting->submitted);
	submitting->submitted.made_ready = invocation->status == STATUS_READY;
	workset_write(&workset);
	return workset.work[STORE_SUBMIT]->conflicts == 0;
}

/*
 * Hands the first attempt to the worker that was named, if it can start.
 */
static void
start(Workset *workset, Invocation *invocation, const Order *order, const Handler *handler,
	  Submitted *submitted)
{
	if (order->worker_name == NULL || handler->is_held || invocation->status != STATUS_READY ||
		(order->runs_on && !is_among(&handler->deployment_id, order->runs_on)))
		return;
	invocation->facts.deployment_found = true;
	invocation->facts.deployment_id = handler->deployment_id;
	invocation->facts.min_protocol_version = handler->min_protocol_version;
	invocation->facts.max_protocol_version = handler->max_protocol_version;
	submitted->attempt = (int64) (restate_random_bits() | 1);
	if (machine_start_attempt(&workset->changes, invocation, submitted->attempt).refusal !=
		NOT_REFUSED)
		submitted->attempt = 0;
	else
	{
		invocation->worker_name = order->worker_name;
		submitted->deployment_id = &handler->deployment_id;
		submitted->protocol_version = invocation->set_protocol_version;
		worker_see(workset, order->worker_name);
	}
}

/*
 * Returns whether a deployment is an element of the array.
 */
static bool
is_among(const RestateDeploymentId *id, const ArrayType *array)
{
	Datum *values;
	bool *nulls;
	int count;

	deconstruct_array(unconstify(ArrayType *, array), ARR_ELEMTYPE(array), sizeof(*id), false,
					  TYPALIGN_CHAR, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && restate_deployment_id_compare(DatumGetDeploymentId(values[i]), id) == 0)
			return true;
	return false;
}
