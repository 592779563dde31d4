/*
 * store_values.c
 *		Reads the rows of the last result.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "store/answers.h"
#include "store/reads.h"
#include "types/compat.h"

/* the values of the types in C; a pointer is 0 for null */
#define VALUE_OF_BOOL(value)		  DatumGetBool(value)
#define VALUE_OF_INT8(value)		  DatumGetInt64(value)
#define VALUE_OF_TEXT(value)		  ((value) ? TextDatumGetCString(value) : NULL)
#define VALUE_OF_INVOCATION_ID(value) DatumGetInvocationId(value)
#define VALUE_OF_DEPLOYMENT_ID(value) DatumGetDeploymentId(value)
#define VALUE_OF_TIMESTAMPTZ(value)	  DatumGetTimestampTz(value)
#define VALUE_OF_JSONB(value)		  ((value) ? DatumGetJsonbP(value) : NULL)
#define VALUE_OF_BYTEA(value)		  ((value) ? DatumGetByteaPP(value) : NULL)
#define VALUE_OF_INT8_ARRAY(value)	  ((value) ? DatumGetArrayTypeP(value) : NULL)
#define VALUE_OF_TEXT_ARRAY(value)	  VALUE_OF_INT8_ARRAY(value)

#define COUNTED(type, name)	  +1
#define DESCRIBED(type, name) {#name, STORE_##type},
#define TAKE(type, name)                   \
	found->name = VALUE_OF_##type(*value); \
	value++;

/* what the lists declare: see params.h */
#define DEFINE_RESULT(result, Row, COLUMNS)                                        \
	StaticAssertDecl(0 COLUMNS(COUNTED) <= STORE_MAX_COLUMNS, "too many columns"); \
	const StoreResult store_result_##result = {                                    \
		.ncolumns = 0 COLUMNS(COUNTED),                                            \
		.columns = {COLUMNS(DESCRIBED)}};                                          \
	void store_read_##result(uint64 row, Row *found)                               \
	{                                                                              \
		Datum values[STORE_MAX_COLUMNS];                                           \
		const Datum *value = values;                                               \
                                                                                   \
		store_row(row, values, 0 COLUMNS(COUNTED));                                \
		COLUMNS(TAKE)                                                              \
	}

STORE_RESULTS(DEFINE_RESULT)
STORE_ANSWER_RESULTS(DEFINE_RESULT)
