/*
 * waiting.c
 *		Keeps the requests that wait, by the ids of their invocations.
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
#include "bodies.h"
#include "ear.h"
#include "failure.h"
#include "hash.h"
#include "patience.h"
#include "results.h"

/* ids that were told of before their requests waited */
#define REMEMBERED	  1024
#define FIRST_BUCKETS 1024

static void write_setup(Buffer *sql);
static void opened(void);
static void lost(void);
static void notified(const char *channel, const char *payload);
static void look(const char *id, Reason reason);
static void remember(const char *id, Reason reason);
static bool was_told(const char *id, Reason *reason);
static bool answer_with(const char *id, const AttemptResult *result);
static size_t bucket_of(const char *id);
static bool grow(void);

static char name[64];
static Ear ear = {
	.owner = "ingress",
	.write_setup = write_setup,
	.opened = opened,
	.lost = lost,
	.notified = notified};

static Ingress **buckets;
static size_t nbuckets;
static int count;
static char remembered[REMEMBERED][RESTATE_INVOCATION_ID_CHARS];
static Reason remembered_for[REMEMBERED];
static int next_remembered;
static bool giving_up;

bool
waiting_start(Pool *pool, const char *conninfo, int request_timeout)
{
	uint64_t bits[2];

	if (getrandom(bits, sizeof(bits), 0) != (ssize_t) sizeof(bits))
		return false;
	snprintf(name, sizeof(name), "gateway_%016" PRIx64 "%016" PRIx64, bits[0], bits[1]);
	nbuckets = FIRST_BUCKETS;
	buckets = calloc(nbuckets, sizeof(void *));
	ear.conninfo = conninfo;
	results_start(pool, request_timeout);
	return buckets && ear_open(&ear);
}

void
waiting_stop(void)
{
	results_stop();
	ear_close(&ear);
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
	return ear.hears;
}

int
waiting_count(void)
{
	return count;
}

/*
 * Writes what the ear begins with.
 */
static void
write_setup(Buffer *sql)
{
	buffer_printf(sql,
				  "DO $$BEGIN EXECUTE 'LISTEN ' || pg_catalog.restate_ingress_channel('%s'); END$$",
				  name);
}

/*
 * What was told of before has to be looked for.
 */
static void
opened(void)
{
	patience_told(true);
	patience_hint_all();
	results_await();
}

/*
 * Until something is heard again, all have to be looked for.
 */
static void
lost(void)
{
	patience_told(false);
	patience_hint_all();
	results_await();
}

/*
 * An invocation has a result.
 */
static void
notified(const char *channel, const char *payload)
{
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
		patience_hint(ingress);
	}
	if (!waits)
		remember(id, reason);
	results_await();
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
		waiting_answer(ingress, result->value, result->len, 200, false);
	}
	return waits;
}

void
waiting_answer(Ingress *ingress, const char *value, size_t len, int status, bool is_failure)
{
	Exchange *exchange = ingress->exchange;

	buffer_add(&exchange->answer, value, len);
	if (exchange->answer.failed)
		answer_out_of_memory(exchange);
	else
		ingress_answer(exchange, status, is_failure);
	waiting_forget(ingress);
	exchange->answered(exchange);
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
	body_drop(exchange);
	bucket = bucket_of(ingress->id);
	ingress->exchange = exchange;
	ingress->same = buckets[bucket];
	buckets[bucket] = ingress;
	count++;
	ingress->reason = REASON_POLL;
	if (was_told(ingress->id, &ingress->reason))
		patience_begin_hinted(ingress);
	else
		patience_begin(ingress);
	results_await();
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
		results_forget(ingress);
	else
		patience_leave(ingress);
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
 * Returns where in the table an id is.
 */
static size_t
bucket_of(const char *id)
{
	return (size_t) (hash_of(id) % nbuckets);
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
