/*
 * results.c
 *		Asks the database for the results of the requests that wait, of many in
 *		one call.
 */
#include "results.h"

#include <inttypes.h>
#include <string.h>

#include "asks.h"
#include "log.h"
#include "loop.h"
#include "patience.h"
#include "pg_binary.h"
#include "waiting.h"

/* so many are asked for in one call */
#define MOST_ASKED 1000

static Pool *pool;
static int request_ms;
static Timer due;
static bool is_stopped;

/* the one call */
static Task asking;
static bool is_asking;
static Ingress *asked[MOST_ASKED];
static int nasked;
static Buffer ids;
static Buffer seeds;

static void time_has_come(Timer *timer);
static void ask(void);
static int gather(void);
static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static void take_row(const PGresult *result, int row);
static void ended(Task *task, TaskEnd how);
static void overflowed(Task *task);

static const TaskKind results_call = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended,
	.overflowed = overflowed};

void
results_start(Pool *with_pool, int request_timeout)
{
	pool = with_pool;
	request_ms = request_timeout * 1000;
	due.fire = time_has_come;
}

void
results_stop(void)
{
	is_stopped = true;
	loop_clear_timer(&due);
	buffer_free(&ids);
	buffer_free(&seeds);
}

void
results_forget(Ingress *ingress)
{
	asked[ingress->asked - 1] = NULL;
	ingress->asked = 0;
}

void
results_await(void)
{
	int64_t at;

	if (is_asking || is_stopped)
		return;
	at = patience_ends_at();
	/* where memory has run out, the next request that comes sets it */
	if (at == INT64_MAX)
		loop_clear_timer(&due);
	else
		(void) loop_set_timer(&due, at);
}

/*
 * Looks for those whose time has come.
 */
static void
time_has_come(Timer *timer)
{
	(void) timer;
	ask();
}

/*
 * Asks for the results of those whose time has come.
 */
static void
ask(void)
{
	if (is_asking)
		return;
	nasked = gather();
	if (nasked == 0)
	{
		results_await();
		return;
	}
	is_asking = true;
	memset(&asking, 0, sizeof(asking));
	asking.kind = &results_call;
	asking.deadline = loop_now() + request_ms;
	pool_submit_again(pool, &asking);
}

/*
 * Takes those whose time has come out of their lines, up to what one call takes;
 * returns how many.
 */
static int
gather(void)
{
	int64_t now = loop_now();
	Ingress *ingress;
	int n = 0;

	while (n < MOST_ASKED && (ingress = patience_take(now)) != NULL)
	{
		asked[n++] = ingress;
		ingress->asked = n;
		count_ask(ASK_RESULT, ingress->reason, 1);
		ingress->reason = REASON_POLL;
	}
	return n;
}

/*
 * Sends the call.
 */
static bool
begin(Task *task)
{
	static const char sql[] =
		"SELECT place, status, answer, is_failure FROM pg_catalog.restate_ingress_results("
		"$1::pg_catalog.restate_invocation_id[], $2::pg_catalog.int8[])";
	static const char *params[2]; /* the session may read them later */
	Statement call = {.sql = sql, .nparams = 2, .params = params, .is_binary = true};

	ids.len = seeds.len = 0;
	for (int i = 0; i < nasked; i++)
	{
		const char *separator = i == 0 ? "{" : ",";

		/* who has left meanwhile is asked for all the same */
		buffer_printf(&ids, "%s%s", separator, asked[i] ? asked[i]->id : "NULL");
		buffer_printf(&seeds, "%s%" PRId64, separator, asked[i] ? asked[i]->seed : 0);
	}
	buffer_add_text(&ids, "}");
	buffer_add_text(&seeds, "}");
	if (ids.failed || seeds.failed)
	{
		task_done(task);
		return true;
	}
	params[0] = ids.data;
	params[1] = seeds.data;
	return session_execute(task->session, &call);
}

/*
 * Answers those that have a result now.
 */
static void
take_result(Task *task, const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char quoted[512];

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
	{
		if (!task_tries_again(task, result, true))
			log_event(LOG_WARN, "event=results_failed error=%s",
					  log_quote(message ? message : "no message", quoted, sizeof(quoted)));
		return;
	}
	for (int row = 0; row < PQntuples(result); row++)
		take_row(result, row);
}

/*
 * Answers one.  Of what did not come along, because it would be too much, it is asked
 * at once.
 */
static void
take_row(const PGresult *result, int row)
{
	int32_t place = binary_int4(result, row, 0);
	Ingress *ingress = place >= 1 && place <= nasked ? asked[place - 1] : NULL;

	if (ingress == NULL)
		return;
	if (PQgetisnull(result, row, 1))
	{
		patience_hint(ingress);
		return;
	}
	waiting_answer(ingress, PQgetvalue(result, row, 2), (size_t) PQgetlength(result, row, 2),
				   binary_int4(result, row, 1), binary_bool(result, row, 3));
}

/*
 * Those that have no answer go on waiting.
 */
static void
ended(Task *task, TaskEnd how)
{
	(void) task;
	(void) how;
	is_asking = false;
	for (int i = 0; i < nasked; i++)
		if (asked[i])
		{
			asked[i]->asked = 0;
			patience_go_on(asked[i], how != TASK_DONE);
		}
	nasked = 0;
	results_await();
}

/*
 * An answer has a bound of its own.
 */
static void
overflowed(Task *task)
{
	(void) task;
}
