/*
 * store.c
 *		Runs the named statements.
 *
 * They are prepared and run under the search path that the operation's frame
 * sets.  Their plans are thrown away when the types that they were prepared
 * with are no longer the installed ones.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "store/reads.h"
#include "store/store.h"
#include "types/compat.h"

#ifndef RESTATE_ADMIN_VERSION
#error "RESTATE_ADMIN_VERSION comes from the control file through the Makefile"
#endif

/* what the kept plans were prepared with */
static Oid invocation_id_oid = InvalidOid;
static Oid deployment_id_oid = InvalidOid;

/*
 * Whether the invocation table is distributed over nodes, and the shard to read tables
 * on that every node has, 0 for none; both as the operation began.  They are looked up
 * again when a relation has changed, which Citus says of those that it distributes.
 */
static bool is_distributed = false;
static int64 shard_of_references = 0;
static bool is_looked = false;

/* how often functions have changed, and at which the version was found to match */
static uint64 changes = 1;
static uint64 checked_at = 0;

static void look_for_nodes(void);
static void expect_other_nodes(Datum arg, Oid relation);
static void expect_another_version(Datum arg, int cacheid, uint32 hashvalue);
static void check_installed_version(void);
static void check_written(StoreCall *call, const StoreWritten *part);
static void tell_statement(void *name);
static void bind(const StoreCall *call, Datum *values, bool *nulls);
static Datum column_array(const StoreCall *call, int column, Oid element);

/*
 * Makes the store ready for an operation: forgets plans of an extension that
 * was dropped, checks that the library matches the installed SQL, and looks
 * whether the tables are distributed.  Raises an error if it does not match.
 *
 * The check is repeated when a function has changed in the database: each step
 * script makes or changes some, so that a session finds out that another one
 * has updated the extension.
 */
void
store_begin(void)
{
	static bool is_watching = false;
	uint64 seen;
	Oid invocation_id = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
										CStringGetDatum("restate_invocation_id"),
										ObjectIdGetDatum(PG_CATALOG_NAMESPACE));
	Oid deployment_id = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
										CStringGetDatum("restate_deployment_id"),
										ObjectIdGetDatum(PG_CATALOG_NAMESPACE));

	if (likely(checked_at == changes && invocation_id == invocation_id_oid &&
			   deployment_id == deployment_id_oid))
	{
		look_for_nodes();
		return;
	}

	if (!is_watching)
	{
		CacheRegisterSyscacheCallback(PROCOID, expect_another_version, (Datum) 0);
		CacheRegisterRelcacheCallback(expect_other_nodes, (Datum) 0);
	}
	is_watching = true;
	if (invocation_id != invocation_id_oid || deployment_id != deployment_id_oid)
	{
		store_forget_plans();
		invocation_id_oid = invocation_id;
		deployment_id_oid = deployment_id;
	}
	store_forget_shards();
	is_looked = false;
	seen = changes; /* before the look: what changes later is seen the next time */
	check_installed_version();
	checked_at = seen;
	look_for_nodes();
}

/*
 * Looks whether the invocation table is distributed over nodes, unless nothing has changed
 * since the last look.
 */
static void
look_for_nodes(void)
{
	StoreCall call;
	StoreFoundCount placements;

	if (is_looked)
		return;
	is_distributed = false;
	shard_of_references = 0;
	is_looked = true; /* before the look: what changes meanwhile is seen the next time */
	if (!OidIsValid(get_relname_relid("pg_dist_partition", PG_CATALOG_NAMESPACE)))
		return;
	store_call(&call, STORE_IS_DISTRIBUTED);
	is_distributed = store_execute(&call) > 0;
	if (!is_distributed)
		return;
	store_read_count(0, &placements);
	if (placements.count > 0)
		shard_of_references = store_know_shard_of(0);
}

/*
 * Has the nodes looked for again: a relation has changed.
 */
static void
expect_other_nodes(Datum arg, Oid relation)
{
	is_looked = false;
}

/*
 * Has the version checked again: a function was made, changed or dropped.
 */
static void
expect_another_version(Datum arg, int cacheid, uint32 hashvalue)
{
	changes++;
}

/*
 * Raises an error unless the installed extension is of the library's version.
 */
static void
check_installed_version(void)
{
	StoreCall call;
	StoreFoundVersion installed;

	store_call(&call, STORE_EXTENSION_VERSION);
	if (store_execute(&call) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension restate_admin is not installed in this database")));
	store_read_version(0, &installed);
	if (strcmp(installed.extversion, RESTATE_ADMIN_VERSION) != 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg(
				 "extension restate_admin is installed at version %s, but its library is version %s",
				 installed.extversion, RESTATE_ADMIN_VERSION),
			 errhint(
				 "Run ALTER EXTENSION restate_admin UPDATE, or reconnect if the server's library has just been replaced.")));
}

