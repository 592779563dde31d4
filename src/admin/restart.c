/*
 * restart.c
 *		Restarting completed invocations as new, from any journal entry.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "admin/operation.h"
#include "store/store.h"

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

static void find_restarts(Workset *workset, Target *targets, int count);
static void read_prefixes(Workset *workset, const Target *targets, int count);
static void refuse_restart(const Request *request, Target *target, Refusal refusal);
static void refuse_incomplete(const Request *request, Target *target);
static void restart_again(Workset *workset, const Request *request, Target *target);
static const char *parameters_with(const Request *request, const RestateDeploymentId *deployment_id);
static void add_restart(Workset *workset, const Request *request, Target *target, RestartColumns *columns);
static void add_suffix(const Request *request, const Target *target, RestartColumns *columns);
static void write_restarts(Workset *workset, const Request *request, RestartColumns *columns);

/*
 * Restarts completed invocations as new.  Refuses, in the documented order,
 * those that cannot be.  Where the request id of the call has restarted an
 * invocation before, that restart is the answer if it was the same.
 */
void
operation_restart_all(Workset *workset, const Request *request, Target *targets, int count)
{
	RestartColumns columns = {0};
	bool repeatable = request->asked.request_id != NULL;

	if (repeatable)
		find_restarts(workset, targets, count);
	read_prefixes(workset, targets, count);
	for (int i = 0; i < count; i++)
	{
		Target *target = &targets[i];
		Invocation *invocation = target->invocation;

		if (repeatable && invocation && invocation->restarted.exists)
		{
			restart_again(workset, request, target);
			continue;
		}
		invocation = target_found(target);
		if (invocation)
		{
			Refusal refusal = machine_may_restart(invocation, &request->asked);

			if (refusal == NOT_REFUSED)
				add_restart(workset, request, target, &columns);
			else
				refuse_restart(request, target, refusal);
		}
	}
	if (columns.id.count > 0)
		write_restarts(workset, request, &columns);
}

/*
 * Finds the restarts that carry the request id, of originals that are gone
 * too.  This is read after the lock, which another such restart may have held.
 */
static void
find_restarts(Workset *workset, Target *targets, int count)
{
	StoreCall call;
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	uint64 rows;

	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = targets[i].invocation;

		if (invocation == NULL)
			continue;
		workset_add_id(invocation, &ids, &partition_keys);
	}
	if (ids.count == 0)
		return;
	store_call(&call, STORE_READ_RESTARTED);
	store_arg_column(&call, &ids);
	store_arg_column(&call, &partition_keys);
	store_arg(&call, CStringGetTextDatum(workset->asked.request_id));
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		RestateInvocationId original;
		Restarted *restarted;

		(void) store_invocation_id(row, 1, &original);
		restarted = &workset_find(workset, &original)->restarted;
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
read_prefixes(Workset *workset, const Target *targets, int count)
{
	RestateInvocationId *ids = palloc_array(RestateInvocationId, Max(count, 1));
	int nids = 0;

	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = targets[i].invocation;

		if (invocation == NULL || !invocation->exists || invocation->has_prefix ||
			invocation->status != STATUS_COMPLETED || invocation->journal_size <= workset->asked.last_index)
			continue;
		invocation->has_prefix = true;
		if (workset->asked.last_index > 0)
			ids[nids++] = invocation->id;
	}
	if (nids > 0)
		workset_read_prefixes(workset, ids, nids);
	workset_read_suffixes(workset);
}

/*
 * Answers with the restart that the request id has made before; refuses if
 * that one was another.
 */
static void
restart_again(Workset *workset, const Request *request, Target *target)
{
	const Restarted *restarted = &target->invocation->restarted;

	if (machine_restarted_otherwise(target->invocation, &request->asked))
		target_refuse(target, REFUSED_OTHER_REQUEST);
	else
	{
		target->has_new_id = true;
		target->new_id = restarted->id;
		target_succeed(workset, target, "unchanged", false);
	}
}

/*
 * Refuses a restart.
 */
static void
refuse_restart(const Request *request, Target *target, Refusal refusal)
{
	if (refusal == REFUSED_INCOMPLETE_PREFIX)
		refuse_incomplete(request, target);
	else
		target_refuse(target, refusal);
}

/*
 * Refuses the restart of an invocation whose journal lacks a completion of
 * what it is to keep: names the first such command, before which it can be
 * restarted.
 */
