/*
 * preview.c
 *		Finds out what a restart would keep and run again.  The restart itself decides,
 *		in a working set that was only read.
 */
#include "postgres.h"

#include "admin/preview.h"
#include "store/answers.h"
#include "types/compat.h"

/* What is asked, and where the answer goes. */
typedef struct Question
{
	Request request;
	RestateInvocationId id;
	Preview *preview;
	Target target;
} Question;

static void answer_preview(void *argument);
static void answer_point(void *argument);
static void tell_restart(Preview *preview, const Request *request);
static void tell_refusal(Preview *preview, const Request *request);
static bool judge_at(const Request *request, const RestateInvocationId *id, int64 last_index,
					 Target *target);

/*
 * Finds out what the restart would do.  What it finds is of the current memory context.
 */
void
preview_restart(const Request *request, const RestateInvocationId *id, Preview *preview)
{
	Question question = {.request = *request, .id = *id, .preview = preview};

	memset(preview, 0, sizeof(*preview));
	preview->target.id = *id;
	workset_only_read(answer_preview, &question);
}

/*
 * Finds out what the restart would do.
 */
static void
answer_preview(void *argument)
{
	Question *question = argument;
	Preview *preview = question->preview;
	Workset *workset = palloc_object(Workset);

	operation_judge(workset, &question->request, true, &preview->target);
	preview->workset = workset;
	if (preview->target.refusal.category == RESTATE_OK)
		tell_restart(preview, &question->request);
	else if (preview->target.invocation->exists)
		tell_refusal(preview, &question->request);
}

/*
 * Tells what runs again, and on which deployment.
 */
static void
tell_restart(Preview *preview, const Request *request)
{
	const Invocation *invocation = preview->target.invocation;
	const RestateDeploymentId *deployment_id = preview->target.restart.deployment_id;
	StoreCall call;

	preview->runs_again =
		invocation->journal_commands_size - preview->target.restart.journal_commands_size;
	store_call(&call, STORE_READ_COMMAND_AFTER);
	store_add_entry_asked(&call, &(StoreEntryAsked){.id = &invocation->id,
													.partition_key = invocation->partition_key,
													.number = preview->target.last_index});
	preview->has_first = store_execute(&call) > 0;
	if (preview->has_first)
		store_read_command(0, &preview->first);

	/* one that was never pinned is pinned to the latest when it starts */
	if (deployment_id == NULL && request->asked.deployment == DEPLOYMENT_LATEST &&
		invocation->facts.deployment_found)
		deployment_id = &invocation->facts.deployment_id;
	preview->has_deployment = deployment_id != NULL;
	if (deployment_id == NULL)
		return;
	preview->deployment_id = *deployment_id;
	store_call(&call, STORE_READ_REVISION);
	store_add_revision(&call, &(StoreRevision){invocation->service_name, deployment_id});
	if (store_execute(&call) == 1)
	{
		StoreFoundCount found;

		store_read_count(0, &found);
		preview->revision = found.count;
	}
}

/*
 * Tells which command lacks a completion, and the nearest index that works.  What works
 * is decided again.  It lies below: an index above keeps all that this one would keep,
 * and with it what it is refused for.
 */
static void
tell_refusal(Preview *preview, const Request *request)
{
	Target target = preview->target;
	int64 candidate = -1;

	/* each time further down */
	for (;;)
	{
		RestateCategory category = target.refusal.category;
		int64 next = 0;

		if (category == RESTATE_JOURNAL_PREFIX_INCOMPLETE)
		{
			StoreFoundCommand lacking;

			restart_find_incomplete(&target, &lacking);
			next = lacking.index - 1;
			if (!preview->has_lacking)
			{
				preview->has_lacking = true;
				preview->lacking = lacking;
			}
		}
		else if (category == RESTATE_JOURNAL_INDEX_OUT_OF_RANGE)
			next = target.invocation->journal_size - 1;
		if (next >= target.last_index)
			return;
		candidate = next;
		if (judge_at(request, &preview->target.id, candidate, &target))
			break;
	}
	preview->has_nearest = true;
	preview->nearest = candidate;
}

/*
 * Decides on a restart from an index; returns whether it would be made.
 */
static bool
judge_at(const Request *request, const RestateInvocationId *id, int64 last_index, Target *target)
{
	Request again = *request;
	Workset workset;

	again.point = NULL;
	again.asked.last_index = last_index;
	*target = (Target){.id = *id};
	operation_judge(&workset, &again, false, target);
	return target->refusal.category == RESTATE_OK;
}

/*
 * Finds the index that a restart at the point keeps last.  Returns why there is none, or
 * why the invocation cannot be restarted from there on a deployment that fits.
 */
RestateRefusal
restart_point_of(const RestartPoint *point, const RestateInvocationId *id, int64 *last_index)
{
	Question question = {
		.request = {.operation = OPERATION_RESTART_AS_NEW, .point = point, .parameters = "{}"},
		.id = *id};

	workset_only_read(answer_point, &question);
	*last_index = question.target.last_index;
	return question.target.refusal;
}

/*
 * Decides on the restart at the point: on the deployment that the invocation is pinned
 * to, or, if it was never pinned, on the latest.
 */
static void
answer_point(void *argument)
{
	Question *question = argument;
	static const DeploymentChoice choices[] = {DEPLOYMENT_KEEP, DEPLOYMENT_LATEST};

	for (int i = 0; i < (int) lengthof(choices); i++)
	{
		Workset workset;

		question->request.asked.deployment = choices[i];
		question->target = (Target){.id = question->id};
		operation_judge(&workset, &question->request, false, &question->target);
		if (question->target.refusal.category != RESTATE_DEPLOYMENT_NOT_CHANGEABLE)
			return;
	}
}
