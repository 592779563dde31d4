/*
 * store.c
 *		Prepares the named statements, runs them and reads their rows.
 *
 * Plans are kept for the session.  They are prepared and run under the
 * search path that the operation's frame sets, and thrown away when the types
 * they were prepared with are no longer the installed ones.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "store.h"

#ifndef RESTATE_ADMIN_VERSION
#error "RESTATE_ADMIN_VERSION comes from the control file through the Makefile"
#endif

/* what the kept plans were prepared with */
static Oid invocation_id_oid = InvalidOid;
static Oid deployment_id_oid = InvalidOid;
static SPIPlanPtr plans[STORE_STATEMENT_COUNT];

static void forget_plans(void);
static void check_installed_version(void);
static SPIPlanPtr statement_plan(StoreStatement statement);
static Oid type_oid(uint8 type);
static uint64 execute(StoreStatement statement, StoreCall *call);
static int param_count(const StoreStatementDef *def);

/*
 * Makes the store ready for an operation: forgets plans of an extension that
 * was dropped, and checks once that the library matches the installed SQL.
 * Raises an error if it does not.  Needs an open SPI connection.
 */
void
store_begin(void)
{
	Oid invocation_id = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
										CStringGetDatum("restate_invocation_id"),
										ObjectIdGetDatum(PG_CATALOG_NAMESPACE));
	Oid deployment_id = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
										CStringGetDatum("restate_deployment_id"),
										ObjectIdGetDatum(PG_CATALOG_NAMESPACE));

	if (likely(invocation_id == invocation_id_oid && deployment_id == deployment_id_oid &&
			   OidIsValid(invocation_id)))
		return;

	forget_plans();
	invocation_id_oid = InvalidOid;
	check_installed_version();
	invocation_id_oid = invocation_id;
	deployment_id_oid = deployment_id;
}

/*
 * Frees every kept plan.
 */
static void
forget_plans(void)
{
	for (int i = 0; i < STORE_STATEMENT_COUNT; i++)
	{
		SPIPlanPtr plan = plans[i];

		plans[i] = NULL;
		if (plan)
			SPI_freeplan(plan);
	}
}

/*
 * Raises an error unless the installed extension is of the library's version.
 */
static void
check_installed_version(void)
{
	StoreCall call;
	char *installed;

	store_call(&call, STORE_EXTENSION_VERSION);
	installed = store_execute(&call) == 1 ? store_text(0, 1) : NULL;
	if (installed == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension restate_admin is not installed in this database")));
	else if (strcmp(installed, RESTATE_ADMIN_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension restate_admin is installed at version %s, but its library is version %s",
						installed, RESTATE_ADMIN_VERSION),
				 errhint("Run ALTER EXTENSION restate_admin UPDATE, or reconnect if the server's library has just been replaced.")));
}

/*
 * Returns the OID of a parameter's type.
 */
static Oid
type_oid(uint8 type)
{
	Oid oid = InvalidOid;

	switch ((StoreType) (type & ~STORE_ARRAY))
	{
		case STORE_BOOL:
			oid = BOOLOID;
			break;
		case STORE_INT8:
			oid = INT8OID;
			break;
		case STORE_TEXT:
			oid = TEXTOID;
			break;
		case STORE_JSONB:
			oid = JSONBOID;
			break;
		case STORE_TIMESTAMPTZ:
			oid = TIMESTAMPTZOID;
			break;
		case STORE_INVOCATION_ID:
			oid = invocation_id_oid;
			break;
		case STORE_DEPLOYMENT_ID:
			oid = deployment_id_oid;
			break;
		case STORE_END:
		case STORE_TYPE_COUNT:
			elog(ERROR, "unexpected parameter type %d", type);
	}
	return (type & STORE_ARRAY) ? get_array_type(oid) : oid;
}

/*
 * Returns how many parameters the statement takes.
 */
static int
param_count(const StoreStatementDef *def)
{
	int count = 0;

	while (def->params[count] != STORE_END)
		count++;
	return count;
}

/*
 * Returns the kept plan of the statement, prepared now if there is none or if
 * it is no longer valid.
 */
