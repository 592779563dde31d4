/*
 * waiting.c
 *		Keeps the requests that wait, and asks for their results: when the database
 *		notifies, and anew after a while that grows.
 *
 * A notification says no more than that there may be a result.  One that comes before
 * its request waits here is remembered for a while; where none can come, because the
 * session that listens is lost, or notifications are off, there is the asking anew.
 */
#include "waiting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "asks.h"
#include "failure.h"
#include "log.h"
#include "loop.h"
#include "pg_binary.h"
#include "pool.h"

/* so many are asked for in one call */
#define MOST_ASKED		  1000
/* ids that were told of before their requests waited */
#define REMEMBERED		  1024
#define FIRST_BUCKETS	  1024
#define RETRY_MS		  1000
#define HINTED_LEVEL	  0
/* the first two where notifications come, and how patient such a request becomes */
#define FIRST_LEVEL		  1
#define FIRST_TOLD_LEVEL  8
#define LAST_UNTOLD_LEVEL 8

/* for how long a request waits before it is looked for (again), in milliseconds */
static const int patience_ms[] = {0, 10, 20, 40, 80, 160, 320, 640, 1000, 2000, 4000, 8000};

#define LEVELS ((int) (sizeof(patience_ms) / sizeof(*patience_ms)))

typedef struct Line
{
	Ingress *first; /* the one that is looked for first */
	Ingress *last;
} Line;

static Pool *pool;
static int request_ms;
static char name[64];
static Line lines[LEVELS];
static Ingress **buckets;
static size_t nbuckets;
static int count;
static char remembered[REMEMBERED][RESTATE_INVOCATION_ID_CHARS];
static Reason remembered_for[REMEMBERED];
static int next_remembered;
static Timer due;

/* the one call */
static Task asking;
static bool is_asking;
static Ingress *asked[MOST_ASKED];
static int nasked;
static Buffer ids;
static Buffer seeds;

/* the session that listens */
static Session listener;
static char listen_sql[160];
static Timer retry;
static bool is_told;
static bool is_stopped;
static bool giving_up;

static void listen_again(Timer *timer);
static void listener_opened(Session *session);
static void listener_failed(Session *session, const char *error);
static void listener_lost(Session *session, const char *error);
static void listener_result(Session *session, const PGresult *result);
static void listener_ended(Session *session);
static void notified(Session *session, const char *channel, const char *payload);
static void look(const char *id, Reason reason);
static void look_at_all(void);
static void remember(const char *id, Reason reason);
static bool was_told(const char *id, Reason *reason);
static bool answer_with(const char *id, const AttemptResult *result);
static void answer_value(Ingress *ingress, const char *value, size_t len, int status,
						 bool is_failure);
static size_t bucket_of(const char *id);
static bool grow(void);
static void enter(Ingress *ingress, int level);
static void take_out(Ingress *ingress);
static void set_timer(void);
static void time_has_come(Timer *timer);
static void ask(void);
static int gather(void);
static bool begin(Task *task);
static void take_result(Task *task, const PGresult *result);
static void take_row(const PGresult *result, int row);
static void ended(Task *task, TaskEnd how);
static void overflowed(Task *task);
static void finish(Ingress *ingress);

static const SessionEvents listener_events = {
	.opened = listener_opened,
	.failed = listener_failed,
	.result = listener_result,
	.ended = listener_ended,
	.lost = listener_lost,
	.notified = notified};

static const TaskKind results_call = {
	.begin = begin,
	.result = take_result,
	.next = task_is_one_call,
	.ended = ended,
	.overflowed = overflowed};

bool
waiting_start(Pool *with_pool, const char *conninfo, int request_timeout)
{
	uint64_t bits[2];

	pool = with_pool;
	request_ms = request_timeout * 1000;
	if (getrandom(bits, sizeof(bits), 0) != (ssize_t) sizeof(bits))
		return false;
	snprintf(name, sizeof(name), "gateway_%016" PRIx64 "%016" PRIx64, bits[0], bits[1]);
	snprintf(listen_sql, sizeof(listen_sql),
			 "DO $$BEGIN EXECUTE 'LISTEN ' || pg_catalog.restate_ingress_channel('%s'); END$$", name);
	nbuckets = FIRST_BUCKETS;
	buckets = calloc(nbuckets, sizeof(void *));
	if (buckets == NULL)
		return false;
	due.fire = time_has_come;
	retry.fire = listen_again;
	listener.events = &listener_events;
	listener.conninfo = conninfo;
	listener.setup = listen_sql;
	session_open(&listener);
	return true;
}

