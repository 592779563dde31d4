/*
 * explain.c
 *		Finds out what is to be said of one invocation: nothing is locked, and all
 *		is read as of one moment.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "admin/explain.h"
#include "types/compat.h"
#include "types/settings.h"

/* entries at the end of a journal among which commands are looked for that lack a completion */
#define OPEN_WITHIN 500

/* What is explained, and why it cannot be. */
typedef struct Question
{
	RestateInvocationId id;
	Explanation *explanation;
	RestateRefusal refusal;
} Question;

static const char *const wait_kind_names[WAIT_KIND_COUNT] = {
	[WAIT_OBJECT_KEY] = "object_key",
	[WAIT_START] = "start",
	[WAIT_WORKER] = "worker",
	[WAIT_RETRY] = "retry",
	[WAIT_OPERATOR] = "operator",
	[WAIT_COMMAND] = "command",
	[WAIT_COMPLETION] = "completion",
	[WAIT_SIGNAL] = "signal"};

/* what is judged, in the order in which it is told */
static const struct
{
	Operation operation;
	const char *mode;
	DeploymentChoice deployment; /* where none is asked for */
} judged[JUDGEMENT_COUNT] = {
	{OPERATION_CANCEL, NULL, DEPLOYMENT_KEEP},
	{OPERATION_KILL, NULL, DEPLOYMENT_KEEP},
	{OPERATION_PAUSE, NULL, DEPLOYMENT_KEEP},
	{OPERATION_RESUME, NULL, DEPLOYMENT_KEEP},
	{OPERATION_RESTART_AS_NEW, NULL, DEPLOYMENT_LATEST},
	{OPERATION_PURGE_JOURNAL, NULL, DEPLOYMENT_KEEP},
	{OPERATION_PURGE, NULL, DEPLOYMENT_KEEP},
	{OPERATION_DELETE_CANCEL, "cancel", DEPLOYMENT_KEEP},
	{OPERATION_DELETE_KILL, "kill", DEPLOYMENT_KEEP},
	{OPERATION_DELETE_PURGE, "purge", DEPLOYMENT_KEEP},
};

static void answer(void *argument);
static int64 kept_until(const Invocation *invocation, int64 retention);
static void judge(Explanation *explanation, const RestateInvocationId *id);
static bool read_about(const RestateInvocationId *id, StoreFoundAbout *about);
static StoreFoundBrief *read_brief(const RestateInvocationId *id);
static void find_waits(Explanation *explanation);
static Wait *add_wait(Explanation *explanation, WaitKind kind);
static void wait_for_key(Explanation *explanation);
static void wait_for_entries(Explanation *explanation);
static void wait_for_commands(Explanation *explanation, const ArrayType *completions);
static void wait_for_signals(Explanation *explanation);
static bool is_asked_for(const Explanation *explanation, int64 completion_id);
static void read_others(Explanation *explanation);
static void tell_next(Explanation *explanation);
static const char *next_of_running(const Explanation *explanation);
static Datum *elements(const ArrayType *array, Oid type, int *count);

/*
 * Returns the name of a kind of wait, as the JSON form has it.
 */
const char *
wait_kind_name(WaitKind kind)
{
	return wait_kind_names[kind];
}

/*
 * Explains an invocation.  Returns why it cannot: there is none of that id.  What it
 * finds is of the current memory context.
 */
RestateRefusal
explain(const RestateInvocationId *id, Explanation *explanation)
{
	Question question = {.id = *id, .explanation = explanation};

	memset(explanation, 0, sizeof(*explanation));
	workset_only_read(answer, &question);
	return question.refusal;
}

/*
 * Finds out all that is to be said.
 */
static void
answer(void *argument)
{
	Question *question = argument;
	Explanation *explanation = question->explanation;
	const Invocation *invocation;

	judge(explanation, &question->id);
	invocation = explanation->invocation;
	if (!invocation->exists)
	{
		question->refusal = explanation->judgements[0].target.refusal;
		return;
	}
	if (!read_about(&question->id, &explanation->about))
		elog(ERROR, "could not find the invocation again");
	find_waits(explanation);
	read_others(explanation);
	if (invocation->status == STATUS_COMPLETED)
	{
		explanation->result_until = kept_until(invocation, invocation->result_retention);
		explanation->journal_until =
			Min(kept_until(invocation, invocation->journal_retention), explanation->result_until);
	}
	tell_next(explanation);
}

