/*
 * pool.h
 *		Database sessions, the tasks that they serve, and the bounded queue
 *		of those that wait.
 */
#ifndef RESTATE_GATEWAY_POOL_H
#define RESTATE_GATEWAY_POOL_H

#include <stdbool.h>
#include <stdint.h>

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
	struct Pool *pool; /* NULL: it is in none */
	Session *session;  /* NULL: it waits for one */
	int64_t deadline;  /* by loop_now: it begins and ends before, or not at all */
	int64_t notice;	   /* so many milliseconds before, the server is asked to end it */
	Timer timer;
	Task *previous; /* in the queue */
	Task *next;
	bool is_done;
	bool is_abandoned;
	bool is_cancelled; /* the server was asked to end what runs */
	bool tries_again;  /* in a new session, when this command has ended */
	bool has_tried;
};

typedef struct PoolConfig
{
	const char *name;
	const char *conninfo;
	int size;
	int queue_limit;
	size_t largest_piece; /* of an answer, about; 0: any */
} PoolConfig;

typedef struct Pool Pool;

extern Pool *pool_start(const PoolConfig *config);

/*
 * Serves the task with one of the sessions, as soon as there is one and the
 * task is the first that waits.  It has ended when this returns, perhaps.
 */
extern void pool_submit(Pool *pool, Task *task);

/*
 * Nobody waits for the task any more: one that has not begun ends at once,
 * one that runs when the server has ended it.
 */
extern void pool_withdraw(Task *task);

/* The task is over; to be called in begin or next. */
extern void task_done(Task *task);

/* The task is over, whatever the server still sends; to be called in result. */
extern void task_abandon(Task *task);

/*
 * Returns whether the task is to be told nothing of the error, because the
 * session is at fault, not the command; then it begins again in a new one.
 * is_ours: we wrote the statement, a client did not.
 */
extern bool task_tries_again(Task *task, const PGresult *error, bool is_ours);

/* Refuses what waits, and has the server end what runs. */
extern void pool_give_up(Pool *pool);

/* Closes the sessions, ends what tasks there are and frees the pool. */
extern void pool_stop(Pool *pool);

extern int pool_waiting(const Pool *pool);
extern int pool_connected(const Pool *pool);

#endif /* RESTATE_GATEWAY_POOL_H */
