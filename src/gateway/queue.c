/*
 * queue.c
 *		Keeps tasks in their order, and ends those that have waited too long.
 */
#include "queue.h"

/* how long before the deadline nothing begins any more: a part of the time, and no more than this */
#define MAX_NOTICE_MS	1000
#define NOTICE_FRACTION 5

static bool insert(TaskQueue *queue, Task *task, Task *previous, Task *next);
static void time_is_over(Timer *timer);

void
task_give_notice(Task *task)
{
	int64_t notice = (task->deadline - loop_now()) / NOTICE_FRACTION;

	task->notice = notice < MAX_NOTICE_MS ? notice : MAX_NOTICE_MS;
}

/*
 * One that begins late has half of what is left for an answer to come by
 * itself.
 */
int64_t
task_cancel_time(const Task *task)
{
	int64_t now = loop_now();
	int64_t half = now + (task->deadline - now) / 2;

	return task->deadline - task->notice < half ? half : task->deadline - task->notice;
}

bool
queue_append(TaskQueue *queue, Task *task)
{
	return insert(queue, task, queue->last, NULL);
}

bool
queue_prepend(TaskQueue *queue, Task *task)
{
	return insert(queue, task, NULL, queue->first);
}

/*
 * Puts a task between two others, or at an end; returns false where memory has
 * run out.
 */
static bool
insert(TaskQueue *queue, Task *task, Task *previous, Task *next)
{
	task->timer.fire = time_is_over;
	task->timer.owner = task;
	if (!loop_set_timer(&task->timer, task->deadline - task->notice))
		return false;
	task->queue = queue;
	task->previous = previous;
	task->next = next;
	if (previous)
		previous->next = task;
	else
		queue->first = task;
	if (next)
		next->previous = task;
	else
		queue->last = task;
	queue->count++;
	return true;
}

void
queue_remove(Task *task)
{
	TaskQueue *queue = task->queue;

	if (task->previous)
		task->previous->next = task->next;
	else
		queue->first = task->next;
	if (task->next)
		task->next->previous = task->previous;
	else
		queue->last = task->previous;
	task->previous = task->next = NULL;
	task->queue = NULL;
	queue->count--;
}

/*
 * Ends a task that has waited too long.
 */
static void
time_is_over(Timer *timer)
{
	Task *task = timer->owner;

	queue_remove(task);
	task_end(task, TASK_LATE);
}

void
queue_end_all(TaskQueue *queue, TaskEnd how)
{
	while (queue->first)
	{
		Task *task = queue->first;

		queue_remove(task);
		task_end(task, how);
	}
}

void
task_end(Task *task, TaskEnd how)
{
	loop_clear_timer(&task->timer);
	task->pool = NULL;
	task->kind->ended(task, how);
}