/*
 * Returns when that retention of a completed invocation ends, TIME_NEVER where that is
 * beyond the times that the server has.
 */
static int64
kept_until(const Invocation *invocation, int64 retention)
{
	int64 until = machine_expiry(invocation, retention);

	return until < END_TIMESTAMP ? until : TIME_NEVER;
}

/*
 * Asks of each operation what it would do, each as if it were the only one.  What it
 * decides on is read for each: a decision changes it.
 */
static void
judge(Explanation *explanation, const RestateInvocationId *id)
{
	for (int i = 0; i < JUDGEMENT_COUNT; i++)
	{
		Judgement *judgement = &explanation->judgements[i];
		Request request = {.operation = judged[i].operation,
						   .asked = {.deployment = judged[i].deployment},
						   .parameters = "{}"};
		Workset workset;

		judgement->operation = operation_name(judged[i].operation);
		judgement->mode = judged[i].mode;
		judgement->target.id = *id;
		operation_judge(&workset, &request, false, &judgement->target);
		if (judged[i].operation != OPERATION_RESTART_AS_NEW)
			continue;
		/* of a restart, which leaves the original as it is */
		explanation->at = workset.at;
		explanation->invocation = judgement->target.invocation;
	}
}

/*
 * Reads what the invocation is and where it stands; returns whether it is there.
 */
static bool
read_about(const RestateInvocationId *id, StoreFoundAbout *about)
{
	StoreCall call;

	store_call(&call, STORE_READ_ABOUT);
	store_add_id(&call, &(StoreId){id, (int64) restate_id_partition_key(id)});
	if (store_execute(&call) == 0)
		return false;
	store_read_about(0, about);
	return true;
}

/*
 * Reads an invocation among others; returns NULL if it is gone.
 */
static StoreFoundBrief *
read_brief(const RestateInvocationId *id)
{
	StoreCall call;
	StoreFoundBrief *found;

	store_call(&call, STORE_READ_BRIEF);
	store_add_id(&call, &(StoreId){id, (int64) restate_id_partition_key(id)});
	if (store_execute(&call) == 0)
		return NULL;
	found = palloc_object(StoreFoundBrief);
	store_read_brief(0, found);
	return found;
}

/*
 * Finds what the invocation waits for, by the state that it is in.
 */
static void
find_waits(Explanation *explanation)
{
	const Invocation *invocation = explanation->invocation;

	explanation->waits = palloc0_array(Wait, WAIT_MAX + 1);
	switch (invocation->status)
	{
		case STATUS_PENDING:
			wait_for_key(explanation);
			break;
		case STATUS_SCHEDULED:
			add_wait(explanation, WAIT_START)->at = invocation->scheduled_start_at;
			break;
		case STATUS_READY:
			(void) add_wait(explanation, WAIT_WORKER);
			break;
		case STATUS_BACKING_OFF:
			add_wait(explanation, WAIT_RETRY)->at = invocation->next_retry_at;
			break;
		case STATUS_PAUSED:
			(void) add_wait(explanation, WAIT_OPERATOR);
			break;
		case STATUS_RUNNING:
		case STATUS_SUSPENDED:
		case STATUS_COMPLETED:
			break;
	}
	if (status_has_started(invocation->status) && invocation->status != STATUS_COMPLETED)
		wait_for_entries(explanation);
}

/*
 * Adds something that the invocation waits for, and returns it: a place that nobody
 * looks at, where there are more than are told.
 */
static Wait *
add_wait(Explanation *explanation, WaitKind kind)
{
	Wait *wait;

	wait = &explanation->waits[explanation->nwaits];
	if (explanation->nwaits == WAIT_MAX)
		explanation->has_more = true;
	else
		explanation->nwaits++;
	*wait = (Wait){.kind = kind, .completion_id = -1, .signal_index = -1};
	return wait;
}

/*
 * Adds the object key that the invocation waits for, with who holds it and how many
 * come first.
 */
