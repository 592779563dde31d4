/*
 * store_plan.c
 *		From statements to plans, which are kept for the session.
 *
 * What changes the tables runs together as one SQL statement: each part is a
 * WITH query of it, with its parameters counted on, and its result is how many
 * rows each part has written.  A plan is kept for each combination that occurs;
 * these are as many as operations have ways to go.
 *
 * Plans reach rows by their keys, whatever the statistics of tables that were
 * empty a moment ago say.  The settings that see to it are in force only while
 * a plan is made: nothing of a user's, such as a trigger, runs under them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "store.h"

/* the statements of a plan: twice the number, and one more for a single row */
typedef struct PlanKey
{
	uint8 parts[STORE_MAX_TOGETHER];
	uint8 count;
} PlanKey;

typedef struct KeptPlan
{
	PlanKey key;
	SPIPlanPtr plan;
	int generation; /* the server's count of the plans it made of this */
} KeptPlan;

static HTAB *kept_plans = NULL;

static bool is_as_made(const KeptPlan *kept);
static void make(KeptPlan *kept, const StoreCall *const *calls, int count);
static void plan_by_index(void);
static CachedPlanSource *source_of(SPIPlanPtr plan);
static SPIPlanPtr prepare(const StoreCall *const *calls, int count);
static void append_work(StringInfo sql, const StoreCall *const *calls, int count);
static void append_statement(StringInfo sql, const char *text, const StoreCall *call, int offset);
static const char *append_rows(StringInfo sql, const char *columns, bool one_row, int offset);

/*
 * Returns the plan that runs the calls together, in that order; made now if
 * there is none, or none that is still valid.
 */
