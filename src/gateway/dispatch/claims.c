/*
 * claims.c
 *		Claims when something may be ready: when others say so, when what this
 *		worker has done may have made it so, and otherwise now and then, more seldom
 *		the longer nothing is.
 */
#include "dispatch/claims.h"

#include <stdio.h>
#include <string.h>

#include "dispatch/attempt.h"
#include "dispatch/counts.h"
#include "dispatch/flow.h"
#include "dispatch/liveness.h"
#include "dispatch/workers.h"
#include "failure.h"
#include "log.h"
#include "pg_binary.h"

/* how long a claim may take */
#define CLAIM_MS 30000

/* what one claims at most: journals come with it */
#define MOST_CLAIMED 64

/* between claims that find nothing: doubling from the first to the last */
#define FIRST_WAIT_MS 50
#define LAST_WAIT_MS  1000

/*
 * $1 the worker, $2 how many, $3 deployments that have no room, $4 deployments that are
 * known.  Of those that are not the document comes with the first attempt.
 */
#define CLAIM                                                                                       \
	"WITH c AS MATERIALIZED (SELECT * FROM pg_catalog.restate_claim($1, NULL, $2::pg_catalog.int4," \
	" ARRAY(SELECT s.id FROM restate.sys_deployment AS s WHERE s.ty = 'http'"                       \
	" AND s.id <> ALL ($3::pg_catalog.restate_deployment_id[])), true)),"                           \
	" d AS MATERIALIZED (SELECT a.id, a.document FROM restate.admin_deployment AS a"                \
	" WHERE a.id <> ALL ($4::pg_catalog.restate_deployment_id[])"                                   \
	" AND a.id IN (SELECT c.deployment FROM c))"                                                    \
	" SELECT " CLAIM_COLUMNS("c", "attempts") ", d.document::pg_catalog.text"                       \
											  " FROM c LEFT JOIN d ON d.id = c.deployment"

#define PARAMS 4

enum
{
	COLUMN_ID,
	COLUMN_ATTEMPT,
	COLUMN_ATTEMPTS,
	COLUMN_SERVICE,
	COLUMN_HANDLER,
	COLUMN_DEPLOYMENT,
	COLUMN_PROTOCOL_VERSION,
	COLUMN_COMMANDS,
	COLUMN_ENTRIES,
	COLUMN_INACTIVITY,
	COLUMN_ABORT,
	COLUMN_REQUEST,
	COLUMN_DOCUMENT
};

static void try_claim(Timer *timer);
static int room(void);
static int promised(void);
static bool begin(Task *task);
static void list_deployments(Buffer *list, bool (*belongs)(const Served *served));
static bool is_offered(const Served *served);
static void take_result(Task *task, const PGresult *result);
static void ended(Task *task, TaskEnd how);
static void wait(bool went_well, int nrows, bool has_more);
static void go_on_as_another(void);
static void note_rest(bool is_all);
static bool start_row(const PGresult *rows, int row, int column);

static const TaskKind claim_kind = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended};

static Pool *pool;
static int slots;

static Task task_of_claim;
static bool is_running;
static bool is_woken; /* while it runs */
static Reason reason; /* of the next one */
static bool stopped;
static bool is_behind; /* there was no room: something may wait for it */
static int offered;	   /* slots */
static int wait_ms;
static Timer turn; /* when it fires something is claimed; always set */
static Buffer full;
static Buffer known;
static int asked; /* by the one that runs: slots, too */
static char most[16];
static const char *params[PARAMS];
static PGresult *answer; /* which holds once the call has ended */
static bool has_error;
static bool is_open; /* whether something is claimed: the error does not tell */

bool
claims_start(Pool *with_pool, int with_slots)
{
	pool = with_pool;
	slots = with_slots;
	turn.fire = try_claim;
	reason = REASON_OWN;
	return loop_set_timer(&turn, 0);
}

void
claims_stop(void)
{
	stopped = true;
	loop_clear_timer(&turn);
}

bool
claims_are_under_way(void)
{
	return is_running || offered > 0;
}

void
claims_free(void)
{
	buffer_free(&full);
	buffer_free(&known);
}

void
claims_wake(Reason why)
{
	wait_ms = 0;
	reason = why;
	if (is_running)
		is_woken = true;
	else if (!stopped)
		(void) loop_set_timer(&turn, 0); /* it is set: no memory is needed */
}

void
claims_have_room(void)
{
	if (is_behind)
		claims_wake(REASON_OWN);
}

