/*
 * store.h
 *		The only way to the tables: named statements, prepared once a session.
 *
 * What changes the tables is gathered and run together, as one statement; where
 * the tables are distributed over nodes, as one on each shard.
 */
#ifndef RESTATE_STORE_H
#define RESTATE_STORE_H

#include "postgres.h"

#include "nodes/params.h"
#include "utils/plancache.h"

#include "types/compat.h"
#include "types/id.h"

typedef enum StoreStatement
{
	/* work */
	STORE_CREATE_RESTARTS,
	STORE_SUBMIT,
	STORE_COPY_JOURNALS,
	STORE_COPY_COMPLETIONS,
	STORE_AUDIT,
	STORE_PURGE_AUDIT,
	STORE_DELETE_INVOCATIONS,
	STORE_DELETE_STATE,
	STORE_DELETE_PROMISES,
	STORE_DELETE_JOURNALS,
	STORE_DELETE_EVENTS,
	STORE_CLEAR_JOURNAL_SIZES,
	STORE_START_JOURNALS,
	STORE_ADVANCE,
	STORE_UPDATE,
	STORE_COMPLETE,
	STORE_APPEND,
	STORE_UPDATE_KEYS,
	STORE_ADD_RUNNABLE,
	STORE_DROP_RUNNABLE,
	STORE_SET_TIMERS,
	STORE_DROP_TIMERS,
	STORE_ADD_WAITERS,
	STORE_DROP_WAITERS,
	STORE_SET_STATE,
	STORE_CLEAR_STATE,
	STORE_QUEUE_STATE,
	STORE_DROP_QUEUED_STATE,
	STORE_ADD_EVENTS,
	STORE_COMPLETE_PROMISES,
	STORE_ADD_PROMISE_WAITERS,
	STORE_DROP_PROMISE_WAITERS,
	STORE_DELETE_PROMISE_WAITERS,
	STORE_SEE_WORKERS,
	STORE_KEEP_UNDELIVERED,
	STORE_WORK_COUNT,
	/* lock statements, and those that make what is to be locked */
	STORE_LOCK_ONE = STORE_WORK_COUNT,
	STORE_LOCK_ONE_WITH_DEPLOYMENT,
	STORE_LOCK_ONE_TO_CANCEL,
	STORE_LOCK_ONE_TO_KILL,
	STORE_LOCK_ONE_TO_RESTART,
	STORE_LOCK_ONE_TO_RESTART_WITHIN,
	STORE_LOCK_MANY,
	STORE_LOCK_MANY_WITH_DEPLOYMENT,
	STORE_LOCK_FREE,
	STORE_LOCK_FREE_WITH_DEPLOYMENT,
	STORE_LOCK_FREE_TO_CANCEL,
	STORE_LOCK_FREE_TO_KILL,
	STORE_LOCK_FREE_TO_RESTART,
	STORE_LOCK_KEYS,
	STORE_LOCK_KEYS_IF_ALL,
	STORE_LOCK_FREE_KEYS,
	STORE_ADD_KEYS,
	STORE_CREATE_KEYS,
	STORE_CREATE_PROMISES,
	STORE_LOCK_PROMISES,
	STORE_LOCK_ONE_TO_END,
	STORE_LOCK_READY,
	/* plain reads */
	STORE_LOCKS_END,
	STORE_READ_RUNNABLE = STORE_LOCKS_END,
	STORE_READ_RUNNABLE_SINCE,
	STORE_READ_SHARD_KEYS,
	STORE_READ_SHARDS,
	STORE_READ_SHARD_TABLES,
	STORE_ASK_SHARD,
	STORE_ASK_AND_TOUCH_SHARD,
	STORE_TOUCH_SHARD,
	STORE_READ_WORKER,
	STORE_READ_STARTABLE,
	STORE_READ_ATTEMPTS,
	STORE_READ_DUE_OF_KIND,
	STORE_READ_MANY,
	STORE_READ_MANY_WITH_DEPLOYMENT,
	STORE_READ_KEYS,
	STORE_READ_CALLEES,
	STORE_READ_INBOXES,
	STORE_READ_WAITERS,
	STORE_READ_AWAITED,
	STORE_READ_REGISTERED,
	STORE_READ_HANDLER,
	STORE_READ_RESULTS,
	STORE_READ_COMMANDS,
	STORE_READ_ARRIVALS,
	STORE_READ_ANSWERS,
	STORE_READ_SIGNALS,
	STORE_READ_NEWS,
	STORE_READ_ASKED,
	STORE_READ_OUTPUT,
	STORE_READ_STATE,
	STORE_READ_QUEUED_STATE,
	STORE_READ_HANDLER_NAME,
	STORE_READ_FAILURE,
	STORE_READ_PROMISE_WAITERS,
	STORE_READ_DUE,
	STORE_READ_SLEEPS,
	STORE_READ_DEAD,
	STORE_READ_RUN_BY,
	STORE_READ_OWNERS,
	STORE_READ_AWAITERS,
	STORE_READ_PREFIXES,
	STORE_READ_COMPLETIONS,
	STORE_READ_RESTARTED,
	STORE_READ_INCOMPLETE,
	STORE_COUNT_EVENTS,
	STORE_COUNT_AUDIT,
	STORE_COUNT_PROMISES,
	STORE_COUNT_STATE,
	STORE_COUNT_CLEARED,
	STORE_COUNT_QUEUED_STATE,
	STORE_COUNT_PROMISE_WAITERS,
	STORE_COUNT_WORKFLOW_WAITERS,
	STORE_COUNT_RUNNABLE,
	STORE_COUNT_TIMERS,
	STORE_COUNT_WAITERS,
	STORE_EXTENSION_VERSION,
	STORE_IS_DISTRIBUTED,
	/* plain reads that answer operators */
	STORE_READ_ABOUT,
	STORE_READS_END = STORE_READ_ABOUT,
	STORE_READ_BRIEF,
	STORE_READ_ASKING_COMMANDS,
	STORE_READ_OPEN_COMMANDS,
	STORE_COUNT_AHEAD,
	STORE_READ_REVISION,
	STORE_READ_COMMAND_AFTER,
	STORE_READ_NTH_COMMAND,
	STORE_READ_NAMED_COMMAND,
	STORE_READ_FAILED_COMMAND,
	STORE_READ_UNFINISHED_COMMAND,
	STORE_READ_ENTRY_AT,
	STORE_READ_RESTARTS,
	STORE_READ_AUDITED_RESTARTS,
	STORE_READ_AUDITED_ORIGINS,
	STORE_READ_AUDITED,
	STORE_READ_CALLS,
	STORE_READ_CALLING_COMMANDS,
	STORE_STATEMENT_COUNT
} StoreStatement;

