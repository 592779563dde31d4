/*
 * session.c
 *		Opens sessions and takes in the results of their commands, without ever
 *		waiting.
 */
#include "session.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "buffer.h"
#include "session_send.h"

/* how long opening a session may take */
#define OPENING_MS 5000

/* how long results are taken at a time, while others wait */
#define TURN_MS 5

/* How much memory was taken in large pieces, and how often our own had changed by then. */
typedef struct Mapped
{
	bool is_known;
	unsigned changes;
	size_t bytes;
} Mapped;

static void poll_opening(Session *session);
static void set_up(Session *session);
static void opening_took_too_long(Timer *timer);
static void fail(Session *session, const char *error);
static void lose(Session *session);
static void ready(Watch *watch, uint32_t events);
static void take_notifications(Session *session);
static bool is_busy(Session *session, Mapped *before);
static size_t mapped_memory(void);
static void take_results(Session *session);
static void take_more(Timer *timer);
static void take_result(Session *session, const PGresult *result);
static void command_ended(Session *session);
static bool has_sqlstate(const PGresult *result, const char *sqlstate);
static void ignore_notice(void *arg, const char *message);

/*
 * Opens a closed session; the owner is told how that went, at once perhaps.
 */
void
session_open(Session *session)
{
	const char *keys[] = {"dbname", "fallback_application_name", "tcp_user_timeout",
						  "client_encoding", NULL};
	const char *values[] = {session->conninfo, "restate-gateway", "15000", "UTF8", NULL};

	session->generation++;
	session->state = SESSION_OPENING;
	session->watch.ready = ready;
	session->watch.owner = session;
	session->opening.fire = opening_took_too_long;
	session->opening.owner = session;
	session->more.fire = take_more;
	session->more.owner = session;
	session->connection = PQconnectStartParams(keys, values, 1);
	if (session->connection == NULL || !loop_set_timer(&session->opening, loop_now() + OPENING_MS))
		fail(session, "out of memory");
	else if (PQstatus(session->connection) == CONNECTION_BAD)
		fail(session, PQerrorMessage(session->connection));
	else
	{
		PQsetNoticeProcessor(session->connection, ignore_notice, NULL);
		if (!session_watch(session, EPOLLOUT))
			fail(session, "no socket");
	}
}

/*
 * Closes the session; what was sent in it may still be done.
 */
void
session_close(Session *session)
{
	loop_unwatch(&session->watch);
	loop_clear_timer(&session->opening);
	loop_clear_timer(&session->more);
	if (session->connection)
		PQfinish(session->connection);
	session->generation++;
	session->connection = NULL;
	session->state = SESSION_CLOSED;
	session->is_pipeline = false;
	session->is_missing = false;
	session->is_paused = false;
	session->loses_statements = false;
	session->input_memory = 0;
	session_forget_statements(session);
}

/*
 * Goes on with the opening as far as it goes without waiting.
 */
static void
poll_opening(Session *session)
{
	switch (PQconnectPoll(session->connection))
	{
		case PGRES_POLLING_READING:
			if (!session_watch(session, EPOLLIN))
				fail(session, "no socket");
			break;
		case PGRES_POLLING_WRITING:
			if (!session_watch(session, EPOLLOUT))
				fail(session, "no socket");
			break;
		case PGRES_POLLING_OK:
			set_up(session);
			break;
		default:
			fail(session, PQerrorMessage(session->connection));
			break;
	}
}

/*
 * Sends what each session begins with.
 */
static void
set_up(Session *session)
{
	if (PQsetnonblocking(session->connection, 1) != 0 || !session_watch(session, EPOLLIN))
		fail(session, "out of memory");
	else if (session->setup == NULL)
	{
		loop_clear_timer(&session->opening);
		session->state = SESSION_IDLE;
		session->events->opened(session);
	}
	else if (!session_sent(session, COMMAND_SET_UP, PQsendQuery(session->connection, session->setup)))
		fail(session, PQerrorMessage(session->connection));
	else
		session->state = SESSION_OPENING;
}

/*
 * Gives up a session that is not open yet.
 */
static void
opening_took_too_long(Timer *timer)
{
	fail(timer->owner, "the server does not answer");
}

