/*
 * operation.c
 *		The frame around every operation: where it may run, under which search
 *		path, with which locks, and how it is recorded.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "audit.h"
#include "compat.h"
#include "operation.h"
#include "store.h"

/* how often an operation starts over because its reach grew while it waited */
#define MAX_ATTEMPTS 20

typedef struct OperationDef
{
	const char *name; /* in the audit */
	Reach reach;
	OperationOnOne on_one; /* either of these */
	OperationOnAll on_all;
} OperationDef;

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

static int collect_ids(Element *elements, int count, RestateInvocationId *ids);
static void run_free(Unit *unit, const Request *request, Element *elements, int count,
					 const RestateInvocationId *ids, int nids);
static void run_locked(Unit *unit, const Request *request, Element *elements, int count);
static void run_starting_over(const Request *request, Element *elements, int count,
							  const RestateInvocationId *ids, int nids);
static bool attempt_in_subtransaction(const Request *request, Element *elements, int count,
									  const RestateInvocationId *ids, int nids);
static bool attempt(const Request *request, Element *elements, int count,
					const RestateInvocationId *ids, int nids);

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
 * Runs the operation over the elements, as if over one after the other, and
 * notes on each how it went.  Raises an error only for what concerns them
 * all; then nothing is changed.
 */
void
operation_run(const Request *request, Element *elements, int count)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "restate_admin operation",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	RestateInvocationId *ids;
	Unit unit;
	int guc_level;
	int nids;

	if (RecoveryInProgress())
		restate_raise(restate_refusal(RESTATE_READ_ONLY, "cannot run restate_admin operations on a standby"));

	guc_level = NewGUCNestLevel();
	restate_restrict_search_path();
	old = MemoryContextSwitchTo(context);
	store_begin();

	ids = palloc_array(RestateInvocationId, Max(count, 1));
	nids = collect_ids(elements, count, ids);
	unit_init(&unit, &request->asked);
	if (request->passes_over_busy)
		run_free(&unit, request, elements, count, ids, nids);
	else if (nids == 0 || unit_lock_simply(&unit, operations[request->operation].reach, ids, nids))
		run_locked(&unit, request, elements, count);
	else
		run_starting_over(request, elements, count, ids, nids);

	MemoryContextSwitchTo(old);
	AtEOXact_GUC(false, guc_level);
}

/*
 * Copies the ids of the elements that have one; returns how many.
 */
static int
collect_ids(Element *elements, int count, RestateInvocationId *ids)
{
	int nids = 0;

	for (int i = 0; i < count; i++)
		if (!elements[i].is_null)
			ids[nids++] = elements[i].id;
	return nids;
}

/*
 * Runs the operation over the elements that are free; notes the others.
 */
static void
run_free(Unit *unit, const Request *request, Element *elements, int count,
		 const RestateInvocationId *ids, int nids)
{
	Element *free = palloc_array(Element, Max(count, 1));
	int nfree = 0;

	unit_lock_free(unit, operations[request->operation].reach, ids, nids);
	for (int i = 0; i < count; i++)
	{
		elements[i].is_busy = !elements[i].is_null && unit_find(unit, &elements[i].id)->is_busy;
		if (!elements[i].is_busy)
			free[nfree++] = elements[i];
	}
	run_locked(unit, request, free, nfree);
	for (int i = count; i-- > 0;)
		if (!elements[i].is_busy)
			elements[i] = free[--nfree];
}

/*
 * Runs the operation in the locked unit, writes what changed and records it.
 */
static void
run_locked(Unit *unit, const Request *request, Element *elements, int count)
{
	const OperationDef *def = &operations[request->operation];

	for (int i = 0; i < count; i++)
		elements[i].invocation = elements[i].is_null ? NULL : unit_find(unit, &elements[i].id);
	if (def->on_all)
		def->on_all(unit, request, elements, count);
	else
		for (int i = 0; i < count; i++)
		{
			Invocation *invocation = element_found(&elements[i]);

			if (invocation)
				def->on_one(unit, request, &elements[i], invocation);
		}
	audit_write(unit, def->name, request->parameters);
	unit_write(unit);
}

/*
 * Runs the operation where more than the named rows must be locked, each
 * attempt in a subtransaction: if the reach grew while the locks were waited
 * for, rolling that back releases them, so that locks are always taken in
 * order.  Raises a serialization failure if it never stops growing.
 */
static void
run_starting_over(const Request *request, Element *elements, int count,
				  const RestateInvocationId *ids, int nids)
{
	for (int i = 0; i < MAX_ATTEMPTS; i++)
	{
		if (attempt_in_subtransaction(request, elements, count, ids, nids))
			return;
		CHECK_FOR_INTERRUPTS();
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not lock the invocations: more kept coming within reach"),
			 errhint("Run the operation again.")));
}

/*
 * Runs the operation once in a subtransaction, which is rolled back if the
 * operation could not run or raised an error.  Returns whether it ran.
 */
static bool
attempt_in_subtransaction(const Request *request, Element *elements, int count,
						  const RestateInvocationId *ids, int nids)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		done = attempt(request, elements, count, ids, nids);
		if (done)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

/*
 * Runs the operation once in a unit of its own; returns whether it could.
 */
static bool
attempt(const Request *request, Element *elements, int count,
		const RestateInvocationId *ids, int nids)
{
	Unit unit;

	unit_init(&unit, &request->asked);
	if (!unit_lock_reached(&unit, operations[request->operation].reach, ids, nids))
		return false;
	run_locked(&unit, request, elements, count);
	return true;
}

/*
 * Returns the element's invocation, or NULL if it does not exist, for which
 * the element is refused.
 */
Invocation *
element_found(Element *element)
{
	if (element->invocation == NULL)
		element->refusal = restate_refusal(RESTATE_INVALID_INVOCATION_ID, "invocation id must not be null");
	else if (!element->invocation->exists)
		element_refuse(element, REFUSED_NOT_FOUND);
	else
		return element->invocation;
	return NULL;
}

/*
 * Refuses the element.
 */
void
element_refuse(Element *element, Refusal refusal)
{
	const RefusalDef *def = &refusals[refusal];

	element->refusal = (RestateRefusal){
		.category = def->category,
		.message = psprintf(def->message, restate_invocation_id_text(&element->id)),
		.hint = def->hint};
}

/*
 * Notes that the element succeeded, and for the audit if it took effect.
 */
void
element_succeed(Unit *unit, Element *element, const char *outcome, bool took_effect)
{
	element->refusal.category = RESTATE_OK;
	element->outcome = outcome;
	if (took_effect)
		machine_note(&unit->changes, &(Effect){
										 .id = element->id,
										 .outcome = outcome,
										 .has_new_id = element->has_new_id,
										 .new_id = element->new_id,
										 .parameters = element->parameters,
										 .subject = element->subject,
										 .reason = element->reason});
}
