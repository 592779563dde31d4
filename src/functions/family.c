/*
 * family.c
 *		The trees that an invocation is in, a row for each of them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "admin/family.h"
#include "functions/request.h"
#include "types/compat.h"

/* the columns of both */
#define LINEAGE_COLUMNS	  11
#define CALL_TREE_COLUMNS 8

static List *read_tree(FunctionCallInfo fcinfo,
					   RestateRefusal (*read)(const RestateInvocationId *id, List **relatives));
static void put(Datum *values, bool *nulls, int column, bool exists, Datum value);
static void put_text(Datum *values, bool *nulls, int column, const char *value);

/*
 * restate_lineage(id): returns a row for each invocation of the tree of restarts: depth,
 * id, restarted_from, status, from_index, deployment_id, restarted_at, role_name,
 * claimed_subject, reason, is_self.
 */
PG_FUNCTION_INFO_V1(restate_lineage);
Datum
restate_lineage(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	List *relatives = read_tree(fcinfo, family_lineage);
	RestateInvocationId self = *PG_GETARG_INVOCATION_ID(0);
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach (cell, relatives)
	{
		const Relative *relative = lfirst(cell);
		const StoreFoundBrief *brief = relative->brief;
		const StoreFoundAudited *audited = relative->audited;
		const RestateDeploymentId *deployment_id = brief && brief->deployment_id ?
													   brief->deployment_id :
												   audited ? audited->deployment_id :
															 NULL;
		TimestampTz at = audited ? audited->at : brief && relative->parent ? brief->created_at :
																			 0;
		Datum values[LINEAGE_COLUMNS] = {0};
		bool nulls[LINEAGE_COLUMNS] = {0};

		put(values, nulls, 0, true, Int64GetDatum(relative->depth));
		put(values, nulls, 1, true, InvocationIdGetDatum(&relative->id));
		put(values, nulls, 2, relative->parent != NULL,
			relative->parent ? InvocationIdGetDatum(&relative->parent->id) : (Datum) 0);
		put_text(values, nulls, 3, brief ? brief->status : NULL);
		put(values, nulls, 4, audited != NULL, Int64GetDatum(audited ? audited->last_index : 0));
		put(values, nulls, 5, deployment_id != NULL, DeploymentIdGetDatum(deployment_id));
		put(values, nulls, 6, at != 0, TimestampTzGetDatum(at));
		put_text(values, nulls, 7, audited ? audited->role_name : NULL);
		put_text(values, nulls, 8, audited ? audited->subject : NULL);
		put_text(values, nulls, 9, audited ? audited->reason : NULL);
		put(values, nulls, 10, true,
			BoolGetDatum(restate_invocation_id_compare(&relative->id, &self) == 0));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * restate_call_tree(id): returns a row for each invocation of the tree of calls: depth,
 * relation, id, caller, target, status, command_index, created_at.
 */
PG_FUNCTION_INFO_V1(restate_call_tree);
Datum
restate_call_tree(PG_FUNCTION_ARGS)
{
	static const char *const relations[] = {[RELATION_SELF] = "self",
											[RELATION_CALLER] = "caller",
											[RELATION_CALL] = "call",
											[RELATION_SEND] = "send",
											[RELATION_RESTART] = "restart"};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	List *relatives = read_tree(fcinfo, family_call_tree);
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach (cell, relatives)
	{
		const Relative *relative = lfirst(cell);
		const StoreFoundBrief *brief = relative->brief;
		Datum values[CALL_TREE_COLUMNS] = {0};
		bool nulls[CALL_TREE_COLUMNS] = {0};

		put(values, nulls, 0, true, Int64GetDatum(relative->depth));
		put_text(values, nulls, 1, relations[relative->relation]);
		put(values, nulls, 2, true, InvocationIdGetDatum(&relative->id));
		put(values, nulls, 3, relative->parent != NULL,
			relative->parent ? InvocationIdGetDatum(&relative->parent->id) : (Datum) 0);
		put_text(values, nulls, 4, brief ? brief->target : relative->target);
		put_text(values, nulls, 5, brief ? brief->status : NULL);
		put(values, nulls, 6, relative->command_index >= 0, Int64GetDatum(relative->command_index));
		put(values, nulls, 7, brief != NULL, TimestampTzGetDatum(brief ? brief->created_at : 0));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * Reads a tree of the invocation of argument 0; raises that there is none.
 */
static List *
read_tree(FunctionCallInfo fcinfo,
		  RestateRefusal (*read)(const RestateInvocationId *id, List **relatives))
{
	RestateInvocationId id = request_id_argument(fcinfo);
	List *relatives;
	RestateRefusal refusal = read(&id, &relatives);

	if (refusal.category != RESTATE_OK)
		restate_raise(refusal);
	return relatives;
}

/*
 * Puts a value into a column, or null.
 */
static void
put(Datum *values, bool *nulls, int column, bool exists, Datum value)
{
	values[column] = value;
	nulls[column] = !exists;
}

/*
 * Puts a text into a column, null for NULL.
 */
static void
put_text(Datum *values, bool *nulls, int column, const char *value)
{
	put(values, nulls, column, value != NULL, value ? CStringGetTextDatum(value) : (Datum) 0);
}
