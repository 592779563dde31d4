/*
 * joined.c
 *		One operation on several invocations, asked for by clients that know
 *		nothing of each other: each target has parameters, a claimed subject
 *		and a reason of its own, and the outcome of a call of its own.
 *
 * Targets with the same parameters run together.  What would have to wait is
 * left undone, and its row says so.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "admin/operation.h"
#include "functions/request.h"
#include "types/compat.h"
#include "types/limits.h"

/* the arguments of the function */
enum
{
	ARG_OPERATION,
	ARG_IDS,
	ARG_MODES,
	ARG_FROMS,
	ARG_DEPLOYMENTS,
	ARG_REQUEST_IDS,
	ARG_SUBJECTS,
	ARG_REASONS,
	NARGS
};

/* those of them that stand for parameters of the operations: in their order */
#define FIRST_PARAMETER ARG_MODES
#define LAST_PARAMETER	ARG_REQUEST_IDS

static const Oid argument_types[NARGS] = {
	[ARG_MODES] = TEXTOID,
	[ARG_FROMS] = INT8OID,
	[ARG_DEPLOYMENTS] = TEXTOID,
	[ARG_REQUEST_IDS] = TEXTOID};

/* the parameter that the argument stands for */
#define PARAMETER_OF(arg) ((Parameter) ((arg) -FIRST_PARAMETER))

/* One target of the call. */
typedef struct Member
{
	Parameters given;
	Target target;
} Member;

/* An argument's array; values is NULL where it is null. */
typedef struct ArgumentArray
{
	Datum *values;
	bool *nulls;
} ArgumentArray;

static void check_privilege(FunctionCallInfo fcinfo, Operation operation);
static Member *read_members(FunctionCallInfo fcinfo, Operation operation, int *count);
static int read_array(FunctionCallInfo fcinfo, int arg, ArgumentArray *array);
static void read_column(FunctionCallInfo fcinfo, int arg, int count, ArgumentArray *array);
static const char *text_of(const ArgumentArray *array, int i);
static int leave_out_repeated(Member **members, int count);
static int compare_ids(const void *a, const void *b);
static void run_groups(Operation operation, Member **members, int count);
static int compare_members(const void *a, const void *b);
static int compare_parameters(const Parameters *a, const Parameters *b);
static int compare_texts(const char *a, const char *b);
static void run_group(Operation operation, Member *const *members, int count);
static void put_row(ReturnSetInfo *result, Operation operation, int ordinality,
					const Target *target);

/*
 * restate_joined(operation, ids, modes, froms, deployments, request_ids,
 * subjects, reasons): runs the operation on each id and returns a row for
 * each, in its order: ordinality, id, status, category, message, outcome,
 * new_id.  The status is null where nothing was done, not to wait.
 */
PG_FUNCTION_INFO_V1(restate_joined);
Datum
restate_joined(PG_FUNCTION_ARGS)
{
	Operation operation;
	Member *members;
	Member **order;
	int count;

	InitMaterializedSRF(fcinfo, 0);
	operation = request_operation(fcinfo, ARG_OPERATION);
	check_privilege(fcinfo, operation);
	members = read_members(fcinfo, operation, &count);
	order = palloc_array(Member *, Max(count, 1));
	for (int i = 0; i < count; i++)
		order[i] = &members[i];
	run_groups(operation, order, leave_out_repeated(order, count));
	for (int i = 0; i < count; i++)
		put_row((ReturnSetInfo *) fcinfo->resultinfo, operation, i + 1, &members[i].target);
	return (Datum) 0;
}

/*
 * Raises an error unless the role that calls may call the operation's function
 * on one invocation: this function gives no right of its own.
 */
