/*
 * runnable.c
 *		Finds what can be claimed, with plain reads.
 *
 * What was claimed leaves entries in the index that a transaction with an old snapshot
 * keeps there, in front of those that are ready: then every look passes over them.  A
 * look that had much to pass over is not repeated for a multiple of the time that it
 * took; until then the session looks from where it has found the first.  What becomes
 * visible before that place meanwhile is found by the next look at all.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/instrument.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "types/compat.h"
#include "worker/worker.h"

/* a look at all is repeated after so many times the time that it took */
#define TIME_BETWEEN_LOOKS		 20
/* it was costly if it read more blocks than so many for each lane, and two for what it found */
#define BLOCKS_OF_A_LANE		 32
/* about how many services a deployment has */
#define SERVICES_OF_A_DEPLOYMENT 16
/* how many lanes are remembered */
#define MAX_LANES				 1000

/* Where what is ready of a service, on a deployment or not pinned, begins. */
typedef struct Lane
{
	const char *service_name;
	RestateDeploymentId deployment_id;
	TimestampTz since;
} Lane;

/* What is known of the lanes of a claim; look_again_at is 0 where nothing is. */
static struct
{
	MemoryContext context;
	Size asked_size;
	char *asked; /* the services and deployments that were asked for */
	bool was_costly;
	TimestampTz look_again_at;
	Lane *lanes;
	int nlanes;
} known;

static uint64 look_at_all(const Claim *claim, int64 depth);
static uint64 look_at_known(const Claim *claim, int64 depth);
static bool is_known(const Claim *claim);
static void remember(const Claim *claim, uint64 rows, TimestampTz began);
static void note_lane(const char *service_name, const RestateDeploymentId *deployment_id,
					  TimestampTz since);
static int64 services_of(const Claim *claim);
static int size_of(const ArrayType *array);
static char *asked_of(const Claim *claim, Size *size);

/*
 * Returns the ids of the first that are ready of what is claimed, no more than depth of
 * each lane, in the order in which they are to be taken; says whether a lane may have
 * more.
 */
RestateInvocationId *
runnable_read(const Claim *claim, int64 depth, int *count, bool *has_more)
{
	uint64 rows = is_known(claim) ? look_at_known(claim, depth) : look_at_all(claim, depth);

	*has_more = (int64) rows >= depth;
	return runnable_ids(rows, count);
}

/*
 * Returns the ids of the last result, which has so many rows.
 */
RestateInvocationId *
runnable_ids(uint64 rows, int *count)
{
	RestateInvocationId *ids = palloc_array(RestateInvocationId, Max(rows, 1));

	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundRunnable found;

		store_read_runnable(row, &found);
		ids[row] = *found.id;
	}
	*count = (int) rows;
	return ids;
}

/*
 * Reads what is ready; remembers where it begins if much was passed over twice
 * in a row, for one look may have been the first of the session, which reads more.
 */
static uint64
look_at_all(const Claim *claim, int64 depth)
{
	StoreCall call;
	TimestampTz began = GetCurrentTimestamp();
	int64 blocks = pgBufferUsage.shared_blks_hit + pgBufferUsage.shared_blks_read;
	bool was_costly = known.was_costly;
	uint64 rows;

	store_call(&call, STORE_READ_RUNNABLE);
	store_add_claim(&call, &(StoreClaim){
							   .services = claim->services,
							   .deployments = claim->deployments,
							   .max = claim->max,
							   .depth = depth});
	rows = store_execute(&call);
	blocks = pgBufferUsage.shared_blks_hit + pgBufferUsage.shared_blks_read - blocks;
	known.was_costly =
		blocks > BLOCKS_OF_A_LANE * (1 + services_of(claim)) + 2 * (int64) rows;
	known.look_again_at = 0;
	if (was_costly && known.was_costly)
		remember(claim, rows, began);
	return rows;
}

/*
 * Reads what is ready from where it is known to begin.
 */
