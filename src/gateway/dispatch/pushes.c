/*
 * pushes.c
 *		Gathers what is to be pushed, and pushes it: all that is there when a session
 *		is, in one call.  While that runs, what comes is gathered for the next.
 */
#include "dispatch/pushes.h"

#include <stdlib.h>
#include <string.h>

#include "dispatch/claims.h"
#include "dispatch/counts.h"
#include "dispatch/frames.h"
#include "dispatch/line.h"
#include "dispatch/push_call.h"
#include "failure.h"
#include "log.h"
#include "types/limits.h"

/* how many pushes are under way at once */
#define MAX_PUSHES 2

/* about how many bytes one has, at most */
#define MOST_BYTES ((size_t) 8 * 1024 * 1024)

/* how long one may take */
#define PUSH_MS 30000

/* when nothing can be pushed it is tried again after a while, longer each time */
#define FIRST_RETRY_MS 100
#define LAST_RETRY_MS  2000

static void try_pushes(Timer *timer);
static void run(Push *push);
static bool begin(Task *task);
static void gather(Push *push);
static void join(Push *push, Attempt *attempt, size_t *bytes);
static void take_result(Task *task, const PGresult *result);
static void ended(Task *task, TaskEnd how);
static bool is_passing(const Push *push);
static void give_back(Push *push);
static void retry_later(void);
static void enqueue(Attempt *attempt);
static void dequeue(Attempt *attempt);

static const TaskKind push_kind = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended};

static Pool *pool;
static Push pushes[MAX_PUSHES];
static Line due;
static Timer turn;	 /* when it fires what is due is pushed; always set */
static int retry_ms; /* after how long it was tried again last; 0: the last one went well */
static bool waits;	 /* until it is tried again */
static bool stopped;

bool
pushes_start(Pool *with_pool)
{
	pool = with_pool;
	turn.fire = try_pushes;
	return loop_set_timer(&turn, INT64_MAX);
}

void
pushes_stop(void)
{
	stopped = true;
	loop_clear_timer(&turn);
}

void
pushes_free(void)
{
	for (int i = 0; i < MAX_PUSHES; i++)
		for (int param = 0; param < PARAMS; param++)
			buffer_free(&pushes[i].arrays[param]);
}

bool
pushes_are_idle(void)
{
	for (int i = 0; i < MAX_PUSHES; i++)
		if (pushes[i].is_running)
			return false;
	return due.first == NULL;
}

void
pushes_add(Attempt *attempt)
{
	if (attempt->is_due || attempt->push)
		return;
	loop_clear_timer(&attempt->holding);
	enqueue(attempt);
	/* with what else comes in this round; not before it is tried again, after a failure */
	if (!waits)
		(void) loop_set_timer(&turn, 0); /* it is set: no memory is needed */
}

void
pushes_forget(Attempt *attempt)
{
	if (attempt->is_due)
		dequeue(attempt);
	if (attempt->push == NULL)
		return;
	for (int i = 0; i < attempt->push->count; i++)
		if (attempt->push->members[i] == attempt)
			attempt->push->members[i] = NULL;
	attempt->push = NULL;
}

/*
 * Begins as many pushes as there can be for what is due.
 */
static void
try_pushes(Timer *timer)
{
	(void) loop_set_timer(timer, INT64_MAX); /* its place is free: no memory is needed */
	waits = false;
	for (int i = 0; i < MAX_PUSHES && due.first && !stopped; i++)
		if (!pushes[i].is_running)
			run(&pushes[i]);
}

/*
 * Begins a push, when a session is free.
 */
static void
run(Push *push)
{
	memset(&push->task, 0, sizeof(push->task));
	push->task.kind = &push_kind;
	push->task.deadline = loop_now() + PUSH_MS;
	push->is_running = true;
	pool_submit(pool, &push->task);
}

/*
 * Sends a call for what is due.
 */
static bool
begin(Task *task)
{
	Push *push = (Push *) task;

	/* it may begin anew, in another session */
	push_end_offer(push, NULL, true);
	give_back(push);
	gather(push);
	if (push->count == 0 || !push_make(push))
	{
		task_done(task);
		return true;
	}
	dispatch_counts.pushes++;
	dispatch_counts.pushed += (unsigned long) push->count;
	return push_send(push);
}

/*
 * Takes into the push what is due, as far as it has room.
 */
static void
gather(Push *push)
{
	size_t bytes = 0;

	while (due.first && push->count < MOST_ATTEMPTS && bytes < MOST_BYTES)
	{
		Attempt *attempt = due.first;

		if (attempt->is_alone && push->count > 0)
			break;
		dequeue(attempt);
		join(push, attempt, &bytes);
		if (attempt->is_alone)
			break;
	}
	/* what there is no room for is for the next */
	if (due.first)
		(void) loop_set_timer(&turn, 0); /* it is set: no memory is needed */
}