const char *
claims_offer(Buffer *deployments, int *count)
{
	int left = room();

	if (left <= 0)
		is_behind = true;
	if (stopped || is_behind)
		return NULL;
	if (*count > left)
		*count = left;
	offered += *count;
	list_deployments(deployments, is_offered);
	if (deployments->len > 2 && !deployments->failed)
		return workers_current()->name;
	offered -= *count;
	return NULL;
}

/*
 * Returns whether what is submitted for a deployment may be claimed at once.
 */
static bool
is_offered(const Served *served)
{
	return served_is_fresh(served) && served->endpoint && !served->is_behind &&
		   served_has_room_for(served, promised());
}

void
claims_end_offer(int count, const PGresult *rows, int column, bool is_known)
{
	size_t bytes = 0;
	int given = 0;

	offered -= count;
	for (int row = 0; rows && row < PQntuples(rows); row++)
		if (!PQgetisnull(rows, row, column + COLUMN_ATTEMPT))
		{
			given++;
			bytes += (size_t) PQgetlength(rows, row, column + COLUMN_REQUEST);
			is_known = start_row(rows, row, column) && is_known;
		}
	dispatch_counts.given += (unsigned long) given;
	if (given > 0)
		flow_claimed(bytes, given);
	if (!is_known)
		go_on_as_another();
	if (stopped)
		attempts_drain();
	else
		claims_have_room();
}

/*
 * Begins to claim, if there is room.
 */
static void
try_claim(Timer *timer)
{
	(void) loop_set_timer(timer, INT64_MAX); /* its place is free: no memory is needed */
	if (is_running)
		return;
	/* what gives back a slot wakes it again */
	if (room() <= 0)
	{
		is_behind = true;
		return;
	}
	is_running = true;
	asked = 0;
	is_woken = false;
	has_error = is_open = false;
	memset(&task_of_claim, 0, sizeof(task_of_claim));
	task_of_claim.kind = &claim_kind;
	task_of_claim.deadline = loop_now() + CLAIM_MS;
	pool_submit(pool, &task_of_claim);
}

/*
 * Returns how many may be claimed at once: a claim may give them all to one
 * deployment.
 */
static int
room(void)
{
	int left = slots - attempts_counted();

	if (left > served_room())
		left = served_room();
	left -= promised();
	if (left > MOST_CLAIMED)
		left = MOST_CLAIMED;
	if (left <= 0)
		return 0;
	/* the journals of those that are promised are still to come */
	left = flow_room(left + promised()) - promised();
	if (left > 0)
		return left;
	flow_claims_wait();
	return 0;
}

/*
 * Returns how many slots attempts may take that are still to come: any of them, and all on
 * one deployment.
 */
static int
promised(void)
{
	return offered + asked;
}

/*
 * Sends the call.
 */
static bool
begin(Task *task)
{
	Statement statement = {.sql = CLAIM, .nparams = PARAMS, .params = params, .is_binary = true};

	/* it may begin anew, in another session */
	asked = 0;
	asked = room();
	snprintf(most, sizeof(most), "%d", asked);
	params[0] = workers_current()->name;
	params[1] = most;
	list_deployments(&full, served_is_full);
	list_deployments(&known, served_is_fresh);
	if (asked <= 0 || full.failed || known.failed)
	{
		is_behind = is_behind || asked <= 0;
		task_done(task);
		return true;
	}
	for (Served *served = served_first(); served; served = served->next)
		served->was_asked = !served_is_full(served);
	dispatch_counts.claims++;
	count_ask(ASK_CLAIM, reason, 1);
	params[2] = full.data;
	params[3] = known.data;
	return session_execute(task->session, &statement);
}

/*
 * Writes the deployments of which something holds as an array.
 */
static void
list_deployments(Buffer *list, bool (*belongs)(const Served *served))
{
	list->len = 0;
	buffer_add(list, "{", 1);
	for (const Served *served = served_first(); served; served = served->next)
		if (belongs(served))
		{
			if (list->len > 1)
				buffer_add(list, ",", 1);
			buffer_add_text(list, served->id);
		}
	buffer_add(list, "}", 1);
}

/*
 * Keeps the answer.
 */
static void
take_result(Task *task, const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char quoted[512];

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		PQclear(answer);
		answer = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
		is_open = answer == NULL;
		return;
	}
	if (task_tries_again(task, result, true))
		return;
	has_error = true;
	is_open = failure_leaves_open(result);
	log_event(LOG_WARN, "event=claim_failed error=%s",
			  log_quote(message ? message : "no message", quoted, sizeof(quoted)));
}

/*
 * Starts what was claimed.  Where that is not known, or not all of it can be started,
 * it goes on under another name.
 */