static void
check_privilege(FunctionCallInfo fcinfo, Operation operation)
{
	Oid types[NARGS] = {get_element_type(get_fn_expr_argtype(fcinfo->flinfo, ARG_IDS))};
	char *name = psprintf("restate_%s", operation_name(operation));
	int ntypes = 1;
	Oid function;

	for (int arg = FIRST_PARAMETER; arg <= LAST_PARAMETER; arg++)
		if (request_takes(operation, PARAMETER_OF(arg)))
			types[ntypes++] = argument_types[arg];
	if (operation == OPERATION_RESTART_AS_NEW)
		types[ntypes++] = TEXTOID; /* the point, which is not joined */
	function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
							   PointerGetDatum(buildoidvector(types, ntypes)),
							   ObjectIdGetDatum(PG_CATALOG_NAMESPACE));
	if (!OidIsValid(function))
		elog(ERROR, "could not find function %s", name);
	if (!restate_may_execute(function, GetOuterUserId()))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, name);
}

/*
 * Returns the targets of the arrays, none for null ids.  Raises that they are
 * too many, that an array does not fit the ids, and that a parameter is none of
 * the operation.
 */
static Member *
read_members(FunctionCallInfo fcinfo, Operation operation, int *count)
{
	ArgumentArray arrays[NARGS] = {0};
	Member *members;

	*count = read_array(fcinfo, ARG_IDS, &arrays[ARG_IDS]);
	if (*count > RESTATE_HTTP_BATCH_MAX)
		restate_raise(
			restate_refusal(RESTATE_BATCH_TOO_LARGE, "%d joined calls are too many", *count));
	for (int arg = FIRST_PARAMETER; arg < NARGS; arg++)
	{
		read_column(fcinfo, arg, *count, &arrays[arg]);
		for (int i = 0;
			 i < *count && arg <= LAST_PARAMETER && !request_takes(operation, PARAMETER_OF(arg));
			 i++)
			if (arrays[arg].values && !arrays[arg].nulls[i])
				restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
											  "%s does not take argument %d",
											  operation_name(operation), arg + 1));
	}

	members = palloc0_array(Member, Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		Parameters *given = &members[i].given;
		Target *target = &members[i].target;

		given->mode = text_of(&arrays[ARG_MODES], i);
		given->has_from = arrays[ARG_FROMS].values && !arrays[ARG_FROMS].nulls[i];
		if (given->has_from)
			given->from = DatumGetInt64(arrays[ARG_FROMS].values[i]);
		given->deployment = text_of(&arrays[ARG_DEPLOYMENTS], i);
		given->request_id = text_of(&arrays[ARG_REQUEST_IDS], i);
		target->is_null = arrays[ARG_IDS].nulls[i];
		if (!target->is_null)
			target->id = *DatumGetInvocationId(arrays[ARG_IDS].values[i]);
		target->subject = text_of(&arrays[ARG_SUBJECTS], i);
		target->reason = text_of(&arrays[ARG_REASONS], i);
	}
	return members;
}

/*
 * Reads an argument that is an array; returns how many elements it has, 0 for
 * null.
 */
static int
read_array(FunctionCallInfo fcinfo, int arg, ArgumentArray *array)
{
	ArrayType *value;
	int16 typlen;
	bool typbyval;
	char typalign;
	int count;

	if (PG_ARGISNULL(arg))
		return 0;
	value = PG_GETARG_ARRAYTYPE_P(arg);
	get_typlenbyvalalign(ARR_ELEMTYPE(value), &typlen, &typbyval, &typalign);
	deconstruct_array(value, ARR_ELEMTYPE(value), typlen, typbyval, typalign, &array->values,
					  &array->nulls, &count);
	return count;
}

/*
 * Reads an argument that is null or an array as long as the ids; raises that
 * it is another.
 */
static void
read_column(FunctionCallInfo fcinfo, int arg, int count, ArgumentArray *array)
{
	int n = read_array(fcinfo, arg, array);

	if (n != count && !PG_ARGISNULL(arg))
		restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
									  "argument %d has %d elements, but there are %d ids", arg + 1,
									  n, count));
}

/*
 * Returns a text of the array, NULL for null.
 */
static const char *
text_of(const ArgumentArray *array, int i)
{
	return array->values == NULL || array->nulls[i] ? NULL : TextDatumGetCString(array->values[i]);
}

/*
 * Notes as busy each target whose invocation another before it names, for
 * what that one does is to be seen; returns how many others there are, which
 * then come first.
 */
