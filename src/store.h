/*
 * store.h
 *		The only way to the tables: named statements, prepared once a session.
 */
#ifndef RESTATE_STORE_H
#define RESTATE_STORE_H

#include "postgres.h"

#include "executor/spi.h"

#include "id.h"

typedef enum StoreStatement
{
	STORE_EXTENSION_VERSION,
	STORE_IS_DISTRIBUTED,
	/* lock statements */
	STORE_LOCK_ONE,
	STORE_LOCK_ONE_WITH_DEPLOYMENT,
	STORE_LOCK_ONE_TO_CANCEL,
	STORE_LOCK_ONE_TO_RESTART,
	STORE_LOCK_MANY,
	STORE_LOCK_ONE_KEY,
	STORE_LOCK_KEYS,
	/* plain reads */
	STORE_READ_MANY,
	STORE_READ_CALLEES,
	STORE_READ_ONE_INBOX,
	STORE_READ_INBOXES,
	STORE_READ_AWAITED_CALLS,
	STORE_READ_ONE_PREFIX,
	STORE_READ_PREFIXES,
	STORE_READ_RESTARTED,
	/* work */
	STORE_CREATE_KEYS,
	STORE_DELETE_JOURNALS,
	STORE_DELETE_EVENTS,
	STORE_CLEAR_JOURNAL_SIZES,
	STORE_PURGE_JOURNALS,
	STORE_DELETE_INVOCATIONS,
	STORE_REMOVE,
	STORE_DELETE_PROMISES,
	STORE_DELETE_STATE,
	STORE_START_JOURNALS,
	STORE_APPEND,
	STORE_UPDATE,
	STORE_APPEND_AND_UPDATE,
	STORE_UPDATE_KEYS,
	STORE_COPY_JOURNALS,
	STORE_CREATE_RESTARTS,
	STORE_RESTART,
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

#define STORE_MAX_PARAMS 20

/* bit set on a StoreType: an array of it */
#define STORE_ARRAY 0x40

#define STORE_MAX_PARTS 3

typedef struct StoreStatementDef
{
	const char *name;
	const char *sql;
	uint8 params[STORE_MAX_PARAMS + 1]; /* ends with STORE_END */
	/* run instead, each with the first of the arguments, on distributed tables */
	StoreStatement parts[STORE_MAX_PARTS];
	int nparts;
} StoreStatementDef;

extern const StoreStatementDef store_statements[STORE_STATEMENT_COUNT];

/* The arguments of one execution, added in the order of the parameters. */
typedef struct StoreCall
{
	StoreStatement statement;
	int nargs;
	Datum values[STORE_MAX_PARAMS];
	char nulls[STORE_MAX_PARAMS];
} StoreCall;

/* A column of values that becomes one array parameter. */
typedef struct StoreColumn
{
	Datum *values;
	bool *nulls;
	int count;
	int allocated;
} StoreColumn;

extern void store_begin(void);

extern void store_call(StoreCall *call, StoreStatement statement);
extern void store_arg(StoreCall *call, Datum value);
extern void store_arg_null(StoreCall *call);
extern void store_arg_array(StoreCall *call, const StoreColumn *column);
extern uint64 store_execute(StoreCall *call);

extern void store_column_add(StoreColumn *column, Datum value);
extern void store_column_add_null(StoreColumn *column);

/* reading a result row; the returned values live in the current context */
extern bool store_is_null(uint64 row, int column);
extern Datum store_value(uint64 row, int column);
extern char *store_text(uint64 row, int column);
extern bool store_invocation_id(uint64 row, int column, RestateInvocationId *id);

extern bool store_is_distributed(void);

#endif /* RESTATE_STORE_H */