/* the types of parameters and of columns, by role: ours have no fixed OID */
typedef enum StoreType
{
	STORE_BOOL,
	STORE_INT8,
	STORE_INT8_OR_NULL,
	STORE_TEXT,
	STORE_JSONB,
	STORE_TIMESTAMPTZ,
	STORE_TIME_OR_NULL,
	STORE_INVOCATION_ID,
	STORE_DEPLOYMENT_ID,
	STORE_BYTEA,
	STORE_INT8_ARRAY,
	STORE_TEXT_ARRAY,
	STORE_INVOCATION_ID_ARRAY,
	STORE_DEPLOYMENT_ID_ARRAY
} StoreType;

/* the most that a statement has */
#define STORE_MAX_PARAMS  36
#define STORE_MAX_COLUMNS 48

/*
 * So many rows of a call have parameters of their own: an executor that has an array for
 * each column to take apart needs longer to begin than the rows take.
 */
#define STORE_ROWS_APART 4

/* the most values that calls which run together have */
#define STORE_MAX_VALUES (STORE_WORK_COUNT * STORE_MAX_PARAMS * STORE_ROWS_APART)

typedef struct StoreField
{
	const char *name;
	StoreType type;
} StoreField;

/*
 * The parameters that statements have in common: first the columns of their
 * rows, then what is the same for all rows.
 */
typedef struct StoreForm
{
	int ncolumns;
	int nparams;
	StoreField params[STORE_MAX_PARAMS];
} StoreForm;

/* The columns that statements return, of which one may leave out the last. */
typedef struct StoreResult
{
	int ncolumns;
	StoreField columns[STORE_MAX_COLUMNS];
} StoreResult;

typedef struct StoreStatementDef
{
	const char *name;
	const char *sql;		  /* see params.h */
	const char *sql_of_nodes; /* where the tables are distributed, of what goes to no shard alone */
	const StoreForm *form;
	const StoreResult *result; /* of what is read */
	bool may_conflict;		   /* of an insert: a row may be there already, which the call says */
	StoreStatement left;	   /* of a delete of all there is: counts what is left */
	bool of_this_node;		   /* where the tables are distributed, it is run here and its plan is kept */
	bool of_references;		   /* reads tables alone that every node has all of, where they are distributed */
} StoreStatementDef;

extern const StoreStatementDef store_work[STORE_WORK_COUNT];
extern const StoreStatementDef store_locks[STORE_LOCKS_END - STORE_WORK_COUNT];
extern const StoreStatementDef store_reads[STORE_READS_END - STORE_LOCKS_END];
extern const StoreStatementDef store_answers[STORE_STATEMENT_COUNT - STORE_READS_END];

