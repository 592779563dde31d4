/*
 * pool.c
 *		Database sessions, lent to the threads that serve exchanges.
 */
#include "pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "routes.h"

/* between attempts to connect: doubling from the first to the last */
#define FIRST_RETRY_MS 100
#define LAST_RETRY_MS  5000

/* A thread that waits for a session, on its stack. */
typedef struct Waiter
{
	pthread_cond_t wakeup;
	Session *session; /* NULL until there is one */
	struct Waiter *next;
} Waiter;

struct Pool
{
	PoolConfig config;
	char setup[512];
	pthread_mutex_t mutex;
	Session *idle; /* the one used last comes first: its caches are warm */
	Waiter *first; /* they are served in their order; none while there is an idle session */
	Waiter *last;
	int waiting;
	int connected;
	bool giving_up;
	Session *sessions;
};

static Session *take_session(Pool *pool);
static void return_session(Session *session);
static bool has_given_up(Pool *pool);
static bool ensure_connected(Session *session);
static bool is_alive(PGconn *connection);
static void set_connected(Session *session, int change);
static bool set_up(Session *session);
static void note_failure(Session *session);
static void ignore_notice(void *arg, const char *message);

Pool *
pool_start(const PoolConfig *config)
{
	Pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->config = *config;
	snprintf(pool->setup, sizeof(pool->setup),
			 "SET statement_timeout = '%ds'; SET idle_in_transaction_session_timeout = '%ds'; %s",
			 config->statement_timeout, config->statement_timeout, config->setup);
	pthread_mutex_init(&pool->mutex, NULL);
	pool->sessions = calloc((size_t) config->size, sizeof(*pool->sessions));
	if (pool->sessions == NULL)
	{
		free(pool);
		return NULL;
	}
	for (int i = 0; i < config->size; i++)
	{
		pool->sessions[i].pool = pool;
		pool->sessions[i].next = pool->idle;
		pool->idle = &pool->sessions[i];
	}
	return pool;
}

bool
pool_run(Pool *pool, Exchange *exchange)
{
	Session *session = take_session(pool);

	if (session == NULL)
		return false;
	if (has_given_up(pool))
		answer_error(exchange, 503, "unavailable", "the gateway is being stopped");
	else if (ensure_connected(session))
		exchange->route->run(exchange, session);
	else
		answer_error(exchange, 503, "unavailable", "the database cannot be reached");
	return_session(session);
	return true;
}

/*
 * Takes an idle session, or waits for one; returns NULL where too many wait
 * already.
 */
static Session *
take_session(Pool *pool)
{
	Session *session;

	pthread_mutex_lock(&pool->mutex);
	session = pool->idle;
	if (session)
		pool->idle = session->next;
	else if (pool->waiting < pool->config.queue_limit)
	{
		Waiter waiter = {.wakeup = PTHREAD_COND_INITIALIZER};

		/* it is taken out again before it is woken */
		if (pool->last)
			pool->last->next = &waiter;
		else
			pool->first = &waiter; /* cppcheck-suppress autoVariables */
		pool->last = &waiter;	   /* cppcheck-suppress autoVariables */
		pool->waiting++;
		while (waiter.session == NULL)
			pthread_cond_wait(&waiter.wakeup, &pool->mutex);
		pthread_cond_destroy(&waiter.wakeup);
		session = waiter.session;
	}
	pthread_mutex_unlock(&pool->mutex);
	return session;
}

/*
 * Hands the session to who has waited longest, or leaves it idle.
 */
static void
return_session(Session *session)
{
	Pool *pool = session->pool;
	Waiter *waiter;

	pthread_mutex_lock(&pool->mutex);
	waiter = pool->first;
	if (waiter)
	{
		pool->first = waiter->next;
		if (pool->first == NULL)
			pool->last = NULL;
		pool->waiting--;
		waiter->session = session;
		pthread_cond_signal(&waiter->wakeup);
	}
	else
	{
		session->next = pool->idle;
		pool->idle = session;
	}
	pthread_mutex_unlock(&pool->mutex);
}

void
pool_give_up(Pool *pool)
{
	char error[256];

	pthread_mutex_lock(&pool->mutex);
	pool->giving_up = true;
	for (int i = 0; i < pool->config.size; i++)
		if (pool->sessions[i].cancel)
			(void) PQcancel(pool->sessions[i].cancel, error, sizeof(error));
	pthread_mutex_unlock(&pool->mutex);
}

void
pool_stop(Pool *pool)
{
	for (int i = 0; i < pool->config.size; i++)
		session_close(&pool->sessions[i]);
	free(pool->sessions);
	pthread_mutex_destroy(&pool->mutex);
	free(pool);
}

/*
 * Returns how many exchanges wait for a session.
 */
int
pool_waiting(Pool *pool)
{
	int waiting;

	pthread_mutex_lock(&pool->mutex);
	waiting = pool->waiting;
	pthread_mutex_unlock(&pool->mutex);
	return waiting;
}

