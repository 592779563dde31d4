/*
 * liveness.c
 *		A heartbeat, and an ear.  What is not heard, since its session was lost or
 *		nobody notifies, is asked for now and then.
 */
#include "dispatch/liveness.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "dispatch/attempt.h"
#include "dispatch/claims.h"
#include "dispatch/workers.h"
#include "ear.h"
#include "log.h"

#define HEARTBEAT_MS 2000

/* between questions for what others have brought: while nothing is heard, and otherwise */
#define DEAF_MS	   1000
#define HEARING_MS 10000

#define HEARTBEAT                                 \
	"SELECT pg_catalog.restate_heartbeat(w.name)" \
	" FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (name)"

/* what the session of the ear begins with, and then the workers */
#define LISTEN                                                                           \
	"LISTEN restate_runnable; DO $$ DECLARE w pg_catalog.text; BEGIN FOREACH w IN ARRAY" \
	" '%s'::pg_catalog.text[] LOOP EXECUTE pg_catalog.format('LISTEN %%I',"              \
	" pg_catalog.restate_worker_channel(w)); END LOOP; END $$"

static void beat(Timer *timer);
static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static void ended(Task *task, TaskEnd how);
static void ask(Timer *timer);
static void write_setup(Buffer *sql);
static void opened(void);
static void lost(void);
static void notified(const char *channel, const char *payload);

static const TaskKind heartbeat_kind = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended};

static Pool *pool;
static Task heartbeat;
static bool is_beating;
static Timer beats;
static Timer asks;
static Ear ear = {
	.owner = "dispatcher",
	.write_setup = write_setup,
	.opened = opened,
	.lost = lost,
	.notified = notified};

static bool is_stopped;
static Buffer names; /* of those who live */
static const char *params[1];

bool
liveness_start(Pool *with_pool, const char *conninfo)
{
	pool = with_pool;
	beats.fire = beat;
	asks.fire = ask;
	ear.conninfo = conninfo;
	return loop_set_timer(&beats, 0) && loop_set_timer(&asks, 0) && ear_open(&ear);
}

bool
liveness_hears(void)
{
	return ear.hears;
}

void
liveness_renew(void)
{
	if (!is_stopped)
		ear_renew(&ear);
}

void
liveness_stop(void)
{
	if (is_stopped)
		return;
	is_stopped = true;
	loop_clear_timer(&beats);
	loop_clear_timer(&asks);
	ear_close(&ear);
}

void
liveness_free(void)
{
	buffer_free(&names);
}

/*
 * Says that the workers live.
 */
static void
beat(Timer *timer)
{
	/* its place is free: no memory is needed */
	(void) loop_set_timer(timer, loop_now() + HEARTBEAT_MS);
	if (is_beating)
		return;
	is_beating = true;
	memset(&heartbeat, 0, sizeof(heartbeat));
	heartbeat.kind = &heartbeat_kind;
	heartbeat.deadline = loop_now() + 2 * HEARTBEAT_MS;
	pool_submit(pool, &heartbeat);
}

/*
 * Sends the call.
 */
static bool
begin(Task *task)
{
	Statement statement = {.sql = HEARTBEAT, .nparams = 1, .params = params};

	workers_list(&names);
	params[0] = names.data;
	if (names.failed)
	{
		task_done(task);
		return true;
	}
	return session_execute(task->session, &statement);
}

/*
 * Looks whether it went well.
 */
static void
take_result(Task *task, const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char quoted[512];

	if (PQresultStatus(result) != PGRES_TUPLES_OK && !task_tries_again(task, result, true))
		log_event(LOG_WARN, "event=heartbeat_failed error=%s",
				  log_quote(message ? message : "no message", quoted, sizeof(quoted)));
}

/*
 * The next one is made when it is time, however this one went.
 */
static void
ended(Task *task, TaskEnd how)
{
	(void) task;
	(void) how;
	is_beating = false;
}

/*
 * Asks for what was not heard of.
 */
static void
ask(Timer *timer)
{
	/* its place is free: no memory is needed */
	(void) loop_set_timer(timer, loop_now() + (ear.hears ? poll_ms(HEARING_MS) : DEAF_MS));
	attempts_have_news(NULL, REASON_POLL);
}

/*
 * Writes what the ear begins with.
 */
static void
write_setup(Buffer *sql)
{
	Buffer list = {0};

	workers_list(&list);
	buffer_printf(sql, LISTEN, list.failed ? "{}" : list.data);
	sql->failed = sql->failed || list.failed;
	buffer_free(&list);
}

/*
 * From now on all is heard; what came before is asked for.
 */
static void
opened(void)
{
	/* it is set: no memory is needed */
	(void) loop_set_timer(&asks, loop_now() + poll_ms(HEARING_MS));
	attempts_have_news(NULL, REASON_OWN);
	claims_wake(REASON_OWN);
}

/*
 * Until something is heard again, what there is is asked for.
 */
static void
lost(void)
{
	(void) loop_set_timer(&asks, loop_now() + DEAF_MS); /* it is set: no memory is needed */
}

/*
 * Others have made something ready, or have brought an invocation something.
 */
static void
notified(const char *channel, const char *payload)
{
	if (strcmp(channel, "restate_runnable") == 0)
		claims_wake(REASON_NOTIFIED);
	else
		attempts_have_news(payload, REASON_NOTIFIED);
}
