/*
 * clock.c
 *		Calls restate_tick and restate_bulk_next, in turn, in a session of its own.
 *
 * While there is more to do a round follows the other at once; else the next one
 * begins when something is due, and after a second in any case, since others may
 * have made something due meanwhile.  Any number of gateways may do so: what one
 * does the others pass over.
 */
#include "clock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asks.h"
#include "log.h"
#include "loop.h"
#include "pool.h"

/* how long a round may take */
#define ROUND_MS	   60000
/* how long it waits at most while nothing is due */
#define IDLE_MS		   1000
/* while others do what is due, if it is not that it was not yet due when it was looked for */
#define CROWDED_MS	   100
#define AGAIN_MS	   1
/* between rounds, however often it is told of timers */
#define LOOK_MS		   10
/* after a failure, first and last */
#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS  10000
/* timers a tick */
#define TICK_MOST	   1000
/* how many invocations a batch has: so many that ticks do not wait for long */
#define FIRST_BATCH	   200
#define MOST_BATCH	   1000
#define SHORT_BATCH_MS 100
#define LONG_BATCH_MS  400

/* what was done, and in how many milliseconds there is more to do, a day at most */
#define TICK                                                                                        \
	"SELECT done, pg_catalog.ceil(GREATEST(0, LEAST(86400, pg_catalog.date_part('epoch', next_due)" \
	" - pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()))) * 1000)"                      \
	" FROM pg_catalog.restate_tick($1::pg_catalog.int4)"
#define BATCH                            \
	"SELECT done + failed + passed_over" \
	" FROM pg_catalog.restate_bulk_next($1::pg_catalog.int4)"

enum
{
	STEP_TICK,
	STEP_BATCH,
	STEPS
};

static const char *const step_names[STEPS] = {"tick", "bulk"};

static Pool *pool;
static Task task;
static Timer timer;
static bool is_started;
static bool is_draining;
static bool is_under_way;
static bool is_told;  /* of a timer, while a round was under way */
static Reason reason; /* of the next round */
static void (*tells_fired)(void);
static ClockCounts counts;

/* of the round that is under way */
static int step;
static bool has_failed;
static bool has_batch;
static bool found_nothing; /* of what was due, the last time */
static long wait_ms;
static Reason reason_to_wait;
static int64_t round_began;
static int64_t step_began;

static int batch_size = FIRST_BATCH;
static int retry_ms;
/* why each step failed the last time; empty: it did not */
static char failed_because[STEPS][256];

static void begin_round(Timer *fired);
static bool begin(Task *round);
static bool send(Task *round);
static void take_result(Task *round, const PGresult *result);
static void take_tick(const PGresult *result);
static void take_batch(const PGresult *result);
static void fail(const char *sqlstate, const char *message);
static void succeed(void);
static bool next(Task *round);
static void ended(Task *round, TaskEnd how);
static void overflowed(Task *round);

static const TaskKind clock_round = {
	.begin = begin,
	.result = take_result,
	.next = next,
	.ended = ended,
	.overflowed = overflowed};

bool
clock_start(const char *conninfo, void (*fired)(void))
{
	PoolConfig config = {.slots = {.name = "clock", .conninfo = conninfo, .size = 1},
						 .queue_limit = 1};

	tells_fired = fired;
	timer.fire = begin_round;
	pool = pool_start(&config);
	is_started = pool && loop_set_timer(&timer, loop_now());
	return is_started;
}

void
clock_drain(void)
{
	is_draining = true;
	loop_clear_timer(&timer);
}

void
clock_look(void)
{
	int64_t at = loop_now();

	if (!is_started || is_draining || retry_ms > 0)
		return;
	if (at < round_began + LOOK_MS)
		at = round_began + LOOK_MS;
	if (is_under_way)
		is_told = true;
	else if (at < timer.at)
	{
		reason = REASON_OWN;
		(void) loop_set_timer(&timer, at); /* it is set: no memory is needed */
	}
}

bool
clock_is_busy(void)
{
	return is_under_way;
}

void
clock_give_up(void)
{
	if (is_started)
		pool_give_up(pool);
}

void
clock_stop(void)
{
	if (!is_started)
		return;
	clock_drain();
	pool_stop(pool);
	is_started = false;
}

const ClockCounts *
clock_counts(void)
{
	return is_started ? &counts : NULL;
}

/*
 * Begins a round: its time has come.
 */
static void
begin_round(Timer *fired)
{
	(void) fired;
	memset(&task, 0, sizeof(task));
	task.kind = &clock_round;
	round_began = loop_now();
	task.deadline = round_began + ROUND_MS;
	is_under_way = true;
	is_told = false;
	pool_submit(pool, &task);
}

/*
 * Begins with the tick.
 */
static bool
begin(Task *round)
{
	step = STEP_TICK;
	has_failed = has_batch = false;
	wait_ms = poll_ms(IDLE_MS);
	reason_to_wait = REASON_POLL;
	count_ask(ASK_TICK, reason, 1);
	return send(round);
}