static void
ended(Task *task, TaskEnd how)
{
	PGresult *rows = answer;
	bool is_known = how != TASK_LOST && how != TASK_UNANSWERED && !is_open;
	int most_rows = asked;
	int nrows = 0;

	(void) task;
	answer = NULL;
	is_running = false;
	asked = 0;
	if (rows && how == TASK_DONE && !has_error)
	{
		size_t bytes = 0;

		nrows = PQntuples(rows);
		dispatch_counts.claimed += (unsigned long) nrows;
		for (int row = 0; row < nrows; row++)
		{
			bytes += (size_t) PQgetlength(rows, row, COLUMN_REQUEST);
			is_known = start_row(rows, row, 0) && is_known;
		}
		if (nrows > 0)
			flow_claimed(bytes, nrows);
		note_rest(nrows < most_rows);
	}
	if (!is_known)
		go_on_as_another();
	PQclear(rows);
	if (stopped)
	{
		attempts_drain();
		return;
	}
	/* who gets less than it asks for has all that there was */
	wait(how == TASK_DONE && !has_error, nrows, nrows > 0 && nrows == most_rows);
}

/*
 * Has the next one begin: at once if there is a reason, else when it is time.
 */
static void
wait(bool went_well, int nrows, bool has_more)
{
	if (went_well && (has_more || is_woken))
	{
		wait_ms = 0;
		if (!is_woken)
			reason = REASON_MORE;
	}
	else
	{
		wait_ms = wait_ms == 0 || nrows > 0 ? FIRST_WAIT_MS : 2 * wait_ms;
		reason = REASON_POLL;
	}
	if (wait_ms > LAST_WAIT_MS)
		wait_ms = LAST_WAIT_MS;
	/* it is set: no memory is needed */
	(void) loop_set_timer(
		&turn, wait_ms == 0 ? 0 : loop_now() + (went_well ? poll_ms(wait_ms) : wait_ms));
}

/*
 * Takes another name: under the one that it had there may be attempts that it knows
 * nothing of.
 */
static void
go_on_as_another(void)
{
	if (!workers_renew(NULL))
		return;
	log_event(LOG_WARN,
			  "event=claim_lost worker=%s error=\"what was claimed, if anything, is taken over later\"",
			  workers_current()->name);
	liveness_renew();
}

/*
 * Notes whether all that was ready has been claimed, or more may wait.
 */
static void
note_rest(bool is_all)
{
	is_behind = !is_all;
	for (Served *served = served_first(); served && is_all; served = served->next)
		if (served->was_asked && !served_is_full(served))
			served->is_behind = false;
}

/*
 * Starts the attempt of a row whose columns begin at that one; returns false where memory
 * has run out.
 */
static bool
start_row(const PGresult *rows, int row, int column)
{
	bool has_request = !PQgetisnull(rows, row, column + COLUMN_REQUEST);
	bool has_document = column + COLUMN_DOCUMENT < PQnfields(rows) &&
						!PQgetisnull(rows, row, column + COLUMN_DOCUMENT);
	const char *deployment = PQgetvalue(rows, row, column + COLUMN_DEPLOYMENT);
	Served *served = served_find(deployment);
	Claimed claimed = {
		.id = PQgetvalue(rows, row, column + COLUMN_ID),
		.attempt = binary_int8(rows, row, column + COLUMN_ATTEMPT),
		.attempts = binary_int8(rows, row, column + COLUMN_ATTEMPTS),
		.service = PQgetvalue(rows, row, column + COLUMN_SERVICE),
		.handler = PQgetvalue(rows, row, column + COLUMN_HANDLER),
		.protocol_version = binary_int4(rows, row, column + COLUMN_PROTOCOL_VERSION),
		.commands = binary_int8(rows, row, column + COLUMN_COMMANDS),
		.entries = binary_int8(rows, row, column + COLUMN_ENTRIES),
		.inactivity_ms = binary_int8(rows, row, column + COLUMN_INACTIVITY),
		.abort_ms = binary_int8(rows, row, column + COLUMN_ABORT),
		.request = has_request ? PQgetvalue(rows, row, column + COLUMN_REQUEST) : NULL,
		.request_len = (size_t) PQgetlength(rows, row, column + COLUMN_REQUEST)};

	/* the first row of a deployment loads it, and the others find it so */
	if (has_document && !(served && served_is_fresh(served)))
		served = served_load(deployment, PQgetvalue(rows, row, column + COLUMN_DOCUMENT));
	return attempt_start(&claimed, served, "it is not registered any more");
}
