/*
 * leaving.c
 *		Waits until what is under way between the attempts and the database has come
 *		to its end, and says then for each name of the gateway's that it leaves.
 */
#include "dispatch/leaving.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/attempt.h"
#include "dispatch/claims.h"
#include "dispatch/liveness.h"
#include "dispatch/pushes.h"
#include "dispatch/workers.h"
#include "log.h"

/* how often is looked whether all has come to its end */
#define LOOK_MS	 10
/* after what time it is tried again */
#define RETRY_MS 200
/* how long one call may take */
#define LEAVE_MS 30000

/* each name in a transaction of its own: it locks its invocations in the order of their ids */
#define LEAVE "SELECT pg_catalog.restate_leave($1)"

static void look(Timer *timer);
static void look_again(int ms);
static void say(void);
static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static void ended(Task *task, TaskEnd how);
static void finish(void);

static const TaskKind leave_kind = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended};

static Pool *pool;
static Task leave;
static Timer turn; /* always set; INT64_MAX: nothing is looked at */
static bool is_under_way;
static bool is_stopped;
static Worker *worker; /* that leaves */
static const char *params[1];
static bool has_answer;
static bool is_refused; /* and will be */
static int64_t given;	/* by the last call */
static int64_t all_given;

bool
leaving_start(Pool *with_pool)
{
	pool = with_pool;
	turn.fire = look;
	return loop_set_timer(&turn, INT64_MAX);
}

void
leaving_begin(void)
{
	if (is_under_way || is_stopped)
		return;
	is_under_way = true;
	attempts_hang_up();
	/* who leaves is not heard of again */
	liveness_stop();
	look_again(0);
}

bool
leaving_is_under_way(void)
{
	return is_under_way;
}

void
leaving_stop(void)
{
	is_stopped = true;
	is_under_way = false;
	loop_clear_timer(&turn);
}

/*
 * Goes on when nothing else is under way.
 */
static void
look(Timer *timer)
{
	(void) loop_set_timer(timer, INT64_MAX); /* its place is free: no memory is needed */
	if (claims_are_under_way() || !pushes_are_idle())
		look_again(LOOK_MS);
	else
		say();
}

/*
 * Looks again after a while.
 */
static void
look_again(int ms)
{
	if (!is_stopped)
		(void) loop_set_timer(&turn, loop_now() + ms); /* it is set: no memory is needed */
}

/*
 * Says for the next name that it leaves.
 */
static void
say(void)
{
	worker = workers_next_to_leave();
	if (worker == NULL)
	{
		finish();
		return;
	}
	worker_use(worker);
	memset(&leave, 0, sizeof(leave));
	leave.kind = &leave_kind;
	leave.deadline = loop_now() + LEAVE_MS;
	has_answer = is_refused = false;
	pool_submit(pool, &leave);
}

/*
 * Sends the call.
 */
static bool
begin(Task *task)
{
	Statement statement = {.sql = LEAVE, .nparams = 1, .params = params};

	params[0] = worker->name;
	return session_execute(task->session, &statement);
}

/*
 * Takes how many attempts the worker had still.
 */
static void
take_result(Task *task, const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	char quoted[512];

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		has_answer = true;
		given = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	}
	else if (!task_tries_again(task, result, true))
	{
		/* nothing but time passes: what it may not do, or is not there, will not be */
		is_refused = sqlstate && strncmp(sqlstate, "42", 2) == 0;
		log_event(LOG_WARN, "event=leave_failed worker=%s error=%s", worker->name,
				  log_quote(message ? message : "no message", quoted, sizeof(quoted)));
	}
}

/*
 * Goes on with the same name while it has attempts, then with the next.
 */
static void
ended(Task *task, TaskEnd how)
{
	bool is_said = how == TASK_DONE && has_answer;

	(void) task;
	if (is_said)
		all_given += given;
	worker->has_left = (is_said && given == 0) || is_refused;
	worker_release(worker);
	if (is_stopped)
		return;
	look_again(is_said || is_refused ? 0 : RETRY_MS);
}

/*
 * All names have left.
 */
static void
finish(void)
{
	is_under_way = false;
	log_event(LOG_INFO, "event=gave_back attempts=%" PRId64, all_given);
	attempts_are_given_back();
}