static int
leave_out_repeated(Member **members, int count)
{
	int others = 0;
	const Member *last = NULL;

	qsort(members, count, sizeof(Member *), compare_ids);
	for (int i = 0; i < count; i++)
	{
		Target *target = &members[i]->target;

		target->is_busy = !target->is_null && last && !last->target.is_null &&
						  restate_invocation_id_compare(&last->target.id, &target->id) == 0;
		last = members[i];
		if (!target->is_busy)
			members[others++] = members[i];
	}
	return others;
}

/*
 * Orders members by their ids, those of one as they were given, for qsort().
 */
static int
compare_ids(const void *a, const void *b)
{
	const Member *first = *(Member *const *) a;
	const Member *second = *(Member *const *) b;
	int by_id = restate_invocation_id_compare(&first->target.id, &second->target.id);

	return by_id != 0 ? by_id : (first > second) - (first < second);
}

/*
 * Runs the operation on the members, those with the same parameters together.
 */
static void
run_groups(Operation operation, Member **members, int count)
{
	int end;

	qsort(members, count, sizeof(Member *), compare_members);
	for (int start = 0; start < count; start = end)
	{
		for (end = start + 1; end < count; end++)
			if (compare_parameters(&members[start]->given, &members[end]->given) != 0)
				break;
		run_group(operation, &members[start], end - start);
	}
}

/*
 * Orders members by their parameters, those with the same as they were given,
 * for qsort().
 */
static int
compare_members(const void *a, const void *b)
{
	const Member *first = *(Member *const *) a;
	const Member *second = *(Member *const *) b;
	int by_parameters = compare_parameters(&first->given, &second->given);

	return by_parameters != 0 ? by_parameters : (first > second) - (first < second);
}

/*
 * Orders parameters; 0 if they are the same.
 */
static int
compare_parameters(const Parameters *a, const Parameters *b)
{
	int order = compare_texts(a->mode, b->mode);

	if (order == 0)
		order = a->has_from - b->has_from;
	if (order == 0)
		order = (a->from > b->from) - (a->from < b->from);
	if (order == 0)
		order = compare_texts(a->deployment, b->deployment);
	if (order == 0)
		order = compare_texts(a->request_id, b->request_id);
	return order;
}

/*
 * Orders texts, NULL first.
 */
static int
compare_texts(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/*
 * Runs the operation on members that have the same parameters, or refuses
 * these.
 */
static void
run_group(Operation operation, Member *const *members, int count)
{
	Request request;
	RestateRefusal refusal = request_read(&request, operation, &members[0]->given);
	Target *targets;

	if (refusal.category != RESTATE_OK)
	{
		for (int i = 0; i < count; i++)
			members[i]->target.refusal = refusal;
		return;
	}
	request.passes_over_busy = true;
	targets = palloc_array(Target, count);
	for (int i = 0; i < count; i++)
		targets[i] = members[i]->target;
	operation_run(&request, targets, count);
	for (int i = 0; i < count; i++)
		members[i]->target = targets[i];
}

/*
 * Adds the row of one target to the result.
 */
static void
put_row(ReturnSetInfo *result, Operation operation, int ordinality, const Target *target)
{
	bool refused = target->refusal.category != RESTATE_OK;
	bool done = !refused && !target->is_busy;
	Datum values[7] = {0};
	bool nulls[7] = {false,
					 target->is_null,
					 target->is_busy,
					 !refused,
					 !refused,
					 !done,
					 !done || !target->has_new_id};

	values[0] = Int64GetDatum(ordinality);
	values[1] = InvocationIdGetDatum(&target->id);
	if (refused)
	{
		values[2] = Int32GetDatum(restate_category_http_status(target->refusal.category));
		values[3] = CStringGetTextDatum(restate_category_name(target->refusal.category));
		values[4] = CStringGetTextDatum(target->refusal.message);
	}
	else if (done)
	{
		values[2] =
			Int32GetDatum(restate_outcome_http_status(operation_name(operation), target->outcome));
		values[5] = CStringGetTextDatum(target->outcome);
	}
	values[6] = InvocationIdGetDatum(&target->new_id);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}