/*
 * Returns the OID of a parameter's type.
 */
Oid
store_type_oid(StoreType type)
{
	Oid oid = InvalidOid;

	switch (type)
	{
		case STORE_BOOL:
			oid = BOOLOID;
			break;
		case STORE_INT8:
		case STORE_INT8_OR_NULL:
			oid = INT8OID;
			break;
		case STORE_TEXT:
			oid = TEXTOID;
			break;
		case STORE_JSONB:
			oid = JSONBOID;
			break;
		case STORE_TIMESTAMPTZ:
		case STORE_TIME_OR_NULL:
			oid = TIMESTAMPTZOID;
			break;
		case STORE_INVOCATION_ID:
			oid = invocation_id_oid;
			break;
		case STORE_DEPLOYMENT_ID:
			oid = deployment_id_oid;
			break;
		case STORE_BYTEA:
			oid = BYTEAOID;
			break;
		case STORE_INT8_ARRAY:
			oid = INT8ARRAYOID;
			break;
		case STORE_TEXT_ARRAY:
			oid = TEXTARRAYOID;
			break;
		case STORE_INVOCATION_ID_ARRAY:
			oid = get_array_type(invocation_id_oid);
			break;
		case STORE_DEPLOYMENT_ID_ARRAY:
			oid = get_array_type(deployment_id_oid);
			break;
	}
	return oid;
}

/*
 * Returns what statement the call is of.
 */
const StoreStatementDef *
store_def(const StoreCall *call)
{
	if (call->statement < STORE_WORK_COUNT)
		return &store_work[call->statement];
	if (call->statement < STORE_LOCKS_END)
		return &store_locks[call->statement - STORE_WORK_COUNT];
	if (call->statement < STORE_READS_END)
		return &store_reads[call->statement - STORE_LOCKS_END];
	return &store_answers[call->statement - STORE_READS_END];
}

/*
 * Runs the statement and returns how many rows it returned; they can be read
 * until the next execution.
 */
uint64
store_execute(const StoreCall *call)
{
	StoreCall here;

	if (store_goes_to_shards(call))
		return store_execute_on_shards(call);
	if (store_def(call)->of_references && call->shard == 0 && store_shard_of_references() != 0)
	{
		here = *call;
		here.shard = store_shard_of_references();
		call = &here;
	}
	return store_execute_whole(&call, 1, NULL);
}

/*
 * Runs the parts of the work, by their statements, NULL where there is none: at
 * once, so that none sees what another does, nor may depend on it.  Returns how
 * many rows they have written.  Raises an error where one has not written each row
 * that it must.
 */
int64
store_write(StoreCall *const *work)
{
	StoreCall *together[STORE_WORK_COUNT];
	StoreWritten parts[STORE_WORK_COUNT];
	int64 written = 0;
	int count = 0;

	for (int i = 0; i < STORE_WORK_COUNT; i++)
		if (work[i])
			together[count++] = work[i];
	if (count == 0)
		return 0;
	if (is_distributed)
		store_write_on_shards(together, count, parts);
	else
		(void) store_execute_whole((const StoreCall *const *) together, count, parts);
	for (int i = 0; i < count; i++)
	{
		check_written(together[i], &parts[i]);
		written += parts[i].written;
	}
	return written;
}

/*
 * Raises an error unless the call, which has just run, has written the rows
 * that it must: a trigger of the user's can keep the server from it, and so can
 * a row security policy, of which it says nothing.  A delete of all there is must
 * have left nothing: what it found and did not delete, another may have deleted.
 */
static void
check_written(StoreCall *call, const StoreWritten *part)
{
	const StoreStatementDef *def = store_def(call);

	if (!def->left)
	{
		if (def->may_conflict && part->written < call->must_write)
			call->conflicts = call->must_write - part->written;
		else if (part->written != call->must_write)
			store_not_written(def->name, call->must_write - part->written);
	}
	else if (part->is_filtered || (part->is_counted && part->written != part->found))
	{
		StoreCall count = *call;
		StoreFoundCount left;

		count.statement = def->left;
		(void) store_execute(&count);
		store_read_count(0, &left);
		if (left.count > 0)
			store_not_written(def->name, left.count);
	}
}

/*
 * Raises that as many rows are missing, or too many if less than zero, of what
 * a statement had to write.
 */
