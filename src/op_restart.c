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

/* The columns of the statements that restart, see statements.c. */
typedef struct RestartColumns
{
	StoreColumn id;
	StoreColumn partition_key;
	StoreColumn new_id;
	StoreColumn status;
	StoreColumn deployment_id;
	StoreColumn journal_size;
	StoreColumn journal_commands_size;
	StoreColumn inbox_sequence_number;
	StoreColumn random_seed;
	StoreColumn suffix_id;
	StoreColumn suffix_partition_key;
	StoreColumn suffix_index;
	StoreColumn suffix_new_id;
	StoreColumn suffix_new_index;
} RestartColumns;

static void find_restarts(Unit *unit, Element *elements, int count);
static void read_prefixes(Unit *unit, const Element *elements, int count);
static bool may_restart(const Request *request, Element *element);
static bool can_restart(const Request *request, Element *element);
static void refuse_still_running(Element *element);
static void refuse_incomplete(const Request *request, Element *element);
static void restart_again(Unit *unit, const Request *request, Element *element);
static bool differs_in_deployment(const Request *request, const Element *element);
static const RestateDeploymentId *resolved_deployment(const Request *request, const Invocation *invocation);
static const char *parameters_with(const Request *request, const RestateDeploymentId *deployment_id);
static void add_restart(Unit *unit, const Request *request, Element *element, RestartColumns *columns);
static void add_suffix(const Request *request, const Element *element, RestartColumns *columns);
static Status place(Unit *unit, const Element *element, int64 *sequence_number);
static void write_restarts(Unit *unit, const Request *request, RestartColumns *columns);

/*
 * Restarts completed invocations as new.  Refuses, in the documented order,
 * those that cannot be.  Where the request id of the call has restarted an
 * invocation before, that restart is the answer if it was the same.
 */
void
operation_restart_all(Unit *unit, const Request *request, Element *elements, int count)
{
	RestartColumns columns = {0};
	bool repeatable = request->asked.request_id != NULL;

	if (repeatable)
		find_restarts(unit, elements, count);
	read_prefixes(unit, elements, count);
	for (int i = 0; i < count; i++)
	{
		Element *element = &elements[i];
		Invocation *invocation = element->invocation;

		if (repeatable && invocation && invocation->restarted.exists)
		{
			restart_again(unit, request, element);
			continue;
		}
		invocation = element_found(element);
		if (invocation && may_restart(request, element) && can_restart(request, element))
		{
			add_restart(unit, request, element, &columns);
			invocation->restarted.exists = true;
			invocation->restarted.id = element->new_id;
		}
	}
	if (columns.id.count > 0)
		write_restarts(unit, request, &columns);
}

/*
 * Finds the restarts that carry the request id, of originals that are gone
 * too.  This is read after the lock, which another such restart may have held.
 */
static void
find_restarts(Unit *unit, Element *elements, int count)
{
	StoreCall call;
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	uint64 rows;

	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = elements[i].invocation;

		if (invocation == NULL)
			continue;
		unit_add_id(invocation, &ids, &partition_keys);
	}
	if (ids.count == 0)
		return;
	store_call(&call, STORE_READ_RESTARTED);
	store_arg_column(&call, &ids);
	store_arg_column(&call, &partition_keys);
	store_arg(&call, CStringGetTextDatum(unit->asked.request_id));
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		RestateInvocationId original;
		Restarted *restarted;

		(void) store_invocation_id(row, 1, &original);
		restarted = &unit_find(unit, &original)->restarted;
		restarted->exists = store_invocation_id(row, 2, &restarted->id);
		restarted->is_recorded = !store_is_null(row, 3);
		if (!restarted->is_recorded)
			continue;
		restarted->last_index = DatumGetInt64(store_value(row, 3));
		restarted->deployment_is_recorded = DatumGetBool(store_value(row, 4));
		restarted->has_deployment = !store_is_null(row, 5);
		if (restarted->has_deployment)
			restarted->deployment_id = *DatumGetDeploymentId(store_value(row, 5));
	}
}

/*
 * Reads the journals' prefixes of the invocations that may be restarted,
 * where the lock has not brought them.
 */