SPIPlanPtr
store_plan(const StoreCall *const *calls, int count)
{
	PlanKey key = {.count = (uint8) count};
	KeptPlan *kept;
	bool found;

	StaticAssertStmt(STORE_STATEMENT_COUNT < 128, "the statement and a bit fit into a byte");
	Assert(count <= STORE_MAX_TOGETHER);
	for (int i = 0; i < count; i++)
		key.parts[i] = (uint8) (calls[i]->statement * 2 + (store_call_is_of_one_row(calls[i]) ? 1 : 0));
	if (kept_plans == NULL)
	{
		HASHCTL ctl = {
			.keysize = sizeof(PlanKey),
			.entrysize = sizeof(KeptPlan)};

		kept_plans = hash_create("restate_admin plans", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	kept = hash_search(kept_plans, &key, HASH_ENTER, &found);
	if (!found)
		kept->plan = NULL;
	if (kept->plan == NULL || !is_as_made(kept))
		make(kept, calls, count);
	return kept->plan;
}

/*
 * Returns whether the server will run the plan as it was made, not make it
 * anew: see RevalidateCachedQuery() and CheckCachedPlan().
 */
static bool
is_as_made(const KeptPlan *kept)
{
	const CachedPlanSource *source = source_of(kept->plan);
	const CachedPlan *plan = source->gplan;

	return source->is_valid && !source->dependsOnRLS &&
		   plan != NULL && plan->is_valid && !plan->dependsOnRole &&
		   plan->generation == kept->generation &&
		   (!TransactionIdIsValid(plan->saved_xmin) || TransactionIdEquals(plan->saved_xmin, TransactionXmin));
}

/*
 * Prepares what the calls are together, if that is to be done, and has the
 * server make its plan.  One that the server made by itself, when an
 * invalidation came between our look and its own, is thrown away.
 */
static void
make(KeptPlan *kept, const StoreCall *const *calls, int count)
{
	MemoryContext context = CurrentMemoryContext;
	int guc_level = NewGUCNestLevel();
	CachedPlan *plan;

	plan_by_index();
	if (kept->plan && source_of(kept->plan)->generation != kept->generation)
	{
		SPIPlanPtr unwanted = kept->plan;

		kept->plan = NULL;
		SPI_freeplan(unwanted);
	}
	if (kept->plan == NULL)
		kept->plan = prepare(calls, count);
	plan = SPI_plan_get_cached_plan(kept->plan);
	kept->generation = plan->generation;
	ReleaseCachedPlan(plan, CurrentResourceOwner);
	MemoryContextSwitchTo(context);
	AtEOXact_GUC(false, guc_level);
}

/*
 * Makes the planner reach rows by their keys.  What it cannot reach so has a
 * cost beyond measure, for which it would compile the plan: not that either.
 */
static void
plan_by_index(void)
{
	static const char *const disabled[] = {"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"};

	for (int i = 0; i < (int) lengthof(disabled); i++)
		(void) set_config_option(disabled[i], "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Returns what the server keeps of the plan's one statement.
 */
static CachedPlanSource *
source_of(SPIPlanPtr plan)
{
	return linitial(SPI_plan_get_plan_sources(plan));
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
		SPIPlanPtr plan = kept->plan;

		kept->plan = NULL;
		if (plan)
			SPI_freeplan(plan);
	}
}

/*
 * Prepares what the calls are together and keeps it for the session.
 */
static SPIPlanPtr
prepare(const StoreCall *const *calls, int count)
{
	const char *name = store_statements[calls[count - 1]->statement].name;
	Oid types[STORE_MAX_TOGETHER * STORE_MAX_PARAMS];
	StringInfoData sql;
	SPIPlanPtr plan;
	int ntypes = 0;

	initStringInfo(&sql);
	if (store_statements[calls[0]->statement].written)
		append_work(&sql, calls, count);
	else
		append_statement(&sql, store_statements[calls[0]->statement].sql, calls[0], 0);
	for (int i = 0; i < count; i++)
	{
		const uint8 *params = store_statements[calls[i]->statement].params;
		uint8 unwanted = store_call_is_of_one_row(calls[i]) ? STORE_ARRAY : 0;

		for (; *params != STORE_END; params++)
			types[ntypes++] = store_type_oid(*params & ~unwanted);
	}
	/* generic: planning one anew for every call costs more than running it */
	plan = SPI_prepare_cursor(sql.data, ntypes, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare statement %s: %s", name, SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep statement %s", name);
	pfree(sql.data);
	return plan;
}

/*
 * Appends a statement that does the work of all calls, and returns for each
 * how many rows it has written; less those there were where that is not known.
 */
static void
append_work(StringInfo sql, const StoreCall *const *calls, int count)
{
	StringInfoData counts;
	int offset = 0;

	initStringInfo(&counts);
	for (int i = 0; i < count; i++)
	{
		const StoreStatementDef *def = &store_statements[calls[i]->statement];

		appendStringInfo(sql, "%s w%d AS (", i == 0 ? "WITH" : ",", i + 1);
		append_statement(sql, def->sql, calls[i], offset);
		appendStringInfo(sql, " RETURNING %s AS ok)", def->written);
		appendStringInfo(&counts, "%s (SELECT count(*) FROM w%d WHERE ok)", i == 0 ? "" : ",", i + 1);
		if (def->existing)
		{
			appendStringInfoString(&counts, " - (SELECT count(*) FROM ");
			append_statement(&counts, def->existing, calls[i], offset);
			appendStringInfoChar(&counts, ')');
		}
		offset += calls[i]->nargs;
	}
	appendStringInfo(sql, " SELECT%s", counts.data);
	pfree(counts.data);
}

/*
 * Appends the text of a statement with the call's rows in place of the braces,
 * and the numbers of its parameters after those before it.
 */
static void
append_statement(StringInfo sql, const char *text, const StoreCall *call, int offset)
{
	for (const char *c = text; *c; c++)
	{
		if (*c == '{')
			c = append_rows(sql, c + 1, store_call_is_of_one_row(call), offset);
		else if (*c == '$')
		{
			char *end;

			appendStringInfo(sql, "$%ld", offset + strtol(c + 1, &end, 10));
			c = end - 1;
		}
		else
			appendStringInfoChar(sql, *c);
	}
}

/*
 * Appends the rows as a table with the columns, which end with a brace;
 * returns where that is.
 */
static const char *
append_rows(StringInfo sql, const char *columns, bool one_row, int offset)
{
	const char *end = strchr(columns, '}');
	int parameter = offset + 1;

	appendStringInfo(sql, one_row ? "(SELECT $%d AS " : "unnest($%d", parameter);
	for (const char *c = columns; c < end; c++)
	{
		if (*c == ',')
			appendStringInfo(sql, one_row ? ", $%d AS" : ", $%d", ++parameter);
		else if (one_row)
			appendStringInfoChar(sql, *c);
	}
	if (one_row)
		appendStringInfoString(sql, ") AS v");
	else
		appendStringInfo(sql, ") AS v(%.*s)", (int) (end - columns), columns);
	return end;
}

/*
 * Returns whether the call is over many rows, but there is only one.
 */
bool
store_call_is_of_one_row(const StoreCall *call)
{
	return (store_statements[call->statement].params[0] & STORE_ARRAY) != 0 && call->args[0].column.count == 1;
}
