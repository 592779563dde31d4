/*
 * deliver.c
 *		What is brought to invocations from outside: signals, the results of
 *		awakeables and of promises.
 */
#include "postgres.h"

#include "types/compat.h"
#include "types/outcome.h"
#include "worker/promises.h"

/* What a promise is completed with, and what became of it. */
typedef struct Delivery
{
	const ObjectKeyName *workflow;
	int64 partition_key;
	const char *key;
	const EntryResult *result;
	const char *outcome;
} Delivery;

static bool complete(void *argument);

/*
 * Brings a signal to an invocation; one that has not started or has completed does not
 * get it.  Returns the outcome: signalled or unchanged.
 */
const char *
worker_signal(const RestateInvocationId *id, const Signal *signal)
{
	Workset workset;
	Invocation *invocation;
	const char *outcome;

	workset_init(&workset, NULL);
	(void) workset_lock_simply(&workset, REACH_ROW, id, 1);
	invocation = workset_find(&workset, id);
	if (!invocation->exists)
		worker_refuse(REFUSED_NOT_FOUND, id);
	workset_read_awaited(&workset, true);
	outcome = machine_signal(&workset.changes, invocation, signal).outcome;
	workset_write(&workset);
	return outcome;
}

/*
 * Completes a promise of a workflow, unless it is completed.  Returns the outcome:
 * completed or unchanged.
 */
const char *
worker_complete_promise(const ObjectKeyName *workflow, int64 partition_key, const char *key,
						const EntryResult *result)
{
	Delivery delivery = {workflow, partition_key, key, result, NULL};

	workset_start_over(complete, &delivery);
	return delivery.outcome;
}

/*
 * Completes it once.
 */
static bool
complete(void *argument)
{
	Delivery *delivery = argument;
	Workset workset;
	Promise *promise;

	workset_init(&workset, NULL);
	promise = promise_lock(&workset, delivery->workflow, delivery->partition_key, delivery->key);
	if (promise->waiters)
	{
		workset_lock_rows(&workset);
		workset_read_awaited(&workset, true);
	}
	delivery->outcome =
		machine_complete_promise(&workset.changes, promise, delivery->result).outcome;
	promise_write(&workset, promise);
	workset_write(&workset);
	return true;
}