static void
read_prefixes(Unit *unit, const Element *elements, int count)
{
	RestateInvocationId *ids = palloc_array(RestateInvocationId, Max(count, 1));
	int nids = 0;

	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = elements[i].invocation;

		if (invocation == NULL || !invocation->exists || invocation->has_prefix ||
			invocation->status != STATUS_COMPLETED || invocation->journal_size <= unit->asked.last_index)
			continue;
		invocation->has_prefix = true;
		if (unit->asked.last_index > 0)
			ids[nids++] = invocation->id;
	}
	if (nids > 0)
		unit_read_prefixes(unit, ids, nids);
	unit_read_suffixes(unit);
}

/*
 * Answers with the restart that the request id has made before; refuses if
 * that one was another.
 */
static void
restart_again(Unit *unit, const Request *request, Element *element)
{
	const Restarted *restarted = &element->invocation->restarted;

	if (restarted->is_recorded &&
		(restarted->last_index != request->asked.last_index || differs_in_deployment(request, element)))
		element_refuse(element, RESTATE_REQUEST_ID_CONFLICT,
					   "the request_id has restarted invocation %s from another index or on another deployment");
	else
	{
		element->has_new_id = true;
		element->new_id = restarted->id;
		element_succeed(unit, element, "unchanged", false);
	}
}

/*
 * Returns whether the restart that was made before began on another deployment
 * than the one that is asked for; where that is not known any more, as of an
 * original that is gone, not.
 */
static bool
differs_in_deployment(const Request *request, const Element *element)
{
	const Invocation *invocation = element->invocation;
	const Restarted *restarted = &invocation->restarted;
	const RestateDeploymentId *deployment_id;

	if (!restarted->deployment_is_recorded)
		return false;
	if (request->asked.deployment == DEPLOYMENT_ID)
		deployment_id = &request->asked.deployment_id;
	else if (!invocation->exists)
		return false;
	else
	{
		deployment_id = resolved_deployment(request, invocation);
		if (deployment_id == NULL && invocation->facts.is_pinned)
			return false;
	}
	if (deployment_id == NULL || !restarted->has_deployment)
		return deployment_id != NULL || restarted->has_deployment;
	return restate_deployment_id_compare(deployment_id, &restarted->deployment_id) != 0;
}

/*
 * Returns the deployment that a restart of the invocation begins on; NULL for
 * one that was never pinned, or where none is found.
 */
static const RestateDeploymentId *
resolved_deployment(const Request *request, const Invocation *invocation)
{
	if (!invocation->facts.is_pinned)
		return NULL;
	if (request->asked.deployment == DEPLOYMENT_KEEP)
		return &invocation->facts.pinned_deployment_id;
	return invocation->facts.deployment_found ? &invocation->facts.deployment_id : NULL;
}

/*
 * Returns whether the state of the invocation allows the restart; refuses it
 * if not.
 */
static bool
may_restart(const Request *request, Element *element)
{
	const Invocation *invocation = element->invocation;

	if (invocation->status == STATUS_PENDING || invocation->status == STATUS_SCHEDULED)
		element_refuse(element, RESTATE_NOT_STARTED, "invocation %s has not started");
	else if (invocation->status != STATUS_COMPLETED)
		refuse_still_running(element);
	else if (invocation->journal_size == 0)
		element_refuse(element, RESTATE_INPUT_NOT_AVAILABLE, "the input of invocation %s is no longer available");
	else if (invocation->facts.is_workflow)
		element_refuse(element, RESTATE_RESTART_NOT_SUPPORTED, "invocation %s is of a workflow");
	else
		return true;
	return false;
}

/*
 * Returns whether the deployment and the index asked for suit the invocation;
 * refuses it if not.
 */
