/*
 * pool.h
 *		Tasks, the database sessions that serve them, and the bounded queue
 *		of those that wait.
 */
#ifndef RESTATE_GATEWAY_POOL_H
#define RESTATE_GATEWAY_POOL_H

#include "queue.h"
#include "slots.h"

typedef struct PoolConfig
{
	SlotsConfig slots;
	int queue_limit;
} PoolConfig;

typedef struct Pool Pool;

extern Pool *pool_start(const PoolConfig *config);

/*
 * Serves the task with one of the sessions, as soon as there is one and the
 * task is the first that waits.  It has ended when this returns, perhaps.
 */
extern void pool_submit(Pool *pool, Task *task);

/* The same for a task that was accepted once: however many wait. */
extern void pool_submit_again(Pool *pool, Task *task);

/*
 * Nobody waits for the task any more: one that has not begun ends at once,
 * one that runs when the server has ended it, one that is a part of another with
 * that.
 */
extern void pool_withdraw(Task *task);

/* The task is over; to be called in begin or next. */
extern void task_done(Task *task);

/* The next of a task that is one call: it is over. */
extern bool task_is_one_call(Task *task);

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

/* Whether something runs or waits. */
extern bool pool_is_busy(const Pool *pool);

extern int pool_waiting(const Pool *pool);
extern int pool_connected(const Pool *pool);

#endif /* RESTATE_GATEWAY_POOL_H */