/*
 * Closes a session that could not be opened, and tells so.
 */
static void
fail(Session *session, const char *error)
{
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", error);
	session_close(session);
	session->events->failed(session, copy);
}

/*
 * Closes a session that is lost, and tells so.
 */
static void
lose(Session *session)
{
	char copy[512];

	if (session->state == SESSION_OPENING)
	{
		fail(session, PQerrorMessage(session->connection));
		return;
	}
	snprintf(copy, sizeof(copy), "%s", PQerrorMessage(session->connection));
	session_close(session);
	session->events->lost(session, copy);
}

/*
 * Goes on with what the session does; the socket is ready.
 */
static void
ready(Watch *watch, uint32_t events)
{
	Session *session = watch->owner;

	if (session->state == SESSION_OPENING && PQstatus(session->connection) != CONNECTION_OK)
	{
		poll_opening(session);
		return;
	}
	if (events & EPOLLOUT)
	{
		int left = PQflush(session->connection);

		if (left == 0 && !session_watch(session, EPOLLIN))
			left = -1;
		if (left < 0 && session->state == SESSION_IDLE)
		{
			lose(session);
			return;
		}
	}
	/* libpq makes room for whatever it reads: first what it has is taken */
	if (session->more.place)
		return;
	if (!PQconsumeInput(session->connection) && session->state == SESSION_IDLE)
	{
		lose(session);
		return;
	}
	if (session->state != SESSION_IDLE)
		take_results(session);
	else
		take_notifications(session);
}

/*
 * Tells of the notifications that have come.
 */
static void
take_notifications(Session *session)
{
	unsigned generation = session->generation;
	PGnotify *notification;

	while (session->generation == generation && session->state == SESSION_IDLE &&
		   (notification = PQnotifies(session->connection)) != NULL)
	{
		if (session->events->notified)
			session->events->notified(session, notification->relname, notification->extra);
		PQfreemem(notification);
	}
}

/*
 * Returns whether the result that is next is not complete, and notes what
 * memory libpq takes for what there is of it: it makes room for all of a row
 * when it has read the row's length, and does not give that back.
 */
static bool
is_busy(Session *session, Mapped *before)
{
	size_t after;

	if (session->largest_piece == 0)
		return PQisBusy(session->connection);
	/* to ask how much is taken costs as much as a row does */
	if (!before->is_known || before->changes != buffer_changes())
		*before = (Mapped){true, buffer_changes(), mapped_memory()};
	if (!PQisBusy(session->connection))
		return false;
	after = mapped_memory();
	if (after > before->bytes)
		session->input_memory += after - before->bytes;
	return true;
}

/*
 * Returns how much memory is taken in large pieces.
 */
static size_t
mapped_memory(void)
{
	return mallinfo2().hblkhd;
}

/*
 * Takes the results that are complete, for a while: the rest has to wait for
 * the next turn.
 */
static void
take_results(Session *session)
{
	unsigned generation = session->generation;
	int64_t end = loop_now() + TURN_MS;
	Mapped before = {0};

	/* who is told of a result or an end may close or pause the session, or go on with it */
	while (session->generation == generation && session->state != SESSION_IDLE &&
		   !session->is_paused && !is_busy(session, &before))
	{
		PGresult *result;
		ExecStatusType status;

		if (loop_now() >= end && loop_set_timer(&session->more, end))
			return;
		result = PQgetResult(session->connection);
		status = PQresultStatus(result);
		if (result)
		{
			if (status == PGRES_PIPELINE_SYNC)
				session->is_pipeline = PQexitPipelineMode(session->connection) == 0;
			else
				take_result(session, result);
			PQclear(result);
			if (session->generation != generation)
				return;
			if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
			{
				lose(session);
				return;
			}
			if (status != PGRES_PIPELINE_SYNC)
				continue;
		}
		else if (session->is_pipeline && PQstatus(session->connection) == CONNECTION_OK)
			continue;
		if (PQstatus(session->connection) != CONNECTION_OK)
		{
			lose(session);
			return;
		}
		command_ended(session);
	}
	/* the memory is doubled each time */
	if (session->generation == generation && session->state == SESSION_BUSY &&
		session->input_memory / 2 > session->largest_piece)
		session->events->overflowed(session);
}

