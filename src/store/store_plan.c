/*
 * store_plan.c
 *		From statements to plans, which are kept for the session.
 *
 * What changes the tables runs together as one SQL statement: each part but the
 * last is a WITH query of it, with its parameters counted on.  A plan is kept
 * for each combination that occurs; these are as many as operations have ways
 * to go.  None is too large: each statement of the work is a part once at most.
 *
 * Where the tables are distributed over nodes, what does not go to one shard is planned by
 * Citus for its values: of that only what was prepared is kept, and planned for each execution.
 *
 * Plans reach rows by their keys, whatever the statistics of tables that were
 * empty a moment ago say.  The settings that see to it are in force only while
 * a plan is made: nothing of a user's, such as a trigger, runs under them.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"

#include "store/store.h"
#include "types/compat.h"

/* what names in the texts of statements begin with */
#define SCHEMA "restate."

/* the statements of a plan, and how many rows each has, 0 for arrays of them */
typedef struct PlanKey
{
	uint8 parts[STORE_WORK_COUNT];
	uint8 rows[STORE_WORK_COUNT];
	uint8 count;
	bool for_values; /* whether it is made for each execution */
	int64 shard;	 /* that it runs on, or 0 */
	int64 key_of_shard;
} PlanKey;

typedef struct KeptPlan
{
	PlanKey key;
	CachedPlanSource *source;
	int generation; /* the server's count of the plans it made of this */
} KeptPlan;

static HTAB *kept_plans = NULL;

static bool is_of_nodes(const StoreCall *call);
static bool is_as_made(const KeptPlan *kept);
static CachedPlan *make(KeptPlan *kept, const StoreCall *const *calls, int count);
static void plan_by_index(void);
static CachedPlanSource *prepare(const StoreCall *const *calls, int count, int cursor_options);
static ParamListInfo bound(const CachedPlanSource *source, Datum *values, bool *nulls);
static void check_result(const StoreStatementDef *def, const TupleDesc columns);
static void append_together(StringInfo sql, const StoreCall *const *calls, int count);
static void append_statement(StringInfo sql, const StoreCall *call, int offset);
static const char *text_of(const StoreCall *call);
static const char *append_name(StringInfo sql, const StoreCall *call, const char *c);
static bool begins_with(const char *text, const char *beginning);
static void append_rows(StringInfo sql, const StoreCall *call, int offset);
static int parameter_number(const StoreCall *call, const char *name);

/*
 * Returns the plan that runs the calls together, in that order, and what it is
 * of, and sets the parameters with these values; made now if there is none, or
 * none that is still valid.  The caller releases it.
 */
