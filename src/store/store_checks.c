/*
 * store_checks.c
 *		The CHECK constraints of the tables that are written, kept for the session.
 *
 * The executor reads them from their text anew in each statement that writes: a fifth
 * of the instructions of a call that changes little; and to plan them looks up each
 * function they call.  What comes of that is the same as long as the text and the functions
 * are, so that it is kept; whatever constraints a table has when it is written, users' own
 * too, are checked.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "optimizer/optimizer.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "store/store.h"
#include "types/compat.h"

/* The constraints of a table, as they were read. */
typedef struct KeptChecks
{
	Oid table; /* hash key */
	int count;
	uint64 functions; /* what was known of their changes */
	char **texts;
	Expr **expressions;
	MemoryContext context; /* of these; NULL: there are none yet */
} KeptChecks;

static HTAB *kept_checks = NULL;

static const KeptChecks *checks_of(Oid table, const TupleConstr *constraints);
static bool are_as_read(const KeptChecks *kept, const TupleConstr *constraints);
static void read_checks(KeptChecks *kept, const TupleConstr *constraints);

/*
 * Gives a table that is about to be written its constraints.
 */
void
store_give_checks(EState *estate, ResultRelInfo *table)
{
	const TupleConstr *constraints = RelationGetDescr(table->ri_RelationDesc)->constr;
	const KeptChecks *kept;
	ExprState **states;
	MemoryContext old;

	if (constraints == NULL || constraints->num_check == 0 ||
		restate_checks_are_expanded(constraints) || restate_check_states(table) != NULL)
		return;
	kept = checks_of(RelationGetRelid(table->ri_RelationDesc), constraints);
	old = MemoryContextSwitchTo(estate->es_query_cxt);
	states = palloc0_array(ExprState *, kept->count);
	for (int i = 0; i < kept->count; i++)
		if (restate_check_is_enforced(&constraints->check[i]))
			states[i] = ExecInitExpr(kept->expressions[i], NULL);
	restate_check_states(table) = states;
	MemoryContextSwitchTo(old);
}

/*
 * Returns the constraints of the table, read anew if they are not as they were.
 */
static const KeptChecks *
checks_of(Oid table, const TupleConstr *constraints)
{
	KeptChecks *kept;
	bool found;

	if (kept_checks == NULL)
	{
		HASHCTL ctl = {
			.keysize = sizeof(Oid),
			.entrysize = sizeof(KeptChecks)};

		kept_checks = hash_create("restate_admin constraints", 16, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	kept = hash_search(kept_checks, &table, HASH_ENTER, &found);
	if (!found)
		kept->context = NULL;
	if (!are_as_read(kept, constraints))
		read_checks(kept, constraints);
	return kept;
}

/*
 * Returns whether the constraints are those that were read.
 */
static bool
are_as_read(const KeptChecks *kept, const TupleConstr *constraints)
{
	if (kept->context == NULL || kept->count != constraints->num_check ||
		kept->functions != store_changes_of_functions())
		return false;
	for (int i = 0; i < kept->count; i++)
		if (strcmp(kept->texts[i], constraints->check[i].ccbin) != 0)
			return false;
	return true;
}

/*
 * Reads the constraints.
 */
static void
read_checks(KeptChecks *kept, const TupleConstr *constraints)
{
	MemoryContext context = AllocSetContextCreate(
		TopMemoryContext, "restate_admin constraints of a table", ALLOCSET_SMALL_SIZES);
	MemoryContext old;

	if (kept->context)
		MemoryContextDelete(kept->context);
	kept->context = NULL;
	old = MemoryContextSwitchTo(context);
	kept->count = constraints->num_check;
	kept->functions = store_changes_of_functions();
	kept->texts = palloc_array(char *, kept->count);
	kept->expressions = palloc_array(Expr *, kept->count);
	for (int i = 0; i < kept->count; i++)
	{
		kept->texts[i] = pstrdup(constraints->check[i].ccbin);
		kept->expressions[i] = expression_planner(stringToNode(kept->texts[i]));
	}
	MemoryContextSwitchTo(old);
	kept->context = context;
}
