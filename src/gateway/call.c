/*
 * call.c
 *		Runs a route's SQL call and answers with what it returns.
 */
#include "call.h"

#include "failure.h"
#include "routes.h"

/* what the audit is told of a request, for its transaction alone; null where it says nothing */
#define TELL_AUDIT                                                                                      \
	"SELECT CASE WHEN $1::pg_catalog.text IS NOT NULL THEN pg_catalog.set_config('request.jwt.claims'," \
	" pg_catalog.json_build_object('sub', $1::pg_catalog.text)::pg_catalog.text, true) END,"            \
	" CASE WHEN $2::pg_catalog.text IS NOT NULL THEN pg_catalog.set_config('restate_admin.reason',"     \
	" $2::pg_catalog.text, true) END"

static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static void overflowed(Task *task);

const TaskKind one_call = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = answer_task_end,
	.overflowed = overflowed};

/*
 * Sends the call, and before it in its transaction who asks for it and why.
 */
static bool
begin(Task *task)
{
	const Exchange *exchange = exchange_of(task);
	Statement call = {.sql = exchange->route->sql,
					  .nparams = exchange->route->nargs,
					  .params = (const char *const *) exchange->args};
	const char *const told[] = {exchange->person, exchange->reason};
	Statement tell = {.sql = TELL_AUDIT, .nparams = 2, .params = told};

	if (exchange->person || exchange->reason)
		return session_execute_both(task->session, &tell, &call);
	return session_execute(task->session, &call);
}

/*
 * Answers with a result.  An error that comes after a success, when the
 * transaction is committed, is what counts.
 */
static void
take_result(Task *task, const PGresult *result)
{
	Exchange *exchange = exchange_of(task);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		exchange->route->answer(exchange, result);
	else if (!task_tries_again(task, result, true))
		answer_failure(exchange, result);
}

/*
 * The document is larger than an answer may be.
 */
static void
overflowed(Task *task)
{
	answer_error(exchange_of(task), 400, "result_too_large", "the answer would be too large");
}
