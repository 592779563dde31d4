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

#include "executor/spi.h"
#include "nodes/pg_list.h"

#include "id.h"

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
	STORE_STATEMENT_COUNT
} StoreStatement;

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

#define STORE_MAX_PARAMS 12

/* bit set on a StoreType: an array of it, one element a row */
#define STORE_ARRAY 0x40

/* how many statements can run together */
#define STORE_MAX_TOGETHER 12

typedef struct StoreStatementDef
{
	const char *name;
	const char *sql;					/* see statements.c */
	const char *written;				/* of work: whether a row it returns is as asked for */
	const char *existing;				/* of work whose rows only the tables can count: where they are */
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
	int64 rows; /* that work must write; 0 where it counts those that exist */
	int nargs;
	StoreArg args[STORE_MAX_PARAMS];
} StoreCall;

/* store.c: sessions and execution */
extern void store_begin(void);
extern uint64 store_execute(const StoreCall *call);
extern void store_write(const List *calls);
extern void store_not_written(const char *what, int64 missing) pg_attribute_noreturn();
extern bool store_is_distributed(void);
extern Oid store_type_oid(uint8 type);

/* store_plan.c: from statements to plans that are kept */
extern SPIPlanPtr store_plan(const StoreCall *const *calls, int count);
extern void store_forget_plans(void);
extern bool store_call_is_of_one_row(const StoreCall *call);

/* store_values.c: arguments, and reading the last result */
extern void store_call(StoreCall *call, StoreStatement statement);
extern void store_arg(StoreCall *call, Datum value);
extern void store_arg_null(StoreCall *call);
extern void store_arg_text(StoreCall *call, const char *value);
extern void store_arg_column(StoreCall *call, const StoreColumn *column);
extern void store_column_add(StoreColumn *column, Datum value);
extern void store_column_add_null(StoreColumn *column);

/* the returned values live in the current context, by reference as long as the result */
extern bool store_is_null(uint64 row, int column);
extern Datum store_value(uint64 row, int column);
extern char *store_text(uint64 row, int column);
extern bool store_invocation_id(uint64 row, int column, RestateInvocationId *id);

#endif /* RESTATE_STORE_H */