static void
wait_for_key(Explanation *explanation)
{
	const Invocation *invocation = explanation->invocation;
	StoreCall call;
	StoreFoundCount ahead;
	Wait *wait = add_wait(explanation, WAIT_OBJECT_KEY);

	store_call(&call, STORE_READ_KEYS);
	store_add_key(&call, &(StoreKey){invocation->service_name, invocation->service_key,
									 invocation->partition_key});
	if (store_execute(&call) == 1)
	{
		StoreFoundKey key;

		store_read_key(0, &key);
		wait->other_id = key.holder;
	}
	store_call(&call, STORE_COUNT_AHEAD);
	store_add_inbox_place(&call,
						  &(StoreInboxPlace){.service_name = invocation->service_name,
											 .service_key = invocation->service_key,
											 .partition_key = invocation->partition_key,
											 .before = invocation->facts.inbox_sequence_number,
											 .max = WAIT_MAX_AHEAD});
	if (store_execute(&call) != 1)
		elog(ERROR, "could not count who waits before");
	store_read_count(0, &ahead);
	wait->ahead = ahead.count;
}

/*
 * Adds the completions and signals that a suspended invocation waits for; of another
 * the commands that lack a completion.
 */
static void
wait_for_entries(Explanation *explanation)
{
	const StoreFoundAbout *about = &explanation->about;

	if (explanation->invocation->status != STATUS_SUSPENDED)
	{
		wait_for_commands(explanation, NULL);
		return;
	}
	if (about->completions)
		wait_for_commands(explanation, about->completions);
	wait_for_signals(explanation);
}

/*
 * Adds the commands that ask for the completions, or, without any, those that lack
 * one among the last entries of the journal.
 */
static void
wait_for_commands(Explanation *explanation, const ArrayType *completions)
{
	const Invocation *invocation = explanation->invocation;
	StoreCall call;
	int count = 0;
	Datum *wanted = completions ? elements(completions, INT8OID, &count) : NULL;
	int first = explanation->nwaits;
	uint64 rows;

	if (completions && count == 0)
		return;
	store_call(&call, completions ? STORE_READ_ASKING_COMMANDS : STORE_READ_OPEN_COMMANDS);
	store_add_asking_command(
		&call, &(StoreAskingCommand){
				   .id = &invocation->id,
				   .partition_key = invocation->partition_key,
				   .completions = completions,
				   .first = completions ? 0 : Max(invocation->journal_size - OPEN_WITHIN, 0),
				   .max = completions ? Min(count, WAIT_MAX + 1) : WAIT_MAX + 1});
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		Wait *wait = add_wait(explanation, WAIT_COMMAND);

		store_read_asking(row, &wait->command);
		wait->at = wait->command.wake_up_at;
		wait->other_id = wait->command.invoked_id;
	}
	for (int i = 0; wanted && i < count && !explanation->has_more; i++)
		if (!is_asked_for(explanation, DatumGetInt64(wanted[i])))
			add_wait(explanation, WAIT_COMPLETION)->completion_id = DatumGetInt64(wanted[i]);
	/* in the order of the journal, which was read from its end */
	for (int last = first + (int) Min(rows, (uint64) (explanation->nwaits - first)) - 1;
		 first < last; first++, last--)
	{
		Wait wait = explanation->waits[first];

		explanation->waits[first] = explanation->waits[last];
		explanation->waits[last] = wait;
	}
}

/*
 * Returns whether a command that was found asks for the completion.
 */
static bool
is_asked_for(const Explanation *explanation, int64 completion_id)
{
	for (int i = 0; i < explanation->nwaits; i++)
	{
		const Wait *wait = &explanation->waits[i];

		if (wait->kind == WAIT_COMMAND && (wait->command.completion_id == completion_id ||
										   wait->command.result_completion_id == completion_id))
			return true;
	}
	return false;
}

/*
 * Adds the signals that a suspended invocation waits for.
 */
static void
wait_for_signals(Explanation *explanation)
{
	int count;
	Datum *values = elements(explanation->about.signals, INT8OID, &count);

	for (int i = 0; i < count; i++)
		add_wait(explanation, WAIT_SIGNAL)->signal_index = DatumGetInt64(values[i]);
	values = elements(explanation->about.names, TEXTOID, &count);
	for (int i = 0; i < count; i++)
		add_wait(explanation, WAIT_SIGNAL)->signal_name = TextDatumGetCString(values[i]);
}

