/*
 * store.h
 *		The only way to the tables: named statements, prepared once a session.
 *
 * What changes the tables is gathered and run together, as one statement; where
 * the tables are distributed over nodes, one after the other.
 */
#ifndef RESTATE_STORE_H
#define RESTATE_STORE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/plancache.h"

#include "types/compat.h"
#include "types/id.h"

typedef enum StoreStatement
{
	STORE_EXTENSION_VERSION,
	STORE_IS_DISTRIBUTED,
	/* lock statements */
	STORE_LOCK_ONE,
	STORE_LOCK_ONE_WITH_DEPLOYMENT,
	STORE_LOCK_ONE_TO_CANCEL,
	STORE_LOCK_ONE_TO_KILL,
	STORE_LOCK_ONE_TO_RESTART,
	STORE_LOCK_ONE_TO_RESTART_WITHIN,
	STORE_LOCK_MANY,
	STORE_LOCK_MANY_WITH_DEPLOYMENT,
	STORE_LOCK_KEYS,
	STORE_LOCK_KEYS_IF_ALL,
	STORE_LOCK_FREE,
	STORE_LOCK_FREE_WITH_DEPLOYMENT,
	STORE_LOCK_FREE_TO_CANCEL,
	STORE_LOCK_FREE_TO_KILL,
	STORE_LOCK_FREE_TO_RESTART,
	STORE_LOCK_FREE_KEYS,
	STORE_CREATE_KEYS,
	/* plain reads */
	STORE_READ_MANY,
	STORE_READ_CALLEES,
	STORE_READ_INBOXES,
	STORE_READ_AWAITED_CALLS,
	STORE_READ_PREFIXES,
	STORE_READ_COMPLETIONS,
	STORE_READ_RESTARTED,
	STORE_READ_INCOMPLETE,
	STORE_COUNT_EVENTS,
	STORE_COUNT_AUDIT,
	STORE_COUNT_PROMISES,
	STORE_COUNT_STATE,
	/* work */
	STORE_DELETE_JOURNALS,
	STORE_DELETE_EVENTS,
	STORE_CLEAR_JOURNAL_SIZES,
	STORE_DELETE_INVOCATIONS,
	STORE_DELETE_PROMISES,
	STORE_DELETE_STATE,
	STORE_START_JOURNALS,
	STORE_APPEND,
	STORE_UPDATE,
	STORE_COMPLETE,
	STORE_UPDATE_KEYS,
	STORE_CREATE_RESTARTS,
	STORE_COPY_JOURNALS,
	STORE_COPY_COMPLETIONS,
	STORE_AUDIT,
	STORE_PURGE_AUDIT,
	STORE_STATEMENT_COUNT
} StoreStatement;

#define STORE_ALL_ROWS (-1)

/* the types of parameters, by role: ours have no fixed OID */
typedef enum StoreType
{
	STORE_END,
	STORE_BOOL,
	STORE_INT8,
	STORE_TEXT,
	STORE_JSONB,
	STORE_TIMESTAMPTZ,
	STORE_INVOCATION_ID,
	STORE_DEPLOYMENT_ID,
	STORE_TYPE_COUNT
} StoreType;

#define STORE_MAX_PARAMS 15

/* bit set on a StoreType: an array of it, one element a row */
#define STORE_ARRAY 0x40

/* how many statements can run together */
#define STORE_MAX_TOGETHER 12

typedef struct StoreStatementDef
{
	const char *name;
	const char *sql;					/* see statements.c */
	bool is_work;						/* changes the tables, with others of its kind */
	StoreStatement left;				/* of a delete of all there is: counts what is left */
	uint8 params[STORE_MAX_PARAMS + 1]; /* ends with STORE_END */
} StoreStatementDef;

extern const StoreStatementDef store_statements[STORE_STATEMENT_COUNT];

/* A column of values, one a row. */
typedef struct StoreColumn
{
	Datum *values;
	bool *nulls;
	int count;
	int allocated;
} StoreColumn;

/* An argument: a value of its own, or a column of the rows. */
typedef struct StoreArg
{
	Datum value;
	bool is_null;
	StoreColumn column;
} StoreArg;

/* The arguments of one execution, added in the order of the parameters. */
typedef struct StoreCall
{
	StoreStatement statement;
	int64 rows; /* that work must write; STORE_ALL_ROWS: those that it finds */
	int nargs;
	StoreArg args[STORE_MAX_PARAMS];
} StoreCall;

/* What a part of the work did: the rows that it found to write, and wrote. */
typedef struct StoreWritten
{
	int64 found;
	int64 written;
	bool is_filtered; /* a row security policy may have hidden some */
} StoreWritten;

/* store.c: sessions and execution */
extern void store_begin(void);
extern uint64 store_execute(const StoreCall *call);
extern int64 store_write(const List *calls);
pg_noreturn extern void store_not_written(const char *what, int64 missing);
extern bool store_is_distributed(void);
extern Oid store_type_oid(uint8 type);

/* store_plan.c: from statements to plans that are kept */
extern CachedPlan *store_plan(const StoreCall *const *calls, int count, const CachedPlanSource **source);
extern void store_forget_plans(void);
extern bool store_call_is_of_one_row(const StoreCall *call);

/* store_run.c: a plan and the executor */
extern uint64 store_run(const CachedPlanSource *source, const CachedPlan *plan, const char *name,
						const Datum *values, const bool *nulls, StoreWritten *parts, int count);

/* store_values.c: arguments, and reading the last result */
extern void store_call(StoreCall *call, StoreStatement statement);
extern void store_arg(StoreCall *call, Datum value);
extern void store_arg_null(StoreCall *call);
extern void store_arg_text(StoreCall *call, const char *value);
extern void store_arg_column(StoreCall *call, const StoreColumn *column);
extern void store_column_add(StoreColumn *column, Datum value);
extern void store_column_add_null(StoreColumn *column);
extern void store_column_add_text(StoreColumn *column, const char *value);

/* the rows of the last result; values by reference live as long as its context */
extern bool store_is_null(uint64 row, int column);
extern Datum store_value(uint64 row, int column);
extern char *store_text(uint64 row, int column);
extern bool store_invocation_id(uint64 row, int column, RestateInvocationId *id);

#endif /* RESTATE_STORE_H */