/*
 * Takes results that were not taken when they came.
 */
static void
take_more(Timer *timer)
{
	Session *session = timer->owner;
	unsigned generation = session->generation;

	if (session->watch.events == 0 && !session_watch(session, EPOLLIN))
	{
		lose(session);
		return;
	}
	take_results(session);
	if (session->generation != generation || session->state != SESSION_BUSY || session->is_paused ||
		session->more.place)
		return;
	/* what a connection has decrypted already does not show on its socket, nor does the end of one that libpq has closed */
	(void) PQconsumeInput(session->connection);
	take_results(session);
}

void
session_pause(Session *session)
{
	session->is_paused = true;
	loop_unwatch(&session->watch);
	loop_clear_timer(&session->more);
}

void
session_resume(Session *session)
{
	/* where memory has run out the session stays paused, until its task's deadline */
	if (session->is_paused && loop_set_timer(&session->more, loop_now()))
		session->is_paused = false;
}

/*
 * Takes a result: it is the owner's, unless it is of what the session does of
 * its own.
 */
static void
take_result(Session *session, const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	switch (session->command)
	{
		case COMMAND_SET_UP:
			if (status != PGRES_COMMAND_OK)
				fail(session, PQresultErrorMessage(result));
			return;
		case COMMAND_PREPARE:
			/* another session's, which a pooler has given us, is the same */
			if (status == PGRES_COMMAND_OK || has_sqlstate(result, "42P05"))
			{
				session_note_prepared(session);
				return;
			}
			break;
		case COMMAND_EXECUTE:
			if (has_sqlstate(result, "26000"))
			{
				session->is_missing = true;
				return;
			}
			break;
		case COMMAND_PLAIN:
			if (session->is_pipeline && session->is_first && status == PGRES_TUPLES_OK)
			{
				session->is_first = false;
				return;
			}
			if (status == PGRES_PIPELINE_ABORTED)
				return;
			break;
	}
	/* without an SQLSTATE it says that the connection is lost, as lose does */
	if (status != PGRES_FATAL_ERROR || PQresultErrorField(result, PG_DIAG_SQLSTATE))
		session->events->result(session, result);
}

/*
 * Goes on after a command: with the one that it was for, or the owner does.
 */
static void
command_ended(Session *session)
{
	bool ok = true;

	switch (session->command)
	{
		case COMMAND_SET_UP:
			loop_clear_timer(&session->opening);
			session->state = SESSION_IDLE;
			session->events->opened(session);
			return;
		case COMMAND_PREPARE:
			if (session_is_prepared(session))
			{
				ok = session_send_named(session);
				break;
			}
			session->state = SESSION_IDLE;
			session->events->ended(session);
			return;
		case COMMAND_EXECUTE:
			if (session->is_missing)
			{
				/* a pooler gives us now this session of the server and now that one */
				session_forget_statements(session);
				session->loses_statements = true;
				ok = session_send_unnamed(session);
				break;
			}
			/* fall through */
		case COMMAND_PLAIN:
			session->state = SESSION_IDLE;
			session->events->ended(session);
			return;
	}
	if (!ok)
		lose(session);
}

/*
 * Returns whether the result is this error.
 */
static bool
has_sqlstate(const PGresult *result, const char *sqlstate)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state && strcmp(state, sqlstate) == 0;
}

/*
 * Drops a notice: nobody reads them.
 */
static void
ignore_notice(void *arg, const char *message)
{
	(void) arg;
	(void) message;
}

bool
session_is_stale(const PGresult *error, bool is_ours)
{
	/* wrong state, undefined function, table or object, a plan whose result has changed, no such schema */
	static const char *const states[] = {"55000", "42883", "42P01", "42704", "0A000", "3F000"};
	const char *file = PQresultErrorField(error, PG_DIAG_SOURCE_FILE);
	bool tells = has_sqlstate(error, "XX000") ||
				 (has_sqlstate(error, "42883") && file && strcmp(file, "dfmgr.c") == 0);

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		tells = tells || (is_ours && has_sqlstate(error, states[i]));
	return tells;
}
