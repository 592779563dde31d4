/*
 * operation.c
 *		The frame around every operation: where it may run, under which search
 *		path, with which locks, and how it is recorded.
 */
#include "postgres.h"

#include "utils/guc.h"
#include "utils/memutils.h"

#include "admin/operation.h"
#include "store/store.h"
#include "types/compat.h"
#include "workset/audit.h"

typedef struct OperationDef
{
	const char *name; /* in the audit */
	Reach reach;
	OperationOnOne on_one; /* either of these */
	OperationOnAll on_all;
} OperationDef;

/* What an attempt to run an operation is given. */
typedef struct Attempt
{
	const Request *request;
	Target *targets;
	int count;
	RestateInvocationId *ids;
	int nids;
} Attempt;

/* An attempt that changes nothing. */
typedef struct Trial
{
	Attempt of;
	Workset workset;
} Trial;

static const OperationDef operations[OPERATION_COUNT] = {
	[OPERATION_PURGE_JOURNAL] = {"purge_journal", REACH_ROW, operation_purge_journal, NULL},
	[OPERATION_DELETE_CANCEL] = {"delete_invocation", REACH_CANCEL, operation_cancel, NULL},
	[OPERATION_DELETE_KILL] = {"delete_invocation", REACH_KILL, operation_kill, NULL},
	[OPERATION_DELETE_PURGE] = {"delete_invocation", REACH_ROW, operation_purge, NULL},
	[OPERATION_RESTART_AS_NEW] = {"restart_as_new", REACH_KEY, NULL, operation_restart_all},
	[OPERATION_CANCEL] = {"cancel", REACH_CANCEL, operation_cancel, NULL},
	[OPERATION_KILL] = {"kill", REACH_KILL, operation_kill, NULL},
	[OPERATION_PURGE] = {"purge", REACH_ROW, operation_purge, NULL},
	[OPERATION_PAUSE] = {"pause", REACH_ROW, operation_pause, NULL},
	[OPERATION_RESUME] = {"resume", REACH_ROW, operation_resume, NULL},
};

static int collect_ids(Target *targets, int count, RestateInvocationId *ids);
static void run_free(Workset *workset, const Request *request, Target *targets, int count,
					 const RestateInvocationId *ids, int nids);
static void run_locked(Workset *workset, const Request *request, Target *targets, int count);
static void decide(Workset *workset, const Request *request, Target *targets, int count);
static List *effects_on_others(Workset *workset, RestateInvocationId *named, int count);
static int compare_ids(const void *a, const void *b);
static int compare_effects(const ListCell *a, const ListCell *b);
static bool attempt(void *argument);
static void try_operation(void *argument);

/*
 * Returns the operation's name, as in the audit.
 */
const char *
operation_name(Operation operation)
{
	return operations[operation].name;
}

/*
 * Finds the operation of that name, of delete one of its modes; returns false
 * if there is none.
 */
bool
operation_of_name(const char *name, Operation *operation)
{
	for (int i = 0; i < OPERATION_COUNT; i++)
	{
		*operation = (Operation) i;
		if (strcmp(name, operations[i].name) == 0)
			return true;
	}
	return false;
}

/*
 * Runs the operation over the targets, as if over one after the other, and
 * notes on each how it went.  Raises an error only for what concerns them
 * all; then nothing is changed.
 */
void
operation_run(const Request *request, Target *targets, int count)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "restate_admin operation",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	RestateInvocationId *ids;
	Workset workset;
	int guc_level;
	int nids;

	guc_level = workset_begin();
	old = MemoryContextSwitchTo(context);

	ids = palloc_array(RestateInvocationId, Max(count, 1));
	nids = collect_ids(targets, count, ids);
	workset_init(&workset, &request->asked);
	if (request->passes_over_busy)
		run_free(&workset, request, targets, count, ids, nids);
	else if (nids == 0 ||
			 workset_lock_simply(&workset, operations[request->operation].reach, ids, nids))
		run_locked(&workset, request, targets, count);
	else
		workset_start_over(attempt, &(Attempt){request, targets, count, ids, nids});

	MemoryContextSwitchTo(old);
	AtEOXact_GUC(false, guc_level);
}

/*
 * Finds out what operation_run would do now, and changes and locks nothing: notes on
 * each target how it would go, and returns a list of Effect, one for each other
 * invocation that would change.  All of it is of the current memory context.  Runs on
 * a standby too.
 */
List *
operation_try(const Request *request, Target *targets, int count)
{
	Trial trial = {.of = {.request = request, .targets = targets, .count = count}};

	trial.of.ids = palloc_array(RestateInvocationId, Max(count, 1));
	trial.of.nids = collect_ids(targets, count, trial.of.ids);
	workset_only_read(try_operation, &trial);
	return effects_on_others(&trial.workset, trial.of.ids, trial.of.nids);
}

/*
 * Runs the operation in a working set that was only read.
 */
static void
try_operation(void *argument)
{
	Trial *trial = argument;
	const Request *request = trial->of.request;

	workset_init(&trial->workset, &request->asked);
	workset_read_reached(&trial->workset, operations[request->operation].reach, trial->of.ids,
						 trial->of.nids);
	decide(&trial->workset, request, trial->of.targets, trial->of.count);
}

/*
 * Decides about one invocation alone, in a working set that is made here: notes on the
 * target whether the operation would succeed.  What the operation would do to others is
 * not looked at but for the object key of a restart, if that is asked for.  For who only
 * reads.
 */