/*
 * Takes an attempt into the push.
 */
static void
join(Push *push, Attempt *attempt, size_t *bytes)
{
	int nframes = RESTATE_PUSH_MAX_FRAMES;

	attempt->pushing = attempt->whole;
	if (attempt->nframes > nframes || attempt->whole > MOST_BYTES)
	{
		attempt->pushing = frames_first(attempt, &nframes, MOST_BYTES);
		attempt->nframes -= nframes;
	}
	else
		attempt->nframes = 0;
	attempt->is_urgent = attempt->nframes > 0;
	attempt->wants_news = false;
	attempt->push = push;
	push->members[push->count++] = attempt;
	*bytes += attempt->pushing;
}

/*
 * Keeps the answer, or notes why there is none.
 */
static void
take_result(Task *task, const PGresult *result)
{
	Push *push = (Push *) task;
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		PQclear(push->rows);
		push->rows = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
	}
	else if (!task_tries_again(task, result, true))
	{
		push->is_open = failure_leaves_open(result);
		strncpy(push->sqlstate, sqlstate ? sqlstate : "", sizeof(push->sqlstate) - 1);
		strncpy(push->error, message ? message : "", sizeof(push->error) - 1);
	}
}

/*
 * Tells the attempts what has become of it.  Where that is not known all is
 * pushed again: what was taken is recognised.
 */
static void
ended(Task *task, TaskEnd how)
{
	Push *push = (Push *) task;
	PGresult *rows = push->rows;
	bool is_known = how != TASK_LOST && how != TASK_UNANSWERED && !push->is_open;
	char quoted[512];

	push->rows = NULL;
	for (int i = 0; i < PARAMS; i++)
		if (push->arrays[i].allocated > LARGE_PIECE)
			buffer_free(&push->arrays[i]);
	if (how == TASK_DONE && rows && push->sqlstate[0] == '\0' && PQntuples(rows) >= push->count)
	{
		retry_ms = 0;
		push_tell(push, rows);
		push_end_offer(push, rows, is_known);
	}
	else if (how == TASK_DONE && push->sqlstate[0] == '\0' && push->count == 0)
		;
	else if (how == TASK_DONE && push->sqlstate[0] && !is_passing(push))
	{
		log_event(LOG_WARN, "event=push_failed attempts=%d sqlstate=%s error=%s", push->count,
				  push->sqlstate, log_quote(push->error, quoted, sizeof(quoted)));
		if (push->count == 1 && push->members[0])
		{
			Attempt *attempt = push->members[0];

			attempt->push = NULL;
			attempt_refused(attempt, "RT0012", push->error);
		}
		else
		{
			/* one of them is at fault */
			for (int i = 0; i < push->count; i++)
				if (push->members[i])
					push->members[i]->is_alone = true;
			give_back(push);
		}
	}
	else
	{
		give_back(push);
		retry_later();
		/* what was taken, if it was, may have made something ready */
		claims_wake(REASON_OWN);
	}
	push_end_offer(push, NULL, is_known);
	PQclear(rows);
	push->is_open = false;
	push->sqlstate[0] = push->error[0] = '\0';
	push->count = 0;
	push->is_running = false;
	if (due.first && !waits && !stopped)
		(void) loop_set_timer(&turn, 0); /* it is set: no memory is needed */
}

/*
 * Returns whether it may go well the next time; a standby may be promoted.
 */
static bool
is_passing(const Push *push)
{
	return failure_is_passing(push->sqlstate) || strcmp(push->sqlstate, "PT503") == 0;
}

/*
 * Has the members of a push due again.
 */
static void
give_back(Push *push)
{
	for (int i = 0; i < push->count; i++)
	{
		Attempt *attempt = push->members[i];

		if (attempt == NULL)
			continue;
		attempt->push = NULL;
		attempt->pushing = 0;
		/* all of them are cut again */
		attempt->whole = 0;
		attempt->nframes = 0;
		attempt->is_closing = false;
		(void) frames_cut(attempt);
		attempt->wants_news = attempt->is_urgent = true;
		enqueue(attempt);
	}
	push->count = 0;
}

/*
 * Tries again after a while.
 */
static void
retry_later(void)
{
	retry_ms = retry_ms == 0 ? FIRST_RETRY_MS : 2 * retry_ms;
	if (retry_ms > LAST_RETRY_MS)
		retry_ms = LAST_RETRY_MS;
	waits = true;
	if (!stopped)
		(void) loop_set_timer(&turn, loop_now() + retry_ms); /* it is set: no memory is needed */
}

/*
 * Puts an attempt at the end of those that are due.
 */
static void
enqueue(Attempt *attempt)
{
	attempt->is_due = true;
	line_add(&due, attempt);
}

/*
 * Takes it out of them.
 */
static void
dequeue(Attempt *attempt)
{
	line_remove(&due, attempt);
	attempt->is_due = false;
}
