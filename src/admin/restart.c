/*
 * restart.c
 *		Restarting completed invocations as new, from any journal entry.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "admin/operation.h"
#include "types/id_generate.h"

static void find_restarts(Workset *workset, Target *targets, int count);
static void find_points(const Request *request, Target *targets, int count);
static void read_prefixes(Workset *workset, const Target *targets, int count);
static Asked asked_of(const Request *request, const Target *target);
static void refuse_restart(Target *target, Refusal refusal);
static void refuse_incomplete(Target *target);
static void restart_again(Workset *workset, const Request *request, Target *target);
static const char *parameters_with(const Request *request, const Target *target);
static void restart(Workset *workset, const Request *request, Target *target);
static void copy_journal(Workset *workset, const Target *target);

/*
 * Restarts completed invocations as new.  Refuses, in the documented order,
 * those that cannot be.  Where the request id of the call has restarted an
 * invocation before, that restart is the answer if it was the same.
 */
void
operation_restart_all(Workset *workset, const Request *request, Target *targets, int count)
{
	bool repeatable = request->asked.request_id != NULL;

	if (repeatable)
		find_restarts(workset, targets, count);
	find_points(request, targets, count);
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
		if (invocation && target->refusal.category == RESTATE_OK)
		{
			Asked asked = asked_of(request, target);
			Refusal refusal = machine_may_restart(invocation, &asked);

			if (refusal == NOT_REFUSED)
				restart(workset, request, target);
			else
				refuse_restart(target, refusal);
		}
	}
}

/*
 * Finds the last index that each restart is to keep of its journal: the one asked for,
 * or that of the point.  Where there is no such point, that is the refusal, unless the
 * invocation cannot be restarted at all; where the request id has restarted it before,
 * the index that it kept then stands for a point that is not there any more.
 */
static void
find_points(const Request *request, Target *targets, int count)
{
	for (int i = 0; i < count; i++)
	{
		Target *target = &targets[i];
		const Invocation *invocation = target->invocation;
		Asked asked;

		target->refusal.category = RESTATE_OK;
		target->last_index = request->asked.last_index;
		if (request->point == NULL || invocation == NULL)
			continue;
		asked = asked_of(request, target);
		if (invocation->exists && machine_may_restart(invocation, &asked) == NOT_REFUSED)
			target->refusal = restart_point_find(request->point, invocation, &target->last_index);
		else if (!invocation->restarted.exists)
			continue;
		else
			target->last_index = invocation->restarted.last_index;
		if (target->refusal.category != RESTATE_OK && invocation->restarted.exists)
			target->last_index = invocation->restarted.last_index;
	}
}

/*
 * Returns what is asked of the target's invocation.
 */
static Asked
asked_of(const Request *request, const Target *target)
{
	Asked asked = request->asked;

	asked.last_index = target->last_index;
	return asked;
}

/*
 * Finds the restarts that carry the request id, of originals that are gone
 * too.  This is read after the lock, which another such restart may have held.
 */
static void
find_restarts(Workset *workset, Target *targets, int count)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, STORE_READ_RESTARTED);
	for (int i = 0; i < count; i++)
	{
		const Invocation *invocation = targets[i].invocation;

		if (invocation)
			store_add_restarted(&call, &(StoreRestarted){
										   .id = &invocation->id,
										   .partition_key = invocation->partition_key,
										   .request_id = workset->asked.request_id});
	}
	if (call.count == 0)
		return;
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundRestart found;
		Restarted *restarted;

		store_read_restart(row, &found);
		restarted = &workset_find(workset, found.restarted_from)->restarted;
		restarted->exists = true;
		restarted->id = *found.id;
		restarted->is_recorded = found.is_recorded;
		restarted->last_index = found.last_index;
		restarted->deployment_is_recorded = found.has_deployment;
		restarted->has_deployment = found.deployment_id != NULL;
		if (found.deployment_id)
			restarted->deployment_id = *found.deployment_id;
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
	int64 *last_indexes = palloc_array(int64, Max(count, 1));
	int nids = 0;

	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = targets[i].invocation;
		int64 last_index = targets[i].last_index;

		if (invocation == NULL || !invocation->exists || invocation->has_prefix ||
			invocation->status != STATUS_COMPLETED ||
			invocation->journal_size <= last_index)
			continue;
		invocation->has_prefix = true;
		if (last_index == 0)
			continue;
		ids[nids] = invocation->id;
		last_indexes[nids++] = last_index;
	}
	if (nids > 0)
		workset_read_prefixes(workset, ids, last_indexes, nids);
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
	Asked asked = asked_of(request, target);

	if (machine_restarted_otherwise(target->invocation, &asked))
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
refuse_restart(Target *target, Refusal refusal)
{
	if (refusal == REFUSED_INCOMPLETE_PREFIX)
		refuse_incomplete(target);
	else
		target_refuse(target, refusal);
}

/*
 * Refuses the restart of an invocation whose journal lacks a completion of
 * what it is to keep: names the first such command, before which it can be
 * restarted.
 */