static bool
can_restart(const Request *request, Element *element)
{
	const Invocation *invocation = element->invocation;
	int64 from = request->asked.last_index;

	if (!invocation->facts.is_pinned && from > 0)
		element_refuse(element, RESTATE_RESTART_NOT_SUPPORTED,
					   "invocation %s was never pinned to a deployment: it can be restarted from 0 only");
	else if (!invocation->facts.is_pinned && request->asked.deployment != DEPLOYMENT_LATEST)
		element_refuse(element, RESTATE_DEPLOYMENT_NOT_CHANGEABLE,
					   "invocation %s was never pinned to a deployment");
	else if (invocation->facts.is_pinned && from > 0 && invocation->facts.protocol_version < MIN_PREFIX_PROTOCOL_VERSION)
		element_refuse(element, RESTATE_RESTART_NOT_SUPPORTED,
					   "the service protocol of invocation %s is too old to restart it from within its journal");
	else if (invocation->facts.is_pinned && request->asked.deployment != DEPLOYMENT_KEEP &&
			 !element_finds_deployment(element))
		return false;
	else if (from >= invocation->journal_size)
		element_refuse(element, RESTATE_JOURNAL_INDEX_OUT_OF_RANGE,
					   "the index lies past the journal of invocation %s");
	else if (invocation->suffix_size < invocation->missing_size)
		refuse_incomplete(request, element);
	else
		return true;
	return false;
}

/*
 * Refuses the restart of an invocation that has not completed.
 */
static void
refuse_still_running(Element *element)
{
	switch (element->invocation->status)
	{
		case STATUS_PAUSED:
			element_refuse(element, RESTATE_STILL_RUNNING, "invocation %s is paused: resume it, or kill it first");
			break;
		case STATUS_BACKING_OFF:
			element_refuse(element, RESTATE_STILL_RUNNING,
						   "invocation %s waits for its next attempt: resume it, or kill it first");
			break;
		default:
			element_refuse(element, RESTATE_STILL_RUNNING, "invocation %s is still running");
			return;
	}
	element->refusal.hint = "Let it go on with restate_resume, or end it with restate_kill; then it can be restarted.";
}

/*
 * Refuses the restart of an invocation whose journal lacks a completion of
 * what it is to keep: names the first such command, before which it can be
 * restarted.
 */
static void
refuse_incomplete(const Request *request, Element *element)
{
	StoreCall call;
	int64 index;
	const char *name;

	store_call(&call, STORE_READ_INCOMPLETE);
	store_arg(&call, InvocationIdGetDatum(&element->id));
	store_arg(&call, Int64GetDatum(element->invocation->partition_key));
	store_arg(&call, Int64GetDatum(request->asked.last_index));
	if (store_execute(&call) != 1)
		elog(ERROR, "could not find the command that lacks a completion");
	index = DatumGetInt64(store_value(0, 1));
	name = store_text(0, 3);
	element->refusal =
		restate_refusal(RESTATE_JOURNAL_PREFIX_INCOMPLETE,
						"the journal of invocation %s lacks a completion of %s%s%s at index " INT64_FORMAT
						": the largest index that works is " INT64_FORMAT,
						restate_invocation_id_text(&element->id), store_text(0, 2),
						name && name[0] ? " " : "", name && name[0] ? restate_quote_text(name) : "", index, index - 1);
	element->refusal.hint = psprintf("Restart from " INT64_FORMAT ", or from before it.", index - 1);
}

/*
 * Adds the restart of the element's invocation to the columns.
 */