CachedPlan *
store_plan(const StoreCall *const *calls, int count, Datum *values, bool *nulls,
		   const CachedPlanSource **source, ParamListInfo *params)
{
	PlanKey key;
	KeptPlan *kept;
	CachedPlan *plan = NULL;
	bool found;

	StaticAssertStmt(STORE_STATEMENT_COUNT <= PG_UINT8_MAX, "the statement fits into a byte");
	Assert(count <= STORE_WORK_COUNT);
	memset(&key, 0, sizeof(key));
	key.count = (uint8) count;
	key.for_values = is_of_nodes(calls[0]);
	key.shard = calls[0]->shard;
	key.key_of_shard = calls[0]->key_of_shard;
	for (int i = 0; i < count; i++)
	{
		key.parts[i] = (uint8) calls[i]->statement;
		key.rows[i] = (uint8) store_call_rows_apart(calls[i]);
	}
	if (kept_plans == NULL)
	{
		HASHCTL ctl = {
			.keysize = sizeof(PlanKey),
			.entrysize = sizeof(KeptPlan)};

		kept_plans = hash_create("restate_admin plans", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	kept = hash_search(kept_plans, &key, HASH_ENTER, &found);
	if (!found)
		kept->source = NULL;
	if (key.for_values)
	{
		if (kept->source == NULL)
			kept->source = prepare(calls, count, CURSOR_OPT_CUSTOM_PLAN);
		*source = kept->source;
		*params = bound(kept->source, values, nulls);
		return GetCachedPlan(kept->source, *params, CurrentResourceOwner, NULL);
	}
	if (kept->source && is_as_made(kept))
	{
		plan = GetCachedPlan(kept->source, NULL, CurrentResourceOwner, NULL);
		if (plan->generation != kept->generation)
		{
			/* made by the server itself: an invalidation came after our look */
			ReleaseCachedPlan(plan, CurrentResourceOwner);
			plan = NULL;
		}
	}
	if (plan == NULL)
		plan = make(kept, calls, count);
	*source = kept->source;
	*params = bound(kept->source, values, nulls);
	return plan;
}

/*
 * Returns whether the call goes to tables that are distributed over nodes, which Citus plans
 * for the values.
 */
static bool
is_of_nodes(const StoreCall *call)
{
	return store_is_distributed() && call->shard == 0 && !store_def(call)->of_this_node;
}

/*
 * Returns whether the server takes the plan for valid: see
 * RevalidateCachedQuery() and CheckCachedPlan().
 */
static bool
is_as_made(const KeptPlan *kept)
{
	const CachedPlan *plan = kept->source->gplan;

	return kept->source->is_valid && !kept->source->dependsOnRLS && plan != NULL &&
		   plan->is_valid && !plan->dependsOnRole && plan->generation == kept->generation &&
		   (!TransactionIdIsValid(plan->saved_xmin) ||
			TransactionIdEquals(plan->saved_xmin, TransactionXmin));
}

/*
 * Has the server make the plan, of what was prepared before unless it has made
 * one of that by itself.
 */
static CachedPlan *
make(KeptPlan *kept, const StoreCall *const *calls, int count)
{
	int guc_level = NewGUCNestLevel();
	CachedPlan *plan;

	plan_by_index();
	if (kept->source && kept->source->generation != kept->generation)
	{
		CachedPlanSource *unwanted = kept->source;

		kept->source = NULL;
		DropCachedPlan(unwanted);
	}
	if (kept->source == NULL)
		kept->source = prepare(calls, count, 0);
	plan = GetCachedPlan(kept->source, NULL, CurrentResourceOwner, NULL);
	kept->generation = plan->generation;
	AtEOXact_GUC(false, guc_level);
	return plan;
}

/*
 * Makes the planner reach rows by their keys, whatever its user has told it.  What it
 * cannot reach so has a cost beyond measure, for which it would compile the plan: not
 * that either.
 */
static void
plan_by_index(void)
{
	static const char *const disabled[] = {"enable_seqscan", "enable_hashjoin", "enable_mergejoin",
										   "jit"};
	static const char *const enabled[] = {"enable_indexscan", "enable_indexonlyscan",
										  "enable_bitmapscan", "enable_nestloop", "enable_sort"};

	for (int i = 0; i < (int) lengthof(disabled); i++)
		(void) set_config_option(disabled[i], "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	for (int i = 0; i < (int) lengthof(enabled); i++)
		(void) set_config_option(enabled[i], "on", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Frees every kept plan.
 */
void
store_forget_plans(void)
{
	HASH_SEQ_STATUS scan;
	KeptPlan *kept;

	if (kept_plans == NULL)
		return;
	hash_seq_init(&scan, kept_plans);
	while ((kept = hash_seq_search(&scan)) != NULL)
	{
		CachedPlanSource *source = kept->source;

		kept->source = NULL;
		if (source)
			DropCachedPlan(source);
	}
}

/*
 * Prepares what the calls are together and keeps it for the session.  Unless the
 * options say otherwise the plan is asked for without values, so it is generic:
 * planning one anew for every call costs more than running it.
 */
static CachedPlanSource *
prepare(const StoreCall *const *calls, int count, int cursor_options)
{
	Oid types[STORE_MAX_VALUES];
	StringInfoData sql;
	RawStmt *statement;
	CachedPlanSource *source;
	int ntypes = 0;

	initStringInfo(&sql);
	append_together(&sql, calls, count);
	for (int i = 0; i < count; i++)
	{
		const StoreForm *form = store_def(calls[i])->form;
		int rows = store_call_rows_apart(calls[i]);

		for (int j = 0; j < form->ncolumns * Max(rows, 1); j++)
		{
			Oid type = store_type_oid(form->params[j % form->ncolumns].type);

			types[ntypes++] = rows == 0 ? get_array_type(type) : type;
		}
		for (int j = form->ncolumns; j < form->nparams; j++)
			types[ntypes++] = store_type_oid(form->params[j].type);
	}
	statement = linitial_node(RawStmt, pg_parse_query(sql.data));
	source = CreateCachedPlan(statement, sql.data, CreateCommandTag(statement->stmt));
	CompleteCachedPlan(source,
					   pg_analyze_and_rewrite_fixedparams(statement, sql.data, types, ntypes, NULL),
					   NULL, types, ntypes, NULL, NULL, cursor_options, true);
	check_result(store_def(calls[0]), source->resultDesc);
	SaveCachedPlan(source);
	pfree(sql.data);
	return source;
}

/*
 * Returns the values as the executor takes them; NULL if there are none.
 */
static ParamListInfo
bound(const CachedPlanSource *source, Datum *values, bool *nulls)
{
	ParamListInfo params;

	if (source->num_params == 0)
		return NULL;
	params = makeParamList(source->num_params);
	for (int i = 0; i < source->num_params; i++)
		params->params[i] = (ParamExternData){
			.value = values[i],
			.isnull = nulls[i],
			.pflags = PARAM_FLAG_CONST,
			.ptype = source->param_types[i]};
	return params;
}

/*
 * Raises an error unless the columns are those that the statement is to return.
 */
static void
check_result(const StoreStatementDef *def, const TupleDesc columns)
{
	const StoreResult *result = def->result;

	for (int i = 0; result && i < columns->natts; i++)
	{
		const FormData_pg_attribute *column = TupleDescAttr(columns, i);

		if (i >= result->ncolumns ||
			strcmp(NameStr(column->attname), result->columns[i].name) != 0 ||
			column->atttypid != store_type_oid(result->columns[i].type))
			elog(ERROR, "statement \"%s\" returns \"%s\" as column %d", def->name,
				 NameStr(column->attname), i + 1);
	}
}

/*
 * Appends a statement that is all calls.
 */
static void
append_together(StringInfo sql, const StoreCall *const *calls, int count)
{
	int offset = 0;

	for (int i = 0; i < count; i++)
	{
		bool is_last = i == count - 1;

		if (!is_last)
			appendStringInfo(sql, "%s w%d AS (", i == 0 ? "WITH" : ",", i + 1);
		append_statement(sql, calls[i], offset);
		if (!is_last)
			appendStringInfoString(sql, i == count - 2 ? ") " : ")");
		offset += store_call_values(calls[i]);
	}
}

/*
 * Appends the text of a statement with what stands for the names in braces, and
 * the numbers of its parameters after those before it.
 */
static void
append_statement(StringInfo sql, const StoreCall *call, int offset)
{
	const char *c = text_of(call);

	while (*c)
	{
		if (begins_with(c, "{rows}"))
			append_rows(sql, call, offset);
		else if (begins_with(c, "{key_of_shard}"))
			appendStringInfo(sql, INT64_FORMAT, call->key_of_shard);
		else if (*c == '{')
			appendStringInfo(sql, "$%d", offset + parameter_number(call, c + 1));
		else if (call->shard != 0 && begins_with(c, SCHEMA))
			c = append_name(sql, call, c);
		else
			appendStringInfoChar(sql, *c);
		if (*c == '{')
			c = strchr(c, '}');
		c++;
	}
}

/*
 * Returns the text of a statement.
 */
static const char *
text_of(const StoreCall *call)
{
	const StoreStatementDef *def = store_def(call);

	return def->sql_of_nodes && is_of_nodes(call) ? def->sql_of_nodes : def->sql;
}

/*
 * Appends the name of what is in schema restate; of a table the shard of it that goes with
 * that of the call.  Returns where the text goes on, less one.
 */
static const char *
append_name(StringInfo sql, const StoreCall *call, const char *c)
{
	int length = (int) strspn(c + strlen(SCHEMA), "abcdefghijklmnopqrstuvwxyz_");
	int64 shard = store_shard_of_table(call->shard, c + strlen(SCHEMA), length);

	length += (int) strlen(SCHEMA);
	appendBinaryStringInfo(sql, c, length);
	if (shard != 0)
		appendStringInfo(sql, "_" INT64_FORMAT, shard);
	return c + length - 1;
}

/*
 * Returns whether a text begins with another.
 */
static bool
begins_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/*
 * Appends the rows as a table with their columns.
 */
static void
append_rows(StringInfo sql, const StoreCall *call, int offset)
{
	const StoreForm *form = store_def(call)->form;
	int rows = store_call_rows_apart(call);
	bool one_row = rows == 1;

	appendStringInfoString(sql, one_row ? "(SELECT " : rows == 0 ? "unnest(" :
																   "(VALUES (");
	for (int i = 0; i < form->ncolumns * Max(rows, 1); i++)
	{
		if (i > 0)
			appendStringInfoString(sql, i % form->ncolumns == 0 ? "), (" : ", ");
		appendStringInfo(sql, "$%d", offset + i + 1);
		if (one_row)
			appendStringInfo(sql, " AS %s", form->params[i].name);
	}
	appendStringInfoString(sql, rows > 1 ? ")) AS v" : ") AS v");
	for (int i = 0; i < form->ncolumns && !one_row; i++)
		appendStringInfo(sql, "%s%s", i > 0 ? ", " : "(", form->params[i].name);
	if (!one_row)
		appendStringInfoChar(sql, ')');
}

/*
 * Returns the number of a parameter that is the same for all rows, by its name,
 * which ends with a brace.
 */
static int
parameter_number(const StoreCall *call, const char *name)
{
	const StoreForm *form = store_def(call)->form;
	int length = (int) (strchr(name, '}') - name);
	int of_rows = store_call_values(call) - form->nparams;

	for (int i = form->ncolumns; i < form->nparams; i++)
		if (strlen(form->params[i].name) == (size_t) length &&
			strncmp(form->params[i].name, name, length) == 0)
			return of_rows + i + 1;
	elog(ERROR, "statement \"%s\" has no parameter \"%.*s\"", store_def(call)->name, length, name);
}

/*
 * Returns how many rows the call has, if they are few enough for each to have its own
 * parameters, else 0: their columns are arrays.
 */
int
store_call_rows_apart(const StoreCall *call)
{
	if (store_def(call)->form->ncolumns == 0)
		return 0;
	return call->count <= STORE_ROWS_APART ? call->count : 0;
}

/*
 * Returns how many values the call has as parameters.
 */
int
store_call_values(const StoreCall *call)
{
	const StoreForm *form = store_def(call)->form;

	return form->nparams + form->ncolumns * (Max(store_call_rows_apart(call), 1) - 1);
}
