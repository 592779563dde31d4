/*
 * failures.c
 *		Tells of failures, one in a transaction: one may end an invocation, and lock
 *		who waits for that.
 */
#include "dispatch/failures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/line.h"
#include "log.h"

/* how many are told at once */
#define MAX_TELLERS 2

/* how long one may take, and after what time it is tried again */
#define TELL_MS	 30000
#define RETRY_MS 500

#define TELL                                                                       \
	"SELECT pg_catalog.restate_fail_attempt($1::pg_catalog.restate_invocation_id," \
	" $2::pg_catalog.int8, $3, 500, $4, $5::pg_catalog.int8 * '1 ms'::pg_catalog.interval, server => $6)"

typedef struct Teller
{
	Task task; /* first: of a task the teller is known */
	bool is_running;
	Attempt *attempt; /* NULL: it is gone */
	/* what the call is made with, whatever becomes of the attempt */
	char id[INVOCATION_ID_SIZE];
	char number[24];
	char retry_ms[24];
	AttemptFailure failure;
	char server[sizeof(((Attempt *) NULL)->server)];
	const char *params[6];
	bool has_answer;
	char status[32]; /* that the invocation has now */
	char sqlstate[6];
	char error[256];
} Teller;

static void try_tellers(void);
static void retry(Timer *timer);
static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static void ended(Task *task, TaskEnd how);
static void enqueue(Attempt *attempt);

static const TaskKind teller_kind = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended};

static Pool *pool;
static Teller tellers[MAX_TELLERS];
static Line waiting;
static Timer later; /* always set; INT64_MAX: nothing is tried again */
static bool stopped;

bool
failures_start(Pool *with_pool)
{
	pool = with_pool;
	later.fire = retry;
	return loop_set_timer(&later, INT64_MAX);
}

void
failures_stop(void)
{
	stopped = true;
	loop_clear_timer(&later);
}

void
failures_add(Attempt *attempt)
{
	enqueue(attempt);
	if (later.at == INT64_MAX)
		try_tellers();
}

void
failures_forget(Attempt *attempt)
{
	if (!attempt->is_being_failed)
		return;
	attempt->is_being_failed = false;
	for (int i = 0; i < MAX_TELLERS; i++)
		if (tellers[i].attempt == attempt)
		{
			tellers[i].attempt = NULL;
			return;
		}
	line_remove(&waiting, attempt);
}

/*
 * Has free tellers begin with what waits.
 */
static void
try_tellers(void)
{
	for (int i = 0; i < MAX_TELLERS && waiting.first && !stopped; i++)
	{
		Teller *teller = &tellers[i];

		if (teller->is_running)
			continue;
		memset(teller, 0, sizeof(*teller));
		teller->task.kind = &teller_kind;
		teller->task.deadline = loop_now() + TELL_MS;
		teller->attempt = waiting.first;
		teller->is_running = true;
		line_remove(&waiting, waiting.first);
		pool_submit(pool, &teller->task);
	}
}

/*
 * Tries again.
 */
static void
retry(Timer *timer)
{
	(void) loop_set_timer(timer, INT64_MAX); /* its place is free: no memory is needed */
	try_tellers();
}

/*
 * Sends the call.
 */
static bool
begin(Task *task)
{
	Teller *teller = (Teller *) task;
	const Attempt *attempt = teller->attempt;
	const char **params = teller->params;
	Statement statement = {.sql = TELL, .nparams = 6, .params = params};

	if (attempt == NULL)
	{
		task_done(task);
		return true;
	}
	teller->sqlstate[0] = '\0';
	snprintf(teller->number, sizeof(teller->number), "%" PRId64, attempt->attempt);
	snprintf(teller->retry_ms, sizeof(teller->retry_ms), "%" PRId64,
			 attempt->failure.retry_ms);
	snprintf(teller->id, sizeof(teller->id), "%s", attempt->id);
	teller->failure = attempt->failure;
	snprintf(teller->server, sizeof(teller->server), "%s", attempt->server);
	params[0] = teller->id;
	params[1] = teller->number;
	params[2] = teller->failure.message;
	params[3] = teller->failure.error_code;
	params[4] = attempt->failure.retry_ms >= 0 ? teller->retry_ms : NULL;
	params[5] = teller->server[0] ? teller->server : NULL;
	return session_execute(task->session, &statement);
}

/*
 * Notes the answer.
 */
static void
take_result(Task *task, const PGresult *result)
{
	Teller *teller = (Teller *) task;
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		teller->has_answer = true;
		snprintf(teller->status, sizeof(teller->status), "%s", PQgetvalue(result, 0, 0));
	}
	else if (!task_tries_again(task, result, true))
	{
		snprintf(teller->sqlstate, sizeof(teller->sqlstate), "%s", sqlstate ? sqlstate : "");
		snprintf(teller->error, sizeof(teller->error), "%s", message ? message : "");
	}
}

/*
 * The attempt is over, if the database knows: also where it says that it is not
 * ours any more.
 */
static void
ended(Task *task, TaskEnd how)
{
	Teller *teller = (Teller *) task;
	Attempt *attempt = teller->attempt;
	char quoted[512];

	teller->is_running = false;
	teller->attempt = NULL;
	/* it neither waits nor is told: freed, it is not to be taken from a line that it is not in */
	if (attempt)
		attempt->is_being_failed = false;
	if (attempt && how == TASK_DONE && teller->has_answer && teller->sqlstate[0] == '\0')
		attempt_is_failed(attempt, teller->status);
	else if (attempt && how == TASK_DONE &&
			 (strcmp(teller->sqlstate, "PT409") == 0 || strcmp(teller->sqlstate, "PT404") == 0))
		attempt_lost(attempt, "attempt_lost");
	else if (attempt)
	{
		if (how == TASK_DONE)
			log_event(LOG_WARN, "event=fail_failed id=%s sqlstate=%s error=%s", attempt->id,
					  teller->sqlstate, log_quote(teller->error, quoted, sizeof(quoted)));
		enqueue(attempt);
		if (!stopped)
			(void) loop_set_timer(&later, loop_now() + RETRY_MS); /* it is set: no memory is needed */
		return;
	}
	if (later.at == INT64_MAX)
		try_tellers();
}

/*
 * Puts an attempt at the end of those that wait.  In these no attempt is that is due to
 * be pushed.
 */
static void
enqueue(Attempt *attempt)
{
	attempt->is_being_failed = true;
	line_add(&waiting, attempt);
}