static SPIPlanPtr
statement_plan(StoreStatement statement)
{
	const StoreStatementDef *def = &store_statements[statement];
	Oid types[STORE_MAX_PARAMS];
	int count = param_count(def);
	SPIPlanPtr plan = plans[statement];

	if (likely(plan != NULL && SPI_plan_is_valid(plan)))
		return plan;

	plans[statement] = NULL;
	if (plan)
		SPI_freeplan(plan);
	for (int i = 0; i < count; i++)
		types[i] = type_oid(def->params[i]);
	/* generic: planning one anew for every call costs more than running it */
	plan = SPI_prepare_cursor(def->sql, count, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare statement %s: %s", def->name,
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep statement %s", def->name);
	plans[statement] = plan;
	return plan;
}

/*
 * Starts the arguments of one execution of the statement.
 */
void
store_call(StoreCall *call, StoreStatement statement)
{
	call->statement = statement;
	call->nargs = 0;
}

/*
 * Adds the next argument.
 */
void
store_arg(StoreCall *call, Datum value)
{
	Assert(call->nargs < STORE_MAX_PARAMS);
	call->values[call->nargs] = value;
	call->nulls[call->nargs++] = ' ';
}

/*
 * Adds a null as the next argument.
 */
void
store_arg_null(StoreCall *call)
{
	Assert(call->nargs < STORE_MAX_PARAMS);
	call->values[call->nargs] = (Datum) 0;
	call->nulls[call->nargs++] = 'n';
}

/*
 * Adds the column as the next argument, an array.
 */
void
store_arg_array(StoreCall *call, const StoreColumn *column)
{
	uint8 type = store_statements[call->statement].params[call->nargs];
	Oid element = type_oid(type & ~STORE_ARRAY);
	int16 typlen;
	bool typbyval;
	char typalign;
	int dims[1] = {column->count};
	int lbs[1] = {1};

	Assert(type & STORE_ARRAY);
	if (column->count == 0)
	{
		store_arg(call, PointerGetDatum(construct_empty_array(element)));
		return;
	}
	get_typlenbyvalalign(element, &typlen, &typbyval, &typalign);
	store_arg(call, PointerGetDatum(construct_md_array(column->values, column->nulls, 1, dims, lbs,
													   element, typlen, typbyval, typalign)));
}

/*
 * Runs the statement and returns how many rows it returned; they can be read
 * until the next execution.
 */
uint64
store_execute(StoreCall *call)
{
	const StoreStatementDef *def = &store_statements[call->statement];

	Assert(call->nargs == param_count(def));
	if (def->nparts == 0 || !store_is_distributed())
		return execute(call->statement, call);
	for (int i = 0; i < def->nparts; i++)
		(void) execute(def->parts[i], call);
	return SPI_processed;
}

/*
 * Runs one statement with as many of the call's arguments as it takes.  The
 * memory context stays the caller's: SPI would leave its own, which ends with
 * the connection.
 */
static uint64
execute(StoreStatement statement, StoreCall *call)
{
	MemoryContext context = CurrentMemoryContext;
	SPIPlanPtr plan = statement_plan(statement);
	int rc;

	if (SPI_tuptable)
		SPI_freetuptable(SPI_tuptable);
	rc = SPI_execute_plan(plan, call->values, call->nulls, false, 0);
	MemoryContextSwitchTo(context);
	if (rc < 0)
		elog(ERROR, "could not run statement %s: %s",
			 store_statements[statement].name, SPI_result_code_string(rc));
	return SPI_processed;
}

/*
 * Adds a value to a column.
 */
void
store_column_add(StoreColumn *column, Datum value)
{
	if (column->count == column->allocated)
	{
		column->allocated = Max(8, column->allocated * 2);
		if (column->values == NULL)
		{
			column->values = palloc_array(Datum, column->allocated);
			column->nulls = palloc_array(bool, column->allocated);
		}
		else
		{
			column->values = repalloc_array(column->values, Datum, column->allocated);
			column->nulls = repalloc_array(column->nulls, bool, column->allocated);
		}
	}
	column->values[column->count] = value;
	column->nulls[column->count++] = false;
}

/*
 * Adds a null to a column.
 */
void
store_column_add_null(StoreColumn *column)
{
	store_column_add(column, (Datum) 0);
	column->nulls[column->count - 1] = true;
}

/*
 * Returns whether the value in the last result is null.
 */
bool
store_is_null(uint64 row, int column)
{
	bool isnull;

	(void) SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
	return isnull;
}

/*
 * Returns a value of the last result, 0 for null.  One by reference lives as
 * long as the result.
 */
Datum
store_value(uint64 row, int column)
{
	bool isnull;

	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
}

/*
 * Returns a text of the last result, copied, or NULL.
 */
char *
store_text(uint64 row, int column)
{
	bool isnull;
	Datum value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * Copies an invocation id of the last result; returns false for null.
 */
bool
store_invocation_id(uint64 row, int column, RestateInvocationId *id)
{
	bool isnull;
	Datum value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	if (isnull)
		memset(id, 0, sizeof(*id));
	else
		memcpy(id, DatumGetPointer(value), sizeof(*id));
	return !isnull;
}

/*
 * Returns whether the invocation table is distributed over nodes, where a
 * lock statement can name one partition key only.
 */
bool
store_is_distributed(void)
{
	StoreCall call;

	if (!OidIsValid(get_relname_relid("pg_dist_partition", PG_CATALOG_NAMESPACE)))
		return false;
	store_call(&call, STORE_IS_DISTRIBUTED);
	return store_execute(&call) > 0;
}
