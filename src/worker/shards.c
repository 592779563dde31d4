/*
 * shards.c
 *		Finds what can be claimed where the tables are distributed over nodes: in one
 *		shard at a time.
 *
 * Each claim of a session begins with the shard behind the one that the last began with,
 * and goes on to the next only for want of what is ready: one that has much to do keeps
 * no other waiting, and no claim has to ask all nodes.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "worker/worker.h"

/* shards come and go: they are looked up again after so long */
#define TIME_BETWEEN_LOOKS (10 * USECS_PER_SEC)

/* a partition key of each shard, the one that is next, and the one that the next claim begins with */
static int64 *keys = NULL;
static int nkeys = 0;
static int next = 0;
static int first = 0;
static TimestampTz looked_at = 0;

static void look(void);

/*
 * Begins a claim; returns how many shards it can read.
 */
int
shards_begin(void)
{
	if (keys == NULL || GetCurrentTimestamp() >= looked_at + TIME_BETWEEN_LOOKS)
		look();
	next = first++ % nkeys;
	first %= nkeys;
	return nkeys;
}

/*
 * Looks which shards there are.  The first claim of a session begins anywhere.
 */
static void
look(void)
{
	StoreCall call;
	uint64 rows;
	int64 *found_keys;

	store_call(&call, STORE_READ_SHARD_KEYS);
	rows = store_execute(&call);
	if (rows == 0)
		elog(ERROR, "a distributed table has no shards");
	found_keys = MemoryContextAlloc(TopMemoryContext, sizeof(int64) * rows);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundCount found;

		store_read_count(row, &found);
		found_keys[row] = found.count;
	}
	if (keys)
		pfree(keys);
	keys = found_keys;
	if (nkeys == 0)
		first = (int) (restate_random_bits() % rows);
	nkeys = (int) rows;
	looked_at = GetCurrentTimestamp();
}

/*
 * Returns the ids of the first that are ready of what is claimed in the next shard, no
 * more than depth of each lane, in the order in which they are to be taken.
 */
RestateInvocationId *
shards_read_next(const Claim *claim, int64 depth, int *count)
{
	StoreCall call;

	store_call(&call, STORE_READ_RUNNABLE);
	store_add_claim(&call, &(StoreClaim){
							   .services = claim->services,
							   .partition_key = keys[next++ % nkeys],
							   .deployments = claim->deployments,
							   .max = claim->max,
							   .depth = depth});
	return runnable_ids(store_execute(&call), count);
}
