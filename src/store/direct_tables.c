/*
 * direct_tables.c
 *		The tables that are reached without a statement: which columns of theirs are used,
 *		and of what types these are to be.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "store/direct_tables.h"
#include "store/reads.h"
#include "store/work.h"
#include "types/compat.h"

#define FACT_COLUMN_NAME(name)		   #name,
#define FACT_NO_COLUMN_NAME(name, sql) NULL,
#define COLUMN_NAME(type, name)		   #name,
#define COLUMN_TYPE(type, name)		   STORE_##type,

static bool invocation_fits(const Table *table);
static bool journal_fits(const Table *table);
static bool runnable_fits(const Table *table);
static bool timer_fits(const Table *table);
static bool waiter_fits(const Table *table);
static bool worker_fits(const Table *table);
static bool service_revision_fits(const Table *table);
static bool deployment_fits(const Table *table);
static bool held_service_fits(const Table *table);
static bool are_of_types(const Table *table, const StoreType *types, int count);
static bool is_enum(const Table *table, int column);

static const char *const invocation_columns[COLUMN_COUNT] = {
	FACTS_BEFORE_DEPLOYMENT(FACT_COLUMN_NAME, FACT_NO_COLUMN_NAME)
		NULL,
	NULL, NULL,
	FACTS_BEHIND_DEPLOYMENT(FACT_COLUMN_NAME, FACT_NO_COLUMN_NAME)
		FACTS_LAST(FACT_COLUMN_NAME)
			INVOCATION_COLUMNS(COLUMN_NAME)};
static const int invocation_key[] = {COLUMN_id, COLUMN_partition_key};

/* what a submission gives: see STORE_SUBMIT */
static const int invocation_given[] = {
	COLUMN_id, COLUMN_partition_key, FACT_status, FACT_target_service_name, FACT_target_service_key,
	COLUMN_target_handler_name, FACT_target_service_ty, FACT_target_handler_ty, COLUMN_idempotency_key,
	COLUMN_invoked_by, FACT_invoked_by_id, COLUMN_invoked_by_service_name, COLUMN_invoked_by_target,
	FACT_pinned_deployment_id, FACT_pinned_service_protocol_version, FACT_journal_size,
	FACT_journal_commands_size, COLUMN_created_at, FACT_modified_at, COLUMN_inboxed_at, COLUMN_scheduled_at,
	FACT_scheduled_start_at, COLUMN_running_at, FACT_completion_retention, FACT_journal_retention,
	FACT_inbox_sequence_number, COLUMN_input_headers, COLUMN_input_payload, FACT_random_seed, FACT_attempt,
	FACT_worker_name, FACT_last_start_at, COLUMN_retry_count, FACT_attempt_count,
	COLUMN_last_attempt_deployment_id, FACT_last_entry_at, FACT_has_waiters, FACT_awaited_by};

static const char *const journal_columns[] = {
	"id", "partition_key", "index", "entry_type", "name", "completion_id", "result_completion_id",
	"invoked_id", "signal_index", "signal_name", "meta", "payload", "appended_at"};
static const int journal_key[] = {0, 2, 1};

static const char *const runnable_columns[RUNNABLE_COUNT] = {
	"service_name", "deployment_id", "ready_at", "id", "partition_key"};
static const int runnable_key[] = {
	RUNNABLE_service_name, RUNNABLE_deployment_id, RUNNABLE_ready_at, RUNNABLE_id, RUNNABLE_partition_key};

static const char *const timer_columns[TIMER_COUNT] = {
	"kind", "due_at", "id", "completion_id", "partition_key", "seed"};
static const int timer_key[] = {TIMER_kind, TIMER_due_at, TIMER_id, TIMER_completion_id, TIMER_partition_key};

static const char *const waiter_columns[WAITER_COUNT] = {
	"target", "caller", "completion_id", "partition_key", "kind", "caller_seed"};
static const int waiter_key[] = {WAITER_target, WAITER_caller, WAITER_completion_id, WAITER_partition_key};

static const char *const worker_columns[WORKER_COUNT] = {"name", "last_seen"};
static const int worker_key[] = {WORKER_name};

static const char *const service_revision_columns[REVISION_COUNT] = {"service_name", "revision", "deployment_id"};
static const int service_revision_key[] = {REVISION_service_name, REVISION_revision};

static const char *const deployment_columns[DEPLOYMENT_COUNT] = {
	"id", "min_service_protocol_version", "max_service_protocol_version"};
static const int deployment_key[] = {DEPLOYMENT_id};

static const char *const held_service_columns[] = {"service_name"};
static const int held_service_key[] = {0};

#define TABLE(table)                                                                   \
	.name = #table, .columns = table##_columns, .ncolumns = lengthof(table##_columns), \
	.key = table##_key, .nkey = lengthof(table##_key), .fits = table##_fits

Table invocation_table = {TABLE(invocation), .other = COLUMN_id, .given = invocation_given, .ngiven = lengthof(invocation_given)};
Table journal_table = {TABLE(journal)};
Table runnable_table = {TABLE(runnable)};
Table timer_table = {TABLE(timer)};
Table waiter_table = {TABLE(waiter)};
Table worker_table = {TABLE(worker)};
Table service_revision_table = {TABLE(service_revision), .other = REVISION_deployment_id};
Table deployment_table = {TABLE(deployment)};
Table held_service_table = {TABLE(held_service)};

