/*
 * store_touch.c
 *		Tells Citus of shards that are locked or written in a way that it cannot see.
 *
 * A statement that changes nothing does it: for that Citus begins a transaction on the node,
 * keeps the shard where it is until the transaction ends, and has it commit in two phases
 * if another node is written as well.  Once in a transaction is enough, unless that was in
 * a part of it that was rolled back.  For a shard of another node it is a part of the first
 * query to it, for that is one way there less; on this node Citus plans such a query each
 * time, and of two simple ones none.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "store/reads.h"
#include "store/store.h"
#include "types/compat.h"

/*
 * A shard, by a partition key of it that calls have named, and the part of the transaction
 * that told of it.
 */
typedef struct Touched
{
	int64 partition_key;
	int64 shard;
	SubTransactionId part;
	bool is_here; /* Citus has run calls on it in this process, and does until the transaction ends */
} Touched;

/* those of the transaction, in its own memory */
static Touched *touched = NULL;
static int ntouched = 0;
static int allocated = 0;

static void touch(int64 partition_key);
static Touched *find(int64 partition_key);
static const Touched *find_shard(int64 shard);
static void note(Touched added);
static void end_transaction(XactEvent event, void *argument);
static void end_part(SubXactEvent event, SubTransactionId part, SubTransactionId parent, void *argument);

/*
 * Tells Citus that the shard of the partition key is locked or written in this transaction.
 * If the next query to the shard has to tell it, returns by which key; else NULL.
 */
const StoreFoundShardKey *
store_touch(int64 partition_key)
{
	Touched added = {.partition_key = partition_key, .part = GetCurrentSubTransactionId()};
	const Touched *same;
	const StoreFoundShardKey *elsewhere = NULL;

	if (find(partition_key))
		return NULL;
	added.shard = *store_shards_of(&partition_key, 1);
	same = find_shard(added.shard);
	if (same)
	{
		added.part = same->part;
		added.is_here = same->is_here;
	}
	else
	{
		elsewhere = store_shard_key(added.shard);
		if (elsewhere == NULL || elsewhere->is_here)
		{
			touch(partition_key);
			elsewhere = NULL;
		}
	}
	note(added);
	return elsewhere;
}

/*
 * Tells Citus by a query of its own.
 */
static void
touch(int64 partition_key)
{
	StoreCall call;

	store_call(&call, STORE_TOUCH_SHARD);
	store_add_partition(&call, &(StorePartition){.partition_key = partition_key});
	(void) store_execute(&call);
}

/*
 * Returns what is noted of the shard of which Citus was told by this key; NULL if it was not.
 */
static Touched *
find(int64 partition_key)
{
	for (int i = 0; i < ntouched; i++)
		if (touched[i].partition_key == partition_key)
			return &touched[i];
	return NULL;
}

/*
 * Returns what is noted of a shard of which Citus was told by any key; NULL if it was not.
 */
static const Touched *
find_shard(int64 shard)
{
	for (int i = 0; i < ntouched; i++)
		if (touched[i].shard == shard)
			return &touched[i];
	return NULL;
}

/*
 * Returns the number of the shard of the partition key if calls on it can be run in this
 * process without Citus, else 0.
 */
int64
store_shard_here(int64 partition_key)
{
	const Touched *found = find(partition_key);

	return found && found->is_here ? found->shard : 0;
}

/*
 * Notes that Citus has run calls on the shard of the partition key in this process.  Of one
 * that it was not told of, nothing keeps the shard here.
 */
void
store_note_here(int64 partition_key)
{
	Touched *found = find(partition_key);

	if (found)
		found->is_here = true;
}

/*
 * Notes that Citus was told.
 */
static void
note(Touched added)
{
	static bool is_watching = false;

	if (!is_watching)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_part, NULL);
		is_watching = true;
	}
	if (ntouched == allocated)
	{
		int more = Max(8, 2 * allocated);

		touched = touched == NULL ?
					  MemoryContextAlloc(TopTransactionContext, sizeof(Touched) * (Size) more) :
					  repalloc(touched, sizeof(Touched) * (Size) more);
		allocated = more;
	}
	touched[ntouched++] = added;
}

/*
 * Forgets all at the end of the transaction.
 */
static void
end_transaction(XactEvent event, void *argument)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	touched = NULL;
	ntouched = 0;
	allocated = 0;
}

/*
 * Forgets what a part of the transaction told that is rolled back; else it is of the part
 * around it.
 */
static void
end_part(SubXactEvent event, SubTransactionId part, SubTransactionId parent, void *argument)
{
	int kept = 0;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	for (int i = 0; i < ntouched; i++)
	{
		if (touched[i].part == part && event == SUBXACT_EVENT_ABORT_SUB)
			continue;
		touched[kept] = touched[i];
		if (touched[kept].part == part)
			touched[kept].part = parent;
		kept++;
	}
	ntouched = kept;
}
