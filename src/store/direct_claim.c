/*
 * direct_claim.c
 *		Finds what is ready and locks it, without the executor.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "store/direct.h"
#include "store/direct_tables.h"
#include "store/reads.h"
#include "types/compat.h"
#include "types/status.h"
#include "types/text_equals.h"

/* how often one is looked at again that was changed since it was read */
#define MAX_LOOKS 3

/* the numbers of the parameters */
#define CLAIM_PARAM(type, name) CLAIM_##name,
#define READY_PARAM(type, name) READY_##name,
enum
{
	STORE_CLAIMS(CLAIM_PARAM, CLAIM_PARAM)
};
enum
{
	STORE_READY(READY_PARAM, READY_PARAM)
};

/* The registry of deployments, open. */
typedef struct Registry
{
	Relation revisions;
	Relation deployments;
	const text *service_name; /* the service whose latest deployment was looked up last */
	bool has_latest;
	Deployment latest;
} Registry;

/* What is ready of a service, on a deployment or not pinned. */
typedef struct Ready
{
	Datum service_name;
	Datum deployment_id;
	TimestampTz ready_at;
	RestateInvocationId *id;
	bool is_beyond;
} Ready;

/* What is read of that. */
typedef struct Reading
{
	const StoreCall *call;
	Registry registry;
	Relation runnable;
	Relation index;
	Ready *found;
	uint64 count;
	uint64 allocated;
} Reading;

static bool open_registry(Registry *registry);
static void close_registry(Registry *registry);
static bool find_latest(Registry *registry, const text *service_name, Deployment *latest);
static bool find_deployment(Registry *registry, const RestateDeploymentId *id, Deployment *deployment);
static Datum not_null(const Table *table, Relation relation, HeapTuple row, int column);
static List *asked_services(const StoreCall *call, Registry *registry, int64 *count);
static void take_apart(Datum array, Datum **elements, bool **nulls, int *count);
static void add_service(List **services, Datum service_name);
static bool is_held(Relation held, Datum service_name);
static void read_service(Reading *reading, Datum service_name, int64 share);
static RestateDeploymentId *read_lane(Reading *reading, Datum service_name, const RestateDeploymentId *before);
static bool is_asked(Reading *reading, const text *service_name, const RestateDeploymentId *id);
static void note(Reading *reading, const Ready *ready);
static int compare_age(const void *a, const void *b);
static int compare_ready(const void *a, const void *b);
static void give_found(const Reading *reading);
static bool lock_ready(Relation relation, Registry *registry, const Datum *key, TupleTableSlot *slot, Datum *facts);
static bool starts_on(Registry *registry, TupleTableSlot *slot, Deployment *deployment);

#define ASKED(name) call->of_all[CLAIM_##name]

/*
 * Reads what is ready of the services and deployments that are asked for, as
 * STORE_READ_RUNNABLE does, if that can be done here; returns whether it was.
 */
bool
direct_read_runnable(const StoreCall *call, uint64 *rows)
{
	Reading reading = {.call = call};
	Relation held = table_open_plain(&held_service_table, AccessShareLock, ACL_SELECT);
	bool is_open = open_registry(&reading.registry);

	reading.runnable = table_open_plain(&runnable_table, AccessShareLock, ACL_SELECT);
	is_open = is_open && held && reading.runnable;
	if (is_open)
	{
		List *services;
		ListCell *cell;
		int64 count;

		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		reading.index = index_open(runnable_table.primary_key, AccessShareLock);
		services = asked_services(call, &reading.registry, &count);
		foreach (cell, services)
		{
			Datum service_name = PointerGetDatum(lfirst(cell));

			if (!is_held(held, service_name))
				read_service(&reading, service_name, DatumGetInt64(ASKED(max).value) / Max(count, 1));
		}
		index_close(reading.index, NoLock);
		PopActiveSnapshot();
		if (reading.count > 1)
			qsort(reading.found, reading.count, sizeof(*reading.found), compare_ready);
		give_found(&reading);
		*rows = reading.count;
	}
	if (reading.runnable)
		table_close(reading.runnable, NoLock);
	close_registry(&reading.registry);
	if (held)
		table_close(held, NoLock);
	return is_open;
}

/*
 * Opens the registry; returns whether its rows can be reached.
 */
static bool
open_registry(Registry *registry)
{
	registry->revisions = table_open_plain(&service_revision_table, AccessShareLock, ACL_SELECT);
	registry->deployments = table_open_plain(&deployment_table, AccessShareLock, ACL_SELECT);
	return registry->revisions && registry->deployments;
}

/*
 * Closes what of it is open.
 */
