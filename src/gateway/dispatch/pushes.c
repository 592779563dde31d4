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
#include "failure.h"
#include "log.h"
#include "pg_binary.h"
#include "pg_types.h"
#include "types/limits.h"

/* how many pushes are under way at once */
#define MAX_PUSHES 2

/* how many attempts one has, and about how many bytes, at most */
#define MOST_ATTEMPTS 1000
#define MOST_BYTES	  ((size_t) 8 * 1024 * 1024)

/* how long one may take */
#define PUSH_MS 30000

/* when nothing can be pushed it is tried again after a while, longer each time */
#define FIRST_RETRY_MS 100
#define LAST_RETRY_MS  2000

#define PUSHED_COLUMNS                                                                         \
	"ordinality, ok, category, message, error_code, reply, commands, entries, status, result," \
	" seed, made_ready"
#define PUSHED_ARGUMENTS                                                     \
	"$1::pg_catalog.restate_invocation_id[], $2::pg_catalog.int8[],"         \
	" $3::pg_catalog.bytea[], $4::pg_catalog.int8[], $5::pg_catalog.int8[]," \
	" $6::pg_catalog.text[]"
#define PUSH "SELECT " PUSHED_COLUMNS " FROM pg_catalog.restate_push(" PUSHED_ARGUMENTS ")"

/* what may make something ready starts it, if it does and there is room */
#define PUSH_AND_CLAIM \
	"SELECT " PUSHED_COLUMNS ", " CLAIM_COLUMNS("s", "attempt_count") " FROM pg_catalog.restate_push_and_claim(" PUSHED_ARGUMENTS ", $7, $8::pg_catalog.int4, $9::pg_catalog.restate_deployment_id[]) AS s"

enum
{
	PARAM_IDS,
	PARAM_ATTEMPTS,
	PARAM_FRAMES,
	PARAM_COMMANDS,
	PARAM_KNOWN,
	PARAM_SERVERS,
	PUSH_PARAMS,
	PARAM_WORKER = PUSH_PARAMS,
	PARAM_MOST,
	PARAM_DEPLOYMENTS,
	PARAMS
};

enum
{
	COLUMN_ORDINALITY,
	COLUMN_OK,
	COLUMN_CATEGORY,
	COLUMN_MESSAGE,
	COLUMN_ERROR_CODE,
	COLUMN_REPLY,
	COLUMN_COMMANDS,
	COLUMN_ENTRIES,
	COLUMN_STATUS,
	COLUMN_RESULT,
	COLUMN_SEED,
	COLUMN_MADE_READY,
	COLUMN_CLAIMED /* the first of those of an attempt that was started */
};

typedef struct Push
{
	Task task; /* first: of a task the push is known */
	bool is_running;
	Attempt *members[MOST_ATTEMPTS]; /* NULL: it is gone */
	int count;
	Buffer arrays[PARAMS];
	const char *params[PARAMS];
	int lengths[PARAMS];
	int offered;	/* slots for what it makes ready */
	PGresult *rows; /* the answer, which holds once the call has ended */
	char sqlstate[6];
	char error[256];
	bool is_open; /* whether it was taken: the error does not tell */
} Push;

