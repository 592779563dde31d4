/*
 * slots.c
 *		Opens the sessions of a pool as they are needed, and leaves nothing of
 *		a task in one that serves another.
 */
#include "slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "log.h"

/* between attempts to connect: doubling from the first to the last */
#define FIRST_RETRY_MS 100
#define LAST_RETRY_MS  5000

/* a session that has taken more memory than this for an answer does not keep it */
#define MAX_KEPT_MEMORY ((size_t) 1024 * 1024)

/* how long that may take which leaves nothing of a task in its session */
#define RESET_MS 5000

static void reset(Slot *slot);
static void reset_took_too_long(Timer *timer);
static void forget(Slot *slot);
static void session_opened(Session *session);
static void note_connected(const Slots *slots, const PGconn *connection);
static const char *server_version(const PGconn *connection);
static void session_failed(Session *session, const char *error);
static void may_retry(Timer *timer);
static void session_result(Session *session, const PGresult *result);
static void session_ended(Session *session);
static void session_lost(Session *session, const char *error);
static void session_overflowed(Session *session);

/* what leaves nothing of a task in its session */
static const char *const reset_statements[] = {"ROLLBACK", "DISCARD ALL", NULL};

static const SessionEvents session_events = {
	.opened = session_opened,
	.failed = session_failed,
	.result = session_result,
	.ended = session_ended,
	.lost = session_lost,
	.overflowed = session_overflowed};

bool
slots_start(Slots *slots, const SlotsConfig *config, const SlotsEvents *events, void *owner)
{
	slots->config = *config;
	slots->events = events;
	slots->owner = owner;
	slots->retry.fire = may_retry;
	slots->retry.owner = slots;
	slots->all = calloc((size_t) config->size, sizeof(*slots->all));
	slots->idle = calloc((size_t) config->size, sizeof(void *));
	if (slots->all == NULL || slots->idle == NULL)
	{
		free(slots->all);
		free(slots->idle);
		return false;
	}
	for (int i = 0; i < config->size; i++)
	{
		Slot *slot = &slots->all[i];

		slot->slots = slots;
		slot->session.events = &session_events;
		slot->session.owner = slot;
		slot->session.conninfo = config->conninfo;
		slot->reset.fire = reset_took_too_long;
		slot->reset.owner = slot;
		slot->session.largest_piece = config->largest_piece;
	}
	return true;
}

void
slots_stop(Slots *slots)
{
	for (int i = 0; i < slots->config.size; i++)
	{
		session_close(&slots->all[i].session);
		loop_clear_timer(&slots->all[i].reset);
	}
	loop_clear_timer(&slots->retry);
	free(slots->all);
	free(slots->idle);
}

bool
slots_open_one(Slots *slots)
{
	if (slots->retry.place)
		return false;
	for (int i = 0; i < slots->config.size; i++)
	{
		Session *session = &slots->all[i].session;

		if (session->state != SESSION_CLOSED)
			continue;
		slots->nopening++;
		session_open(session);
		return true;
	}
	return false;
}

Slot *
slots_lend(Slots *slots)
{
	return slots->idle[--slots->nidle];
}

/*
 * One in which a command was cancelled may yet be told so: it does not serve
 * again.
 */
void
slot_take_back(Slot *slot, bool resets)
{
	Slots *slots = slot->slots;

	slot->has_served = true;
	if (slot->is_spent || slot->session.input_memory > MAX_KEPT_MEMORY)
		slot_close(slot);
	else if (resets)
	{
		slot->resetting = reset_statements;
		session_forget_statements(&slot->session);
		reset(slot);
	}
	else
		slots->idle[slots->nidle++] = slot;
}

/*
 * Runs the next of the statements that leave nothing of a task in the session.
 */
static void
reset(Slot *slot)
{
	if (!session_run(&slot->session, *slot->resetting) ||
		!loop_set_timer(&slot->reset, loop_now() + RESET_MS))
		slot_close(slot);
}

/*
 * Closes a session that cannot be reset.
 */
static void
reset_took_too_long(Timer *timer)
{
	Slot *slot = timer->owner;

	slot_close(slot);
	slot->slots->events->changed(slot->slots);
}

void
slot_close(Slot *slot)
{
	forget(slot);
	session_close(&slot->session);
}

void
slots_close_idle(Slots *slots)
{
	while (slots->nidle > 0)
		slot_close(slots->idle[--slots->nidle]);
}

