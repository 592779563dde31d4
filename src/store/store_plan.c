/*
 * store_plan.c
 *		From statements to plans, which are kept for the session.
 *
 * What changes the tables runs together as one SQL statement: each part but the
 * last is a WITH query of it, with its parameters counted on.  A plan is kept
 * for each combination that occurs; these are as many as operations have ways
 * to go.
 *
 * Plans reach rows by their keys, whatever the statistics of tables that were
 * empty a moment ago say.  The settings that see to it are in force only while
 * a plan is made: nothing of a user's, such as a trigger, runs under them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"

#include "store/store.h"
#include "types/compat.h"

/* the statements of a plan: twice the number, and one more for a single row */
typedef struct PlanKey
{
	uint8 parts[STORE_MAX_TOGETHER];
	uint8 count;
} PlanKey;

typedef struct KeptPlan
{
	PlanKey key;
	CachedPlanSource *source;
	int generation; /* the server's count of the plans it made of this */
} KeptPlan;

static HTAB *kept_plans = NULL;

static bool is_as_made(const KeptPlan *kept);
static CachedPlan *make(KeptPlan *kept, const StoreCall *const *calls, int count);
static void plan_by_index(void);
static CachedPlanSource *prepare(const StoreCall *const *calls, int count);
static void append_work(StringInfo sql, const StoreCall *const *calls, int count);
static void append_statement(StringInfo sql, const char *text, const StoreCall *call, int offset);
static const char *append_rows(StringInfo sql, const char *columns, bool one_row, int offset);

/*
 * Returns the plan that runs the calls together, in that order, and what it is
 * of; made now if there is none, or none that is still valid.  The caller
 * releases it.
 */
CachedPlan *
store_plan(const StoreCall *const *calls, int count, const CachedPlanSource **source)
{
	PlanKey key = {.count = (uint8) count};
	KeptPlan *kept;
	CachedPlan *plan = NULL;
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
		kept->source = NULL;
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
	return plan;
}

/*
 * Returns whether the server takes the plan for valid: see
 * RevalidateCachedQuery() and CheckCachedPlan().
 */
static bool
is_as_made(const KeptPlan *kept)
{
	const CachedPlan *plan = kept->source->gplan;

	return kept->source->is_valid && !kept->source->dependsOnRLS &&
		   plan != NULL && plan->is_valid && !plan->dependsOnRole &&
		   plan->generation == kept->generation &&
		   (!TransactionIdIsValid(plan->saved_xmin) || TransactionIdEquals(plan->saved_xmin, TransactionXmin));
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
		kept->source = prepare(calls, count);
	plan = GetCachedPlan(kept->source, NULL, CurrentResourceOwner, NULL);
	kept->generation = plan->generation;
	AtEOXact_GUC(false, guc_level);
	return plan;
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
 * Prepares what the calls are together and keeps it for the session.  The plan
 * is asked for without values, so it is generic: planning one anew for every
 * call costs more than running it.
 */
static CachedPlanSource *
prepare(const StoreCall *const *calls, int count)
{
	Oid types[STORE_MAX_TOGETHER * STORE_MAX_PARAMS];
	StringInfoData sql;
	RawStmt *statement;
	CachedPlanSource *source;
	int ntypes = 0;

	initStringInfo(&sql);
	if (store_statements[calls[0]->statement].is_work)
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
	statement = linitial_node(RawStmt, pg_parse_query(sql.data));
	source = CreateCachedPlan(statement, sql.data, CreateCommandTag(statement->stmt));
	CompleteCachedPlan(source, pg_analyze_and_rewrite_fixedparams(statement, sql.data, types, ntypes, NULL),
					   NULL, types, ntypes, NULL, NULL, 0, true);
	SaveCachedPlan(source);
	pfree(sql.data);
	return source;
}

/*
 * Appends a statement that does the work of all calls.
 */
static void
append_work(StringInfo sql, const StoreCall *const *calls, int count)
{
	int offset = 0;

	for (int i = 0; i < count; i++)
	{
		const StoreStatementDef *def = &store_statements[calls[i]->statement];
		bool is_last = i == count - 1;

		if (!is_last)
			appendStringInfo(sql, "%s w%d AS (", i == 0 ? "WITH" : ",", i + 1);
		append_statement(sql, def->sql, calls[i], offset);
		if (!is_last)
			appendStringInfoString(sql, i == count - 2 ? ") " : ")");
		offset += calls[i]->nargs;
	}
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
