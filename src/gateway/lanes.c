/*
 * lanes.c
 *		Joins what waits, and sees to it that each request has its own end.
 */
#include "lanes.h"

#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "log.h"

/* A session that runs joined calls, one after the other. */
typedef struct Lane
{
	Task task; /* first: of a task the lane is known */
	Lanes *lanes;
	bool is_taken; /* it runs a call, or waits for its session */
	Exchange *members[JOINED_MOST];
	int count; /* of members, NULL where one has left */
	JoinedCall call;
	bool has_answers; /* which hold once the call has ended */
	bool has_failed;  /* as a whole: nothing of it is done */
} Lane;

struct Lanes
{
	const JoinKind *kind;
	Pool *alone;
	Pool *pool; /* of the lanes */
	int queue_limit;
	TaskQueue waiting;
	Lane *all;
	int size;
	bool allowed;
	LanesCounts counts;
};

static bool is_idle(const Lanes *lanes);
static void use_free_lanes(Lanes *lanes);
static void take(Lane *lane);
static bool begin(Task *task);
static void gather(Lane *lane);
static void carry(Lane *lane, Exchange *exchange);
static void member_is_late(Timer *timer);
static void take_result(Task *task, const PGresult *result);
static void give_back(Lane *lane);
static void end_call(Lane *lane, TaskEnd how);
static void fail(Lane *lane, const PGresult *error);
static void ended(Task *task, TaskEnd how);
static void send_all_alone(Lanes *lanes);
static void overflowed(Task *task);
static void send_alone(Lanes *lanes, Task *task);

static const TaskKind joined_call = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended,
	.overflowed = overflowed};

Lanes *
lanes_start(const LanesConfig *config)
{
	PoolConfig pool = {.slots = config->slots, .queue_limit = config->slots.size};
	Lanes *lanes = calloc(1, sizeof(*lanes));

	if (lanes == NULL)
		return NULL;
	lanes->kind = config->kind;
	lanes->alone = config->pool;
	lanes->queue_limit = config->queue_limit;
	lanes->size = config->slots.size;
	lanes->allowed = true;
	lanes->all = calloc((size_t) lanes->size, sizeof(*lanes->all));
	lanes->pool = lanes->all ? pool_start(&pool) : NULL;
	if (lanes->pool == NULL)
	{
		free(lanes->all);
		free(lanes);
		return NULL;
	}
	for (int i = 0; i < lanes->size; i++)
		lanes->all[i].lanes = lanes;
	return lanes;
}

void
lanes_stop(Lanes *lanes)
{
	queue_end_all(&lanes->waiting, TASK_STOPPED);
	pool_stop(lanes->pool);
	free(lanes->all);
	free(lanes);
}

void
lanes_give_up(Lanes *lanes)
{
	queue_end_all(&lanes->waiting, TASK_STOPPED);
	pool_give_up(lanes->pool);
}

int
lanes_waiting(const Lanes *lanes)
{
	return lanes->waiting.count;
}

int
lanes_connected(const Lanes *lanes)
{
	return pool_connected(lanes->pool);
}

const LanesCounts *
lanes_counts(const Lanes *lanes)
{
	return &lanes->counts;
}

void
lanes_allow(Lanes *lanes, bool allowed)
{
	if (lanes->allowed == allowed)
		return;
	lanes->allowed = allowed;
	if (allowed)
		log_event(LOG_INFO, "event=lanes lanes=%d", lanes->size);
	else
		log_event(
			LOG_WARN,
			"event=no_lanes reason=\"the extension has no function for it, or the role may not execute it\"");
}

void
lanes_submit(Lanes *lanes, Exchange *exchange)
{
	Task *task = &exchange->task;

	if (!lanes->allowed || !lanes->kind->takes(exchange) || is_idle(lanes))
	{
		pool_submit(lanes->alone, task);
		return;
	}
	task_give_notice(task);
	if (lanes->waiting.count + pool_waiting(lanes->alone) >= lanes->queue_limit ||
		!queue_append(&lanes->waiting, task))
		task_end(task, TASK_OVERLOADED);
}

