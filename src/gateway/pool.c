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

#include <stdlib.h>

#include "cancel.h"
#include "log.h"

/* what runs has no more than this to end when the pool is given up */
#define GIVE_UP_MS 1000

struct Pool
{
	Slots slots;
	TaskQueue waiting; /* nothing waits while there is an idle session */
	int running;
	int queue_limit;
	bool is_serving;
	bool giving_up;
};

static Slot *slot_of(const Task *task);
static void serve(Pool *pool);
static void begin(Task *task, Slot *slot);
static void go_on(Task *task, bool ok);
static Slot *detach(Task *task);
static void begin_again(Task *task);
static void time_is_over(Timer *timer);
static void cancel(Task *task);
static void abandon(Task *task);
static void slots_changed(Slots *slots);
static void slot_result(Slot *slot, const PGresult *result);
static void slot_ended(Slot *slot);
static void slot_lost(Slot *slot);
static void slot_overflowed(Slot *slot);

static const SlotsEvents slots_events = {
	.changed = slots_changed,
	.result = slot_result,
	.ended = slot_ended,
	.lost = slot_lost,
	.overflowed = slot_overflowed};

Pool *
pool_start(const PoolConfig *config)
{
	Pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->queue_limit = config->queue_limit;
	if (!slots_start(&pool->slots, &config->slots, &slots_events, pool))
	{
		free(pool);
		return NULL;
	}
	return pool;
}

void
pool_stop(Pool *pool)
{
	pool->giving_up = true;
	queue_end_all(&pool->waiting, TASK_STOPPED);
	for (int i = 0; i < pool->slots.config.size; i++)
	{
		Slot *slot = &pool->slots.all[i];
		Task *task = slot->task;

		session_close(&slot->session);
		if (task == NULL)
			continue;
		(void) detach(task);
		task_end(task, TASK_LOST);
	}
	slots_stop(&pool->slots);
	free(pool);
}

void
pool_submit(Pool *pool, Task *task)
{
	if (pool->slots.nidle == 0 && pool->waiting.count >= pool->queue_limit && !pool->giving_up)
		task_end(task, TASK_OVERLOADED);
	else
		pool_submit_again(pool, task);
}

void
pool_submit_again(Pool *pool, Task *task)
{
	task->pool = pool;
	task_give_notice(task);
	if (pool->giving_up)
		task_end(task, TASK_STOPPED);
	else if (task->deadline <= loop_now())
		task_end(task, TASK_LATE);
	else if (!queue_append(&pool->waiting, task))
		task_end(task, TASK_OVERLOADED);
	else
		serve(pool);
}

void
pool_withdraw(Task *task)
{
	task->is_withdrawn = true;
	if (task->queue)
	{
		queue_remove(task);
		task_end(task, TASK_WITHDRAWN);
	}
	else if (task->session && !task->is_cancelled)
		cancel(task);
}

void
pool_give_up(Pool *pool)
{
	pool->giving_up = true;
	queue_end_all(&pool->waiting, TASK_STOPPED);
	for (int i = 0; i < pool->slots.config.size; i++)
	{
		Task *task = pool->slots.all[i].task;

		if (task == NULL)
			continue;
		if (task->deadline > loop_now() + GIVE_UP_MS)
			task->deadline = loop_now() + GIVE_UP_MS;
		if (!task->is_cancelled)
			cancel(task);
	}
}

void
task_done(Task *task)
{
	task->is_done = true;
}

bool
task_is_one_call(Task *task)
{
	task_done(task);
	return true;
}

void
task_abandon(Task *task)
{
	task->is_abandoned = true;
}

bool
task_tries_again(Task *task, const PGresult *error, bool is_ours)
{
	if (task->has_tried || !slot_of(task)->has_served || !session_is_stale(error, is_ours))
		return false;
	task->tries_again = true;
	return true;
}

bool
pool_is_busy(const Pool *pool)
{
	return pool->running > 0 || pool->waiting.count > 0;
}

int
pool_waiting(const Pool *pool)
{
	return pool->waiting.count;
}

int
pool_connected(const Pool *pool)
{
	return pool->slots.nopen;
}

/*
 * Returns the slot of a task that runs.
 */
