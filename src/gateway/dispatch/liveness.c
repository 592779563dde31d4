/*
 * liveness.c
 *		A heartbeat, and a session that listens.  What is not heard, since that
 *		session was lost or nobody notifies, is asked for now and then.
 */
#include "dispatch/liveness.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "dispatch/attempt.h"
#include "dispatch/claims.h"
#include "dispatch/workers.h"
#include "log.h"

#define HEARTBEAT_MS 2000

/* between questions for what others have brought: while nothing is heard, and otherwise */
#define DEAF_MS	   1000
#define HEARING_MS 10000

/* after what time a session that could not be opened, or was lost, is opened again */
#define LISTEN_AGAIN_MS 1000

#define HEARTBEAT                                 \
	"SELECT pg_catalog.restate_heartbeat(w.name)" \
	" FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (name)"

/* what the session that listens begins with, and then the workers */
#define LISTEN                                                                           \
	"LISTEN restate_runnable; DO $$ DECLARE w pg_catalog.text; BEGIN FOREACH w IN ARRAY" \
	" '%s'::pg_catalog.text[] LOOP EXECUTE pg_catalog.format('LISTEN %%I',"              \
	" pg_catalog.restate_worker_channel(w)); END LOOP; END $$"

static void beat(Timer *timer);
static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static void ended(Task *task, TaskEnd how);
static void ask(Timer *timer);
static void listen_again(Timer *timer);
static void opened(Session *session);
static void failed(Session *session, const char *error);
static void lost(Session *session, const char *error);
static void wait_to_listen(void);
static void ignore_result(Session *session, const PGresult *result);
static void ignore(Session *session);
static void notified(Session *session, const char *channel, const char *payload);

static const TaskKind heartbeat_kind = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended};

static const SessionEvents ear_events = {
	.opened = opened,
	.failed = failed,
	.result = ignore_result,
	.ended = ignore,
	.lost = lost,
	.overflowed = ignore,
	.notified = notified};

static Pool *pool;
static Task heartbeat;
static bool is_beating;
static Timer beats;
static Timer asks;
static Session ear;
static Timer listens;
static bool hears;
static bool is_stopped;
static Buffer listening; /* what the ear begins with */
static Buffer names;	 /* of those who live */
static const char *params[1];

bool
liveness_start(Pool *with_pool, const char *conninfo)
{
	pool = with_pool;
	beats.fire = beat;
	asks.fire = ask;
	listens.fire = listen_again;
	ear.events = &ear_events;
	ear.conninfo = conninfo;
	return loop_set_timer(&beats, 0) && loop_set_timer(&asks, 0) && loop_set_timer(&listens, 0);
}

bool
liveness_hears(void)
{
	return hears;
}

void
liveness_renew(void)
{
	if (is_stopped)
		return;
	session_close(&ear);
	hears = false;
	if (!loop_set_timer(&listens, 0))
		log_event(LOG_ERROR, "event=listen_failed error=\"out of memory\"");
}

void
liveness_stop(void)
{
	if (is_stopped)
		return;
	is_stopped = true;
	loop_clear_timer(&beats);
	loop_clear_timer(&asks);
	loop_clear_timer(&listens);
	session_close(&ear);
	buffer_free(&listening);
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
	(void) loop_set_timer(timer, loop_now() + (hears ? poll_ms(HEARING_MS) : DEAF_MS));
	attempts_have_news(NULL, REASON_POLL);
}

/*
 * Opens the session that listens.
 */
static void
listen_again(Timer *timer)
{
	Buffer workers = {0};

	(void) timer;
	workers_list(&workers);
	listening.len = 0;
	buffer_printf(&listening, LISTEN, workers.failed ? "{}" : workers.data);
	buffer_free(&workers);
	ear.setup = listening.data;
	if (listening.failed)
		failed(&ear, "out of memory");
	else
		session_open(&ear);
}

/*
 * From now on all is heard; what came before is asked for.
 */
static void
opened(Session *session)
{
	(void) session;
	hears = true;
	/* it is set: no memory is needed */
	(void) loop_set_timer(&asks, loop_now() + poll_ms(HEARING_MS));
	attempts_have_news(NULL, REASON_OWN);
	claims_wake(REASON_OWN);
}

/*
 * It could not be opened.
 */
static void
failed(Session *session, const char *error)
{
	char quoted[512];

	(void) session;
	log_event(LOG_WARN, "event=listen_failed error=%s", log_quote(error, quoted, sizeof(quoted)));
	wait_to_listen();
}

/*
 * It was lost.
 */
static void
lost(Session *session, const char *error)
{
	failed(session, error);
}

/*
 * Until it is opened again what there is is asked for.
 */
static void
wait_to_listen(void)
{
	hears = false;
	(void) loop_set_timer(&asks, loop_now() + DEAF_MS); /* it is set: no memory is needed */
	if (!loop_set_timer(&listens, loop_now() + LISTEN_AGAIN_MS))
		log_event(LOG_ERROR, "event=listen_failed error=\"out of memory\"");
}

/*
 * It runs no commands beyond its first.
 */
static void
ignore_result(Session *session, const PGresult *result)
{
	(void) session;
	(void) result;
}

static void
ignore(Session *session)
{
	(void) session;
}

/*
 * Others have made something ready, or have brought an invocation something.
 */
static void
notified(Session *session, const char *channel, const char *payload)
{
	(void) session;
	if (strcmp(channel, "restate_runnable") == 0)
		claims_wake(REASON_NOTIFIED);
	else
		attempts_have_news(payload, REASON_NOTIFIED);
}
