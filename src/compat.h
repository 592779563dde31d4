/*
 * compat.h
 *		Differences between PostgreSQL 15 and 18, all in one place.
 */
#ifndef RESTATE_COMPAT_H
#define RESTATE_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#define PG16_GE (PG_VERSION_NUM >= 160000)
#define PG17_GE (PG_VERSION_NUM >= 170000)
#define PG18_GE (PG_VERSION_NUM >= 180000)

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

/* 18 has pg_noreturn, which stands before a declaration */
#ifndef pg_attribute_noreturn
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

#if PG18_GE
#define RESTATE_MODULE_MAGIC(mod_name, mod_version) \
	PG_MODULE_MAGIC_EXT(.name = mod_name, .version = mod_version)
#else
#define RESTATE_MODULE_MAGIC(mod_name, mod_version) PG_MODULE_MAGIC
#endif

/* runs a query to its end */
#if PG18_GE
#define restate_executor_run(query) ExecutorRun(query, ForwardScanDirection, 0)
#else
#define restate_executor_run(query) ExecutorRun(query, ForwardScanDirection, 0, true)
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
#define restate_json_lexer(text) \
	makeJsonLexContextCstringLen(unconstify(char *, text), strlen(text), GetDatabaseEncoding(), true)
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
