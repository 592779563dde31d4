/*
 * op_restart.c
 *		Restarting completed invocations as new, from any journal entry.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "operation.h"
#include "store.h"

/* the first service protocol whose journals can be copied in part */
#define MIN_PREFIX_PROTOCOL_VERSION 6

/* the columns of the restart statement's answer */
enum
{
	ANSWER_ORDINALITY = 1,
	ANSWER_DEPLOYMENT_MISSING,
	ANSWER_DEPLOYMENT_INCOMPATIBLE,
	ANSWER_OUT_OF_RANGE,
	ANSWER_INCOMPLETE,
	ANSWER_RESTARTED,
	ANSWER_CREATED,
	ANSWER_STATUS
};

static bool can_restart(const Request *request, Element *element);
static void find_restarts_of_removed(const Request *request, Element *elements, int count);
static void succeed_again(Unit *unit, Element *element, const RestateInvocationId *new_id);
static void restart_all(Unit *unit, const Request *request, Element *elements, int count,
						const bool *asked);
static const char *deployment_mode(const Request *request, const Invocation *invocation);
static void take_answer(Unit *unit, Element *element, uint64 row);

/*
 * Restarts completed invocations as new.  Refuses, in the documented order,
 * those that cannot be.  Where the request id of the call has restarted an
 * invocation before, that restart is the answer.
 */
void
run_restart(Unit *unit, const Request *request, Element *elements, int count)
{
	bool	   *asked = palloc0(sizeof(bool) * Max(count, 1));
	bool		any_asked = false;

	if (request->request_id)
		find_restarts_of_removed(request, elements, count);
	for (int i = 0; i < count; i++)
	{
		Element    *element = &elements[i];
		Invocation *invocation = element->invocation;

		if (request->request_id && invocation && invocation->was_restarted)
			succeed_again(unit, element, &invocation->restarted);
		else if (request->request_id && invocation && invocation->restarting)
			continue;
		else if (element_found(element) && can_restart(request, element))
		{
			invocation->restarting = element;
			asked[i] = any_asked = true;
		}
	}
	if (any_asked)
		restart_all(unit, request, elements, count, asked);

	/* an invocation asked for twice with a request id is restarted once */
	for (int i = 0; i < count; i++)
	{
		Element    *element = &elements[i];
		Element    *first = element->invocation ? element->invocation->restarting : NULL;

		if (request->request_id == NULL || asked[i] || first == NULL)
			continue;
		if (first->refusal.category == RESTATE_OK)
			succeed_again(unit, element, &first->new_id);
		else
			element->refusal = first->refusal;
	}
}

/*
 * Finds the restarts that carry the request id of originals that are gone.
 */
static void
find_restarts_of_removed(const Request *request, Element *elements, int count)
{
	StoreCall	call;
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	uint64		rows;

	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = elements[i].invocation;

		if (invocation == NULL || invocation->exists)
			continue;
		store_column_add(&ids, InvocationIdGetDatum(&invocation->id));
		store_column_add(&partition_keys, Int64GetDatum(invocation->partition_key));
	}
	if (ids.count == 0)
		return;
	store_call(&call, STORE_READ_RESTARTED);
	store_arg_array(&call, &ids);
	store_arg_array(&call, &partition_keys);
	store_arg(&call, CStringGetTextDatum(request->request_id));
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		RestateInvocationId original;

		(void) store_invocation_id(row, 1, &original);
		for (int i = 0; i < count; i++)
		{
			Invocation *invocation = elements[i].invocation;

			if (invocation == NULL || memcmp(&invocation->id, &original, sizeof(original)) != 0)
				continue;
			invocation->was_restarted = store_invocation_id(row, 2, &invocation->restarted);
		}
	}
}

/*
 * Answers with a restart that was made before.
 */
static void
succeed_again(Unit *unit, Element *element, const RestateInvocationId *new_id)
{
	element->has_new_id = true;
	element->new_id = *new_id;
	element_succeed(unit, element, "unchanged", false);
}

/*
 * Returns whether the invocation can be restarted, as far as its own row
 * tells; refuses it if not.
 */
static bool
can_restart(const Request *request, Element *element)
{
	const Invocation *invocation = element->invocation;

	if (invocation->status == STATUS_PENDING || invocation->status == STATUS_SCHEDULED)
		element_refuse(element, RESTATE_NOT_STARTED, "invocation %s has not started");
	else if (invocation->status != STATUS_COMPLETED)
		element_refuse(element, RESTATE_STILL_RUNNING, "invocation %s is still running");
	else if (invocation->journal_size == 0)
		element_refuse(element, RESTATE_INPUT_NOT_AVAILABLE, "the input of invocation %s is no longer available");
	else if (invocation->is_workflow)
		element_refuse(element, RESTATE_RESTART_NOT_SUPPORTED, "invocation %s is of a workflow");
	else if (!invocation->is_pinned && request->from > 0)
		element_refuse(element, RESTATE_RESTART_NOT_SUPPORTED,
					   "invocation %s was never pinned to a deployment: it can be restarted from 0 only");
	else if (!invocation->is_pinned && (request->deployment == DEPLOYMENT_KEEP || request->deployment == DEPLOYMENT_ID))
		element_refuse(element, RESTATE_DEPLOYMENT_NOT_CHANGEABLE,
					   "invocation %s was never pinned to a deployment");
	else if (invocation->is_pinned && request->from > 0 &&
			 invocation->protocol_version < MIN_PREFIX_PROTOCOL_VERSION)
		element_refuse(element, RESTATE_RESTART_NOT_SUPPORTED,
					   "the service protocol of invocation %s is too old to restart it from within its journal");
	else
		return true;
	return false;
}