void
waiting_stop(void)
{
	is_stopped = true;
	if (listener.state != SESSION_CLOSED)
		session_close(&listener);
	loop_clear_timer(&retry);
	loop_clear_timer(&due);
	buffer_free(&ids);
	buffer_free(&seeds);
	free(buckets);
	buckets = NULL;
	nbuckets = 0;
}

const char *
waiting_name(void)
{
	return name;
}

bool
waiting_is_told(void)
{
	return is_told;
}

int
waiting_count(void)
{
	return count;
}

/*
 * Opens the session that listens once more.
 */
static void
listen_again(Timer *timer)
{
	(void) timer;
	session_open(&listener);
}

/*
 * It listens: what was told of before has to be looked for.
 */
static void
listener_opened(Session *session)
{
	(void) session;
	is_told = true;
	look_at_all();
}

/*
 * It cannot be opened, for now.
 */
static void
listener_failed(Session *session, const char *error)
{
	char quoted[512];

	(void) session;
	log_event(LOG_WARN, "event=not_listening error=%s", log_quote(error, quoted, sizeof(quoted)));
	if (!is_stopped)
		(void) loop_set_timer(&retry, loop_now() + RETRY_MS);
}

/*
 * It is lost: until there is another one, all have to be looked for.
 */
static void
listener_lost(Session *session, const char *error)
{
	is_told = false;
	listener_failed(session, error);
	look_at_all();
}

/*
 * It runs nothing but what it begins with.
 */
static void
listener_result(Session *session, const PGresult *result)
{
	(void) session;
	(void) result;
}

static void
listener_ended(Session *session)
{
	(void) session;
}

/*
 * An invocation has a result.
 */
static void
notified(Session *session, const char *channel, const char *payload)
{
	(void) session;
	(void) channel;
	look(payload, REASON_NOTIFIED);
}

void
waiting_look(const char *id)
{
	look(id, REASON_OWN);
}

/*
 * Looks for the result of an invocation at once: there is a reason to.
 */
static void
look(const char *id, Reason reason)
{
	bool waits = false;

	if (strlen(id) != RESTATE_INVOCATION_ID_CHARS || buckets == NULL)
		return;
	for (Ingress *ingress = buckets[bucket_of(id)]; ingress; ingress = ingress->same)
	{
		if (strcmp(ingress->id, id) != 0)
			continue;
		waits = true;
		ingress->reason = reason;
		/* of one that is asked for, the answer may be from before */
		if (ingress->asked > 0)
			ingress->level = HINTED_LEVEL;
		else
		{
			take_out(ingress);
			enter(ingress, HINTED_LEVEL);
		}
	}
	if (!waits)
		remember(id, reason);
	set_timer();
}

void
waiting_is_over(const char *id, const AttemptResult *result)
{
	if (result == NULL || !answer_with(id, result))
		waiting_look(id);
}

/*
 * Answers those that wait for this result; returns whether any did.
 */
static bool
answer_with(const char *id, const AttemptResult *result)
{
	bool waits = false;
	Ingress *after;

	if (buckets == NULL)
		return false;
	for (Ingress *ingress = buckets[bucket_of(id)]; ingress; ingress = after)
	{
		after = ingress->same;
		if (strcmp(ingress->id, id) != 0 || ingress->seed != result->seed)
			continue;
		waits = true;
		answer_value(ingress, result->value, result->len, 200, false);
	}
	return waits;
}

/*
 * Answers one.
 */
static void
answer_value(Ingress *ingress, const char *value, size_t len, int status, bool is_failure)
{
	buffer_add(&ingress->exchange->answer, value, len);
	if (ingress->exchange->answer.failed)
		answer_out_of_memory(ingress->exchange);
	else
		ingress_answer(ingress->exchange, status, is_failure);
	finish(ingress);
}

/*
 * Has all be looked for at once.
 */
static void
look_at_all(void)
{
	for (int level = LEVELS - 1; level > HINTED_LEVEL; level--)
		while (lines[level].first)
		{
			Ingress *ingress = lines[level].first;

			take_out(ingress);
			enter(ingress, HINTED_LEVEL);
		}
	set_timer();
}

/*
 * Remembers an id that nobody waits for, yet.
 */
static void
remember(const char *id, Reason reason)
{
	memcpy(remembered[next_remembered], id, RESTATE_INVOCATION_ID_CHARS);
	remembered_for[next_remembered] = reason;
	next_remembered = (next_remembered + 1) % REMEMBERED;
}

/*
 * Returns whether the id was told of lately, and by whom.
 */
static bool
was_told(const char *id, Reason *reason)
{
	for (int i = 0; i < REMEMBERED; i++)
		if (memcmp(remembered[i], id, RESTATE_INVOCATION_ID_CHARS) == 0)
		{
			*reason = remembered_for[i];
			return true;
		}
	return false;
}