static Slot *
slot_of(const Task *task)
{
	return task->session->owner;
}

/*
 * Lends idle sessions to the tasks that wait, and opens as many as are needed
 * for the others.
 */
static void
serve(Pool *pool)
{
	Slots *slots = &pool->slots;

	if (pool->is_serving)
		return;
	pool->is_serving = true;
	while (pool->waiting.first)
	{
		if (slots->nidle > 0)
		{
			Task *task = pool->waiting.first;

			queue_remove(task);
			begin(task, slots_lend(slots));
		}
		else if (slots->nopening >= pool->waiting.count || !slots_open_one(slots))
		{
			if (slots->nopen > 0 || slots->nopening > 0)
				break;
			queue_end_all(&pool->waiting, TASK_UNREACHABLE);
		}
	}
	pool->is_serving = false;
}

/*
 * Begins a task in an idle session.
 */
static void
begin(Task *task, Slot *slot)
{
	bool ok;

	task->session = &slot->session;
	task->cancel_at = task_cancel_time(task);
	task->timer.fire = time_is_over;
	slot->task = task;
	task->pool->running++;
	ok = task->kind->begin(task);
	(void) loop_set_timer(&task->timer,
						  task->cancel_at); /* it is set already: no memory is needed */
	go_on(task, ok);
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
		slot_close(detach(task));
		task_end(task, TASK_LOST);
	}
	else if (task->is_done)
	{
		slot_take_back(detach(task), task->kind->leaves_traces);
		task_end(task, TASK_DONE);
	}
	else
		return;
	serve(pool);
}

/*
 * Takes task and session apart, and returns the session's slot.
 */
static Slot *
detach(Task *task)
{
	Slot *slot = slot_of(task);

	task->pool->running--;
	slot->task = NULL;
	task->session = NULL;
	return slot;
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
	/* others as old are no better, and would be the next to be lent */
	slots_close_idle(&pool->slots);
	(void) queue_prepend(&pool->waiting, task); /* its timer is set already: no memory is needed */
	serve(pool);
}

/*
 * Ends a task that runs and whose time is over: first the server is asked to,
 * a little before; then it is not waited for any more.
 */
static void
time_is_over(Timer *timer)
{
	Task *task = timer->owner;
	Pool *pool = task->pool;

	if (!task->is_cancelled)
	{
		cancel(task);
		return;
	}
	log_event(LOG_WARN, "event=no_answer pool=%s", pool->slots.config.name);
	slot_close(detach(task));
	task_end(task, TASK_UNANSWERED);
	serve(pool);
}

/*
 * Asks the server to end what the task runs, and waits for its answer until
 * the deadline.
 */
static void
cancel(Task *task)
{
	task->is_cancelled = true;
	slot_of(task)->is_spent = true;
	cancel_command(task->session->connection);
	(void) loop_set_timer(&task->timer, task->deadline);
}

/*
 * Ends a task that does not want what the server still sends for it.
 */
static void
abandon(Task *task)
{
	Pool *pool = task->pool;

	slot_close(detach(task));
	task_end(task, TASK_DONE);
	serve(pool);
}

/*
 * There may be a session for a task that waits.
 */
static void
slots_changed(Slots *slots)
{
	serve(slots->owner);
}

/*
 * A task's command has a result.
 */
static void
slot_result(Slot *slot, const PGresult *result)
{
	Task *task = slot->task;

	task->kind->result(task, result);
	if (task->is_abandoned)
		abandon(task);
}

/*
 * A task's command has ended.
 */
static void
slot_ended(Slot *slot)
{
	Task *task = slot->task;

	if (task->tries_again)
	{
		slot_close(detach(task));
		begin_again(task);
	}
	else
		go_on(task, task->kind->next(task));
}

/*
 * A task's session is lost.
 */
static void
slot_lost(Slot *slot)
{
	Task *task = slot->task;
	Pool *pool = task->pool;

	(void) detach(task);
	if (task->tries_again)
	{
		begin_again(task);
		return;
	}
	task_end(task, TASK_LOST);
	serve(pool);
}

/*
 * More has come for a task than is allowed.
 */
static void
slot_overflowed(Slot *slot)
{
	Task *task = slot->task;

	task->kind->overflowed(task);
	abandon(task);
}
