/*
 * task.h
 *		What needs a session with the database, from when it is asked for to
 *		how it ends.
 */
#ifndef RESTATE_GATEWAY_TASK_H
#define RESTATE_GATEWAY_TASK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "session.h"

/* How a task ended. */
typedef enum TaskEnd
{
	TASK_DONE,		  /* it said so */
	TASK_OVERLOADED,  /* it never began: too many waited already */
	TASK_UNREACHABLE, /* it never began: no session could be opened */
	TASK_LATE,		  /* it never began: its time was over */
	TASK_WITHDRAWN,	  /* it never began */
	TASK_STOPPED,	  /* it never began: the pool is given up */
	TASK_LOST,		  /* what it had sent may be carried out: the connection was lost */
	TASK_UNANSWERED	  /* what it had sent may be carried out: no answer came in time */
} TaskEnd;

/*
 * What a session is needed for, from one command to several.  The pool calls
 * these; begin and next send a command and return whether that went well, or
 * call task_done and return true.
 */
typedef struct Task Task;

typedef struct TaskKind
{
	bool (*begin)(Task *task);
	void (*result)(Task *task, const PGresult *result);
	bool (*next)(Task *task); /* a command has ended */
	void (*ended)(Task *task, TaskEnd how);
	/* more has come for it in one piece than the pool allows; it is over after that */
	void (*overflowed)(Task *task);
	bool leaves_traces; /* the session is reset before it serves again */
} TaskKind;

struct Task
{
	const TaskKind *kind;
	struct Pool *pool;		 /* NULL: it is in none */
	struct TaskQueue *queue; /* the one that it waits in, or NULL */
	Session *session;		 /* that serves it, or NULL */
	int64_t deadline;		 /* by loop_now: it begins and ends before, or not at all */
	int64_t notice;			 /* so many milliseconds before, the server is asked to end it */
	int64_t cancel_at;		 /* of one that runs: when it is; begin may set it and the deadline anew */
	Timer timer;
	Task *previous; /* in the queue */
	Task *next;
	Task *carrier;	   /* the task that it is a part of, and not served by itself meanwhile; or NULL */
	bool is_withdrawn; /* nobody waits for it */
	bool is_done;
	bool is_abandoned;
	bool is_cancelled; /* the server was asked to end what runs */
	bool tries_again;  /* in a new session, when this command has ended */
	bool has_tried;
};

#endif /* RESTATE_GATEWAY_TASK_H */