static void
refuse_incomplete(const Request *request, Target *target)
{
	StoreCall call;
	int64 index;
	const char *name;

	store_call(&call, STORE_READ_INCOMPLETE);
	store_arg(&call, InvocationIdGetDatum(&target->id));
	store_arg(&call, Int64GetDatum(target->invocation->partition_key));
	store_arg(&call, Int64GetDatum(request->asked.last_index));
	if (store_execute(&call) != 1)
		elog(ERROR, "could not find the command that lacks a completion");
	index = DatumGetInt64(store_value(0, 1));
	name = store_text(0, 3);
	target->refusal =
		restate_refusal(RESTATE_JOURNAL_PREFIX_INCOMPLETE,
						"the journal of invocation %s lacks a completion of %s%s%s at index " INT64_FORMAT
						": the largest index that works is " INT64_FORMAT,
						restate_invocation_id_text(&target->id), store_text(0, 2),
						name && name[0] ? " " : "", name && name[0] ? restate_quote_text(name) : "", index, index - 1);
	target->refusal.hint = psprintf("Restart from " INT64_FORMAT ", or from before it.", index - 1);
}

/*
 * Adds the restart of the target's invocation to the columns.
 */
static void
add_restart(Workset *workset, const Request *request, Target *target, RestartColumns *columns)
{
	Invocation *invocation = target->invocation;
	Restart restart;
	int64 seed;

	if (!pg_strong_random(&seed, sizeof(seed)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random seed")));
	restate_generate_invocation_id((uint64) invocation->partition_key, &target->new_id);
	target->has_new_id = true;
	machine_restart(&workset->changes, invocation, &request->asked, &target->new_id, &restart);
	invocation->restarted.exists = true;
	invocation->restarted.id = target->new_id;

	store_column_add(&columns->id, InvocationIdGetDatum(&target->id));
	store_column_add(&columns->partition_key, Int64GetDatum(invocation->partition_key));
	store_column_add(&columns->new_id, InvocationIdGetDatum(&target->new_id));
	store_column_add(&columns->status, CStringGetTextDatum(restate_status_name(restart.status)));
	if (restart.deployment_id)
		store_column_add(&columns->deployment_id, DeploymentIdGetDatum(restart.deployment_id));
	else
		store_column_add_null(&columns->deployment_id);
	store_column_add(&columns->journal_size, Int64GetDatum(restart.journal_size));
	store_column_add(&columns->journal_commands_size, Int64GetDatum(restart.journal_commands_size));
	if (restart.status == STATUS_PENDING)
		store_column_add(&columns->inbox_sequence_number, Int64GetDatum(restart.inbox_sequence_number));
	else
		store_column_add_null(&columns->inbox_sequence_number);
	store_column_add(&columns->random_seed, Int64GetDatum(seed));
	add_suffix(request, target, columns);
	if (request->asked.request_id)
		target->parameters = parameters_with(request, restart.deployment_id);
	target_succeed(workset, target, "restarted", true);
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
add_suffix(const Request *request, const Target *target, RestartColumns *columns)
{
	const Invocation *invocation = target->invocation;

	for (int i = 0; i < invocation->suffix_size; i++)
	{
		store_column_add(&columns->suffix_id, InvocationIdGetDatum(&target->id));
		store_column_add(&columns->suffix_partition_key, Int64GetDatum(invocation->partition_key));
		store_column_add(&columns->suffix_index, Int64GetDatum(invocation->suffix[i]));
		store_column_add(&columns->suffix_new_id, InvocationIdGetDatum(&target->new_id));
		store_column_add(&columns->suffix_new_index, Int64GetDatum(request->asked.last_index + 1 + i));
	}
}

/*
 * Copies the journals and creates the new invocations.
 */
static void
write_restarts(Workset *workset, const Request *request, RestartColumns *columns)
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
	store_arg(&call, TimestampTzGetDatum(workset->at));
	workset_defer(workset, &call, columns->id.count);

	store_call(&call, STORE_COPY_JOURNALS);
	store_arg_column(&call, &columns->id);
	store_arg_column(&call, &columns->partition_key);
	store_arg_column(&call, &columns->new_id);
	store_arg(&call, Int64GetDatum(request->asked.last_index));
	workset_defer(workset, &call, columns->id.count * (request->asked.last_index + 1));

	if (columns->suffix_id.count == 0)
		return;
	store_call(&call, STORE_COPY_COMPLETIONS);
	store_arg_column(&call, &columns->suffix_id);
	store_arg_column(&call, &columns->suffix_partition_key);
	store_arg_column(&call, &columns->suffix_index);
	store_arg_column(&call, &columns->suffix_new_id);
	store_arg_column(&call, &columns->suffix_new_index);
	workset_defer(workset, &call, columns->suffix_id.count);
}
