/*
 * store_touch.c
 *		Tells Citus of shards that are locked or written in a way that it cannot see.
 *
 * A statement that changes nothing does it: for that Citus begins a transaction on the node,
 * keeps the shard where it is until the transaction ends, and has it commit in two phases
 * if another node is written as well.  Once in a transaction is enough, unless that was in
 * a part of it that was rolled back.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "store/reads.h"
#include "store/store.h"
#include "types/compat.h"

/* A shard by a partition key of it, and the part of the transaction that told of it. */
typedef struct Touched
{
	int64 partition_key;
	SubTransactionId part;
} Touched;

/* those of the transaction, in its own memory */
static Touched *touched = NULL;
static int ntouched = 0;
static int allocated = 0;

static bool is_touched(int64 partition_key);
static void note(int64 partition_key);
static void end_transaction(XactEvent event, void *argument);
static void end_part(SubXactEvent event, SubTransactionId part, SubTransactionId parent, void *argument);

/*
 * Tells Citus that the shard of the partition key is locked or written in this transaction.
 */
void
store_touch(int64 partition_key)
{
	StoreCall call;

	if (is_touched(partition_key))
		return;
	store_call(&call, STORE_TOUCH_SHARD);
	store_add_partition(&call, &(StorePartition){.partition_key = partition_key});
	(void) store_execute(&call);
	note(partition_key);
}

/*
 * Returns whether Citus was told of it by this key.
 */
static bool
is_touched(int64 partition_key)
{
	for (int i = 0; i < ntouched; i++)
		if (touched[i].partition_key == partition_key)
			return true;
	return false;
}

/*
 * Notes that Citus was told.
 */
static void
note(int64 partition_key)
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
	touched[ntouched++] = (Touched){partition_key, GetCurrentSubTransactionId()};
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