void
lanes_turn(Lanes *lanes)
{
	use_free_lanes(lanes);
}

/*
 * Returns whether nothing is under way that a request could wait for.
 */
static bool
is_idle(const Lanes *lanes)
{
	for (int i = 0; i < lanes->size; i++)
		if (lanes->all[i].is_taken)
			return false;
	return lanes->waiting.count == 0 && !pool_is_busy(lanes->alone);
}

/*
 * Has free lanes begin with what waits.
 */
static void
use_free_lanes(Lanes *lanes)
{
	for (int i = 0; i < lanes->size && lanes->waiting.count > 0; i++)
		if (!lanes->all[i].is_taken)
			take(&lanes->all[i]);
}

/*
 * Has a free lane begin, once it has its session.  What it then carries is
 * what waits by then.
 */
static void
take(Lane *lane)
{
	memset(&lane->task, 0, sizeof(lane->task));
	lane->task.kind = &joined_call;
	lane->task.deadline = lane->lanes->waiting.last->deadline;
	lane->is_taken = true;
	pool_submit(lane->lanes->pool, &lane->task);
}

/*
 * Sends a call for what waits.
 */
static bool
begin(Task *task)
{
	Lane *lane = (Lane *) task;

	lane->has_answers = lane->has_failed = false;
	gather(lane);
	if (lane->count == 0)
	{
		task_done(task);
		return true;
	}
	memset(&lane->call, 0, sizeof(lane->call));
	if (!lane->lanes->kind->make(&lane->call, lane->members, lane->count))
	{
		lane->has_failed = true;
		task_done(task);
		return true;
	}
	lane->lanes->counts.calls++;
	lane->lanes->counts.requests += (unsigned long) lane->count;
	return session_execute(task->session, &lane->call.statement);
}

/*
 * Takes the first that waits into the call, and all that may go with it.
 */
static void
gather(Lane *lane)
{
	Task *after;

	for (Task *task = lane->lanes->waiting.first; task && lane->count < JOINED_MOST; task = after)
	{
		after = task->next;
		if (lane->count == 0 || lane->lanes->kind->fit(lane->members[0], exchange_of(task)))
			carry(lane, exchange_of(task));
	}
}

/*
 * Takes an exchange into the call.  The server is asked to end the call when
 * the first member's time comes to that; the others then go alone.  It is
 * waited for until the last one's is over.
 */
static void
carry(Lane *lane, Exchange *exchange)
{
	Task *task = &exchange->task;
	int64_t cancel_at = task_cancel_time(task);

	queue_remove(task);
	if (lane->count == 0 || cancel_at < lane->task.cancel_at)
		lane->task.cancel_at = cancel_at;
	if (lane->count == 0 || task->deadline > lane->task.deadline)
		lane->task.deadline = task->deadline;
	task->carrier = &lane->task;
	task->timer.fire = member_is_late;
	(void) loop_set_timer(&task->timer,
						  task->deadline); /* it is set already: no memory is needed */
	lane->members[lane->count++] = exchange;
}

/*
 * Ends a member that has no answer by its deadline.
 */
static void
member_is_late(Timer *timer)
{
	Task *task = timer->owner;
	Lane *lane = (Lane *) task->carrier;

	for (int i = 0; i < lane->count; i++)
		if (lane->members[i] == exchange_of(task))
			lane->members[i] = NULL;
	task->carrier = NULL;
	task_end(task, TASK_UNANSWERED);
}

/*
 * Takes a result of the call.  An error that comes after a success, when the
 * transaction is committed, is what counts.
 */
static void
take_result(Task *task, const PGresult *result)
{
	Lane *lane = (Lane *) task;

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		lane->lanes->kind->answer(&lane->call, lane->members, lane->count, result);
		lane->has_answers = true;
	}
	else if (task_tries_again(task, result, true))
		give_back(lane);
	else
		fail(lane, result);
}

/*
 * Has the members wait again, in front of all others.
 */
