/*
 * params.h
 *		The parameters of statements and what they return, each named and typed
 *		once.
 *
 * A list of them, a macro, has ROW(type, name) for each column of a statement's
 * rows and then ALL(type, name) for what is the same for all rows.  From it come
 * the struct of a row, the function that adds one to a call, and the types and
 * numbers of the parameters in SQL.  What is the same for all rows is taken from
 * the first.
 *
 * In the text of a statement {rows} stands for its rows: the table v with these
 * columns, of arrays with one element a row, or, where there are few, of the values
 * themselves.  {name} is what is the same for all rows; {key_of_shard} is the call's number of
 * that name itself.  A table of schema restate stands for the shard of it as well, where the
 * call is run on one.
 *
 * A list of what statements return has COLUMN(type, name) for each column, in
 * their order.  From it come the struct of a row and the function that reads
 * one; a statement whose columns are others is refused when it is prepared.
 */
#ifndef RESTATE_STORE_PARAMS_H
#define RESTATE_STORE_PARAMS_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "store/store.h"
#include "types/id.h"

/*
 * The types in C: where it is a pointer, NULL is null, and a time that is 0; else null
 * is read as 0.
 */
#define STORE_C_BOOL				bool
#define STORE_C_INT8				int64
#define STORE_C_INT8_OR_NULL		const int64 *
#define STORE_C_TEXT				const char *
#define STORE_C_JSONB				const Jsonb *
#define STORE_C_TIMESTAMPTZ			TimestampTz
#define STORE_C_TIME_OR_NULL		TimestampTz
#define STORE_C_INVOCATION_ID		const RestateInvocationId *
#define STORE_C_DEPLOYMENT_ID		const RestateDeploymentId *
#define STORE_C_BYTEA				const bytea *
#define STORE_C_INT8_ARRAY			const ArrayType *
#define STORE_C_TEXT_ARRAY			const ArrayType *
#define STORE_C_INVOCATION_ID_ARRAY const ArrayType *
#define STORE_C_DEPLOYMENT_ID_ARRAY const ArrayType *

#define STORE_FIELD(type, name) STORE_C_##type name;

/* the struct of a row with the parameters of a list, and what adds one to a call */
#define STORE_DECLARE_FORM(form, Row, PARAMS) \
	typedef struct Row                        \
	{                                         \
		PARAMS(STORE_FIELD, STORE_FIELD)      \
	} Row;                                    \
	extern const StoreForm store_form_##form; \
	extern void store_add_##form(StoreCall *call, const Row *row);

/* the struct of a row with the columns of a list, and what reads one of the last result */
#define STORE_DECLARE_RESULT(result, Row, COLUMNS)  \
	typedef struct Row                              \
	{                                               \
		COLUMNS(STORE_FIELD)                        \
	} Row;                                          \
	extern const StoreResult store_result_##result; \
	extern void store_read_##result(uint64 row, Row *found);

/* invocations, each by its id and partition key */
#define STORE_IDS(ROW, ALL) \
	ROW(INVOCATION_ID, id)  \
	ROW(INT8, partition_key)

/* object keys */
#define STORE_KEYS(ROW, ALL) \
	ROW(TEXT, service_name)  \
	ROW(TEXT, service_key)   \
	ROW(INT8, partition_key)

#define STORE_SHARED_FORMS(FORM) \
	FORM(id, StoreId, STORE_IDS) \
	FORM(key, StoreKey, STORE_KEYS)

STORE_SHARED_FORMS(STORE_DECLARE_FORM)

/* of a statement without parameters */
extern const StoreForm store_form_none;

extern void store_call(StoreCall *call, StoreStatement statement);
extern const Jsonb *store_jsonb(const char *json);

#endif /* RESTATE_STORE_PARAMS_H */