/*
 * Restarts the elements asked for, in one statement that also decides on what
 * stands in other rows: deployments and journal entries.
 */
static void
restart_all(Unit *unit, const Request *request, Element *elements, int count, const bool *asked)
{
	StoreCall	call;
	StoreColumn ordinalities = {0};
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	StoreColumn new_ids = {0};
	StoreColumn last_indexes = {0};
	StoreColumn modes = {0};
	StoreColumn deployment_ids = {0};
	StoreColumn protocol_versions = {0};
	StoreColumn keys_are_free = {0};
	StoreColumn sequence_numbers = {0};
	StoreColumn seeds = {0};
	uint64		rows;

	for (int i = 0; i < count; i++)
	{
		Element    *element = &elements[i];
		const Invocation *invocation = element->invocation;
		const ObjectKey *key = invocation ? invocation->object_key : NULL;
		int64		seed;

		if (!asked[i])
			continue;
		if (!pg_strong_random(&seed, sizeof(seed)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate a random seed")));
		restate_generate_invocation_id((uint64) invocation->partition_key, &element->new_id);
		store_column_add(&ordinalities, Int64GetDatum(i));
		store_column_add(&ids, InvocationIdGetDatum(&element->id));
		store_column_add(&partition_keys, Int64GetDatum(invocation->partition_key));
		store_column_add(&new_ids, InvocationIdGetDatum(&element->new_id));
		store_column_add(&last_indexes, Int64GetDatum(request->from));
		store_column_add(&modes, CStringGetTextDatum(deployment_mode(request, invocation)));
		if (request->deployment == DEPLOYMENT_ID)
			store_column_add(&deployment_ids, DeploymentIdGetDatum(&request->deployment_id));
		else
			store_column_add_null(&deployment_ids);
		store_column_add(&protocol_versions, Int64GetDatum(invocation->protocol_version));
		store_column_add(&keys_are_free, BoolGetDatum(key && !key->has_holder));
		store_column_add(&sequence_numbers, Int64GetDatum(key ? key->next_sequence_number : 0));
		store_column_add(&seeds, Int64GetDatum(seed));
	}
	store_call(&call, STORE_RESTART);
	store_arg_array(&call, &ordinalities);
	store_arg_array(&call, &ids);
	store_arg_array(&call, &partition_keys);
	store_arg_array(&call, &new_ids);
	store_arg_array(&call, &last_indexes);
	store_arg_array(&call, &modes);
	store_arg_array(&call, &deployment_ids);
	store_arg_array(&call, &protocol_versions);
	store_arg_array(&call, &keys_are_free);
	store_arg_array(&call, &sequence_numbers);
	store_arg_array(&call, &seeds);
	if (request->request_id)
		store_arg(&call, CStringGetTextDatum(request->request_id));
	else
		store_arg_null(&call);
	store_arg(&call, TimestampTzGetDatum(unit->at));
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
		take_answer(unit, &elements[DatumGetInt64(store_value(row, ANSWER_ORDINALITY))], row);
}

/*
 * Returns how the deployment of a restart is chosen: none for an invocation
 * that never had one.
 */
static const char *
deployment_mode(const Request *request, const Invocation *invocation)
{
	if (!invocation->is_pinned)
		return "none";
	switch (request->deployment)
	{
		case DEPLOYMENT_KEEP:
			return "keep";
		case DEPLOYMENT_ID:
			return "id";
		case DEPLOYMENT_ABSENT:
		case DEPLOYMENT_LATEST:
			break;
	}
	return "latest";
}

/*
 * Notes on the element what the statement answered, and on its object key
 * who came to hold it or wait for it.
 */
static void
take_answer(Unit *unit, Element *element, uint64 row)
{
	ObjectKey  *key = element->invocation->object_key;
	RestateInvocationId restarted;

	if (store_invocation_id(row, ANSWER_RESTARTED, &restarted))
		succeed_again(unit, element, &restarted);
	else if (DatumGetBool(store_value(row, ANSWER_DEPLOYMENT_MISSING)))
		element_refuse(element, RESTATE_DEPLOYMENT_NOT_FOUND, "no deployment to restart invocation %s on");
	else if (DatumGetBool(store_value(row, ANSWER_DEPLOYMENT_INCOMPATIBLE)))
		element_refuse(element, RESTATE_DEPLOYMENT_INCOMPATIBLE,
					   "the deployment does not support the service protocol of invocation %s");
	else if (DatumGetBool(store_value(row, ANSWER_OUT_OF_RANGE)))
		element_refuse(element, RESTATE_JOURNAL_INDEX_OUT_OF_RANGE,
					   "the index lies past the journal of invocation %s");
	else if (DatumGetBool(store_value(row, ANSWER_INCOMPLETE)))
		element_refuse(element, RESTATE_JOURNAL_PREFIX_INCOMPLETE,
					   "the journal of invocation %s lacks a completion before the index");
	else if (store_is_null(row, ANSWER_CREATED))
		elog(ERROR, "restart of invocation %s created nothing", restate_invocation_id_text(&element->id));
	else
	{
		element->has_new_id = true;
		element_succeed(unit, element, "restarted", true);
		if (strcmp(store_text(row, ANSWER_STATUS), "ready") == 0)
		{
			unit->made_runnable = true;
			if (key)
			{
				key->has_holder = true;
				key->holder = element->new_id;
			}
		}
		else if (key)
			key->next_sequence_number++;
		if (key)
			key->changed = true;
	}
}
