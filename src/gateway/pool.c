/*
 * pool.c
 *		Lends sessions to tasks, first come first served.
 *
 * A task has one deadline over waiting, connecting and all of its commands.  A
 * little before it what waits is refused, and the server is asked to end what
 * runs; where no answer comes by the deadline itself, the session is closed
 * under the command.
 */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "log.h"

/* between attempts to connect: doubling from the first to the last */
#define FIRST_RETRY_MS 100
#define LAST_RETRY_MS  5000

/* how long before the deadline nothing begins any more, and what runs is cancelled: a part of the time, and no more than this */
#define MAX_NOTICE_MS	1000
#define NOTICE_FRACTION 5

/* a session that has taken more memory than this for an answer does not keep it */
#define MAX_KEPT_MEMORY ((size_t) 1024 * 1024)

/* how long that may take which leaves nothing of a task in its session */
#define RESET_MS 5000

/* A session, whom it belongs to, and whom it serves. */
typedef struct Slot
{
	Session session;
	Pool *pool;
	Task *task;
	bool has_served;
	bool is_spent;				  /* it serves no other task after this one */
	const char *const *resetting; /* the statement that is being run for it */
	Timer reset;
} Slot;

struct Pool
{
	PoolConfig config;
	Slot *slots;
	Slot **idle; /* a stack: the one used last comes first, its caches are warm */
	int nidle;
	int nopening;
	int nopen;	 /* idle or not */
	Task *first; /* they are served in their order; none while there is an idle session */
	Task *last;
	int waiting;
	int failures; /* to open a session, in a row */
	Timer retry;  /* while it is set none is opened */
	bool is_serving;
	bool giving_up;
};

static void serve(Pool *pool);
static bool open_one(Pool *pool);
static void begin(Task *task, Slot *slot);
static void go_on(Task *task, bool ok);
static void enqueue(Pool *pool, Task *task, bool in_front);
static void dequeue(Task *task);
static Slot *detach(Task *task);
static void end(Task *task, TaskEnd how);
static void end_waiting(Pool *pool, TaskEnd how);
static void begin_again(Task *task);
static void time_is_over(Timer *timer);
static void cancel(Task *task);
static void take_back(Slot *slot, bool resets);
static void reset(Slot *slot);
static void reset_took_too_long(Timer *timer);
static void close_slot(Slot *slot);
static void forget(Slot *slot);
static void session_opened(Session *session);
static void note_connected(const Pool *pool, const PGconn *connection);
static const char *server_version(const PGconn *connection);
static void session_failed(Session *session, const char *error);
static void session_result(Session *session, const PGresult *result);
static void session_ended(Session *session);
static void session_lost(Session *session, const char *error);
static void session_overflowed(Session *session);
static void abandon(Task *task);
static void may_retry(Timer *timer);

/* what leaves nothing of a task in its session */
static const char *const reset_statements[] = {"ROLLBACK", "DISCARD ALL", NULL};

static const SessionEvents session_events = {
	.opened = session_opened,
	.failed = session_failed,
	.result = session_result,
	.ended = session_ended,
	.lost = session_lost,
	.overflowed = session_overflowed};

Pool *
pool_start(const PoolConfig *config)
{
	Pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->config = *config;
	pool->retry.fire = may_retry;
	pool->retry.owner = pool;
	pool->slots = calloc((size_t) config->size, sizeof(*pool->slots));
	pool->idle = calloc((size_t) config->size, sizeof(void *));
	if (pool->slots == NULL || pool->idle == NULL)
	{
		free(pool->slots);
		free(pool->idle);
		free(pool);
		return NULL;
	}
	for (int i = 0; i < config->size; i++)
	{
		Slot *slot = &pool->slots[i];

		slot->pool = pool;
		slot->session.events = &session_events;
		slot->session.owner = slot;
		slot->session.conninfo = config->conninfo;
		slot->reset.fire = reset_took_too_long;
		slot->reset.owner = slot;
		slot->session.largest_piece = config->largest_piece;
	}
	return pool;
}