static void
give_back(Lane *lane)
{
	for (int i = lane->count - 1; i >= 0; i--)
	{
		Task *task = lane->members[i] ? &lane->members[i]->task : NULL;

		if (task == NULL)
			continue;
		task->carrier = NULL;
		if (task->is_withdrawn)
			task_end(task, TASK_WITHDRAWN);
		else
			(void) queue_prepend(&lane->lanes->waiting,
								 task); /* its timer is set already: no memory is needed */
	}
	lane->count = 0;
	end_call(lane, TASK_WITHDRAWN);
}

/*
 * Has what was made for the call seen to, and freed.
 */
static void
end_call(Lane *lane, TaskEnd how)
{
	if (lane->lanes->kind->ended)
		lane->lanes->kind->ended(&lane->call, how);
	joined_free(&lane->call);
}

/*
 * Takes an error, after which nothing of the call is done, or nobody can tell.
 */
static void
fail(Lane *lane, const PGresult *error)
{
	const char *sqlstate = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
	char quoted[512];

	log_event(LOG_WARN, "event=joined_failed requests=%d sqlstate=%s error=%s", lane->count,
			  sqlstate ? sqlstate : "none",
			  log_quote(message ? message : "no message", quoted, sizeof(quoted)));
	/* in our statement itself, not in a trigger's */
	if (sqlstate && ((strcmp(sqlstate, "42883") == 0 &&
					  PQresultErrorField(error, PG_DIAG_STATEMENT_POSITION)) ||
					 strcmp(sqlstate, "42501") == 0))
		lanes_allow(lane->lanes, false);
	lane->has_failed = !(lane->has_answers && failure_leaves_open(error));
	PQclear(lane->call.begun);
	lane->call.begun = NULL;
	lane->call.is_unsure = !lane->has_failed;
	for (int i = 0; i < lane->count; i++)
	{
		Exchange *exchange = lane->members[i];

		if (exchange == NULL)
			continue;
		if (lane->has_failed)
			lane->lanes->kind->take_back(exchange);
		else if (exchange->status < 400)
			answer_failure(exchange, error);
	}
}

/*
 * Ends the members: the call has ended, or there was none.  What else waits is
 * sent before that.
 */
static void
ended(Task *task, TaskEnd how)
{
	Lane *lane = (Lane *) task;
	Lanes *lanes = lane->lanes;
	Exchange *members[JOINED_MOST];
	int count = lane->count;
	bool has_failed = lane->has_failed;

	memcpy(members, lane->members, sizeof(members));
	lane->count = 0;
	lane->is_taken = false;
	end_call(lane, how);
	if (how == TASK_STOPPED)
		queue_end_all(&lanes->waiting, TASK_STOPPED);
	else if (how == TASK_UNREACHABLE || how == TASK_OVERLOADED)
		send_all_alone(lanes);
	else
		use_free_lanes(lanes);
	for (int i = 0; i < count; i++)
	{
		if (members[i] == NULL)
			continue;
		members[i]->task.carrier = NULL;
		if (has_failed)
			lanes->counts.failed++;
		else if (how == TASK_DONE && !lanes->kind->has_answer(members[i]))
			lanes->counts.busy++;
		else
		{
			task_end(&members[i]->task, how);
			continue;
		}
		send_alone(lanes, &members[i]->task);
	}
}

/*
 * Has what waits served without lanes: there is no session for one, or no
 * memory.
 */
static void
send_all_alone(Lanes *lanes)
{
	while (lanes->waiting.first)
	{
		Task *task = lanes->waiting.first;

		queue_remove(task);
		send_alone(lanes, task);
	}
}

/*
 * An answer is never that large.
 */
static void
overflowed(Task *task)
{
	(void) task;
}

/*
 * Serves a task, of which nothing is done yet, beside the lanes, if there is
 * still someone who waits for it, and time.
 */
static void
send_alone(Lanes *lanes, Task *task)
{
	if (task->is_withdrawn)
		task_end(task, TASK_WITHDRAWN);
	else if (loop_now() >= task->deadline - task->notice)
		task_end(task, TASK_LATE);
	else
		pool_submit_again(lanes->alone, task);
}
