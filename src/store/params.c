/*
 * params.c
 *		The rows of parameters, as they are added to a call.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "store/answers.h"
#include "store/params.h"
#include "store/reads.h"
#include "store/work.h"

/* the values of the types in C */
#define DATUM_OF_BOOL(field)				not_null(BoolGetDatum(field))
#define DATUM_OF_INT8(field)				not_null(Int64GetDatum(field))
#define DATUM_OF_INT8_OR_NULL(field)		((field) ? not_null(Int64GetDatum(*(field))) : null_datum)
#define DATUM_OF_TEXT(field)				((field) ? not_null(CStringGetTextDatum(field)) : null_datum)
#define DATUM_OF_TIMESTAMPTZ(field)			not_null(TimestampTzGetDatum(field))
#define DATUM_OF_TIME_OR_NULL(field)		((field) ? not_null(TimestampTzGetDatum(field)) : null_datum)
#define DATUM_OF_JSONB(field)				by_reference(field)
#define DATUM_OF_BYTEA(field)				by_reference(field)
#define DATUM_OF_INT8_ARRAY(field)			by_reference(field)
#define DATUM_OF_TEXT_ARRAY(field)			by_reference(field)
#define DATUM_OF_INVOCATION_ID_ARRAY(field) by_reference(field)
#define DATUM_OF_DEPLOYMENT_ID_ARRAY(field) by_reference(field)
#define DATUM_OF_INVOCATION_ID(field)		by_reference(field)
#define DATUM_OF_DEPLOYMENT_ID(field)		by_reference(field)

#define SKIPPED(type, name)
#define COUNTED(type, name)	   +1
#define DESCRIBED(type, name)  {#name, STORE_##type},
#define PUT(type, name)		   put(call, DATUM_OF_##type(row->name));
#define PUT_OF_ALL(type, name) call->of_all[call->next++] = DATUM_OF_##type(row->name);

/* what the lists declare: see params.h */
#define DEFINE_FORM(form, Row, PARAMS)                                                       \
	StaticAssertDecl(0 PARAMS(COUNTED, COUNTED) <= STORE_MAX_PARAMS, "too many parameters"); \
	const StoreForm store_form_##form = {                                                    \
		.ncolumns = 0 PARAMS(COUNTED, SKIPPED),                                              \
		.nparams = 0 PARAMS(COUNTED, COUNTED),                                               \
		.params = {PARAMS(DESCRIBED, SKIPPED) PARAMS(SKIPPED, DESCRIBED)}};                  \
	void store_add_##form(StoreCall *call, const Row *row)                                   \
	{                                                                                        \
		start_row(call, &store_form_##form);                                                 \
		PARAMS(PUT, SKIPPED)                                                                 \
		if (call->count == 0)                                                                \
		{                                                                                    \
			PARAMS(SKIPPED, PUT_OF_ALL)                                                      \
		}                                                                                    \
		call->count++;                                                                       \
		call->must_write++;                                                                  \
	}

static const NullableDatum null_datum = {.isnull = true};

const StoreForm store_form_none;

static void grow(StoreCall *call, int ncolumns);

/*
 * Returns a value that is not null.
 */
static inline NullableDatum
not_null(Datum value)
{
	return (NullableDatum){.value = value};
}

/*
 * Returns a value by reference, which is to live as long as the call; null for
 * NULL.
 */
static inline NullableDatum
by_reference(const void *value)
{
	return (NullableDatum){.value = PointerGetDatum(value), .isnull = value == NULL};
}

/*
 * Starts a row of that form.  Raises an error if the call's statement has
 * another one.
 */
static inline void
start_row(StoreCall *call, const StoreForm *form)
{
	if (unlikely(store_def(call)->form != form))
		elog(ERROR, "unexpected row for statement \"%s\"", store_def(call)->name);
	if (call->count == call->allocated)
		grow(call, form->ncolumns);
	call->next = 0;
}

/*
 * Puts the value into the next column of the row.
 */
static inline void
put(StoreCall *call, NullableDatum value)
{
	int at = call->next++ * call->allocated + call->count;

	call->values[at] = value.value;
	call->nulls[at] = value.isnull;
}

STORE_SHARED_FORMS(DEFINE_FORM)
STORE_WORK_FORMS(DEFINE_FORM)
STORE_READ_FORMS(DEFINE_FORM)
STORE_ANSWER_FORMS(DEFINE_FORM)

/*
 * Starts the arguments of one execution of the statement.
 */
void
store_call(StoreCall *call, StoreStatement statement)
{
	memset(call, 0, offsetof(StoreCall, of_all));
	call->statement = statement;
}

/*
 * Returns the value of a JSON text that is valid.
 */
const Jsonb *
store_jsonb(const char *json)
{
	static const Jsonb *empty = NULL;
	MemoryContext caller;

	if (strcmp(json, "{}") != 0)
		return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
	if (empty == NULL)
	{
		caller = MemoryContextSwitchTo(TopMemoryContext);
		empty = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
		MemoryContextSwitchTo(caller);
	}
	return empty;
}

/*
 * Makes room for more rows.
 */
static void
grow(StoreCall *call, int ncolumns)
{
	int allocated = Max(8, call->allocated * 2);
	Size cells = (Size) allocated * (Size) ncolumns;
	Datum *values =
		MemoryContextAllocHuge(CurrentMemoryContext, cells * (sizeof(Datum) + sizeof(bool)));
	bool *nulls = (bool *) (values + cells);

	for (int i = 0; i < ncolumns && call->count > 0; i++)
	{
		memcpy(&values[i * allocated], &call->values[i * call->allocated],
			   sizeof(Datum) * (Size) call->count);
		memcpy(&nulls[i * allocated], &call->nulls[i * call->allocated],
			   sizeof(bool) * (Size) call->count);
	}
	if (call->values)
		pfree(call->values);
	call->values = values;
	call->nulls = nulls;
	call->allocated = allocated;
}
