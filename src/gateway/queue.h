/*
 * queue.h
 *		Tasks that wait, each no longer than it has time.
 */
#ifndef RESTATE_GATEWAY_QUEUE_H
#define RESTATE_GATEWAY_QUEUE_H

#include "task.h"

/* Zeroed before its first use. */
typedef struct TaskQueue
{
	Task *first; /* they are served in their order */
	Task *last;
	int count;
} TaskQueue;

/* Gives a task its notice: how long before its deadline nothing begins any more. */
extern void task_give_notice(Task *task);

/* When the server is asked to end a task that begins now. */
extern int64_t task_cancel_time(const Task *task);

/* Puts a task at the end of the queue, or in front; returns false where memory has run out. */
extern bool queue_append(TaskQueue *queue, Task *task);
extern bool queue_prepend(TaskQueue *queue, Task *task);

/* Takes a task out of its queue. */
extern void queue_remove(Task *task);

/* Ends all that wait. */
extern void queue_end_all(TaskQueue *queue, TaskEnd how);

/* Ends a task that has no session and is in no queue. */
extern void task_end(Task *task, TaskEnd how);

#endif /* RESTATE_GATEWAY_QUEUE_H */
