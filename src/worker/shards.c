/*
 * shards.c
 *		Finds what can be claimed where the tables are distributed over nodes: in one
 *		shard at a time.
 *
 * Each claim of a session begins with the shard behind the one that the last began with,
 * and goes on to the next only for want of what is ready: one that has much to do keeps
 * no other waiting, and no claim has to ask all nodes.  The shards of the node that is
 * called go before those of others: what a worker does with an attempt from there needs
 * no other node.  In one claim of some they do not, so that they keep none waiting either.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "worker/worker.h"

/* shards come and go: they are looked up again after so long */
#define TIME_BETWEEN_LOOKS (10 * USECS_PER_SEC)

/* one claim of so many takes the shards as if all were of other nodes */
#define CLAIMS_FOR_ONE_OF_ALL 4

/* a partition key of each shard, those of this node first */
static int64 *keys = NULL;
static int nkeys = 0;
static int nhere = 0;
static TimestampTz looked_at = 0;

/* how many claims there were, and how often each of the two orders was begun: where it begins follows from that */
static uint32 claims = 0;
static uint32 begun_of_all = 0;
static uint32 begun_here = 0;

/* of the claim that has begun: its order, and how many shards it has read */
static bool is_of_all = true;
static uint32 nread = 0;

static void look(void);
static int64 next_key(void);

/*
 * Begins a claim; returns how many shards it can read.
 */
int
shards_begin(void)
{
	if (keys == NULL || GetCurrentTimestamp() >= looked_at + TIME_BETWEEN_LOOKS)
		look();
	is_of_all = nhere == 0 || ++claims % CLAIMS_FOR_ONE_OF_ALL == 0;
	if (is_of_all)
		begun_of_all++;
	else
		begun_here++;
	nread = 0;
	return nkeys;
}

/*
 * Looks which shards there are.  The first claim of a session begins anywhere.
 */
static void
look(void)
{
	int count;
	const StoreFoundShardKey *found = store_look_at_shards(&count);
	int64 *found_keys = MemoryContextAlloc(TopMemoryContext, sizeof(int64) * (Size) count);
	int here = 0;

	for (int i = 0; i < count; i++)
	{
		found_keys[i] = found[i].partition_key;
		here += found[i].is_here ? 1 : 0;
	}
	if (keys)
		pfree(keys);
	keys = found_keys;
	if (nkeys == 0)
	{
		begun_of_all = (uint32) (restate_random_bits() % (uint64) count);
		begun_here = begun_of_all;
	}
	nkeys = count;
	nhere = here;
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
							   .partition_key = next_key(),
							   .deployments = claim->deployments,
							   .max = claim->max,
							   .depth = depth});
	return runnable_ids(store_execute(&call), count);
}

/*
 * Returns a partition key of the shard that the claim reads next.
 */
static int64
next_key(void)
{
	uint32 all = (uint32) nkeys;
	uint32 here = (uint32) nhere;
	uint32 place = nread++;

	if (is_of_all)
		return keys[(begun_of_all + place) % all];
	if (place < here)
		return keys[(begun_here + place) % here];
	return keys[here + (begun_here + place) % (all - here)];
}
