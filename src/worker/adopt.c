/*
 * adopt.c
 *		Has foreign invocations run here.
 */
#include "postgres.h"

#include "types/compat.h"
#include "worker/worker.h"
#include "workset/audit.h"

/* The sleeps of an invocation that have not ended. */
typedef struct Sleeps
{
	Timer *timers;
	int count;
} Sleeps;

static Sleeps *read_sleeps(Workset *workset, Invocation *const *invocations, int count);
static int find(Invocation *const *invocations, int count, const RestateInvocationId *id);

/*
 * Adopts those of the invocations, named in the order of their ids and each once, that
 * are foreign and have not completed; returns how many.
 */
int64
worker_adopt(const RestateInvocationId *ids, int count)
{
	Workset workset;
	Invocation **foreign = palloc_array(Invocation *, Max(count, 1));
	Sleeps *sleeps;
	int nforeign = 0;

	if (count == 0)
		return 0;
	workset_init(&workset, NULL);
	(void) workset_lock_simply(&workset, REACH_ROW, ids, count);
	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = workset_find(&workset, &ids[i]);

		if (invocation->exists && invocation->is_foreign && invocation->status != STATUS_COMPLETED)
			foreign[nforeign++] = invocation;
	}
	sleeps = read_sleeps(&workset, foreign, nforeign);
	for (int i = 0; i < nforeign; i++)
	{
		Verdict verdict =
			machine_adopt(&workset.changes, foreign[i], sleeps[i].timers, sleeps[i].count);

		machine_note(&workset.changes,
					 &(Effect){.id = foreign[i]->id, .outcome = verdict.outcome});
	}
	audit_write(&workset, "adopt", "{}");
	workset_write(&workset);
	return nforeign;
}

/*
 * Reads the sleeps of invocations, which are in the order of their ids, that have not
 * ended; returns those of each.
 */
static Sleeps *
read_sleeps(Workset *workset, Invocation *const *invocations, int count)
{
	Sleeps *sleeps = palloc0_array(Sleeps, Max(count, 1));
	StoreCall call;
	uint64 rows;

	store_call(&call, STORE_READ_SLEEPS);
	for (int i = 0; i < count; i++)
		if (invocations[i]->journal_size > 0)
			workset_add_id(&call, invocations[i]);
	if (call.count == 0)
		return sleeps;
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundDue found;
		Sleeps *of;

		store_read_due(row, &found);
		of = &sleeps[find(invocations, count, found.id)];
		/* the size is doubled when it is a power of two */
		if (of->count == 0)
			of->timers = palloc_object(Timer);
		else if ((of->count & (of->count - 1)) == 0)
			of->timers = repalloc_array(of->timers, Timer, 2 * of->count);
		of->timers[of->count++] = (Timer){TIMER_SLEEP, found.due_at, found.completion_id, 0};
	}
	return sleeps;
}

/*
 * Returns the place of the invocation of that id, which is there.
 */
static int
find(Invocation *const *invocations, int count, const RestateInvocationId *id)
{
	int low = 0;

	for (int high = count - 1; low < high;)
	{
		int middle = low + (high - low) / 2;

		if (restate_invocation_id_compare(&invocations[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