static void
add_restart(Unit *unit, const Request *request, Element *element, RestartColumns *columns)
{
	const Invocation *invocation = element->invocation;
	const RestateDeploymentId *deployment_id = resolved_deployment(request, invocation);
	int64 sequence_number = 0;
	int64 seed;
	Status status;

	if (!pg_strong_random(&seed, sizeof(seed)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random seed")));
	restate_generate_invocation_id((uint64) invocation->partition_key, &element->new_id);
	element->has_new_id = true;
	status = place(unit, element, &sequence_number);

	store_column_add(&columns->id, InvocationIdGetDatum(&element->id));
	store_column_add(&columns->partition_key, Int64GetDatum(invocation->partition_key));
	store_column_add(&columns->new_id, InvocationIdGetDatum(&element->new_id));
	store_column_add(&columns->status, CStringGetTextDatum(restate_status_name(status)));
	if (deployment_id)
		store_column_add(&columns->deployment_id, DeploymentIdGetDatum(deployment_id));
	else
		store_column_add_null(&columns->deployment_id);
	store_column_add(&columns->journal_size,
					 Int64GetDatum(request->asked.last_index + 1 + invocation->suffix_size));
	/* the input is a command too */
	store_column_add(&columns->journal_commands_size, Int64GetDatum(1 + invocation->prefix_commands));
	if (status == STATUS_PENDING)
		store_column_add(&columns->inbox_sequence_number, Int64GetDatum(sequence_number));
	else
		store_column_add_null(&columns->inbox_sequence_number);
	store_column_add(&columns->random_seed, Int64GetDatum(seed));
	add_suffix(request, element, columns);
	if (request->asked.request_id)
		element->parameters = parameters_with(request, deployment_id);
	element_succeed(unit, element, "restarted", true);
}

/*
 * Returns the request's parameters, which are not empty, with the deployment
 * that was found for an invocation.
 */
static const char *
parameters_with(const Request *request, const RestateDeploymentId *deployment_id)
{
	const char *value = deployment_id ? psprintf("\"%s\"", restate_deployment_id_text(deployment_id)) : "null";

	return psprintf("%.*s, \"resolved_deployment\": %s}",
					(int) strlen(request->parameters) - 1, request->parameters, value);
}

/*
 * Adds the completions that the prefix needs from further on in the journal:
 * they follow it, in their order.
 */
static void
add_suffix(const Request *request, const Element *element, RestartColumns *columns)
{
	const Invocation *invocation = element->invocation;

	for (int i = 0; i < invocation->suffix_size; i++)
	{
		store_column_add(&columns->suffix_id, InvocationIdGetDatum(&element->id));
		store_column_add(&columns->suffix_partition_key, Int64GetDatum(invocation->partition_key));
		store_column_add(&columns->suffix_index, Int64GetDatum(invocation->suffix[i]));
		store_column_add(&columns->suffix_new_id, InvocationIdGetDatum(&element->new_id));
		store_column_add(&columns->suffix_new_index, Int64GetDatum(request->asked.last_index + 1 + i));
	}
}

/*
 * Returns the status that the new invocation starts with: ready, and holder
 * of its object key if it needs one, or pending in the inbox of the key.
 */
static Status
place(Unit *unit, const Element *element, int64 *sequence_number)
{
	ObjectKey *key = element->invocation->object_key;

	if (key)
	{
		key->changed = true;
		if (key->has_holder)
		{
			*sequence_number = key->next_sequence_number++;
			return STATUS_PENDING;
		}
		key->has_holder = true;
		key->holder = element->new_id;
	}
	unit->made_runnable = true;
	return STATUS_READY;
}

/*
 * Copies the journals and creates the new invocations.
 */
static void
write_restarts(Unit *unit, const Request *request, RestartColumns *columns)
{
	StoreCall call;

	store_call(&call, STORE_CREATE_RESTARTS);
	store_arg_column(&call, &columns->id);
	store_arg_column(&call, &columns->partition_key);
	store_arg_column(&call, &columns->new_id);
	store_arg_column(&call, &columns->status);
	store_arg_column(&call, &columns->deployment_id);
	store_arg_column(&call, &columns->journal_size);
	store_arg_column(&call, &columns->journal_commands_size);
	store_arg_column(&call, &columns->inbox_sequence_number);
	store_arg_column(&call, &columns->random_seed);
	store_arg(&call, Int64GetDatum(request->asked.last_index));
	store_arg_text(&call, request->asked.request_id);
	store_arg(&call, TimestampTzGetDatum(unit->at));
	unit_defer(unit, &call, columns->id.count);

	store_call(&call, STORE_COPY_JOURNALS);
	store_arg_column(&call, &columns->id);
	store_arg_column(&call, &columns->partition_key);
	store_arg_column(&call, &columns->new_id);
	store_arg(&call, Int64GetDatum(request->asked.last_index));
	unit_defer(unit, &call, columns->id.count * (request->asked.last_index + 1));

	if (columns->suffix_id.count == 0)
		return;
	store_call(&call, STORE_COPY_COMPLETIONS);
	store_arg_column(&call, &columns->suffix_id);
	store_arg_column(&call, &columns->suffix_partition_key);
	store_arg_column(&call, &columns->suffix_index);
	store_arg_column(&call, &columns->suffix_new_id);
	store_arg_column(&call, &columns->suffix_new_index);
	unit_defer(unit, &call, columns->suffix_id.count);
}
