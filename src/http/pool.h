/*
 * pool.h
 *		Database sessions, and the bounded queue of those who wait for one.
 */
#ifndef RESTATE_HTTP_POOL_H
#define RESTATE_HTTP_POOL_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "exchange.h"

/* prepared statements that a session keeps, by the address of their text */
#define SESSION_MAX_STATEMENTS 32

typedef struct Session
{
	struct Pool *pool;
	PGconn *connection;
	const char *prepared[SESSION_MAX_STATEMENTS];
	int nprepared;
	PGcancel *cancel; /* of the connection; guarded by the pool's mutex */
	int failures;	  /* to connect, in a row */
	struct timespec retry_at;
	struct Session *next; /* idle */
} Session;

typedef struct PoolConfig
{
	const char *name;
	const char *conninfo;
	int size;
	int queue_limit;
	int statement_timeout; /* seconds */
	const char *setup;	   /* statements run on every new connection */
} PoolConfig;

typedef struct Pool Pool;

extern Pool *pool_start(const PoolConfig *config);

/* Serves the exchange with one of the sessions; returns false where too many wait for one. */
extern bool pool_run(Pool *pool, Exchange *exchange);

/* Refuses what waits, and has the server end what runs. */
extern void pool_give_up(Pool *pool);

/* Closes the connections and frees the pool, which nobody may use any more. */
extern void pool_stop(Pool *pool);

extern int pool_waiting(Pool *pool);
extern int pool_connected(Pool *pool);

/*
 * Runs one statement with text parameters, prepared when the session first
 * runs it.  Returns the result, which may be an error, never NULL.
 */
extern PGresult *session_execute(Session *session, const char *sql, int nparams, const char *const *params);

/* The statements that the session's settings come from. */
extern const char *session_setup(const Session *session);

/* Notes that the server no longer has the session's prepared statements. */
extern void session_forget_statements(Session *session);

/* Closes a connection that is no longer fit for use; the next exchange opens one. */
extern void session_close(Session *session);

#endif /* RESTATE_HTTP_POOL_H */