static void try_pushes(Timer *timer);
static void run(Push *push);
static bool begin(Task *task);
static void gather(Push *push);
static void join(Push *push, Attempt *attempt, size_t *bytes);
static bool make_arrays(Push *push);
static void make_offer(Push *push);
static void end_offer(Push *push, const PGresult *rows, bool is_known);
static bool wakes_others(const Push *push, const PGresult *rows);
static void take_result(Task *task, const PGresult *result);
static void ended(Task *task, TaskEnd how);
static bool is_passing(const Push *push);
static void give_back(Push *push);
static void retry_later(void);
static void tell(Push *push, const PGresult *rows);
static void tell_row(Attempt *attempt, const PGresult *rows, int row);
static void tell_end(Attempt *attempt, const PGresult *rows, int row);
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
	static const int formats[PARAMS] = {[PARAM_ATTEMPTS] = 1,
										[PARAM_FRAMES] = 1,
										[PARAM_COMMANDS] = 1,
										[PARAM_KNOWN] = 1,
										[PARAM_SERVERS] = 1};
	Push *push = (Push *) task;
	Statement statement = {.sql = PUSH,
						   .nparams = PUSH_PARAMS,
						   .params = push->params,
						   .lengths = push->lengths,
						   .formats = formats,
						   .is_binary = true};

	/* it may begin anew, in another session */
	end_offer(push, NULL, true);
	give_back(push);
	gather(push);
	if (push->count == 0 || !make_arrays(push))
	{
		task_done(task);
		return true;
	}
	make_offer(push);
	if (push->offered > 0)
	{
		statement.sql = PUSH_AND_CLAIM;
		statement.nparams = PARAMS;
	}
	for (int i = 0; i < PARAMS; i++)
	{
		push->params[i] = push->arrays[i].data;
		push->lengths[i] = (int) push->arrays[i].len;
	}
	dispatch_counts.pushes++;
	dispatch_counts.pushed += (unsigned long) push->count;
	return session_execute(task->session, &statement);
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
 * Makes the arguments of the call; returns false where memory has run out.
 */
static bool
make_arrays(Push *push)
{
	Buffer *arrays = push->arrays;
	bool failed = false;

	for (int i = 0; i < PUSH_PARAMS; i++)
		arrays[i].len = 0;
	binary_array_begin(&arrays[PARAM_ATTEMPTS], OID_INT8, push->count);
	binary_array_begin(&arrays[PARAM_FRAMES], OID_BYTEA, push->count);
	binary_array_begin(&arrays[PARAM_COMMANDS], OID_INT8, push->count);
	binary_array_begin(&arrays[PARAM_KNOWN], OID_INT8, push->count);
	binary_array_begin(&arrays[PARAM_SERVERS], OID_TEXT, push->count);
	for (int i = 0; i < push->count; i++)
	{
		const Attempt *attempt = push->members[i];

		buffer_add(&arrays[PARAM_IDS], i == 0 ? "{" : ",", 1);
		buffer_add_text(&arrays[PARAM_IDS], attempt->id);
		binary_array_add_int8(&arrays[PARAM_ATTEMPTS], attempt->attempt);
		binary_array_add(&arrays[PARAM_FRAMES], attempt->in.data, attempt->pushing);
		binary_array_add_int8(&arrays[PARAM_COMMANDS], attempt->commands);
		binary_array_add_int8(&arrays[PARAM_KNOWN], attempt->known);
		binary_array_add(&arrays[PARAM_SERVERS], attempt->server, strlen(attempt->server));
	}
	buffer_add(&arrays[PARAM_IDS], "}", 1);
	for (int i = 0; i < PUSH_PARAMS; i++)
		failed = failed || arrays[i].failed;
	return !failed;
}

/*
 * Offers to run at once what the push makes ready, if there is room: of each attempt that may
 * make something so one more than most do, so that it is seen that there is no more.
 */
static void
make_offer(Push *push)
{
	Buffer *arrays = push->arrays;
	const char *worker;
	int count = 0;

	for (int i = 0; i < push->count; i++)
		count += push->members[i]->makes_ready ? 2 : 0;
	for (int i = PUSH_PARAMS; i < PARAMS; i++)
		arrays[i].len = 0;
	worker = count > 0 ? claims_offer(&arrays[PARAM_DEPLOYMENTS], &count) : NULL;
	if (worker == NULL)
		return;
	push->offered = count;
	buffer_add_text(&arrays[PARAM_WORKER], worker);
	buffer_printf(&arrays[PARAM_MOST], "%d", count);
	if (arrays[PARAM_WORKER].failed || arrays[PARAM_MOST].failed)
		end_offer(push, NULL, true);
}