void
pool_stop(Pool *pool)
{
	pool->giving_up = true;
	end_waiting(pool, TASK_STOPPED);
	for (int i = 0; i < pool->config.size; i++)
	{
		Slot *slot = &pool->slots[i];
		Task *task = slot->task;

		session_close(&slot->session);
		loop_clear_timer(&slot->reset);
		if (task == NULL)
			continue;
		(void) detach(task);
		end(task, TASK_LOST);
	}
	loop_clear_timer(&pool->retry);
	free(pool->slots);
	free(pool->idle);
	free(pool);
}

void
pool_submit(Pool *pool, Task *task)
{
	int64_t now = loop_now();
	int64_t notice = (task->deadline - now) / NOTICE_FRACTION;

	task->pool = pool;
	task->notice = notice < MAX_NOTICE_MS ? notice : MAX_NOTICE_MS;
	task->timer.fire = time_is_over;
	task->timer.owner = task;
	if (pool->giving_up)
		end(task, TASK_STOPPED);
	else if (task->deadline <= now)
		end(task, TASK_LATE);
	else if (pool->nidle == 0 && pool->waiting >= pool->config.queue_limit)
		end(task, TASK_OVERLOADED);
	else if (!loop_set_timer(&task->timer, task->deadline - task->notice))
		end(task, TASK_OVERLOADED);
	else
	{
		enqueue(pool, task, false);
		serve(pool);
	}
}

void
pool_withdraw(Task *task)
{
	if (task->pool == NULL)
		return;
	if (task->session == NULL)
	{
		dequeue(task);
		end(task, TASK_WITHDRAWN);
	}
	else if (!task->is_cancelled)
		cancel(task);
}

void
pool_give_up(Pool *pool)
{
	pool->giving_up = true;
	end_waiting(pool, TASK_STOPPED);
	for (int i = 0; i < pool->config.size; i++)
	{
		Task *task = pool->slots[i].task;

		if (task == NULL)
			continue;
		if (task->deadline > loop_now() + MAX_NOTICE_MS)
			task->deadline = loop_now() + MAX_NOTICE_MS;
		if (!task->is_cancelled)
			cancel(task);
	}
}

void
task_done(Task *task)
{
	task->is_done = true;
}

void
task_abandon(Task *task)
{
	task->is_abandoned = true;
}

bool
task_tries_again(Task *task, const PGresult *error, bool is_ours)
{
	if (task->has_tried || !((Slot *) task->session->owner)->has_served || !session_is_stale(error, is_ours))
		return false;
	task->tries_again = true;
	return true;
}

int
pool_waiting(const Pool *pool)
{
	return pool->waiting;
}

int
pool_connected(const Pool *pool)
{
	return pool->nopen;
}

/*
 * Lends idle sessions to the tasks that wait, and opens as many as are needed
 * for the others.
 */
static void
serve(Pool *pool)
{
	if (pool->is_serving)
		return;
	pool->is_serving = true;
	while (pool->first)
	{
		if (pool->nidle > 0)
		{
			Task *task = pool->first;

			dequeue(task);
			begin(task, pool->idle[--pool->nidle]);
		}
		else if (pool->nopening >= pool->waiting || !open_one(pool))
		{
			if (pool->nopen > 0 || pool->nopening > 0)
				break;
			end_waiting(pool, TASK_UNREACHABLE);
		}
	}
	pool->is_serving = false;
}

/*
 * Begins to open a session; returns whether there is one that may be opened.
 */
static bool
open_one(Pool *pool)
{
	if (pool->retry.place)
		return false;
	for (int i = 0; i < pool->config.size; i++)
	{
		Session *session = &pool->slots[i].session;

		if (session->state != SESSION_CLOSED)
			continue;
		pool->nopening++;
		session_open(session);
		return true;
	}
	return false;
}

/*
 * Begins a task in an idle session.
 */
static void
begin(Task *task, Slot *slot)
{
	int64_t now = loop_now();
	int64_t at = task->deadline - task->notice;

	task->session = &slot->session;
	slot->task = task;
	/* one that begins late has half of what is left for an answer to come by itself */
	if (at < now + (task->deadline - now) / 2)
		at = now + (task->deadline - now) / 2;
	(void) loop_set_timer(&task->timer, at); /* it is set already: no memory is needed */
	go_on(task, task->kind->begin(task));
}

/*
 * Goes on after the task has sent something, or has not.
 */
