/*
 * store_shards.c
 *		Which shards there are, where the tables are distributed over nodes.
 *
 * A shard is told by its number of the invocation table.  Of each other table one shard
 * goes with it: that of the same partitions, or the only one of a table that every node
 * has.  None of these ever changes; only whole shards come and go.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "store/reads.h"
#include "store/store.h"
#include "types/compat.h"

/* What is known of a shard: the tables, each with the shard of it that goes with that one. */
typedef struct KnownShard
{
	int64 shard; /* hash key */
	int ntables;
	StoreFoundShardTable *tables;
} KnownShard;

static MemoryContext context = NULL;
static HTAB *known_shards = NULL;

/* a partition key of each shard, as they were when they were looked at last */
static StoreFoundShardKey *shard_keys = NULL;
static int nshard_keys = 0;

static const StoreFoundShardKey *find_shard_key(int64 shard);

/*
 * Returns the shards that partition keys are in, each at the place of its key.
 */
int64 *
store_shards_of(const int64 *partition_keys, int count)
{
	StoreCall call;
	int64 *shards = palloc_array(int64, count);

	store_call(&call, STORE_READ_SHARDS);
	for (int i = 0; i < count; i++)
		store_add_partitions(&call, &(StorePartitions){.key = partition_keys[i]});
	if (store_execute(&call) != (uint64) count)
		elog(ERROR, "the shards of %d partitions are not all known", count);
	for (int i = 0; i < count; i++)
	{
		StoreFoundCount found;

		store_read_count((uint64) i, &found);
		shards[i] = found.count;
	}
	return shards;
}

/*
 * Returns the shard that a partition key is in, with the tables that go with it known.
 */
int64
store_know_shard_of(int64 partition_key)
{
	int64 shard = *store_shards_of(&partition_key, 1);
	StoreCall call;
	KnownShard *known;
	StoreFoundShardTable *tables;
	uint64 rows;
	MemoryContext caller;

	if (known_shards && hash_search(known_shards, &shard, HASH_FIND, NULL))
		return shard;
	store_call(&call, STORE_READ_SHARD_TABLES);
	store_add_partition(&call, &(StorePartition){.partition_key = partition_key});
	rows = store_execute(&call);
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "restate_admin shards",
										ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	if (known_shards == NULL)
	{
		HASHCTL ctl = {
			.keysize = sizeof(int64),
			.entrysize = sizeof(KnownShard),
			.hcxt = context};

		known_shards = hash_create("restate_admin shards", 16, &ctl,
								   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	tables = palloc_array(StoreFoundShardTable, rows);
	for (uint64 row = 0; row < rows; row++)
		store_read_shard_table(row, &tables[row]);
	known = hash_search(known_shards, &shard, HASH_ENTER, NULL);
	known->ntables = (int) rows;
	known->tables = tables;
	MemoryContextSwitchTo(caller);
	return shard;
}

/*
 * Returns the shard of a table of schema restate that goes with a shard that is known; 0 if
 * it is not the name of a table that is distributed.
 */
int64
store_shard_of_table(int64 shard, const char *name, int length)
{
	const KnownShard *known =
		known_shards ? hash_search(known_shards, &shard, HASH_FIND, NULL) : NULL;

	if (known == NULL)
		elog(ERROR, "shard " INT64_FORMAT " is not known", shard);
	for (int i = 0; i < known->ntables; i++)
		if (strlen(known->tables[i].name) == (size_t) length &&
			strncmp(known->tables[i].name, name, (size_t) length) == 0)
			return known->tables[i].shard;
	return 0;
}

/*
 * Looks which shards there are, and returns a partition key of each, those of this node
 * first.  They are valid until the next look.
 */
const StoreFoundShardKey *
store_look_at_shards(int *count)
{
	StoreCall call;
	StoreFoundShardKey *found;
	uint64 rows;

	store_call(&call, STORE_READ_SHARD_KEYS);
	rows = store_execute(&call);
	if (rows == 0)
		elog(ERROR, "the tables have no shards");
	found = MemoryContextAlloc(TopMemoryContext, sizeof(*found) * rows);
	for (uint64 row = 0; row < rows; row++)
		store_read_shard_key(row, &found[row]);
	if (shard_keys)
		pfree(shard_keys);
	shard_keys = found;
	nshard_keys = (int) rows;
	*count = nshard_keys;
	return found;
}

/*
 * Returns the partition key of a shard that stands for it, the same each time; NULL if
 * there is none.  What is said of where the shard is, was so at the last look.
 */
const StoreFoundShardKey *
store_shard_key(int64 shard)
{
	const StoreFoundShardKey *found = find_shard_key(shard);
	int count;

	if (found)
		return found;
	(void) store_look_at_shards(&count);
	return find_shard_key(shard);
}

/*
 * Returns the partition key of a shard that was there at the last look; NULL if it was not.
 */
static const StoreFoundShardKey *
find_shard_key(int64 shard)
{
	for (int i = 0; i < nshard_keys; i++)
		if (shard_keys[i].shard == shard)
			return &shard_keys[i];
	return NULL;
}

/*
 * Forgets the tables: there may be others now.
 */
void
store_forget_shards(void)
{
	if (context)
		MemoryContextDelete(context);
	context = NULL;
	known_shards = NULL;
	if (shard_keys)
		pfree(shard_keys);
	shard_keys = NULL;
	nshard_keys = 0;
}
