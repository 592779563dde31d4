/*
 * compat.h
 *		Differences between PostgreSQL 15 and 19, all in one place.
 */
#ifndef RESTATE_COMPAT_H
#define RESTATE_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#define PG16_GE (PG_VERSION_NUM >= 160000)
#define PG17_GE (PG_VERSION_NUM >= 170000)
#define PG18_GE (PG_VERSION_NUM >= 180000)
#define PG19_GE (PG_VERSION_NUM >= 190000)

#if PG16_GE
#include "varatt.h"
#include "nodes/miscnodes.h"
#else
/* before 16 an input function cannot report a soft error: it raises */
#define ereturn(context, dummy_value, ...) \
	do                                     \
	{                                      \
		(void) (context);                  \
		ereport(ERROR, __VA_ARGS__);       \
		pg_unreachable();                  \
	} while (0)
#endif

#ifndef palloc_array
#define palloc_array(type, count)  ((type *) palloc(sizeof(type) * (count)))
#define palloc0_array(type, count) ((type *) palloc0(sizeof(type) * (count)))
#define repalloc_array(pointer, type, count) \
	((type *) repalloc(pointer, sizeof(type) * (count)))
#endif
#ifndef palloc_object
#define palloc_object(type)	 ((type *) palloc(sizeof(type)))
#define palloc0_object(type) ((type *) palloc0(sizeof(type)))
#endif

#ifndef pg_noreturn
#define pg_noreturn __attribute__((noreturn))
#endif

#if PG18_GE
#define RESTATE_MODULE_MAGIC(mod_name, mod_version) \
	PG_MODULE_MAGIC_EXT(.name = mod_name, .version = mod_version)
#else
#define RESTATE_MODULE_MAGIC(mod_name, mod_version) PG_MODULE_MAGIC
#endif

/* a number that no other backend has while this one lives; for who includes storage/proc.h */
#if PG17_GE
#define restate_backend_number() ((uint32) MyProcNumber)
#else
#define restate_backend_number() ((uint32) MyProc->pgprocno)
#endif

/* runs a query to its end */
#if PG18_GE
#define restate_executor_run(query) ExecutorRun(query, ForwardScanDirection, 0)
#else
#define restate_executor_run(query) ExecutorRun(query, ForwardScanDirection, 0, true)
#endif

/* what counts the rows of a plan's node */
#if PG19_GE
typedef struct NodeInstrumentation RestateNodeInstrumentation;
#define restate_node_instrumentation() InstrAllocNode(INSTRUMENT_ROWS, false)
#else
typedef struct Instrumentation RestateNodeInstrumentation;
#define restate_node_instrumentation() InstrAlloc(1, INSTRUMENT_ROWS, false)
#endif

/* the CHECK constraints of a table that is written, as the executor has prepared them */
#if PG18_GE
#define restate_check_states(table)				 ((table)->ri_CheckConstraintExprs)
#define restate_check_is_enforced(check)		 ((check)->ccenforced)
#define restate_checks_are_expanded(constraints) ((constraints)->has_generated_virtual)
#else
#define restate_check_states(table)				 ((table)->ri_ConstraintExprs)
#define restate_check_is_enforced(check)		 ((void) (check), true)
#define restate_checks_are_expanded(constraints) ((void) (constraints), false)
#endif

/*
 * which indexes an update makes entries in, and what makes them; for who includes
 * executor/executor.h and access/tableam.h
 */
#if PG16_GE
#define RestateIndexesToUpdate		   TU_UpdateIndexes
#define RESTATE_ALL_INDEXES			   TU_All
#define restate_updates_indexes(which) ((which) != TU_None)
#if PG19_GE
#define restate_insert_indexes(table, slot, estate, is_update, which)                  \
	ExecInsertIndexTuples(table, estate,                                               \
						  ((is_update) ? EIIT_IS_UPDATE : 0) |                         \
							  ((which) == TU_Summarizing ? EIIT_ONLY_SUMMARIZING : 0), \
						  slot, NIL, NULL)
#else
#define restate_insert_indexes(table, slot, estate, is_update, which) \
	ExecInsertIndexTuples(table, slot, estate, is_update, false, NULL, NIL, (which) == TU_Summarizing)
#endif
#else
#define RestateIndexesToUpdate		   bool
#define RESTATE_ALL_INDEXES			   true
#define restate_updates_indexes(which) (which)
#define restate_insert_indexes(table, slot, estate, is_update, which) \
	((void) (which), ExecInsertIndexTuples(table, slot, estate, is_update, false, NULL, NIL))
#endif

/* what a jsonb is built in; zeroed before its first use, its result is there when all is closed */
#if PG19_GE
typedef struct JsonbInState RestateJsonbBuilder;
#define restate_jsonb_push(builder, token, value) pushJsonbValue(builder, token, value)
#else
typedef struct RestateJsonbBuilder
{
	struct JsonbParseState *state;
	struct JsonbValue *result;
} RestateJsonbBuilder;
#define restate_jsonb_push(builder, token, value) \
	((void) ((builder)->result = pushJsonbValue(&(builder)->state, token, value)))
#endif

/* whether a role may call a function; for who includes utils/acl.h and catalog/pg_proc.h */
#if PG16_GE
#define restate_may_execute(function, role) \
	(object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK)
#else
#define restate_may_execute(function, role) \
	(pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK)
#endif

/*
 * Calls the input function of a type; returns false where it reported a soft
 * error to the context.
 */
static inline bool
restate_call_input(PGFunction function, const char *text, Oid type, int32 typmod,
				   struct Node *context, Datum *value)
{
#if PG16_GE
	return DirectInputFunctionCallSafe(function, unconstify(char *, text), type, typmod,
									   context, value);
#else
	*value = DirectFunctionCall3(function, CStringGetDatum(text), ObjectIdGetDatum(type),
								 Int32GetDatum(typmod));
	return true;
#endif
}

/* before 17 no interval is infinite; for who includes utils/timestamp.h */
#if PG17_GE
#define restate_interval_is_finite(interval) (!INTERVAL_NOT_FINITE(interval))
#else
#define restate_interval_is_finite(interval) true
#endif

/* semantic actions of the JSON parser return a verdict since 16 */
#if PG16_GE
#define RestateJsonResult	JsonParseErrorType
#define RESTATE_JSON_RETURN return JSON_SUCCESS
#else
#define RestateJsonResult	void
#define RESTATE_JSON_RETURN return
#endif

#if PG17_GE
#define restate_json_lexer(text) \
	makeJsonLexContextCstringLen(NULL, text, strlen(text), GetDatabaseEncoding(), true)
#else
#define restate_json_lexer(text)                                                                \
	makeJsonLexContextCstringLen(unconstify(char *, text), strlen(text), GetDatabaseEncoding(), \
								 true)
#endif

/*
 * Sets the search path that every statement of ours is analysed and run
 * under, until AtEOXact_GUC(false, level) of the caller's nest level.
 */
#if PG17_GE
#define restate_restrict_search_path() RestrictSearchPath()
#else
#define restate_restrict_search_path()                              \
	((void) set_config_option("search_path", "pg_catalog, pg_temp", \
							  PGC_USERSET, PGC_S_SESSION,           \
							  GUC_ACTION_SAVE, true, 0, false))
#endif

#endif /* RESTATE_COMPAT_H */
