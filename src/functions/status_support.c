/*
 * status_support.c
 *		Lets a query of a view that asks for statuses other than completed read the
 *		index of what is in flight.
 *
 * No index has the status in it, neither as a key nor in its predicate, so that its
 * changes are HOT.  The index of what is in flight has completed_at IS NULL for its
 * predicate, which a query that says status = 'running' does not speak of.  A view
 * of invocations has restate.narrowed_by_status(status, completed_at) among its
 * conditions, which is true of every row.  The planner asks its support function
 * what it comes to, and that is completed_at IS NULL where the rest of the query
 * allows no completed one.
 */
#include "postgres.h"

#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "types/status.h"

typedef struct Reference
{
	const Var *column;
	Oid narrowed; /* the function that asks */
} Reference;

static Node *narrowed(PlannerInfo *root, const FuncExpr *call);
static bool collect_filters(Node *node, Index relation, List **filters);
static bool filters_rows(const JoinExpr *join, bool is_left);
static bool is_about(Node *node, void *context);
static bool has_column(Node *node, void *context);
static bool has_call(Node *node, void *context);
static Expr *is_not_completed(const Var *status);

PG_FUNCTION_INFO_V1(restate_narrowed_by_status);
PG_FUNCTION_INFO_V1(restate_status_support);

/*
 * Returns true: whether a row is in flight says its status as well as its time of
 * completion.
 */
Datum
restate_narrowed_by_status(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

/*
 * Answers the planner's request to simplify restate.narrowed_by_status; null to every
 * other.
 */
Datum
restate_status_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);
	Node *simpler = NULL;

	if (IsA(request, SupportRequestSimplify))
	{
		const SupportRequestSimplify *simplify = (SupportRequestSimplify *) request;

		simpler = narrowed(simplify->root, simplify->fcall);
	}
	PG_RETURN_POINTER(simpler);
}

/*
 * Returns what the call comes to in the query: that the row is in flight, if the
 * query allows no other, or true.
 */
static Node *
narrowed(PlannerInfo *root, const FuncExpr *call)
{
	const Var *status = linitial(call->args);
	Expr *completed_at = lsecond(call->args);
	Reference reference = {status, call->funcid};
	List *filters = NIL;
	List *clauses = NIL;
	ListCell *cell;

	if (root == NULL || !IsA(status, Var) || !IsA(completed_at, Var) || status->varlevelsup != 0 ||
		status->varno != ((Var *) completed_at)->varno)
		return makeBoolConst(true, false);
	collect_filters((Node *) root->parse->jointree, status->varno, &filters);
	foreach (cell, filters)
		if (is_about(lfirst(cell), &reference))
			clauses = lappend(clauses, eval_const_expressions(root, copyObject(lfirst(cell))));
	if (clauses != NIL &&
		predicate_implied_by(list_make1(is_not_completed(status)), clauses, false))
	{
		NullTest *test = makeNode(NullTest);

		test->arg = completed_at;
		test->nulltesttype = IS_NULL;
		test->argisrow = false;
		test->location = -1;
		return (Node *) test;
	}
	return makeBoolConst(true, false);
}

/*
 * Collects the conditions, split at AND, without which a row of the relation has no
 * part in the result of this node of the join tree; above an outer join such a row
 * comes out as null instead.  Returns whether the relation is below the node.
 */
static bool
collect_filters(Node *node, Index relation, List **filters)
{
	bool is_below = false;
	Node *condition = NULL;

	check_stack_depth();
	if (IsA(node, RangeTblRef))
		return ((RangeTblRef *) node)->rtindex == (int) relation;
	if (IsA(node, FromExpr))
	{
		ListCell *cell;

		foreach (cell, ((FromExpr *) node)->fromlist)
			is_below = collect_filters(lfirst(cell), relation, filters) || is_below;
		condition = is_below ? ((FromExpr *) node)->quals : NULL;
	}
	else if (IsA(node, JoinExpr))
	{
		JoinExpr *join = (JoinExpr *) node;
		bool is_left = collect_filters(join->larg, relation, filters);

		is_below = is_left || collect_filters(join->rarg, relation, filters);
		condition = is_below && filters_rows(join, is_left) ? join->quals : NULL;
	}
	/* what the planner has come by is a list already, what is still to come is not */
	if (condition && IsA(condition, List))
		*filters = list_concat(*filters, (List *) condition);
	else if (condition)
		*filters = list_concat(*filters, make_ands_implicit((Expr *) condition));
	return is_below;
}

/*
 * Returns whether a row of that side that fails the join's condition cannot be in
 * the result.
 */
static bool
filters_rows(const JoinExpr *join, bool is_left)
{
	switch (join->jointype)
	{
		case JOIN_INNER:
		case JOIN_SEMI:
			return true;
		case JOIN_LEFT:
		case JOIN_ANTI:
			return !is_left;
		case JOIN_RIGHT:
			return is_left;
		default:
			return false;
	}
}

/*
 * Returns whether the condition is about the status, and does not ask itself.
 */
static bool
is_about(Node *node, void *context)
{
	return has_column(node, context) && !has_call(node, context);
}

/*
 * Returns whether the column is in the expression.
 */
static bool
has_column(Node *node, void *context)
{
	const Var *column = ((Reference *) context)->column;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varno == column->varno &&
			   ((Var *) node)->varattno == column->varattno && ((Var *) node)->varlevelsup == 0;
	return expression_tree_walker(node, has_column, context);
}

/*
 * Returns whether a call of the function is in the expression.
 */
static bool
has_call(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == ((Reference *) context)->narrowed)
		return true;
	return expression_tree_walker(node, has_call, context);
}

/*
 * Returns the expression that the status is another than completed.
 */
static Expr *
is_not_completed(const Var *status)
{
	Const *completed =
		makeConst(TEXTOID, -1, status->varcollid, -1,
				  CStringGetTextDatum(restate_status_name(STATUS_COMPLETED)), false, false);

	return make_opclause(get_negator(TextEqualOperator), BOOLOID, false,
						 (Expr *) copyObject(status), (Expr *) completed, InvalidOid,
						 status->varcollid);
}
