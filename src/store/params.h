/*
 * params.h
 *		The parameters of statements, each named and typed once.
 *
 * A list of them, a macro, has ROW(type, name) for each column of a statement's
 * rows and then ALL(type, name) for what is the same for all rows.  From it come
 * the struct of a row, the function that adds one to a call, and the types and
 * numbers of the parameters in SQL.  What is the same for all rows is taken from
 * the first.
 *
 * In the text of a statement {rows} stands for its rows: the table v with these
 * columns, of arrays with one element a row, or, for a single row, of the values
 * themselves.  {name} is what is the same for all rows.
 */
#ifndef RESTATE_STORE_PARAMS_H
#define RESTATE_STORE_PARAMS_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "store/store.h"
#include "types/id.h"

/* the types in C: where it is a pointer, NULL is null */
#define STORE_C_BOOL		  bool
#define STORE_C_INT8		  int64
#define STORE_C_INT8_OR_NULL  const int64 *
#define STORE_C_TEXT		  const char *
#define STORE_C_JSONB		  const Jsonb *
#define STORE_C_TIMESTAMPTZ	  TimestampTz
#define STORE_C_INVOCATION_ID const RestateInvocationId *
#define STORE_C_DEPLOYMENT_ID const RestateDeploymentId *

#define STORE_FIELD(type, name) STORE_C_##type name;

/* the struct of a row with the parameters of a list, and what adds one to a call */
#define STORE_DECLARE_FORM(form, Row, PARAMS) \
	typedef struct Row                        \
	{                                         \
		PARAMS(STORE_FIELD, STORE_FIELD)      \
	} Row;                                    \
	extern const StoreForm store_form_##form; \
	extern void store_add_##form(StoreCall *call, const Row *row);

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