/*
 * Returns the elements of an array of numbers or of texts; none for NULL.
 */
static Datum *
elements(const ArrayType *array, Oid type, int *count)
{
	Datum *values = NULL;
	bool is_text = type == TEXTOID;

	*count = 0;
	if (array)
		deconstruct_array(unconstify(ArrayType *, array), type, is_text ? -1 : (int) sizeof(int64),
						  !is_text, is_text ? TYPALIGN_INT : TYPALIGN_DOUBLE, &values, NULL, count);
	return values;
}

/*
 * Reads where those stand that are waited for.
 */
static void
read_others(Explanation *explanation)
{
	for (int i = 0; i < explanation->nwaits; i++)
		if (explanation->waits[i].other_id)
			explanation->waits[i].other = read_brief(explanation->waits[i].other_id);
}

/*
 * Tells what comes next of the invocation, and when.
 */
static void
tell_next(Explanation *explanation)
{
	const Invocation *invocation = explanation->invocation;

	switch (invocation->status)
	{
		case STATUS_PENDING:
			explanation->next =
				"It starts when it is the first of its inbox and the key is free.";
			break;
		case STATUS_SCHEDULED:
			explanation->next = "restate_tick starts it when its time has come.";
			explanation->next_at = invocation->scheduled_start_at;
			break;
		case STATUS_READY:
			if (invocation->facts.is_foreign)
				explanation->next =
					"Nothing runs it here before restate_adopt takes it on: it may run elsewhere.";
			else if (explanation->about.is_held)
				explanation->next =
					"No worker gets it before restate_release ends the hold on its service.";
			else if (!invocation->facts.is_pinned && !invocation->facts.deployment_found)
				explanation->next =
					"No worker gets it before a deployment is registered that serves its service.";
			else if (invocation->facts.is_pinned && explanation->about.endpoint == NULL)
				explanation->next =
					"No worker gets it: the deployment that it is pinned to is gone.";
			else
				explanation->next =
					"The next worker that claims work of its service gets it in its turn.";
			break;
		case STATUS_RUNNING:
			explanation->next = next_of_running(explanation);
			break;
		case STATUS_BACKING_OFF:
			explanation->next =
				"restate_tick makes it ready for its next attempt when the time has come.";
			explanation->next_at = invocation->next_retry_at;
			break;
		case STATUS_SUSPENDED:
			explanation->next = "It becomes ready when one of these arrives.";
			break;
		case STATUS_PAUSED:
			explanation->next = "It stays as it is until it is resumed, cancelled or killed.";
			break;
		case STATUS_COMPLETED:
			explanation->next_at = explanation->result_until;
			if (!restate_retention)
			{
				explanation->next =
					"It is kept until it is purged: restate_admin.retention is off.";
				explanation->next_at = 0;
			}
			else if (invocation->journal_size > 0 &&
					 explanation->journal_until < explanation->result_until)
			{
				explanation->next =
					"restate_tick removes its journal, and the rest later.";
				explanation->next_at = explanation->journal_until;
			}
			else if (explanation->result_until == TIME_NEVER)
				explanation->next = "It is kept until it is purged.";
			else
				explanation->next = "restate_tick removes it when it was kept long enough.";
			break;
	}
	if (explanation->next_at == TIME_NEVER)
		explanation->next_at = 0;
}

/*
 * Tells what comes next of an invocation that runs.
 */
static const char *
next_of_running(const Explanation *explanation)
{
	const Invocation *invocation = explanation->invocation;

	if (invocation->attempt == 0 || invocation->facts.is_foreign)
		return "Its attempt was not started here: nothing here ends it but an operation.";
	if (!explanation->about.worker_is_alive)
		return invocation->pause_requested ?
				   "Its worker is silent: restate_tick ends the attempt, and it is paused." :
				   "Its worker is silent: restate_tick ends the attempt, and it is ready again.";
	if (invocation->pause_requested)
		return "When the attempt ends it is paused.";
	return "The attempt goes on until it completes, is suspended or fails.";
}
