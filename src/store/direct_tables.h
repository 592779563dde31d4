/*
 * direct_tables.h
 *		The tables that are reached without a statement, and their columns.
 */
#ifndef RESTATE_STORE_DIRECT_TABLES_H
#define RESTATE_STORE_DIRECT_TABLES_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "store/facts_list.h"
#include "store/params.h"
#include "store/tables.h"

/* what of restate.invocation is used besides what the facts have */
#define INVOCATION_COLUMNS(COLUMN)                        \
	COLUMN(INVOCATION_ID, id)                             \
	COLUMN(INT8, partition_key)                           \
	COLUMN(INT8_ARRAY, suspended_waiting_for_signals)     \
	COLUMN(TIMESTAMPTZ, retained_from)                    \
	COLUMN(TIMESTAMPTZ, completed_at)                     \
	COLUMN(TEXT, last_attempt_server)                     \
	COLUMN(TEXT, target_handler_name)                     \
	COLUMN(TEXT, idempotency_key)                         \
	COLUMN(TEXT, invoked_by)                              \
	COLUMN(TEXT, invoked_by_service_name)                 \
	COLUMN(TEXT, invoked_by_target)                       \
	COLUMN(TIMESTAMPTZ, created_at)                       \
	COLUMN(TIMESTAMPTZ, inboxed_at)                       \
	COLUMN(TIMESTAMPTZ, scheduled_at)                     \
	COLUMN(TIMESTAMPTZ, running_at)                       \
	COLUMN(JSONB, input_headers)                          \
	COLUMN(BYTEA, input_payload)                          \
	COLUMN(INT8, retry_count)                             \
	COLUMN(DEPLOYMENT_ID, last_attempt_deployment_id)     \
	COLUMN(INT8_ARRAY, suspended_waiting_for_completions) \
	COLUMN(TEXT_ARRAY, suspended_waiting_for_names)       \
	COLUMN(TEXT, last_failure)                            \
	COLUMN(TEXT, last_failure_error_code)                 \
	COLUMN(INT8, last_failure_related_command_index)      \
	COLUMN(TEXT, last_failure_related_command_name)       \
	COLUMN(TEXT, last_failure_related_command_type)       \
	COLUMN(TEXT, completion_result)                       \
	COLUMN(TEXT, completion_failure)                      \
	COLUMN(JSONB, completion_failure_metadata)            \
	COLUMN(BYTEA, completion_payload)

/*
 * The columns of restate.invocation that are used: the arguments of restate.facts(), some of
 * which are no columns, and the others.
 */
#define FACT_NUMBER(name)		  FACT_##name,
#define FACT_NUMBER_OF(name, sql) FACT_##name,
#define COLUMN_NUMBER(type, name) COLUMN_##name,
enum
{
	FACTS_BEFORE_DEPLOYMENT(FACT_NUMBER, FACT_NUMBER_OF)
		FACT_deployment_id,
	FACT_min_protocol_version,
	FACT_max_protocol_version,
	FACTS_BEHIND_DEPLOYMENT(FACT_NUMBER, FACT_NUMBER_OF)
		FACTS_LAST(FACT_NUMBER)
			FACT_COUNT,
	COLUMN_BEFORE_FIRST = FACT_COUNT - 1,
	INVOCATION_COLUMNS(COLUMN_NUMBER)
		COLUMN_COUNT
};

/* those of restate.journal, in the order of the parameters of an append */
#define JOURNAL_ENTRY_TYPE 3

/* those of the other tables */
enum
{
	RUNNABLE_service_name,
	RUNNABLE_deployment_id,
	RUNNABLE_ready_at,
	RUNNABLE_id,
	RUNNABLE_partition_key,
	RUNNABLE_COUNT
};
enum
{
	TIMER_kind,
	TIMER_due_at,
	TIMER_id,
	TIMER_completion_id,
	TIMER_partition_key,
	TIMER_seed,
	TIMER_COUNT
};
enum
{
	REVISION_service_name,
	REVISION_revision,
	REVISION_deployment_id,
	REVISION_COUNT
};
enum
{
	DEPLOYMENT_id,
	DEPLOYMENT_min_protocol_version,
	DEPLOYMENT_max_protocol_version,
	DEPLOYMENT_COUNT
};
enum
{
	WAITER_target,
	WAITER_caller,
	WAITER_completion_id,
	WAITER_partition_key,
	WAITER_kind,
	WAITER_caller_seed,
	WAITER_COUNT
};
enum
{
	WORKER_name,
	WORKER_last_seen,
	WORKER_COUNT
};

extern Table invocation_table;
extern Table journal_table;
extern Table runnable_table;
extern Table timer_table;
extern Table waiter_table;
extern Table worker_table;
extern Table service_revision_table;
extern Table deployment_table;
extern Table held_service_table;

extern bool invocation_has_column(int fact);
extern Datum column_enum(const Table *table, int column, Datum name);
extern NullableDatum column_value(const Table *table, TupleTableSlot *slot, int column);
extern void column_set(const Table *table, TupleTableSlot *slot, int column, NullableDatum value);

#endif /* RESTATE_STORE_DIRECT_TABLES_H */
