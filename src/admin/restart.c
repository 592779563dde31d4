/*
 * restart.c
 *		Restarting completed invocations as new, from any journal entry.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "admin/operation.h"
#include "types/id_generate.h"

static void find_restarts(Workset *workset, Target *targets, int count);
static void read_prefixes(Workset *workset, const Target *targets, int count);
static void refuse_restart(const Request *request, Target *target, Refusal refusal);
static void refuse_incomplete(const Request *request, Target *target);
static void restart_again(Workset *workset, const Request *request, Target *target);
static const char *parameters_with(const Request *request,
								   const RestateDeploymentId *deployment_id);
static void restart(Workset *workset, const Request *request, Target *target);
static void copy_journal(Workset *workset, const Request *request, const Target *target);

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
				restart(workset, request, target);
			else
				refuse_restart(request, target, refusal);
		}
	}
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
	int nids = 0;

	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = targets[i].invocation;

		if (invocation == NULL || !invocation->exists || invocation->has_prefix ||
			invocation->status != STATUS_COMPLETED ||
			invocation->journal_size <= workset->asked.last_index)
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
	StoreFoundCommand found;

	store_call(&call, STORE_READ_INCOMPLETE);
	store_add_one(&call, &(StoreOne){
							 .id = &target->id,
							 .partition_key = target->invocation->partition_key,
							 .last_index = request->asked.last_index});
	if (store_execute(&call) != 1)
		elog(ERROR, "could not find the command that lacks a completion");
	store_read_command(0, &found);
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
 * Restarts the target's invocation.
 */
static void
restart(Workset *workset, const Request *request, Target *target)
{
	Invocation *invocation = target->invocation;
	Restart made;

	restate_generate_invocation_id((uint64) invocation->partition_key, &target->new_id);
	target->has_new_id = true;
	machine_restart(&workset->changes, invocation, &request->asked, &target->new_id, &made);
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
									  .last_index = request->asked.last_index,
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
	copy_journal(workset, request, target);
	if (request->asked.request_id)
		target->parameters = parameters_with(request, made.deployment_id);
	target_succeed(workset, target, "restarted", true);
}

/*
 * Returns the request's parameters, which are not empty, with the deployment
 * that was found for an invocation.
 */
static const char *
parameters_with(const Request *request, const RestateDeploymentId *deployment_id)
{
	const char *value =
		deployment_id ? psprintf("\"%s\"", restate_deployment_id_text(deployment_id)) : "null";

	return psprintf("%.*s, \"resolved_deployment\": %s}",
					(int) strlen(request->parameters) - 1, request->parameters, value);
}

/*
 * Copies the journal's prefix, and the completions that it needs from further
 * on: they follow it, in their order.
 */
static void
copy_journal(Workset *workset, const Request *request, const Target *target)
{
	const Invocation *invocation = target->invocation;
	int64 kept = request->asked.last_index + 1;
	StoreCall *part = workset_part(workset, STORE_COPY_JOURNALS);

	store_add_journal_copy(part, &(StoreJournalCopy){
									 .id = &target->id,
									 .partition_key = invocation->partition_key,
									 .new_id = &target->new_id,
									 .last_index = request->asked.last_index});
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