/*
 * Sends the step's statement.
 */
static bool
send(Task *round)
{
	/* the session may need them later: it prepares the statement first */
	static char most[16];
	static const char *const params[] = {most};
	Statement statement = {.sql = step == STEP_TICK ? TICK : BATCH, .nparams = 1, .params = params};

	snprintf(most, sizeof(most), "%d", step == STEP_TICK ? TICK_MOST : batch_size);
	step_began = loop_now();
	return session_execute(round->session, &statement);
}

/*
 * Takes a result of the step.
 */
static void
take_result(Task *round, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
	{
		if (!task_tries_again(round, result, true))
			fail(sqlstate ? sqlstate : "none", message ? message : "no message");
		return;
	}
	succeed();
	if (step == STEP_TICK)
		take_tick(result);
	else
		take_batch(result);
}

/*
 * Takes what a tick has done, and when the next is due.
 */
static void
take_tick(const PGresult *result)
{
	unsigned long done;
	long until_due = LONG_MAX;

	if (PQntuples(result) != 1)
		return;
	done = strtoul(PQgetvalue(result, 0, 0), NULL, 10);
	counts.ticks++;
	counts.fired += done;
	if (done > 0)
		tells_fired();
	if (!PQgetisnull(result, 0, 1))
		until_due = strtol(PQgetvalue(result, 0, 1), NULL, 10);
	if (until_due < wait_ms)
	{
		wait_ms = until_due;
		reason_to_wait = REASON_DUE;
	}
	if (wait_ms == 0 && done == 0)
	{
		wait_ms = found_nothing ? CROWDED_MS : AGAIN_MS;
		found_nothing = true;
	}
	else
		found_nothing = false;
}

/*
 * Takes what a batch has done: where there was one, there may be more.
 */
static void
take_batch(const PGresult *result)
{
	int64_t took = loop_now() - step_began;
	unsigned long dealt;

	if (PQntuples(result) != 1)
		return;
	dealt = strtoul(PQgetvalue(result, 0, 0), NULL, 10);
	counts.batches++;
	counts.dealt += dealt;
	has_batch = true;
	wait_ms = 0;
	reason_to_wait = REASON_MORE;
	if (took > LONG_BATCH_MS)
		batch_size = batch_size / 2 + 1;
	else if (took < SHORT_BATCH_MS && batch_size < MOST_BATCH &&
			 dealt >= (unsigned long) batch_size)
		batch_size = batch_size * 2 < MOST_BATCH ? batch_size * 2 : MOST_BATCH;
}

/*
 * Notes that the step has failed, and logs why when that is not what it was.
 */
static void
fail(const char *sqlstate, const char *message)
{
	char because[sizeof(failed_because[0])];
	char quoted[512];

	has_failed = true;
	counts.failures++;
	if (step == STEP_BATCH)
		batch_size = batch_size / 2 + 1;
	snprintf(because, sizeof(because), "%s %s", sqlstate, message);
	if (strcmp(because, failed_because[step]) == 0)
		return;
	memcpy(failed_because[step], because, sizeof(because));
	log_event(LOG_WARN, "event=clock_failed call=%s sqlstate=%s error=%s", step_names[step],
			  sqlstate, log_quote(message, quoted, sizeof(quoted)));
}

/*
 * Notes that the step has succeeded, and logs that it does again.
 */
static void
succeed(void)
{
	if (failed_because[step][0])
		log_event(LOG_INFO, "event=clock_goes_on call=%s", step_names[step]);
	failed_because[step][0] = '\0';
}

/*
 * Goes on with a batch after the tick, unless the gateway is to end.
 */
static bool
next(Task *round)
{
	if (step == STEP_TICK && !is_draining)
	{
		step = STEP_BATCH;
		return send(round);
	}
	task_done(round);
	return true;
}

/*
 * Has the next round begin when it is due: after a failure later and later, unless
 * there was a batch all the same.
 */
static void
ended(Task *round, TaskEnd how)
{
	(void) round;
	is_under_way = false;
	if (is_draining)
		return;
	if (how != TASK_DONE && how != TASK_STOPPED)
		fail("none", how == TASK_UNREACHABLE ? "the database cannot be reached" :
											   "the database did not answer");
	if (how != TASK_DONE || (has_failed && !has_batch))
	{
		retry_ms = retry_ms == 0 ? FIRST_RETRY_MS : retry_ms * 2;
		if (retry_ms > LAST_RETRY_MS)
			retry_ms = LAST_RETRY_MS;
		wait_ms = retry_ms;
		reason_to_wait = REASON_POLL;
	}
	else
	{
		retry_ms = 0;
		if (is_told && wait_ms > LOOK_MS)
		{
			wait_ms = LOOK_MS;
			reason_to_wait = REASON_OWN;
		}
	}
	reason = reason_to_wait;
	(void) loop_set_timer(&timer, loop_now() + wait_ms); /* it was set: no memory is needed */
}

/*
 * An answer is never that large.
 */
static void
overflowed(Task *round)
{
	(void) round;
}