void
waiting_add(Exchange *exchange)
{
	Ingress *ingress = exchange->ingress;
	size_t bucket;

	if (giving_up || (count >= (int) nbuckets && !grow()))
	{
		if (giving_up)
			answer_error(exchange, 503, "unavailable", "the gateway is being stopped");
		else
			answer_out_of_memory(exchange);
		exchange->answered(exchange);
		return;
	}
	/* what it was asked with is not needed any more, and may be large */
	buffer_free(&exchange->body);
	for (int i = 0; i < EXCHANGE_MAX_ARGS; i++)
	{
		free(exchange->args[i]);
		exchange->args[i] = NULL;
	}
	bucket = bucket_of(ingress->id);
	ingress->exchange = exchange;
	ingress->same = buckets[bucket];
	buckets[bucket] = ingress;
	count++;
	ingress->reason = REASON_POLL;
	enter(ingress, was_told(ingress->id, &ingress->reason) ? HINTED_LEVEL :
				   is_told								   ? FIRST_TOLD_LEVEL :
															 FIRST_LEVEL);
	set_timer();
}

bool
waiting_leave(Exchange *exchange)
{
	if (exchange->ingress == NULL)
		return false;
	if (exchange->ingress->exchange == NULL)
	{
		/* what runs is not taken back: the invocation is there, whoever waits for it */
		exchange->ingress->has_left = exchange->task.session != NULL || exchange->task.carrier != NULL;
		return exchange->ingress->has_left;
	}
	waiting_forget(exchange->ingress);
	answer_error(exchange, 503, "unavailable", "the client has gone");
	exchange->answered(exchange);
	return true;
}

void
waiting_forget(Ingress *ingress)
{
	if (ingress->exchange == NULL)
		return;
	for (Ingress **link = &buckets[bucket_of(ingress->id)]; *link; link = &(*link)->same)
		if (*link == ingress)
		{
			*link = ingress->same;
			break;
		}
	if (ingress->asked > 0)
		asked[ingress->asked - 1] = NULL;
	else
		take_out(ingress);
	ingress->asked = 0;
	ingress->exchange = NULL;
	count--;
}

void
waiting_give_up(void)
{
	giving_up = true;
	for (size_t i = 0; i < nbuckets; i++)
		while (buckets[i])
		{
			Exchange *exchange = buckets[i]->exchange;

			waiting_forget(buckets[i]);
			answer_error(exchange, 503, "unavailable",
						 "the gateway is being stopped; the invocation goes on");
			exchange->answered(exchange);
		}
}

/*
 * Returns where in the table an id is (FNV-1a of 64 bits).
 */
static size_t
bucket_of(const char *id)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const unsigned char *p = (const unsigned char *) id; *p; p++)
		hash = (hash ^ *p) * UINT64_C(1099511628211);
	return (size_t) (hash % nbuckets);
}

/*
 * Doubles the table; returns false where memory has run out.
 */
static bool
grow(void)
{
	size_t had = nbuckets;
	Ingress **old = buckets;
	Ingress **new = calloc(had * 2, sizeof(void *));

	if (new == NULL)
		return false;
	buckets = new;
	nbuckets = had * 2;
	for (size_t i = 0; i < had; i++)
		while (old[i])
		{
			Ingress *ingress = old[i];
			size_t bucket = bucket_of(ingress->id);

			old[i] = ingress->same;
			ingress->same = buckets[bucket];
			buckets[bucket] = ingress;
		}
	free(old);
	return true;
}

/*
 * Puts a request at the end of those that are as patient.
 */
static void
enter(Ingress *ingress, int level)
{
	Line *line = &lines[level];

	ingress->level = level;
	ingress->at = loop_now() + (is_told ? poll_ms(patience_ms[level]) : patience_ms[level]);
	ingress->next = NULL;
	ingress->previous = line->last;
	if (line->last)
		line->last->next = ingress;
	else
		line->first = ingress;
	line->last = ingress;
}

/*
 * Takes a request out of its line.
 */
static void
take_out(Ingress *ingress)
{
	Line *line = &lines[ingress->level];

	if (ingress->previous)
		ingress->previous->next = ingress->next;
	else
		line->first = ingress->next;
	if (ingress->next)
		ingress->next->previous = ingress->previous;
	else
		line->last = ingress->previous;
}

/*
 * Sets the timer for the first that is to be looked for.
 */
static void
set_timer(void)
{
	int64_t at = INT64_MAX;

	if (is_asking || is_stopped)
		return;
	for (int level = 0; level < LEVELS; level++)
		if (lines[level].first && lines[level].first->at < at)
			at = lines[level].first->at;
	/* where memory has run out, the next request that comes sets it */
	if (at == INT64_MAX)
		loop_clear_timer(&due);
	else
		(void) loop_set_timer(&due, at);
}