static void
close_registry(Registry *registry)
{
	if (registry->deployments)
		table_close(registry->deployments, NoLock);
	if (registry->revisions)
		table_close(registry->revisions, NoLock);
}

/*
 * Finds the deployment of the latest revision of a service that has one; returns whether
 * there is one.
 */
static bool
find_latest(Registry *registry, const text *service_name, Deployment *latest)
{
	ScanKeyData key;
	Relation index;
	SysScanDesc scan;
	HeapTuple row;

	if (registry->service_name && same_text(registry->service_name, service_name))
	{
		*latest = registry->latest;
		return registry->has_latest;
	}
	registry->service_name = DatumGetTextPCopy(PointerGetDatum(service_name));
	registry->has_latest = false;
	table_init_key(&service_revision_table, &key, 0, false, PointerGetDatum(service_name));
	index = index_open(service_revision_table.primary_key, AccessShareLock);
	scan = systable_beginscan_ordered(registry->revisions, index, GetActiveSnapshot(), 1, &key);
	while (!registry->has_latest && (row = systable_getnext_ordered(scan, BackwardScanDirection)) != NULL)
	{
		Datum id = not_null(&service_revision_table, registry->revisions, row, REVISION_deployment_id);

		registry->has_latest = find_deployment(registry, DatumGetDeploymentId(id), &registry->latest);
	}
	systable_endscan_ordered(scan);
	index_close(index, NoLock);
	*latest = registry->latest;
	return registry->has_latest;
}

/*
 * Finds a deployment; returns whether it is there.
 */
static bool
find_deployment(Registry *registry, const RestateDeploymentId *id, Deployment *deployment)
{
	Datum key[] = {DeploymentIdGetDatum(id)};
	Relation deployments = registry->deployments;
	SysScanDesc scan = table_begin_scan(&deployment_table, deployments, key);
	HeapTuple row = systable_getnext(scan);

	if (row)
	{
		deployment->id = *id;
		deployment->min_protocol_version =
			DatumGetInt32(not_null(&deployment_table, deployments, row, DEPLOYMENT_min_protocol_version));
		deployment->max_protocol_version =
			DatumGetInt32(not_null(&deployment_table, deployments, row, DEPLOYMENT_max_protocol_version));
	}
	systable_endscan(scan);
	return row != NULL;
}

/*
 * Returns the value of a column of a row that is not null.
 */
static Datum
not_null(const Table *table, Relation relation, HeapTuple row, int column)
{
	bool isnull;
	Datum value = heap_getattr(row, table->attributes[column], RelationGetDescr(relation), &isnull);

	if (isnull)
		elog(ERROR, "column \"%s\" of table restate.%s is null", table->columns[column], table->name);
	return value;
}

/*
 * Returns the services that are asked for, or that the deployments serve, each once, and
 * how many there are; one that is null has nothing that is ready, but counts.
 */
static List *
asked_services(const StoreCall *call, Registry *registry, int64 *count)
{
	bool by_name = !ASKED(services).isnull;
	List *services = NIL;
	bool has_null = false;
	Datum *elements;
	bool *nulls;
	int nelements;

	take_apart(by_name ? ASKED(services).value : ASKED(deployments).value, &elements, &nulls, &nelements);
	for (int i = 0; i < nelements; i++)
	{
		SysScanDesc scan;
		HeapTuple row;

		if (by_name && nulls[i])
			has_null = true;
		if (by_name && !nulls[i])
			add_service(&services, elements[i]);
		if (by_name || nulls[i])
			continue;
		scan = table_begin_other_scan(&service_revision_table, registry->revisions, elements[i]);
		while ((row = systable_getnext(scan)) != NULL)
			add_service(&services, not_null(&service_revision_table, registry->revisions, row, REVISION_service_name));
		systable_endscan(scan);
	}
	*count = list_length(services) + has_null;
	return services;
}

/*
 * Sets the elements of an array.
 */
static void
take_apart(Datum array, Datum **elements, bool **nulls, int *count)
{
	ArrayType *value = DatumGetArrayTypeP(array);
	int16 length;
	bool is_by_value;
	char alignment;

	get_typlenbyvalalign(ARR_ELEMTYPE(value), &length, &is_by_value, &alignment);
	deconstruct_array(value, ARR_ELEMTYPE(value), length, is_by_value, alignment, elements, nulls, count);
}

/*
 * Adds a service, if it is not among them yet.
 */
static void
add_service(List **services, Datum service_name)
{
	ListCell *cell;

	foreach (cell, *services)
		if (same_text(lfirst(cell), DatumGetTextPP(service_name)))
			return;
	*services = lappend(*services, DatumGetTextPCopy(service_name));
}

