/*
 * take_over.c
 *		Attempts are taken from workers that are gone: that were not heard of for long,
 *		or that say so.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/timestamp.h"

#include "types/compat.h"
#include "worker/worker.h"

/* Attempts that were found. */
typedef struct Attempts
{
	RestateInvocationId *ids;
	int64 *attempts;
	int count;
} Attempts;

static Attempts find(StoreCall *call);
static int64 take(Workset *workset, const Attempts *found);

/*
 * Takes the attempts of workers that were not heard of for so many microseconds, up to
 * max; returns how many.  What is locked is passed over.
 */
int64
worker_take_over(int64 max, int64 silence)
{
	StoreCall call;
	Workset workset;
	Attempts found;

	store_call(&call, STORE_READ_DEAD);
	store_add_silent(&call,
					 &(StoreSilent){.before = GetCurrentTransactionStartTimestamp() - silence, .max = max});
	found = find(&call);
	if (found.count == 0)
		return 0;
	workset_init(&workset, NULL);
	workset_lock_free(&workset, REACH_ROW, found.ids, found.count);
	return take(&workset, &found);
}

/*
 * Takes the attempts of a worker that says that it ends, up to max; returns how many.
 * What is locked is waited for.
 */
int64
worker_leave(const char *worker_name, int64 max)
{
	StoreCall call;
	Workset workset;
	Attempts found;

	store_call(&call, STORE_READ_RUN_BY);
	store_add_runner(&call, &(StoreRunner){.worker_name = worker_name, .max = max});
	found = find(&call);
	if (found.count == 0)
		return 0;
	workset_init(&workset, NULL);
	(void) workset_lock_simply(&workset, REACH_ROW, found.ids, found.count);
	return take(&workset, &found);
}

/*
 * Finds the attempts that a call is for.
 */
static Attempts
find(StoreCall *call)
{
	uint64 rows = store_execute(call);
	Attempts found = {.ids = palloc_array(RestateInvocationId, Max(rows, 1)),
					  .attempts = palloc_array(int64, Max(rows, 1)),
					  .count = (int) rows};

	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundAttempt attempt;

		store_read_attempt(row, &attempt);
		found.ids[row] = *attempt.id;
		found.attempts[row] = attempt.attempt;
	}
	return found;
}

/*
 * Takes those that are still what they were when they were found, and not locked by
 * others; returns how many.
 */
static int64
take(Workset *workset, const Attempts *found)
{
	int64 done = 0;

	for (int i = 0; i < found->count; i++)
	{
		Invocation *invocation = workset_find(workset, &found->ids[i]);

		if (!invocation->is_busy)
			done += machine_take_over(&workset->changes, invocation, found->attempts[i]).took_effect;
	}
	workset_write(workset);
	return done;
}