/*
 * Looks for those whose time has come.
 */
static void
time_has_come(Timer *timer)
{
	(void) timer;
	ask();
}

/*
 * Asks for the results of those whose time has come.
 */
static void
ask(void)
{
	if (is_asking)
		return;
	nasked = gather();
	if (nasked == 0)
	{
		set_timer();
		return;
	}
	is_asking = true;
	memset(&asking, 0, sizeof(asking));
	asking.kind = &results_call;
	asking.deadline = loop_now() + request_ms;
	pool_submit_again(pool, &asking);
}

/*
 * Takes those whose time has come out of their lines, up to what one call takes;
 * returns how many.
 */
static int
gather(void)
{
	int64_t now = loop_now();
	int n = 0;

	for (int level = 0; level < LEVELS; level++)
		while (n < MOST_ASKED && lines[level].first && lines[level].first->at <= now)
		{
			Ingress *ingress = lines[level].first;
			int next_level = level + 1;

			take_out(ingress);
			if (level == HINTED_LEVEL)
				next_level = is_told ? FIRST_TOLD_LEVEL : FIRST_LEVEL;
			if (next_level > (is_told ? LEVELS - 1 : LAST_UNTOLD_LEVEL))
				next_level = is_told ? LEVELS - 1 : LAST_UNTOLD_LEVEL;
			ingress->level = next_level;
			asked[n++] = ingress;
			ingress->asked = n;
			count_ask(ASK_RESULT, ingress->reason, 1);
			ingress->reason = REASON_POLL;
		}
	return n;
}

/*
 * Sends the call.
 */
static bool
begin(Task *task)
{
	static const char sql[] =
		"SELECT place, status, answer, is_failure FROM pg_catalog.restate_ingress_results("
		"$1::pg_catalog.restate_invocation_id[], $2::pg_catalog.int8[])";
	static const char *params[2]; /* the session may read them later */
	Statement call = {.sql = sql, .nparams = 2, .params = params, .is_binary = true};

	ids.len = seeds.len = 0;
	for (int i = 0; i < nasked; i++)
	{
		const char *separator = i == 0 ? "{" : ",";

		/* who has left meanwhile is asked for all the same */
		buffer_printf(&ids, "%s%s", separator, asked[i] ? asked[i]->id : "NULL");
		buffer_printf(&seeds, "%s%" PRId64, separator, asked[i] ? asked[i]->seed : 0);
	}
	buffer_add_text(&ids, "}");
	buffer_add_text(&seeds, "}");
	if (ids.failed || seeds.failed)
	{
		task_done(task);
		return true;
	}
	params[0] = ids.data;
	params[1] = seeds.data;
	return session_execute(task->session, &call);
}

/*
 * Answers those that have a result now.
 */
static void
take_result(Task *task, const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char quoted[512];

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
	{
		if (!task_tries_again(task, result, true))
			log_event(LOG_WARN, "event=results_failed error=%s",
					  log_quote(message ? message : "no message", quoted, sizeof(quoted)));
		return;
	}
	for (int row = 0; row < PQntuples(result); row++)
		take_row(result, row);
}

/*
 * Answers one.  Of what did not come along, because it would be too much, it is asked
 * at once.
 */
static void
take_row(const PGresult *result, int row)
{
	int32_t place = binary_int4(result, row, 0);
	Ingress *ingress = place >= 1 && place <= nasked ? asked[place - 1] : NULL;

	if (ingress == NULL)
		return;
	if (PQgetisnull(result, row, 1))
	{
		ingress->level = HINTED_LEVEL;
		return;
	}
	answer_value(ingress, PQgetvalue(result, row, 2), (size_t) PQgetlength(result, row, 2),
				 binary_int4(result, row, 1), binary_bool(result, row, 3));
}

/*
 * Sends the answer of one that waits no more.
 */
static void
finish(Ingress *ingress)
{
	Exchange *exchange = ingress->exchange;

	waiting_forget(ingress);
	exchange->answered(exchange);
}

/*
 * Those that have no answer go on waiting.
 */
static void
ended(Task *task, TaskEnd how)
{
	(void) task;
	(void) how;
	is_asking = false;
	for (int i = 0; i < nasked; i++)
		if (asked[i])
		{
			asked[i]->asked = 0;
			/* where nothing could be asked, it is not asked at once */
			enter(asked[i], how != TASK_DONE && asked[i]->level < FIRST_TOLD_LEVEL ?
								FIRST_TOLD_LEVEL :
								asked[i]->level);
		}
	nasked = 0;
	set_timer();
}

/*
 * An answer has a bound of its own.
 */
static void
overflowed(Task *task)
{
	(void) task;
}
