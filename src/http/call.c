/*
 * call.c
 *		Runs a route's SQL call and answers with what it returns.
 */
#include "call.h"

#include "failure.h"
#include "routes.h"

static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static bool next(Task *task);
static void overflowed(Task *task);

const TaskKind one_call = {
	.begin = begin, .result = take_result, .next = next, .ended = answer_task_end, .overflowed = overflowed};

/*
 * Sends the call.
 */
static bool
begin(Task *task)
{
	const Exchange *exchange = exchange_of(task);
	Statement call = {exchange->route->sql, exchange->route->nargs, (const char *const *) exchange->args};

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
 * The call is all.
 */
static bool
next(Task *task)
{
	task_done(task);
	return true;
}

/*
 * The document is larger than an answer may be.
 */
static void
overflowed(Task *task)
{
	answer_error(exchange_of(task), 400, "result_too_large", "the answer would be too large");
}
