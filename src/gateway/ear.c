/*
 * ear.c
 *		A session that listens to what the database notifies of, and is opened
 *		again when it is lost.
 */
#include "ear.h"

#include "log.h"

/* after what time a session that could not be opened, or was lost, is opened again */
#define AGAIN_MS 1000

static void open_session(Timer *timer);
static void opened(Session *session);
static void failed(Session *session, const char *error);
static void lost(Session *session, const char *error);
static void take_no_more(Ear *ear);
static void ignore_result(Session *session, const PGresult *result);
static void ignore(Session *session);
static void notified(Session *session, const char *channel, const char *payload);

static const SessionEvents ear_events = {
	.opened = opened,
	.failed = failed,
	.result = ignore_result,
	.ended = ignore,
	.lost = lost,
	.overflowed = ignore,
	.notified = notified};

bool
ear_open(Ear *ear)
{
	ear->session.events = &ear_events;
	ear->session.owner = ear;
	ear->session.conninfo = ear->conninfo;
	ear->opens.fire = open_session;
	ear->opens.owner = ear;
	return loop_set_timer(&ear->opens, 0);
}

void
ear_renew(Ear *ear)
{
	session_close(&ear->session);
	take_no_more(ear);
	if (!ear_open(ear))
		log_event(LOG_ERROR, "event=listen_failed for=%s error=\"out of memory\"", ear->owner);
}

void
ear_close(Ear *ear)
{
	loop_clear_timer(&ear->opens);
	if (ear->session.state != SESSION_CLOSED)
		session_close(&ear->session);
	buffer_free(&ear->setup);
	ear->hears = false;
}

/*
 * Opens the session.
 */
static void
open_session(Timer *timer)
{
	Ear *ear = timer->owner;

	buffer_free(&ear->setup);
	ear->write_setup(&ear->setup);
	ear->session.setup = ear->setup.data;
	if (ear->setup.failed)
		failed(&ear->session, "out of memory");
	else
		session_open(&ear->session);
}

/*
 * It listens.
 */
static void
opened(Session *session)
{
	Ear *ear = session->owner;

	ear->hears = true;
	ear->opened();
}

/*
 * It cannot be opened, for now.
 */
static void
failed(Session *session, const char *error)
{
	Ear *ear = session->owner;
	char quoted[512];

	log_event(LOG_WARN, "event=listen_failed for=%s error=%s", ear->owner,
			  log_quote(error, quoted, sizeof(quoted)));
	if (!loop_set_timer(&ear->opens, loop_now() + AGAIN_MS))
		log_event(LOG_ERROR, "event=listen_failed for=%s error=\"out of memory\"", ear->owner);
}

/*
 * It is lost.
 */
static void
lost(Session *session, const char *error)
{
	failed(session, error);
	take_no_more(session->owner);
}

/*
 * Tells that nothing is heard any more.
 */
static void
take_no_more(Ear *ear)
{
	if (!ear->hears)
		return;
	ear->hears = false;
	ear->lost();
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
 * Passes on what it is told.
 */
static void
notified(Session *session, const char *channel, const char *payload)
{
	const Ear *ear = session->owner;

	ear->notified(channel, payload);
}