static void
go_on(Task *task, bool ok)
{
	Pool *pool = task->pool;

	if (!ok)
	{
		close_slot(detach(task));
		end(task, TASK_LOST);
	}
	else if (task->is_done)
	{
		take_back(detach(task), task->kind->leaves_traces);
		end(task, TASK_DONE);
	}
	else
		return;
	serve(pool);
}

/*
 * Puts a task at the end of the queue, or in front of all others.
 */
static void
enqueue(Pool *pool, Task *task, bool in_front)
{
	task->previous = in_front ? NULL : pool->last;
	task->next = in_front ? pool->first : NULL;
	if (task->previous)
		task->previous->next = task;
	else
		pool->first = task;
	if (task->next)
		task->next->previous = task;
	else
		pool->last = task;
	pool->waiting++;
}

/*
 * Takes a task out of the queue.
 */
static void
dequeue(Task *task)
{
	Pool *pool = task->pool;

	if (task->previous)
		task->previous->next = task->next;
	else
		pool->first = task->next;
	if (task->next)
		task->next->previous = task->previous;
	else
		pool->last = task->previous;
	task->previous = task->next = NULL;
	pool->waiting--;
}

/*
 * Takes task and session apart, and returns the session's slot.
 */
static Slot *
detach(Task *task)
{
	Slot *slot = task->session->owner;

	slot->task = NULL;
	task->session = NULL;
	return slot;
}

/*
 * Ends a task that has no session and is not in the queue.
 */
static void
end(Task *task, TaskEnd how)
{
	loop_clear_timer(&task->timer);
	task->pool = NULL;
	task->kind->ended(task, how);
}

/*
 * Ends all that wait.
 */
static void
end_waiting(Pool *pool, TaskEnd how)
{
	while (pool->first)
	{
		Task *task = pool->first;

		dequeue(task);
		end(task, how);
	}
}

/*
 * Begins a task again, the first of all, in a session that is opened anew: the
 * one that it had is closed.
 */
static void
begin_again(Task *task)
{
	Pool *pool = task->pool;

	task->tries_again = false;
	task->has_tried = true;
	(void) loop_set_timer(&task->timer, task->deadline - task->notice);
	/* others as old are no better, and would be the next to be lent */
	while (pool->nidle > 0)
		close_slot(pool->idle[--pool->nidle]);
	enqueue(pool, task, true);
	serve(pool);
}

/*
 * Ends a task whose time is over: first the server is asked to, a little
 * before; then it is not waited for any more.
 */
static void
time_is_over(Timer *timer)
{
	Task *task = timer->owner;
	Pool *pool = task->pool;

	if (task->session == NULL)
	{
		dequeue(task);
		end(task, TASK_LATE);
	}
	else if (!task->is_cancelled)
		cancel(task);
	else
	{
		log_event(LOG_WARN, "event=no_answer pool=%s", pool->config.name);
		close_slot(detach(task));
		end(task, TASK_UNANSWERED);
		serve(pool);
	}
}

/*
 * Asks the server to end what the task runs, and waits for its answer until
 * the deadline.
 */
static void
cancel(Task *task)
{
	task->is_cancelled = true;
	((Slot *) task->session->owner)->is_spent = true;
	cancel_command(task->session->connection);
	(void) loop_set_timer(&task->timer, task->deadline);
}

/*
 * Takes a session back that has served, if it can serve again: one in which a
 * command was cancelled may yet be told so.
 */
static void
take_back(Slot *slot, bool resets)
{
	Pool *pool = slot->pool;

	slot->has_served = true;
	if (slot->is_spent || slot->session.input_memory > MAX_KEPT_MEMORY)
		close_slot(slot);
	else if (resets)
	{
		slot->resetting = reset_statements;
		session_forget_statements(&slot->session);
		reset(slot);
	}
	else
		pool->idle[pool->nidle++] = slot;
}

/*
 * Runs the next of the statements that leave nothing of a task in the session.
 */
static void
reset(Slot *slot)
{
	if (!session_run(&slot->session, *slot->resetting) || !loop_set_timer(&slot->reset, loop_now() + RESET_MS))
		close_slot(slot);
}

/*
 * Closes a session that cannot be reset.
 */
static void
reset_took_too_long(Timer *timer)
{
	Slot *slot = timer->owner;

	close_slot(slot);
	serve(slot->pool);
}