/*
 * Forgets what is known of a session that is closed.
 */
static void
forget(Slot *slot)
{
	slot->slots->nopen--;
	slot->has_served = false;
	slot->is_spent = false;
	slot->resetting = NULL;
	loop_clear_timer(&slot->reset);
}

/*
 * A session is open: it is lent.
 */
static void
session_opened(Session *session)
{
	Slot *slot = session->owner;
	Slots *slots = slot->slots;

	slots->nopening--;
	if (slots->nopen++ == 0)
		note_connected(slots, session->connection);
	slots->failures = 0;
	slots->idle[slots->nidle++] = slot;
	slots->events->changed(slots);
}

/*
 * Says which database a pool has reached, with its first session.
 */
static void
note_connected(const Slots *slots, const PGconn *connection)
{
	const char *port = PQport(connection);
	char database[128];
	char host[256];
	char role[128];

	cluster_note(PQdb(connection));
	log_event(LOG_INFO, "event=connected pool=%s host=%s port=%s database=%s role=%s server=%s",
			  slots->config.name, log_quote(PQhost(connection), host, sizeof(host)),
			  port && *port ? port : "-", log_quote(PQdb(connection), database, sizeof(database)),
			  log_quote(PQuser(connection), role, sizeof(role)), server_version(connection));
}

/*
 * Returns the server's version without what follows the number.
 */
static const char *
server_version(const PGconn *connection)
{
	static char version[32];
	const char *whole = PQparameterStatus(connection, "server_version");

	snprintf(version, sizeof(version), "%.*s", whole ? (int) strcspn(whole, " ") : 0,
			 whole ? whole : "");
	return version;
}

/*
 * A session could not be opened: the next attempt is made later, longer each
 * time.
 */
static void
session_failed(Session *session, const char *error)
{
	Slot *slot = session->owner;
	Slots *slots = slot->slots;
	int ms = FIRST_RETRY_MS;
	char quoted[512];

	slots->nopening--;
	for (int i = 0; i < slots->failures && ms < LAST_RETRY_MS; i++)
		ms *= 2;
	if (ms > LAST_RETRY_MS)
		ms = LAST_RETRY_MS;
	slots->failures++;
	log_event(LOG_WARN, "event=connect_failed pool=%s retry_ms=%d error=%s", slots->config.name, ms,
			  log_quote(error, quoted, sizeof(quoted)));
	(void) loop_set_timer(&slots->retry, loop_now() + ms);
	slots->events->changed(slots);
}

/*
 * Sessions may be opened again.
 */
static void
may_retry(Timer *timer)
{
	Slots *slots = timer->owner;

	slots->events->changed(slots);
}

/*
 * A command has a result.
 */
static void
session_result(Session *session, const PGresult *result)
{
	Slot *slot = session->owner;

	if (slot->task)
		slot->slots->events->result(slot, result);
	else if (PQresultStatus(result) != PGRES_COMMAND_OK)
		slot->is_spent = true;
}

/*
 * A command has ended.
 */
static void
session_ended(Session *session)
{
	Slot *slot = session->owner;
	Slots *slots = slot->slots;

	if (slot->task)
	{
		slots->events->ended(slot);
		return;
	}
	if (slot->is_spent)
		slot_close(slot);
	else if (*++slot->resetting)
		reset(slot);
	else
	{
		slot->resetting = NULL;
		loop_clear_timer(&slot->reset);
		slots->idle[slots->nidle++] = slot;
	}
	slots->events->changed(slots);
}

/*
 * A session is lost, which served or was idle.
 */
static void
session_lost(Session *session, const char *error)
{
	Slot *slot = session->owner;
	Slots *slots = slot->slots;
	char quoted[512];

	log_event(LOG_WARN, "event=connection_lost pool=%s error=%s", slots->config.name,
			  log_quote(error, quoted, sizeof(quoted)));
	forget(slot);
	if (slot->task)
	{
		slots->events->lost(slot);
		return;
	}
	for (int i = 0; i < slots->nidle; i++)
		if (slots->idle[i] == slot)
			slots->idle[i--] = slots->idle[--slots->nidle];
	slots->events->changed(slots);
}

/*
 * More has come for a task than is allowed.
 */
static void
session_overflowed(Session *session)
{
	Slot *slot = session->owner;

	if (slot->task)
		slot->slots->events->overflowed(slot);
}