/*
 * Returns whether the service is held.
 */
static bool
is_held(Relation held, Datum service_name)
{
	SysScanDesc scan = table_begin_scan(&held_service_table, held, &service_name);
	bool result = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	return result;
}

/*
 * Reads the first that are ready of a service, of each of its lanes; those beyond its
 * share, by age, are marked.
 */
static void
read_service(Reading *reading, Datum service_name, int64 share)
{
	uint64 first = reading->count;
	uint64 count;
	RestateDeploymentId *lane = NULL;

	do
	{
		CHECK_FOR_INTERRUPTS();
		lane = read_lane(reading, service_name, lane);
	} while (lane);
	count = reading->count - first;
	if (count > 1)
		qsort(reading->found + first, count, sizeof(*reading->found), compare_age);
	for (uint64 i = 0; i < count; i++)
		reading->found[first + i].is_beyond = (int64) i + 1 > share;
}

/*
 * Reads the first that are ready of a service's lane behind another; NULL: its first.
 * Returns which lane that was; NULL: there is none.
 */
static RestateDeploymentId *
read_lane(Reading *reading, Datum service_name, const RestateDeploymentId *before)
{
	int64 depth = DatumGetInt64(reading->call->of_all[CLAIM_depth].value);
	RestateDeploymentId *lane = NULL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple row;

	table_init_key(&runnable_table, &keys[0], RUNNABLE_service_name, false, service_name);
	if (before)
		table_init_key(&runnable_table, &keys[1], RUNNABLE_deployment_id, true, DeploymentIdGetDatum(before));
	scan = systable_beginscan_ordered(reading->runnable, reading->index, GetActiveSnapshot(), before ? 2 : 1, keys);
	for (int64 i = 0; i < depth && (row = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL; i++)
	{
		const RestateDeploymentId *id =
			DatumGetDeploymentId(not_null(&runnable_table, reading->runnable, row, RUNNABLE_deployment_id));
		Ready ready = {.service_name = service_name};

		if (lane == NULL)
		{
			lane = palloc_object(RestateDeploymentId);
			*lane = *id;
			if (!is_asked(reading, DatumGetTextPP(service_name), lane))
				break;
		}
		if (restate_deployment_id_compare(lane, id) != 0)
			break;
		ready.deployment_id = DeploymentIdGetDatum(lane);
		ready.ready_at = DatumGetTimestampTz(not_null(&runnable_table, reading->runnable, row, RUNNABLE_ready_at));
		ready.id = palloc_object(RestateInvocationId);
		*ready.id = *DatumGetInvocationId(not_null(&runnable_table, reading->runnable, row, RUNNABLE_id));
		note(reading, &ready);
	}
	systable_endscan_ordered(scan);
	return lane;
}

/*
 * Returns whether what is in a lane of a service starts on a deployment that is there,
 * and one of those that are asked for.
 */
static bool
is_asked(Reading *reading, const text *service_name, const RestateDeploymentId *id)
{
	const StoreCall *call = reading->call;
	Deployment deployment;
	Datum *elements;
	bool *nulls;
	int count;

	if (restate_deployment_id_compare(id, &restate_no_deployment) == 0 ?
			!find_latest(&reading->registry, service_name, &deployment) :
			!find_deployment(&reading->registry, id, &deployment))
		return false;
	if (ASKED(deployments).isnull)
		return true;
	take_apart(ASKED(deployments).value, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && restate_deployment_id_compare(DatumGetDeploymentId(elements[i]), &deployment.id) == 0)
			return true;
	return false;
}

/*
 * Adds one that is ready to what was found.
 */
static void
note(Reading *reading, const Ready *ready)
{
	if (reading->count == reading->allocated)
	{
		reading->allocated = Max(32, reading->allocated * 2);
		reading->found = reading->found == NULL ?
							 palloc_array(Ready, reading->allocated) :
							 repalloc_huge(reading->found, reading->allocated * sizeof(Ready));
	}
	reading->found[reading->count++] = *ready;
}

/*
 * Orders what is ready by its age, for qsort().
 */
static int
compare_age(const void *a, const void *b)
{
	const Ready *first = a;
	const Ready *second = b;

	if (first->ready_at != second->ready_at)
		return first->ready_at < second->ready_at ? -1 : 1;
	return restate_invocation_id_compare(first->id, second->id);
}

/*
 * Orders what is ready as it is to be taken: first of each service its share.
 */
static int
compare_ready(const void *a, const void *b)
{
	const Ready *first = a;
	const Ready *second = b;

	if (first->is_beyond != second->is_beyond)
		return first->is_beyond ? 1 : -1;
	return compare_age(a, b);
}

/*
 * Makes what was found the last result.
 */
static void
give_found(const Reading *reading)
{
	enum
	{
		COLUMNS = 5
	};
	Datum *values = palloc_extended(Max(reading->count, 1) * COLUMNS * sizeof(Datum), MCXT_ALLOC_HUGE);

	for (uint64 i = 0; i < reading->count; i++)
	{
		const Ready *ready = &reading->found[i];
		Datum row[COLUMNS] = {ready->service_name, ready->deployment_id, TimestampTzGetDatum(ready->ready_at),
							  InvocationIdGetDatum(ready->id), BoolGetDatum(ready->is_beyond)};

		memcpy(values + i * COLUMNS, row, sizeof(row));
	}
	store_give_rows(values, COLUMNS, reading->count);
}

/*
 * Locks the first of the invocations of a call that are ready and that no other
 * transaction has locked, as STORE_LOCK_READY does, if that can be done here; returns
 * whether it was.
 */
bool
direct_lock_ready(const StoreCall *call, uint64 *rows)
{
	Relation relation = table_open_plain(&invocation_table, RowShareLock, ACL_SELECT | ACL_UPDATE);
	Registry registry = {0};
	bool is_open = open_registry(&registry) && relation;

	if (is_open)
	{
		TupleTableSlot *slot = table_slot_create(relation, NULL);
		int64 max = Min(DatumGetInt64(call->of_all[READY_max].value), call->count);
		Datum *values = palloc_array(Datum, 2 * Max(max, 1));

		CommandCounterIncrement();
		*rows = 0;
		for (int i = 0; i < call->count && (int64) *rows < max; i++)
		{
			Datum key[] = {call->values[READY_id * call->allocated + i],
						   call->values[READY_partition_key * call->allocated + i]};

			if (!lock_ready(relation, &registry, key, slot, &values[2 * *rows + 1]))
				continue;
			values[2 * *rows] = key[0];
			(*rows)++;
		}
		ExecDropSingleTupleTableSlot(slot);
		store_give_rows(values, 2, *rows);
	}
	close_registry(&registry);
	if (relation)
		table_close(relation, NoLock);
	return is_open;
}

/*
 * Locks an invocation if it is ready, and no other transaction has locked it; sets its
 * facts.  Returns whether it did.  One that is not ready any more is not locked, for who
 * has it by now would wait: so one that was changed since it was read is read again.
 */
static bool
lock_ready(Relation relation, Registry *registry, const Datum *key, TupleTableSlot *slot, Datum *facts)
{
	for (int look = 0; look < MAX_LOOKS; look++)
	{
		TM_Result result = TM_Deleted;
		TM_FailureData failure;
		Deployment deployment;
		SysScanDesc scan;
		HeapTuple row;

		PushActiveSnapshot(GetTransactionSnapshot());
		scan = table_begin_scan(&invocation_table, relation, key);
		row = systable_getnext(scan);
		if (row)
		{
			ItemPointerData place = row->t_self;

			ExecForceStoreHeapTuple(row, slot, false);
			slot_getallattrs(slot);
			if (starts_on(registry, slot, &deployment))
				result = table_tuple_lock(relation, &place, GetActiveSnapshot(), slot, GetCurrentCommandId(true),
										  LockTupleExclusive, LockWaitSkip, TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS, &failure);
			else
				row = NULL;
		}
		systable_endscan(scan);
		PopActiveSnapshot();
		if (row == NULL)
			return false;
		if (result == TM_Updated && !IsolationUsesXactSnapshot())
			continue;
		if (!direct_is_locked(result))
			return false;
		slot_getallattrs(slot);
		*facts = direct_facts(slot, &deployment);
		return true;
	}
	return false;
}

/*
 * Returns whether the invocation in the slot is ready, and sets the deployment that it
 * starts on: the one that it is pinned to, or the latest of its service.
 */
static bool
starts_on(Registry *registry, TupleTableSlot *slot, Deployment *deployment)
{
	const Table *table = &invocation_table;
	NullableDatum is_foreign = column_value(table, slot, FACT_is_foreign);
	NullableDatum pinned = column_value(table, slot, FACT_pinned_deployment_id);

	if (!text_equals(DatumGetTextPP(column_value(table, slot, FACT_status).value), restate_status_name(STATUS_READY)) ||
		(!is_foreign.isnull && DatumGetBool(is_foreign.value)))
		return false;
	if (!pinned.isnull)
		return find_deployment(registry, DatumGetDeploymentId(pinned.value), deployment);
	return find_latest(registry, DatumGetTextPP(column_value(table, slot, FACT_target_service_name).value), deployment);
}
