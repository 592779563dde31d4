/*
 * session.h
 *		One session with the database, a state machine on the event loop.
 */
#ifndef RESTATE_GATEWAY_SESSION_H
#define RESTATE_GATEWAY_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"

/* prepared statements that a session keeps, by the address of their text */
#define SESSION_MAX_STATEMENTS 32

typedef enum SessionState
{
	SESSION_CLOSED,
	SESSION_OPENING,
	SESSION_IDLE,
	SESSION_BUSY
} SessionState;

typedef enum SessionCommand
{
	COMMAND_PLAIN,	 /* its results go to who sent it as they are */
	COMMAND_SET_UP,	 /* what each session begins with */
	COMMAND_PREPARE, /* a statement that is to be executed next */
	COMMAND_EXECUTE	 /* a prepared statement, which may be missing */
} SessionCommand;

typedef struct Session Session;

/* What a session tells its owner. */
typedef struct SessionEvents
{
	void (*opened)(Session *session); /* it is idle */
	/* it could not be opened, and is closed */
	void (*failed)(Session *session, const char *error);
	/* a result of the command, which the session frees */
	void (*result)(Session *session, const PGresult *result);
	void (*ended)(Session *session); /* the command did: it is idle */
	/* it was lost, and is closed */
	void (*lost)(Session *session, const char *error);
	/* more has come in one piece than largest_piece */
	void (*overflowed)(Session *session);
	/* a notification on a channel that it listens on, while it is idle; NULL: they are dropped */
	void (*notified)(Session *session, const char *channel, const char *payload);
} SessionEvents;

/* A statement with parameters, which are text if nothing else is said; all of it stays the sender's. */
typedef struct Statement
{
	const char *sql;
	int nparams;
	const char *const *params;
	const int *lengths; /* of those that are binary */
	const int *formats; /* 1 for each that is; NULL: none is */
	bool is_binary;		/* the results are to be */
} Statement;

struct Session
{
	const SessionEvents *events;
	void *owner;
	const char *conninfo;
	const char *setup; /* statements run in every new session, or NULL */

	PGconn *connection;
	unsigned generation; /* of the connection: another may have the address of one that is closed */
	SessionState state;
	SessionCommand command;
	Watch watch;
	Timer opening;
	bool is_pipeline; /* the command is two statements, up to a sync */
	bool is_first;	  /* of the two it is the first whose result is next */

	/* statements that the server holds; not by a name of ours where a pooler is between */
	const char *prepared[SESSION_MAX_STATEMENTS];
	int nprepared;
	bool loses_statements;
	Statement statement; /* the one that is being prepared or executed */
	bool is_missing;	 /* the server said so of it */
	bool is_paused;		 /* nothing is read, so that the server waits */
	Timer more;			 /* set: there are results that were read and not taken */

	size_t largest_piece; /* what may come before a result; 0: any amount, which is not counted */
	size_t input_memory;  /* what libpq has taken for what comes */
};

extern void session_open(Session *session);
extern void session_close(Session *session);

/* Takes no more of what the server sends for the command, until it is resumed. */
extern void session_pause(Session *session);
extern void session_resume(Session *session);

/*
 * These send a command of an idle session; false: it could not be sent, and
 * the session is as good as lost.
 */

/* A statement, prepared when the session first runs it. */
extern bool session_execute(Session *session, const Statement *statement);

/* Two statements in one transaction; the result is that of the second, or an error. */
extern bool session_execute_both(Session *session, const Statement *first, const Statement *second);

/* Statements without parameters. */
extern bool session_run(Session *session, const char *sql);

/* An unnamed statement: analysed, described, executed row by row. */
extern bool session_analyse(Session *session, const char *sql);
extern bool session_describe(Session *session);
extern bool session_fetch(Session *session);

/*
 * Returns whether the error tells of a session that was there before the
 * extension was changed: its library, types or plans are of another time.
 * is_ours: the statement is one of ours, which only asks for what there is.
 */
extern bool session_is_stale(const PGresult *error, bool is_ours);

/* Notes that the server no longer has the session's prepared statements. */
extern void session_forget_statements(Session *session);

/* The name that a statement is prepared under, which tells what it is. */
#define STATEMENT_NAME_SIZE 32
extern void statement_name(const char *sql, char name[STATEMENT_NAME_SIZE]);

#endif /* RESTATE_GATEWAY_SESSION_H */
