/*
 * claim.c
 *		Workers take what can run.
 */
#include "postgres.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "worker/worker.h"

/* how many candidates more are read than are asked for */
#define SPARE_CANDIDATES   16
/* by how much that grows where others have locked those, and how often */
#define CANDIDATE_INCREASE 8
#define MAX_READS		   4

static int start_free(Workset *workset, const char *worker_name, const RestateInvocationId *ids,
					  int count, Claimed *claimed, int64 max);

/*
 * Starts an attempt on as many invocations as asked for; returns them, the oldest of
 * each service first.  What another transaction has locked is passed over, and
 * so is what cannot start on its deployment.
 */
Claimed *
worker_claim(const Claim *claim, int *count)
{
	Claimed *claimed = palloc_array(Claimed, claim->max);
	int64 depth = 2 * claim->max + SPARE_CANDIDATES;
	bool has_more = true;
	int shards = 0;
	Workset workset;

	workset_init(&workset, NULL);
	*count = 0;
	if (store_is_distributed())
		shards = shards_begin();
	for (int i = 0; i < (shards > 0 ? shards : MAX_READS) && has_more && *count < claim->max; i++)
	{
		int ncandidates;
		RestateInvocationId *candidates = shards > 0 ? shards_read_next(claim, depth, &ncandidates) :
													   runnable_read(claim, depth, &ncandidates, &has_more);

		*count += start_free(&workset, claim->worker_name, candidates, ncandidates, claimed + *count,
							 claim->max - *count);
		if (shards == 0)
			depth *= CANDIDATE_INCREASE;
	}
	if (*count > 0)
		worker_see(&workset, claim->worker_name);
	workset_write(&workset);
	return claimed;
}

/*
 * Starts an attempt on each of the invocations that is ready and free; returns them, and
 * how many.
 */
Claimed *
worker_start(const char *worker_name, const RestateInvocationId *ids, int *count)
{
	Claimed *claimed = palloc_array(Claimed, Max(*count, 1));
	Workset workset;

	workset_init(&workset, NULL);
	*count = start_free(&workset, worker_name, ids, *count, claimed, *count);
	if (*count > 0)
		worker_see(&workset, worker_name);
	workset_write(&workset);
	return claimed;
}

/*
 * Locks those of the invocations that are ready and free, up to max, and starts an
 * attempt on each; returns how many it has started.  Those that were tried before are
 * left out.
 */
static int
start_free(Workset *workset, const char *worker_name, const RestateInvocationId *ids, int count,
		   Claimed *claimed, int64 max)
{
	StoreCall call;
	Invocation **tried = palloc_array(Invocation *, Max(count, 1));
	int ntried = 0;
	int started = 0;

	store_call(&call, STORE_LOCK_READY);
	for (int i = 0; i < count; i++)
	{
		if (workset_find(workset, &ids[i]))
			continue;
		tried[ntried] = workset_enter(workset, &ids[i]);
		store_add_ready(&call, &(StoreReady){
								   .id = &tried[ntried]->id,
								   .partition_key = tried[ntried]->partition_key,
								   .max = max});
		ntried++;
	}
	if (ntried == 0)
		return 0;
	workset_read_facts(workset, store_execute(&call));
	for (int i = 0; i < ntried && started < max; i++)
	{
		int64 attempt = (int64) (restate_random_bits() | 1);

		if (!tried[i]->exists ||
			!machine_start_attempt(&workset->changes, tried[i], attempt).took_effect)
			continue;
		tried[i]->worker_name = worker_name;
		claimed[started++] = (Claimed){tried[i]->id, attempt};
	}
	return started;
}

/*
 * Notes that a worker lives which gets attempts.  Where every node has what is noted, it is
 * written only if it has to be.
 */
void
worker_see(Workset *workset, const char *worker_name)
{
	StoreWorker row = {.name = worker_name, .at = workset->at};
	StoreCall call;

	if (store_is_distributed())
	{
		store_call(&call, STORE_READ_WORKER);
		store_add_worker(&call, &row);
		if (store_execute(&call) > 0)
			return;
	}
	store_add_worker(workset_part(workset, STORE_SEE_WORKERS), &row);
}