static uint64
look_at_known(const Claim *claim, int64 depth)
{
	StoreCall call;

	store_call(&call, STORE_READ_RUNNABLE_SINCE);
	for (int i = 0; i < known.nlanes; i++)
		store_add_lane(&call, &(StoreLane){
								  .service_name = known.lanes[i].service_name,
								  .deployment_id = &known.lanes[i].deployment_id,
								  .ready_at = known.lanes[i].since,
								  .services = services_of(claim),
								  .deployments = claim->deployments,
								  .max = claim->max,
								  .depth = depth});
	return store_execute(&call);
}

/*
 * Returns whether it is known where what is claimed begins.
 */
static bool
is_known(const Claim *claim)
{
	Size size;
	char *asked;

	if (known.look_again_at == 0 || known.nlanes == 0 ||
		GetCurrentTimestamp() >= known.look_again_at)
		return false;
	asked = asked_of(claim, &size);
	return size == known.asked_size && memcmp(asked, known.asked, size) == 0;
}

/*
 * Remembers where what was read begins in each lane.  One that has nothing begins with
 * what becomes ready from now on: those of before are kept, and each service that was
 * asked for has one for what is not pinned.
 */
static void
remember(const Claim *claim, uint64 rows, TimestampTz began)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz from = Min(began, GetCurrentTransactionStartTimestamp());
	MemoryContext old_context = known.context;
	MemoryContext caller;
	Size size;
	char *asked = asked_of(claim, &size);
	Lane *before = known.lanes;
	int nbefore =
		size == known.asked_size && memcmp(asked, known.asked, size) == 0 ? known.nlanes : 0;

	known.context = AllocSetContextCreate(TopMemoryContext, "restate_admin lanes",
										  ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(known.context);
	known.asked = palloc(size);
	memcpy(known.asked, asked, size);
	known.asked_size = size;
	known.lanes = palloc_array(Lane, MAX_LANES);
	known.nlanes = 0;
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundRunnable found;

		store_read_runnable(row, &found);
		note_lane(found.service_name, found.deployment_id, found.ready_at);
	}
	for (int i = 0; i < nbefore; i++)
		note_lane(before[i].service_name, &before[i].deployment_id, from);
	if (claim->services)
	{
		Datum *names;
		bool *nulls;
		int count;

		deconstruct_array(unconstify(ArrayType *, claim->services), TEXTOID, -1, false,
						  TYPALIGN_INT, &names, &nulls, &count);
		for (int i = 0; i < count; i++)
			if (!nulls[i])
				note_lane(TextDatumGetCString(names[i]), &restate_no_deployment, from);
	}
	known.look_again_at = now + TIME_BETWEEN_LOOKS * (now - began);
	MemoryContextSwitchTo(caller);
	if (old_context)
		MemoryContextDelete(old_context);
}

/*
 * Notes that what is ready of a lane begins there, if nothing is noted of it yet.
 */
static void
note_lane(const char *service_name, const RestateDeploymentId *deployment_id, TimestampTz since)
{
	for (int i = 0; i < known.nlanes; i++)
	{
		Lane *lane = &known.lanes[i];

		if (strcmp(lane->service_name, service_name) == 0 &&
			restate_deployment_id_compare(&lane->deployment_id, deployment_id) == 0)
		{
			lane->since = Min(lane->since, since);
			return;
		}
	}
	if (known.nlanes < MAX_LANES)
		known.lanes[known.nlanes++] = (Lane){pstrdup(service_name), *deployment_id, since};
}

/*
 * Returns how many services are asked for; of deployments, which say no number, about
 * how many they serve.
 */
static int64
services_of(const Claim *claim)
{
	return claim->services ? size_of(claim->services) :
							 SERVICES_OF_A_DEPLOYMENT * (int64) size_of(claim->deployments);
}

/*
 * Returns how many elements an array has.
 */
static int
size_of(const ArrayType *array)
{
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
}

/*
 * Returns the bytes of the services and deployments that are asked for.
 */
static char *
asked_of(const Claim *claim, Size *size)
{
	Size services = claim->services ? VARSIZE(claim->services) : 0;
	Size deployments = claim->deployments ? VARSIZE(claim->deployments) : 0;
	char *asked = palloc(services + deployments);

	*size = services + deployments;
	if (services > 0)
		memcpy(asked, claim->services, services);
	if (deployments > 0)
		memcpy(asked + services, claim->deployments, deployments);
	return asked;
}
