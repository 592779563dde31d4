/*
 * claim.c
 *		Workers take what can run.
 */
#include "postgres.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "worker/worker.h"

/*
 * Starts an attempt on as many invocations as asked for, of those services, an array
 * of text; returns them.  One that cannot start on its deployment is passed
 * over.
 */
Claimed *
worker_claim(const char *worker_name, const ArrayType *services, int64 max, int *count)
{
	StoreCall call;
	Workset workset;
	Claimed *claimed;
	uint64 rows;

	workset_init(&workset, NULL);
	store_call(&call, STORE_CLAIM);
	store_add_claim(&call, &(StoreClaim){.services = services, .max = max});
	rows = store_execute(&call);
	claimed = palloc_array(Claimed, Max(rows, 1));
	*count = 0;
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundInvocation found;
		Invocation *invocation = workset_read_invocation(&workset, row, &found);
		int64 attempt = (int64) (restate_random_bits() | 1);

		if (!machine_start_attempt(&workset.changes, invocation, attempt).took_effect)
			continue;
		invocation->worker_name = worker_name;
		claimed[(*count)++] = (Claimed){invocation->id, attempt};
	}
	if (*count > 0)
		worker_see(&workset, worker_name);
	workset_write(&workset);
	return claimed;
}

/*
 * Notes that a worker lives which gets attempts.
 */
void
worker_see(Workset *workset, const char *worker_name)
{
	store_add_worker(workset_part(workset, STORE_SEE_WORKERS),
					 &(StoreWorker){.name = worker_name, .at = workset->at});
}