void
store_not_written(const char *what, int64 missing)
{
	unsigned long off_by = (unsigned long) (missing > 0 ? missing : -missing);

	ereport(
		ERROR,
		(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
		 errmsg("could not write all that the operation changes"),
		 errdetail_plural("Statement \"%s\" wrote %lu row %s than it must.",
						  "Statement \"%s\" wrote %lu rows %s than it must.", off_by, what, off_by,
						  missing > 0 ? "fewer" : "more"),
		 errhint(
			 "Look for triggers and row security policies on the tables of schema restate, and run restate_verify().")));
}

/*
 * Runs the calls as one statement and returns how many rows it returned; of
 * work, notes what each part did.
 */
uint64
store_execute_whole(const StoreCall *const *calls, int count, StoreWritten *parts)
{
	const CachedPlanSource *source;
	CachedPlan *plan;
	ParamListInfo params;
	Datum values[STORE_MAX_VALUES];
	bool nulls[STORE_MAX_VALUES];
	int nvalues = 0;
	uint64 rows;
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = tell_statement,
		.arg = unconstify(char *, count > 1 ? "the work" : store_def(calls[0])->name)};

	error_context_stack = &context;
	if (store_execute_directly(calls, count, parts, &rows))
	{
		error_context_stack = context.previous;
		return rows;
	}
	for (int i = 0; i < count; i++)
	{
		bind(calls[i], &values[nvalues], &nulls[nvalues]);
		nvalues += store_call_values(calls[i]);
	}
	plan = store_plan(calls, count, values, nulls, &source, &params);
	rows = store_run(source, plan, params, calls[0]->goes_on, parts, count);
	for (int i = 0; parts && i < count; i++)
		parts[i].is_filtered = source->dependsOnRLS;
	ReleaseCachedPlan(plan, CurrentResourceOwner);
	error_context_stack = context.previous;
	return rows;
}

/*
 * Names the statement in which an error was raised, planning it or running it.
 */
static void
tell_statement(void *name)
{
	errcontext("restate_admin statement \"%s\"", (const char *) name);
}

/*
 * Sets the values of the call's arguments, as the plan takes them.
 */
static void
bind(const StoreCall *call, Datum *values, bool *nulls)
{
	const StoreForm *form = store_def(call)->form;
	int rows = store_call_rows_apart(call);
	int n = 0;

	Assert(call->count > 0 || form->nparams == 0);
	for (int row = 0; row < rows; row++)
		for (int i = 0; i < form->ncolumns; i++, n++)
		{
			values[n] = call->values[i * call->allocated + row];
			nulls[n] = call->nulls[i * call->allocated + row];
		}
	for (int i = 0; i < form->ncolumns && rows == 0; i++, n++)
	{
		values[n] = column_array(call, i, store_type_oid(form->params[i].type));
		nulls[n] = false;
	}
	for (int i = form->ncolumns; i < form->nparams; i++, n++)
	{
		values[n] = call->of_all[i].value;
		nulls[n] = call->of_all[i].isnull;
	}
}

/*
 * Returns a column of the call's rows as an array of that element type.
 */
static Datum
column_array(const StoreCall *call, int column, Oid element)
{
	int16 typlen;
	bool typbyval;
	char typalign;
	int dims[1] = {call->count};
	int lbs[1] = {1};

	get_typlenbyvalalign(element, &typlen, &typbyval, &typalign);
	return PointerGetDatum(construct_md_array(&call->values[column * call->allocated],
											  &call->nulls[column * call->allocated], 1, dims, lbs,
											  element, typlen, typbyval, typalign));
}

/*
 * Returns whether the invocation table is distributed over nodes.
 */
bool
store_is_distributed(void)
{
	return is_distributed;
}

/*
 * Returns the shard to read tables on that every node has all of, without Citus, which
 * would plan that anew each time; 0 where it has to.  In a transaction block it has to:
 * what that has written before, Citus may have done over a connection.
 */
int64
store_shard_of_references(void)
{
	return is_distributed && !IsTransactionBlock() ? shard_of_references : 0;
}

/*
 * restate.is_distributed(): looks for it, and returns it.
 */
PG_FUNCTION_INFO_V1(restate_is_distributed);
Datum
restate_is_distributed(PG_FUNCTION_ARGS)
{
	look_for_nodes();
	PG_RETURN_BOOL(is_distributed);
}

/*
 * Returns a number that is another whenever functions have changed since: what they
 * returned may be another, too.
 */
uint64
store_changes_of_functions(void)
{
	return changes;
}

/*
 * restate.was_written(statement, as_asked): returns true, or raises that the
 * statement has not written a row as it was asked to.
 */
PG_FUNCTION_INFO_V1(restate_was_written);
Datum
restate_was_written(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || !PG_GETARG_BOOL(1))
		store_not_written(PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0)), 1);
	PG_RETURN_BOOL(true);
}