/*
 * Returns whether restate.facts() takes the columns as they are, and the others are as the
 * statements have them.
 */
static bool
invocation_fits(const Table *table)
{
	static const StoreType types[] = {INVOCATION_COLUMNS(COLUMN_TYPE)};
	Oid function = LookupFuncName(list_make2(makeString("restate"), makeString("facts")), -1, NULL, true);
	Oid *arguments;
	int count;

	if (!OidIsValid(function))
		return false;
	(void) get_func_signature(function, &arguments, &count);
	if (count != FACT_COUNT)
		return false;
	for (int i = 0; i < FACT_COUNT; i++)
		if (table->columns[i] && table->types[i] != arguments[i])
			return false;
	for (int i = FACT_COUNT; i < COLUMN_COUNT; i++)
		if (table->types[i] != store_type_oid(types[i - FACT_COUNT]))
			return false;
	return true;
}

/*
 * Returns whether an append has what the columns take.
 */
static bool
journal_fits(const Table *table)
{
	Assert(store_form_append.nparams == lengthof(journal_columns));
	for (int i = 0; i < table->ncolumns; i++)
		if (i == JOURNAL_ENTRY_TYPE ? !is_enum(table, i) :
									  table->types[i] != store_type_oid(store_form_append.params[i].type))
			return false;
	return true;
}

/*
 * Returns whether the columns are of the types that the statements give them.
 */
static bool
runnable_fits(const Table *table)
{
	static const StoreType types[RUNNABLE_COUNT] = {
		STORE_TEXT, STORE_DEPLOYMENT_ID, STORE_TIMESTAMPTZ, STORE_INVOCATION_ID, STORE_INT8};

	return are_of_types(table, types, lengthof(types));
}

/*
 * The same of timers.
 */
static bool
timer_fits(const Table *table)
{
	static const StoreType types[] = {
		STORE_TIMESTAMPTZ, STORE_INVOCATION_ID, STORE_INT8, STORE_INT8, STORE_INT8};

	for (int i = TIMER_due_at; i < TIMER_COUNT; i++)
		if (table->types[i] != store_type_oid(types[i - TIMER_due_at]))
			return false;
	return is_enum(table, TIMER_kind);
}

/*
 * The same of those who wait.
 */
static bool
waiter_fits(const Table *table)
{
	static const StoreType types[] = {STORE_INVOCATION_ID, STORE_INVOCATION_ID, STORE_INT8, STORE_INT8};

	for (int i = 0; i < WAITER_kind; i++)
		if (table->types[i] != store_type_oid(types[i]))
			return false;
	return is_enum(table, WAITER_kind) && table->types[WAITER_caller_seed] == INT8OID;
}

/*
 * The same of workers.
 */
static bool
worker_fits(const Table *table)
{
	static const StoreType types[WORKER_COUNT] = {STORE_TEXT, STORE_TIMESTAMPTZ};

	return are_of_types(table, types, lengthof(types));
}

/*
 * The same of revisions of services.
 */
static bool
service_revision_fits(const Table *table)
{
	static const StoreType types[REVISION_COUNT] = {STORE_TEXT, STORE_INT8, STORE_DEPLOYMENT_ID};

	return are_of_types(table, types, lengthof(types));
}

/*
 * The same of deployments.
 */
static bool
deployment_fits(const Table *table)
{
	return table->types[DEPLOYMENT_id] == store_type_oid(STORE_DEPLOYMENT_ID) &&
		   table->types[DEPLOYMENT_min_protocol_version] == INT4OID &&
		   table->types[DEPLOYMENT_max_protocol_version] == INT4OID;
}

/*
 * The same of services that are held.
 */
static bool
held_service_fits(const Table *table)
{
	static const StoreType types[] = {STORE_TEXT};

	return are_of_types(table, types, lengthof(types));
}

/*
 * Returns whether the columns are of these types.
 */
static bool
are_of_types(const Table *table, const StoreType *types, int count)
{
	Assert(count == table->ncolumns);
	for (int i = 0; i < count; i++)
		if (table->types[i] != store_type_oid(types[i]))
			return false;
	return true;
}

/*
 * Returns whether a column is of an enumeration.
 */
static bool
is_enum(const Table *table, int column)
{
	return get_typtype(table->types[column]) == TYPTYPE_ENUM;
}

/*
 * Returns whether what restate.facts() is given is a column.
 */
bool
invocation_has_column(int fact)
{
	return invocation_columns[fact] != NULL;
}

/*
 * Returns the value of the column's enumeration that has that name, a text.
 */
Datum
column_enum(const Table *table, int column, Datum name)
{
	return DirectFunctionCall2(enum_in, CStringGetDatum(TextDatumGetCString(name)),
							   ObjectIdGetDatum(table->types[column]));
}

/*
 * Returns the value of a column of the row in the slot, all of whose columns are there.
 */
NullableDatum
column_value(const Table *table, TupleTableSlot *slot, int column)
{
	int place = table->attributes[column] - 1;

	return (NullableDatum){slot->tts_values[place], slot->tts_isnull[place]};
}

/*
 * Sets a column of the row in the slot.
 */
void
column_set(const Table *table, TupleTableSlot *slot, int column, NullableDatum value)
{
	int place = table->attributes[column] - 1;

	slot->tts_values[place] = value.value;
	slot->tts_isnull[place] = value.isnull;
}
