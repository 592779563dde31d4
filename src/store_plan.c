/*
 * store_plan.c
 *		From statements to plans, which are kept for the session.
 *
 * What runs together is one SQL statement: each but the last is a WITH query
 * of it, with its parameters counted on.  A plan is kept for each combination
 * that occurs; these are as many as operations have ways to go.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/hsearch.h"

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
} KeptPlan;

static HTAB *kept_plans = NULL;

static SPIPlanPtr prepare(const StoreCall *const *calls, int count);
static void append_statement(StringInfo sql, const StoreCall *call, int offset);
static const char *append_rows(StringInfo sql, const char *columns, bool one_row, int offset);

/*
 * Returns the plan that runs the calls together, in that order; prepared now
 * if there is none.  The server makes a plan anew that is no longer valid.
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
	if (kept->plan == NULL)
		kept->plan = prepare(calls, count);
	return kept->plan;
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
	for (int i = 0; i < count; i++)
	{
		const uint8 *params = store_statements[calls[i]->statement].params;
		uint8 unwanted = store_call_is_of_one_row(calls[i]) ? STORE_ARRAY : 0;

		if (i < count - 1)
			appendStringInfo(&sql, "%s w%d AS (", i == 0 ? "WITH" : ",", i + 1);
		append_statement(&sql, calls[i], ntypes);
		if (i < count - 1)
			appendStringInfoString(&sql, i < count - 2 ? ")" : ") ");
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
 * Appends the text of the call's statement: its rows in place of the braces,
 * and the numbers of its parameters after those before it.
 */
static void
append_statement(StringInfo sql, const StoreCall *call, int offset)
{
	for (const char *c = store_statements[call->statement].sql; *c; c++)
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