void
operation_judge(Workset *workset, const Request *request, bool with_key, Target *target)
{
	workset_init(workset, &request->asked);
	if (with_key)
		workset_read_reached(workset, REACH_KEY, &target->id, 1);
	else
		workset_read_alone(workset, &target->id);
	decide(workset, request, target, 1);
}

/*
 * Returns what has become of the invocations that were not named: those that one
 * that is named has reached, as the audit would have them, then those that start
 * or are answered because another has ended, in the order of their ids.
 */
static List *
effects_on_others(Workset *workset, RestateInvocationId *named, int count)
{
	List *effects = NIL;
	List *followers = NIL;
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	qsort(named, count, sizeof(*named), compare_ids);
	for (Effect *effect = workset->changes.effects; effect; effect = effect->next)
		if (effect->has_cause && !bsearch(&effect->id, named, count, sizeof(*named), compare_ids))
			effects = lappend(effects, effect);
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (invocation->changed && !invocation->within_reach)
		{
			Effect *effect = palloc0_object(Effect);

			effect->id = invocation->id;
			effect->outcome =
				invocation->facts.status == STATUS_PENDING && invocation->status != STATUS_PENDING ? "started" : "answered";
			followers = lappend(followers, effect);
		}
	list_sort(followers, compare_effects);
	return list_concat(effects, followers);
}

/*
 * Orders ids, for qsort() and bsearch().
 */
static int
compare_ids(const void *a, const void *b)
{
	return restate_invocation_id_compare(a, b);
}

/*
 * Orders effects by the ids of the invocations, for list_sort().
 */
static int
compare_effects(const ListCell *a, const ListCell *b)
{
	return restate_invocation_id_compare(&((const Effect *) lfirst(a))->id,
										 &((const Effect *) lfirst(b))->id);
}

/*
 * Copies the ids of the targets that have one; returns how many.
 */
static int
collect_ids(Target *targets, int count, RestateInvocationId *ids)
{
	int nids = 0;

	for (int i = 0; i < count; i++)
		if (!targets[i].is_null)
			ids[nids++] = targets[i].id;
	return nids;
}

/*
 * Runs the operation over the targets that are free; notes the others.
 */
static void
run_free(Workset *workset, const Request *request, Target *targets, int count,
		 const RestateInvocationId *ids, int nids)
{
	Target *free = palloc_array(Target, Max(count, 1));
	int nfree = 0;

	workset_lock_free(workset, operations[request->operation].reach, ids, nids);
	for (int i = 0; i < count; i++)
	{
		targets[i].is_busy = !targets[i].is_null && workset_find(workset, &targets[i].id)->is_busy;
		if (!targets[i].is_busy)
			free[nfree++] = targets[i];
	}
	run_locked(workset, request, free, nfree);
	for (int i = count; i-- > 0;)
		if (!targets[i].is_busy)
			targets[i] = free[--nfree];
}

/*
 * Runs the operation in the locked working set, writes what changed and records it.
 */
static void
run_locked(Workset *workset, const Request *request, Target *targets, int count)
{
	decide(workset, request, targets, count);
	audit_write(workset, operations[request->operation].name, request->parameters);
	workset_write(workset);
}

/*
 * Runs the operation in the working set, and in nothing else.
 */
static void
decide(Workset *workset, const Request *request, Target *targets, int count)
{
	const OperationDef *def = &operations[request->operation];

	for (int i = 0; i < count; i++)
		targets[i].invocation = targets[i].is_null ? NULL : workset_find(workset, &targets[i].id);
	if (def->on_all)
		def->on_all(workset, request, targets, count);
	else
		for (int i = 0; i < count; i++)
		{
			Invocation *invocation = target_found(&targets[i]);

			if (invocation)
				def->on_one(workset, request, &targets[i], invocation);
		}
}

/*
 * Runs the operation once in a working set of its own; returns whether it could.
 */
static bool
attempt(void *argument)
{
	const Attempt *attempt = argument;
	Workset workset;

	workset_init(&workset, &attempt->request->asked);
	if (!workset_lock_reached(&workset, operations[attempt->request->operation].reach, attempt->ids,
							  attempt->nids))
		return false;
	run_locked(&workset, attempt->request, attempt->targets, attempt->count);
	return true;
}

/*
 * Returns the target's invocation, or NULL if it does not exist, for which
 * the target is refused.
 */
Invocation *
target_found(Target *target)
{
	if (target->invocation == NULL)
		target->refusal =
			restate_refusal(RESTATE_INVALID_INVOCATION_ID, "invocation id must not be null");
	else if (!target->invocation->exists)
		target_refuse(target, REFUSED_NOT_FOUND);
	else
		return target->invocation;
	return NULL;
}

/*
 * Refuses the target.
 */
void
target_refuse(Target *target, Refusal refusal)
{
	const RefusalDef *def = &refusals[refusal];

	target->refusal = (RestateRefusal){
		.category = def->category,
		.message = psprintf(def->message, restate_invocation_id_text(&target->id)),
		.hint = def->hint};
}

/*
 * Notes that the target succeeded, and for the audit if it took effect.
 */
void
target_succeed(Workset *workset, Target *target, const char *outcome, bool took_effect)
{
	target->refusal.category = RESTATE_OK;
	target->outcome = outcome;
	if (took_effect)
		machine_note(&workset->changes, &(Effect){
											.id = target->id,
											.outcome = outcome,
											.has_new_id = target->has_new_id,
											.new_id = target->new_id,
											.parameters = target->parameters,
											.subject = target->subject,
											.reason = target->reason});
}