/*
 * Ends the offer, if there is one, and starts what was claimed.
 */
static void
end_offer(Push *push, const PGresult *rows, bool is_known)
{
	int offered = push->offered;

	push->offered = 0;
	if (offered > 0)
		claims_end_offer(offered, rows, COLUMN_CLAIMED, is_known);
}

/*
 * Returns whether something may be ready that the push has not claimed.
 */
static bool
wakes_others(const Push *push, const PGresult *rows)
{
	int claimed = PQntuples(rows) - push->count;

	return binary_bool(rows, 0, COLUMN_MADE_READY) &&
		   (claimed == 0 || claimed == push->offered || !claims_offer_all());
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
		tell(push, rows);
		end_offer(push, rows, is_known);
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
	end_offer(push, NULL, is_known);
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
 * Tells each attempt what has become of what it has sent.
 */
static void
tell(Push *push, const PGresult *rows)
{
	bool wakes = wakes_others(push, rows);
	bool sets_timer = false;

	for (int row = 0; row < push->count; row++)
	{
		int64_t place = binary_int8(rows, row, COLUMN_ORDINALITY) - 1;
		Attempt *attempt =
			place >= 0 && place < push->count ? push->members[place] : NULL;

		if (attempt == NULL)
			continue;
		push->members[place] = NULL;
		attempt->push = NULL;
		attempt->is_alone = false;
		attempt->makes_ready = attempt->is_urgent && attempt->makes_ready;
		sets_timer = sets_timer || attempt->sets_timer;
		attempt->sets_timer = attempt->is_urgent && attempt->sets_timer;
		tell_row(attempt, rows, row);
	}
	if (wakes)
		claims_wake(REASON_OWN);
	if (sets_timer)
		attempts_tell_due();
}

/*
 * Tells one.
 */
static void
tell_row(Attempt *attempt, const PGresult *rows, int row)
{
	const char *status = PQgetvalue(rows, row, COLUMN_STATUS);

	if (!binary_bool(rows, row, COLUMN_OK))
	{
		if (PQgetisnull(rows, row, COLUMN_ERROR_CODE))
		{
			attempt_lost(attempt, PQgetvalue(rows, row, COLUMN_CATEGORY));
			return;
		}
		attempt_refused(attempt, PQgetvalue(rows, row, COLUMN_ERROR_CODE),
						PQgetvalue(rows, row, COLUMN_MESSAGE));
	}
	else if (!PQgetisnull(rows, row, COLUMN_STATUS) && strcmp(status, "pausing") != 0)
		tell_end(attempt, rows, row);
	else
	{
		attempt_taken(attempt, binary_int8(rows, row, COLUMN_COMMANDS),
					  binary_int8(rows, row, COLUMN_ENTRIES), PQgetvalue(rows, row, COLUMN_REPLY),
					  (size_t) PQgetlength(rows, row, COLUMN_REPLY));
		if (strcmp(status, "pausing") == 0)
			attempt_pauses(attempt);
	}
}

/*
 * Tells an attempt how it has ended.
 */
static void
tell_end(Attempt *attempt, const PGresult *rows, int row)
{
	bool has_code = !PQgetisnull(rows, row, COLUMN_ERROR_CODE);
	bool has_result = !PQgetisnull(rows, row, COLUMN_RESULT);
	AttemptResult result = {.value = PQgetvalue(rows, row, COLUMN_RESULT),
							.len = (size_t) PQgetlength(rows, row, COLUMN_RESULT)};

	if (has_result)
		result.seed = binary_int8(rows, row, COLUMN_SEED);
	attempt_ended(attempt, binary_int8(rows, row, COLUMN_COMMANDS),
				  PQgetvalue(rows, row, COLUMN_STATUS),
				  has_code ? PQgetvalue(rows, row, COLUMN_ERROR_CODE) : NULL,
				  has_result ? &result : NULL);
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
