/*
 * backlog.c
 *		Asks the database what waits, every few seconds for as long as somebody asks for
 *		the metrics, so that they never wait for it.
 */
#include "backlog.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "metric_text.h"

/* between questions, and how long one may take */
#define ASK_MS	  10000
#define ANSWER_MS 5000

/* after the metrics were asked for, for how long this is too */
#define WANTED_MS 120000

/* what is older than that is not told */
#define OLD_MS 30000

/* services that are told by name */
#define MOST_SERVICES 200

/* of the services that have the most, so many, and the rest together */
#define BACKLOG                                                                                                                                                  \
	"SELECT b.kind, CASE WHEN b.place <= " NUMBER(MOST_SERVICES) " THEN b.name ELSE 'other' END,"                                                                \
																 " pg_catalog.sum(b.amount) FROM (SELECT r.kind, r.name, r.amount, pg_catalog.row_number() OVER" \
																 " (PARTITION BY r.kind ORDER BY r.amount DESC, r.name) AS place"                                \
																 " FROM pg_catalog.restate_backlog() AS r) AS b GROUP BY 1, 2"
#define NUMBER(n)  NUMBER_(n)
#define NUMBER_(n) #n

static void ask(Timer *timer);
static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static void note_failure(const PGresult *error);
static void ended(Task *task, TaskEnd how);
static void render_kind(Buffer *buffer, const char *kind, const char *label, const char *name,
						const char *help);

static const TaskKind backlog_kind = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended};

static Pool *pool;
static Task asking;
static bool is_asking;
static Timer turn; /* always set; INT64_MAX: nobody wants to know */
static int64_t wanted_until;
static int64_t asked_at;
static int64_t found_at;
static PGresult *found;
static bool stopped;
static char failed_because[6];

bool
backlog_start(Pool *with_pool)
{
	pool = with_pool;
	turn.fire = ask;
	wanted_until = loop_now() + WANTED_MS;
	return loop_set_timer(&turn, 0);
}

void
backlog_stop(void)
{
	stopped = true;
	loop_clear_timer(&turn);
	PQclear(found);
	found = NULL;
}

/*
 * Asks, if somebody wants to know.
 */
static void
ask(Timer *timer)
{
	(void) loop_set_timer(timer, INT64_MAX); /* its place is free: no memory is needed */
	if (is_asking || loop_now() > wanted_until)
		return;
	is_asking = true;
	asked_at = loop_now();
	memset(&asking, 0, sizeof(asking));
	asking.kind = &backlog_kind;
	asking.deadline = asked_at + ANSWER_MS;
	pool_submit(pool, &asking);
}

/*
 * Sends the call.
 */
static bool
begin(Task *task)
{
	static const Statement call = {.sql = BACKLOG};

	return session_execute(task->session, &call);
}

/*
 * Keeps the answer.
 */
static void
take_result(Task *task, const PGresult *result)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
	{
		if (!task_tries_again(task, result, true))
			note_failure(result);
		return;
	}
	PQclear(found);
	found = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
	found_at = loop_now();
	failed_because[0] = '\0';
}

/*
 * Logs why there is no answer, when that is not what it was.
 */
static void
note_failure(const PGresult *error)
{
	const char *sqlstate = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
	char quoted[512];

	if (sqlstate == NULL)
		sqlstate = "none";
	if (strcmp(sqlstate, failed_because) == 0)
		return;
	snprintf(failed_because, sizeof(failed_because), "%s", sqlstate);
	log_event(LOG_WARN, "event=backlog_failed sqlstate=%s error=%s", sqlstate,
			  log_quote(message ? message : "no message", quoted, sizeof(quoted)));
}

/*
 * The next time is a while from now, however it went.
 */
static void
ended(Task *task, TaskEnd how)
{
	(void) task;
	(void) how;
	is_asking = false;
	if (!stopped)
		(void) loop_set_timer(&turn, asked_at + ASK_MS); /* it is set: no memory is needed */
}

void
backlog_render(Buffer *buffer)
{
	int64_t now = loop_now();

	wanted_until = now + WANTED_MS;
	if (turn.at == INT64_MAX && !is_asking && !stopped)
		(void) loop_set_timer(&turn, asked_at + ASK_MS); /* it is set: no memory is needed */
	if (found == NULL || now - found_at > OLD_MS)
		return;
	render_kind(buffer, "ready", "service", "restate_gateway_ready_invocations",
				"Invocations that are ready and not claimed, by service.");
	render_kind(buffer, "inbox", NULL, "restate_gateway_inbox_invocations",
				"Invocations that wait for their object key.");
	render_kind(buffer, "due", "kind", "restate_gateway_due_timers",
				"Timers whose time has come and that no tick has done.");
	render_kind(buffer, "late", "kind", "restate_gateway_late_timers",
				"Those of them that have been due for more than a second.");
}

/*
 * Writes what was found of one kind.
 */
static void
render_kind(Buffer *buffer, const char *kind, const char *label, const char *name, const char *help)
{
	metric_head(buffer, name, "gauge", help);
	for (int row = 0; row < PQntuples(found); row++)
	{
		if (strcmp(PQgetvalue(found, row, 0), kind) != 0)
			continue;
		buffer_add_text(buffer, name);
		if (label)
		{
			buffer_printf(buffer, "{%s=\"", label);
			metric_add_label(buffer, PQgetvalue(found, row, 1));
			buffer_add_text(buffer, "\"}");
		}
		buffer_printf(buffer, " %s\n", PQgetvalue(found, row, 2));
	}
}