/*
 * Returns how many sessions are connected.
 */
int
pool_connected(Pool *pool)
{
	int connected;

	pthread_mutex_lock(&pool->mutex);
	connected = pool->connected;
	pthread_mutex_unlock(&pool->mutex);
	return connected;
}

/*
 * Returns whether nothing more is to be done.
 */
static bool
has_given_up(Pool *pool)
{
	bool giving_up;

	pthread_mutex_lock(&pool->mutex);
	giving_up = pool->giving_up;
	pthread_mutex_unlock(&pool->mutex);
	return giving_up;
}

/*
 * Returns whether the server still holds the connection.  It may have sent why
 * it does not before it closed it, hence a second look.
 */
static bool
is_alive(PGconn *connection)
{
	for (int look = 0; look < 2; look++)
		if (!PQconsumeInput(connection))
			return false;
	return PQstatus(connection) == CONNECTION_OK;
}

/*
 * Connects the session if it is not; returns whether it is now.  After a
 * failure it waits with the next attempt, longer each time.
 */
static bool
ensure_connected(Session *session)
{
	const char *keys[] = {"dbname", "fallback_application_name", "connect_timeout", "tcp_user_timeout",
						  "client_encoding", NULL};
	const char *values[] = {session->pool->config.conninfo, "restate-admin-http", "5", "15000", "UTF8", NULL};
	struct timespec now;

	if (session->connection && is_alive(session->connection))
		return true;
	session_close(session);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (session->failures > 0 &&
		(now.tv_sec < session->retry_at.tv_sec ||
		 (now.tv_sec == session->retry_at.tv_sec && now.tv_nsec < session->retry_at.tv_nsec)))
		return false;
	session->connection = PQconnectdbParams(keys, values, 1);
	if (session->connection == NULL)
		return false;
	PQsetNoticeProcessor(session->connection, ignore_notice, NULL);
	if (PQstatus(session->connection) == CONNECTION_OK && set_up(session))
	{
		session->failures = 0;
		set_connected(session, 1);
		return true;
	}
	note_failure(session);
	PQfinish(session->connection);
	session->connection = NULL;
	return false;
}

const char *
session_setup(const Session *session)
{
	return session->pool->setup;
}

void
session_close(Session *session)
{
	if (session->connection == NULL)
		return;
	set_connected(session, -1);
	PQfinish(session->connection);
	session->connection = NULL;
	session_forget_statements(session);
}

void
session_forget_statements(Session *session)
{
	session->nprepared = 0;
}

/*
 * Counts the session as connected or no longer so, and has its statements be
 * cancelled or no longer so.
 */
static void
set_connected(Session *session, int change)
{
	pthread_mutex_lock(&session->pool->mutex);
	session->pool->connected += change;
	PQfreeCancel(session->cancel);
	session->cancel = change > 0 ? PQgetCancel(session->connection) : NULL;
	pthread_mutex_unlock(&session->pool->mutex);
}

/*
 * Runs the pool's statements on a new connection.
 */
static bool
set_up(Session *session)
{
	PGresult *result = PQexec(session->connection, session->pool->setup);
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	return ok;
}

/*
 * Says that connecting failed, and when to try again.
 */
static void
note_failure(Session *session)
{
	int ms = FIRST_RETRY_MS;
	char quoted[512];

	for (int i = 0; i < session->failures && ms < LAST_RETRY_MS; i++)
		ms *= 2;
	if (ms > LAST_RETRY_MS)
		ms = LAST_RETRY_MS;
	session->failures++;
	clock_gettime(CLOCK_MONOTONIC, &session->retry_at);
	session->retry_at.tv_sec += ms / 1000;
	session->retry_at.tv_nsec += ms % 1000 * 1000000L;
	if (session->retry_at.tv_nsec >= 1000000000L)
	{
		session->retry_at.tv_sec++;
		session->retry_at.tv_nsec -= 1000000000L;
	}
	log_event(LOG_WARN, "event=connect_failed pool=%s retry_ms=%d error=%s", session->pool->config.name, ms,
			  log_quote(PQerrorMessage(session->connection), quoted, sizeof(quoted)));
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

PGresult *
session_execute(Session *session, const char *sql, int nparams, const char *const *params)
{
	char name[16];
	int i;

	for (i = 0; i < session->nprepared; i++)
		if (session->prepared[i] == sql)
			break;
	if (i == SESSION_MAX_STATEMENTS)
		return PQexecParams(session->connection, sql, nparams, NULL, params, NULL, NULL, 0);
	snprintf(name, sizeof(name), "s%d", i);
	if (i == session->nprepared)
	{
		PGresult *prepared = PQprepare(session->connection, name, sql, 0, NULL);

		if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
			return prepared;
		PQclear(prepared);
		session->prepared[session->nprepared++] = sql;
	}
	return PQexecPrepared(session->connection, name, nparams, params, NULL, NULL, 0);
}