/*
 * The arguments of one execution, added row by row: see params.h.  Work must
 * write a row for each that was added, unless another number is set, or all
 * that it finds if it is a delete of all there is.
 */
typedef struct StoreCall
{
	StoreStatement statement;
	int64 shard;		/* the shard of this node that it is run on with those that go with it, or 0 */
	int64 key_of_shard; /* a partition key that stands in the text, of a statement that has one */
	int64 must_write;
	int64 conflicts; /* of an insert that may: the rows that were there */
	bool goes_on;	 /* what it returns is added to the last result */
	int count;		 /* of rows */
	int allocated;
	int next;	   /* parameter of the row that is added */
	Datum *values; /* a column after the other */
	bool *nulls;
	NullableDatum of_all[STORE_MAX_PARAMS]; /* what is the same for all rows */
} StoreCall;

/* What a part of the work did: the rows that it found to write, and wrote. */
typedef struct StoreWritten
{
	int64 found;
	int64 written;
	bool is_counted;  /* whether it is known how many were found */
	bool is_filtered; /* a row security policy may have hidden some */
} StoreWritten;

/* store.c: sessions and execution */
extern void store_begin(void);
extern const StoreStatementDef *store_def(const StoreCall *call);
extern uint64 store_execute(const StoreCall *call);
extern int64 store_write(StoreCall *const *work);
pg_noreturn extern void store_not_written(const char *what, int64 missing);
extern uint64 store_execute_whole(const StoreCall *const *calls, int count, StoreWritten *parts);
extern bool store_is_distributed(void);
extern int64 store_shard_of_references(void);
extern uint64 store_changes_of_functions(void);
extern Oid store_type_oid(StoreType type);

/* store_plan.c: from statements to plans that are kept */
extern CachedPlan *store_plan(const StoreCall *const *calls, int count, Datum *values, bool *nulls,
							  const CachedPlanSource **source, ParamListInfo *params);
extern void store_forget_plans(void);
extern int store_call_rows_apart(const StoreCall *call);
extern int store_call_values(const StoreCall *call);

/* store_nodes.c: calls that go to the nodes that have their shards */
extern bool store_goes_to_shards(const StoreCall *call);
extern uint64 store_execute_on_shards(const StoreCall *call);
extern void store_write_on_shards(StoreCall *const *calls, int count, StoreWritten *parts);

/* store_touch.c: what Citus is told */
extern const struct StoreFoundShardKey *store_touch(int64 partition_key);
extern int64 store_shard_here(int64 partition_key);
extern void store_note_here(int64 partition_key);

/* store_shards.c: which shards there are */
extern int64 *store_shards_of(const int64 *partition_keys, int count);
extern int64 store_know_shard_of(int64 partition_key);
extern int64 store_shard_of_table(int64 shard, const char *name, int length);
extern const struct StoreFoundShardKey *store_look_at_shards(int *count);
extern const struct StoreFoundShardKey *store_shard_key(int64 shard);
extern void store_forget_shards(void);

/* store_wire.c: calls and what they return as bytes */
extern bytea *store_write_request(const StoreCall *calls, int count, bool is_work);
extern StoreCall *store_read_request(const bytea *request, int *count, bool *is_work);
extern bytea *store_write_rows(uint64 rows);
extern uint64 store_read_rows(const StoreCall *call, const bytea *answer, bool goes_on);
extern bytea *store_write_parts(const StoreWritten *parts, int count);
extern void store_read_parts(const bytea *answer, StoreWritten *parts, int count);

/* direct.c: what needs no executor */
extern bool store_execute_directly(const StoreCall *const *calls, int count, StoreWritten *parts,
								   uint64 *rows);

/* store_run.c: a plan and the executor */
extern void store_hold_snapshot(void);
extern void store_release_snapshot(void);
extern uint64 store_run(const CachedPlanSource *source, const CachedPlan *plan,
						ParamListInfo params, bool goes_on, StoreWritten *parts, int count);
extern TupleDesc store_row_columns(void);
extern void store_begin_rows(TupleDesc columns, bool goes_on);
extern void store_put_row(const Datum *values, const bool *nulls);
extern uint64 store_rows(void);

/* store_checks.c: the constraints of the tables that are written */
struct EState;
struct ResultRelInfo;
extern void store_give_checks(struct EState *estate, struct ResultRelInfo *table);

/* what is the last result without a plan: a row after the other */
extern void store_give_rows(Datum *values, int ncolumns, uint64 count);

/* the values of a row of the last result; those by reference live as long as its context */
extern void store_row(uint64 row, Datum *values, int count);
extern void store_row_or_nulls(uint64 row, Datum *values, bool *nulls);

#endif /* RESTATE_STORE_H */