static void
refuse_incomplete(Target *target)
{
	StoreFoundCommand found;

	restart_find_incomplete(target, &found);
	target->refusal = restate_refusal(
		RESTATE_JOURNAL_PREFIX_INCOMPLETE,
		"the journal of invocation %s lacks a completion of %s%s%s at index " INT64_FORMAT
		": the largest index that works is " INT64_FORMAT,
		restate_invocation_id_text(&target->id), found.entry_type,
		found.name && found.name[0] ? " " : "",
		found.name && found.name[0] ? restate_quote_text(found.name) : "", found.index,
		found.index - 1);
	target->refusal.hint =
		psprintf("Restart from " INT64_FORMAT ", or from before it.", found.index - 1);
}

/*
 * Finds the first command that lacks a completion of those that a restart of the target
 * would keep, of which there is one.
 */
void
restart_find_incomplete(const Target *target, StoreFoundCommand *found)
{
	StoreCall call;

	store_call(&call, STORE_READ_INCOMPLETE);
	store_add_one(&call, &(StoreOne){
							 .id = &target->id,
							 .partition_key = target->invocation->partition_key,
							 .last_index = target->last_index});
	if (store_execute(&call) != 1)
		elog(ERROR, "could not find the command that lacks a completion");
	store_read_command(0, found);
}

/*
 * Restarts the target's invocation.
 */
static void
restart(Workset *workset, const Request *request, Target *target)
{
	Invocation *invocation = target->invocation;
	Asked asked = asked_of(request, target);
	Restart made;

	restate_generate_invocation_id((uint64) invocation->partition_key, &target->new_id);
	target->has_new_id = true;
	machine_restart(&workset->changes, invocation, &asked, &target->new_id, &made);
	/* the deployment is in the working set, not in what was asked */
	target->restart = made;
	invocation->restarted.exists = true;
	invocation->restarted.id = target->new_id;

	store_add_restart(workset_part(workset, STORE_CREATE_RESTARTS),
					  &(StoreRestart){.id = &target->id,
									  .partition_key = invocation->partition_key,
									  .new_id = &target->new_id,
									  .status = restate_status_name(made.status),
									  .deployment_id = made.deployment_id,
									  .journal_size = made.journal_size,
									  .journal_commands_size = made.journal_commands_size,
									  .inbox_sequence_number = made.status == STATUS_PENDING ?
																   &made.inbox_sequence_number :
																   NULL,
									  .random_seed = (int64) restate_random_bits(),
									  .last_index = target->last_index,
									  .request_id = request->asked.request_id,
									  .at = workset->at});
	if (made.status == STATUS_READY)
		store_add_runnable(workset_part(workset, STORE_ADD_RUNNABLE),
						   &(StoreRunnable){
							   .id = &target->new_id,
							   .partition_key = invocation->partition_key,
							   .service_name = invocation->service_name,
							   .deployment_id = made.deployment_id ? made.deployment_id :
																	 &restate_no_deployment,
							   .ready_at = workset->at});
	copy_journal(workset, target);
	if (request->asked.request_id || request->point)
		target->parameters = parameters_with(request, target);
	target_succeed(workset, target, "restarted", true);
}

/*
 * Returns the request's parameters, which are not empty, with what was found for an
 * invocation: the index of the point, and the deployment for the request id.
 */
static const char *
parameters_with(const Request *request, const Target *target)
{
	const RestateDeploymentId *deployment_id = target->restart.deployment_id;
	StringInfoData parameters;

	initStringInfo(&parameters);
	appendBinaryStringInfo(&parameters, request->parameters, (int) strlen(request->parameters) - 1);
	if (request->point)
		appendStringInfo(&parameters, ", \"from\": " INT64_FORMAT, target->last_index);
	if (request->asked.request_id && deployment_id)
		appendStringInfo(&parameters, ", \"resolved_deployment\": \"%s\"",
						 restate_deployment_id_text(deployment_id));
	else if (request->asked.request_id)
		appendStringInfoString(&parameters, ", \"resolved_deployment\": null");
	appendStringInfoChar(&parameters, '}');
	return parameters.data;
}

/*
 * Copies the journal's prefix, and the completions that it needs from further
 * on: they follow it, in their order.
 */
static void
copy_journal(Workset *workset, const Target *target)
{
	const Invocation *invocation = target->invocation;
	int64 kept = target->last_index + 1;
	StoreCall *part = workset_part(workset, STORE_COPY_JOURNALS);

	store_add_journal_copy(part, &(StoreJournalCopy){
									 .id = &target->id,
									 .partition_key = invocation->partition_key,
									 .new_id = &target->new_id,
									 .last_index = target->last_index});
	part->must_write = part->count * kept;
	for (int i = 0; i < invocation->suffix_size; i++)
		store_add_completion_copy(workset_part(workset, STORE_COPY_COMPLETIONS),
								  &(StoreCompletionCopy){
									  .id = &target->id,
									  .partition_key = invocation->partition_key,
									  .index = invocation->suffix[i],
									  .new_id = &target->new_id,
									  .new_index = kept + i});
}