/*
 * Closes an open session.
 */
static void
close_slot(Slot *slot)
{
	forget(slot);
	session_close(&slot->session);
}

/*
 * Forgets what is known of a session that is closed.
 */
static void
forget(Slot *slot)
{
	slot->pool->nopen--;
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
	Pool *pool = slot->pool;

	pool->nopening--;
	if (pool->nopen++ == 0)
		note_connected(pool, session->connection);
	pool->failures = 0;
	pool->idle[pool->nidle++] = slot;
	serve(pool);
}

/*
 * Says which database a pool has reached, with its first session.
 */
static void
note_connected(const Pool *pool, const PGconn *connection)
{
	const char *port = PQport(connection);
	char database[128];
	char host[256];
	char role[128];

	log_event(LOG_INFO, "event=connected pool=%s host=%s port=%s database=%s role=%s server=%s", pool->config.name,
			  log_quote(PQhost(connection), host, sizeof(host)), port && *port ? port : "-",
			  log_quote(PQdb(connection), database, sizeof(database)),
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

	snprintf(version, sizeof(version), "%.*s", whole ? (int) strcspn(whole, " ") : 0, whole ? whole : "");
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
	Pool *pool = slot->pool;
	int ms = FIRST_RETRY_MS;
	char quoted[512];

	pool->nopening--;
	for (int i = 0; i < pool->failures && ms < LAST_RETRY_MS; i++)
		ms *= 2;
	if (ms > LAST_RETRY_MS)
		ms = LAST_RETRY_MS;
	pool->failures++;
	log_event(LOG_WARN, "event=connect_failed pool=%s retry_ms=%d error=%s", pool->config.name, ms,
			  log_quote(error, quoted, sizeof(quoted)));
	(void) loop_set_timer(&pool->retry, loop_now() + ms);
	serve(pool);
}

/*
 * Sessions may be opened again.
 */
static void
may_retry(Timer *timer)
{
	serve(timer->owner);
}

/*
 * A command has a result.
 */
static void
session_result(Session *session, const PGresult *result)
{
	Slot *slot = session->owner;
	Task *task = slot->task;

	if (task == NULL)
	{
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			slot->is_spent = true;
		return;
	}
	task->kind->result(task, result);
	if (task->is_abandoned)
		abandon(task);
}

/*
 * A command has ended.
 */
static void
session_ended(Session *session)
{
	Slot *slot = session->owner;
	Pool *pool = slot->pool;
	Task *task = slot->task;

	if (task == NULL)
	{
		if (slot->is_spent)
			close_slot(slot);
		else if (*++slot->resetting)
			reset(slot);
		else
		{
			slot->resetting = NULL;
			loop_clear_timer(&slot->reset);
			pool->idle[pool->nidle++] = slot;
		}
		serve(pool);
	}
	else if (task->tries_again)
	{
		close_slot(detach(task));
		begin_again(task);
	}
	else
		go_on(task, task->kind->next(task));
}

/*
 * A session is lost, which served or was idle.
 */
static void
session_lost(Session *session, const char *error)
{
	Slot *slot = session->owner;
	Pool *pool = slot->pool;
	Task *task = slot->task;
	char quoted[512];

	log_event(LOG_WARN, "event=connection_lost pool=%s error=%s", pool->config.name,
			  log_quote(error, quoted, sizeof(quoted)));
	forget(slot);
	if (task == NULL)
	{
		for (int i = 0; i < pool->nidle; i++)
			if (pool->idle[i] == slot)
				pool->idle[i--] = pool->idle[--pool->nidle];
		serve(pool);
		return;
	}
	(void) detach(task);
	if (task->tries_again)
	{
		begin_again(task);
		return;
	}
	end(task, TASK_LOST);
	serve(pool);
}

/*
 * More has come for a task than is allowed.
 */
static void
session_overflowed(Session *session)
{
	Task *task = ((Slot *) session->owner)->task;

	if (task == NULL)
		return;
	task->kind->overflowed(task);
	abandon(task);
}

/*
 * Ends a task that does not want what the server still sends for it.
 */
static void
abandon(Task *task)
{
	Pool *pool = task->pool;

	close_slot(detach(task));
	end(task, TASK_DONE);
	serve(pool);
}
