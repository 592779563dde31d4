/*
 * attempt.c
 *		Calls a handler, gathers what it sends until that is pushed, and sends it
 *		what comes back.
 *
 * However an attempt goes on, it ends in one of three ways: the database has taken
 * its end (attempt_ended), it is another's (attempt_lost), or it has failed, which the
 * database is told first (attempt_fails, attempt_is_failed).
 */
#include "dispatch/attempt.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/attempt_call.h"
#include "dispatch/claims.h"
#include "dispatch/failures.h"
#include "dispatch/flow.h"
#include "dispatch/frames.h"
#include "dispatch/pushes.h"
#include "log.h"

/* for how long a Run waits for its result, and what is written for what follows */
#define HOLD_MS 50

/* how long the handler may take to end its answer, when that has said all */
#define DRAIN_MS 5000

/* while the handler has not taken so much of what it was sent, it is sent no more; where too much is in flight, anything */
#define MAX_UNSENT ((size_t) 1024 * 1024)

static void call_handler(Attempt *attempt, const Claimed *claimed);
static void take_data(Call *call, const char *bytes, size_t len);
static void call_has_ended(Call *call, CallEnd how, const char *why);
static void bring(Attempt *attempt, int64_t entries, const char *frames, size_t len);
static bool is_behind(const Attempt *attempt);
static void consider(Attempt *attempt);
static void hold_is_over(Timer *timer);
static void look_at_silence(Timer *timer);
static int64_t silence_limit(const Attempt *attempt);
static void stop_counting(Attempt *attempt);
static void hang_up(Attempt *attempt);
static void drop_received(Attempt *attempt);
static void add_steps(Attempt *attempt, int64_t commands);
static void note_end(const Attempt *attempt, AttemptOutcome outcome, const char *status,
					 const char *error_code);
static void tell_over(const Attempt *attempt, const AttemptResult *result);
static void attempt_free(Attempt *attempt);

static const CallEvents events = {
	.header = attempt_take_header,
	.head = attempt_take_head,
	.data = take_data,
	.ended = call_has_ended};

static Attempt *all;
static int nall;
static int ncounted;
static bool are_given_back;
static void (*tells_over)(const char *id, const AttemptResult *result);
static void (*tells_due)(void);

void
attempts_configure(void (*over)(const char *id, const AttemptResult *result), void (*due)(void))
{
	tells_over = over;
	tells_due = due;
}

void
attempts_tell_due(void)
{
	tells_due();
}

int
attempts_counted(void)
{
	return ncounted;
}

int
attempts_all(void)
{
	return nall;
}

bool
attempt_start(const Claimed *claimed, Served *served, const char *why_not)
{
	Attempt *attempt = calloc(1, sizeof(*attempt));

	if (attempt == NULL)
		return false;
	attempt->worker = workers_current();
	worker_use(attempt->worker);
	attempt->served = served;
	if (served)
		served_use(served);
	attempt->next = all;
	if (all)
		all->previous = attempt;
	all = attempt;
	nall++;
	ncounted++;
	attempt->is_counted = true;
	attempt->is_given_back = are_given_back;
	attempt->silence.fire = look_at_silence;
	attempt->silence.owner = attempt;
	attempt->holding.fire = hold_is_over;
	attempt->holding.owner = attempt;
	attempt->call.events = &events;
	if (!attempt_fill(attempt, claimed))
		attempt_fails(attempt, "RT0010", -1, "out of memory");
	else if (served == NULL || served->endpoint == NULL)
		attempt_fails(attempt, "RT0011", -1, "the deployment cannot be called: %s",
					  served ? served->error : why_not);
	else if (claimed->request == NULL)
		attempt_fails(attempt, "RT0012", -1,
					  "an entry of the journal is larger than the protocol allows");
	else if (!attempt->is_given_back)
		call_handler(attempt, claimed);
	return true;
}

/*
 * Begins the call.
 */
static void
call_handler(Attempt *attempt, const Claimed *claimed)
{
	const char *error = call_start(attempt->served->endpoint, &attempt->call);

	if (error)
	{
		attempt_fails(attempt, "RT0010", -1, "%s", error);
		return;
	}
	attempt->is_live = true;
	if (!call_send(&attempt->call, claimed->request, claimed->request_len) ||
		!loop_set_timer(&attempt->silence, attempt->active_at + silence_limit(attempt)))
		attempt_fails(attempt, "RT0010", -1, "out of memory");
	else if (attempt->is_half_duplex)
		call_finish(&attempt->call);
}

/*
 * A piece of what the handler sends.  What is whole is pushed before more than a
 * little comes; of a frame that is not all comes.
 */
static void
take_data(Call *call, const char *bytes, size_t len)
{
	Attempt *attempt = call->owner;
	size_t whole = attempt->whole;

	attempt->active_at = loop_now();
	if (attempt->is_ended || attempt->is_closing)
	{
		call_took(call, len);
		return;
	}
	buffer_add(&attempt->in, bytes, len);
	if (attempt->in.failed)
	{
		attempt_fails(attempt, "RT0010", -1, "out of memory");
		return;
	}
	flow_received(len);
	if (!frames_cut(attempt))
	{
		attempt_fails(attempt, "RT0003", -1, "the handler has sent a message of more than 32 MiB");
		return;
	}
	whole = attempt->whole - whole;
	if (whole < len)
		flow_let_send(attempt, len - whole);
	consider(attempt);
}

/*
 * Has the attempt pushed, if it is to be now.
 */
static void
consider(Attempt *attempt)
{
	bool has_more = attempt->whole > attempt->pushing;

	if (attempt->push || attempt->is_ended)
		return;
	if (!attempt->is_closing && is_behind(attempt) &&
		(attempt->holding.place || loop_set_timer(&attempt->holding, loop_now() + HOLD_MS)))
		return;
	if (attempt->wants_news ||
		(has_more && (attempt->is_urgent || attempt->has_failed || attempt->is_given_back)))
		pushes_add(attempt);
	else if (attempt->is_given_back)
		return;
	else if (attempt->has_failed)
	{
		if (!attempt->is_being_failed)
		{
			attempt->is_being_failed = true;
			failures_add(attempt);
		}
	}
	else if (has_more && attempt->holding.place == 0 &&
			 !loop_set_timer(&attempt->holding, loop_now() + HOLD_MS))
		pushes_add(attempt);
}

/*
 * Returns whether the handler does not read what it is sent: it is not sent more.
 */
static bool
is_behind(const Attempt *attempt)
{
	return attempt->is_live && call_unsent(&attempt->call) > (flow_is_full() ? 0 : MAX_UNSENT);
}

/*
 * What was held is pushed.
 */
static void
hold_is_over(Timer *timer)
{
	Attempt *attempt = timer->owner;

	attempt->is_urgent = true;
	consider(attempt);
}

/*
 * The call has ended: well, if the handler has said how.
 */
static void
call_has_ended(Call *call, CallEnd how, const char *why)
{
	Attempt *attempt = call->owner;

	attempt->is_live = false;
	if (attempt->is_ended)
	{
		attempt_free(attempt);
		return;
	}
	if (attempt->is_closing || attempt->has_failed)
		return;
	if (how == CALL_COMPLETE)
		attempt_fails(attempt, "RT0012", -1,
					  "the answer ended without End, Suspension or Error");
	else if (how == CALL_NOT_HTTP2)
		attempt_fails(attempt, "RT0010", -1,
					  "%s: register the deployment with use_http_11 if it speaks HTTP/1.1 only", why);
	else
		attempt_fails(attempt, how == CALL_MALFORMED ? "RT0012" : "RT0010", -1, "%s", why);
}

void
attempt_fails(Attempt *attempt, const char *error_code, int64_t retry_ms, const char *fmt, ...)
{
	va_list args;

	if (attempt->has_failed || attempt->is_ended)
		return;
	attempt->has_failed = true;
	snprintf(attempt->failure.error_code, sizeof(attempt->failure.error_code), "%s", error_code);
	attempt->failure.retry_ms = retry_ms;
	va_start(args, fmt);
	vsnprintf(attempt->failure.message, sizeof(attempt->failure.message), fmt, args);
	va_end(args);
	attempt->wants_news = false;
	hang_up(attempt);
	/* what it has sent before that holds */
	consider(attempt);
}

/*
 * Ends the call, if it is under way.
 */
static void
hang_up(Attempt *attempt)
{
	loop_clear_timer(&attempt->silence);
	if (!attempt->is_live)
		return;
	attempt->is_live = false;
	call_reset(&attempt->call);
}

/*
 * Drops what has come from the handler.
 */
static void
drop_received(Attempt *attempt)
{
	flow_stored(attempt->in.len);
	buffer_free(&attempt->in);
}

/*
 * It fails by that, and not by what has come after it.
 */
void
attempt_refused(Attempt *attempt, const char *error_code, const char *why)
{
	drop_received(attempt);
	attempt->pushing = attempt->whole = 0;
	attempt->nframes = 0;
	attempt->is_closing = attempt->is_alone = false;
	attempt->has_failed = false;
	attempt_fails(attempt, error_code, -1, "%s", why);
}

void
attempt_taken(Attempt *attempt, int64_t commands, int64_t entries, const char *reply, size_t len)
{
	add_steps(attempt, commands);
	if (attempt->pushing > 0)
	{
		size_t pushed = attempt->pushing;

		memmove(attempt->in.data, attempt->in.data + pushed, attempt->in.len - pushed);
		attempt->in.len -= pushed;
		attempt->whole -= pushed;
		attempt->pushing = 0;
		flow_stored(pushed);
		/* large memory is not kept for what may be long idle */
		if (attempt->in.len == 0 && attempt->in.allocated > LARGE_PIECE)
			buffer_free(&attempt->in);
		if (attempt->is_live)
			flow_let_send(attempt, pushed);
	}
	bring(attempt, entries, reply, len);
	consider(attempt);
}

/*
 * Sends the attempt what has come to its journal, which has so many entries now.
 */
static void
bring(Attempt *attempt, int64_t entries, const char *frames, size_t len)
{
	/* what it is not sent it does not know: a signal among that counts when it suspends */
	if (!attempt->is_live || attempt->call.is_finished)
		return;
	attempt->known = entries;
	if (len == 0)
		return;
	attempt->active_at = loop_now();
	if (!call_send(&attempt->call, frames, len))
		attempt_fails(attempt, "RT0010", -1, "out of memory");
}

/*
 * Tells the handler that nothing more will come: it suspends at the next thing that it waits
 * for, and with that pauses.
 */
void
attempt_pauses(Attempt *attempt)
{
	if (!attempt->is_live || attempt->call.is_finished)
		return;
	call_finish(&attempt->call);
	attempt->active_at = loop_now();
}

void
attempt_ended(Attempt *attempt, int64_t commands, const char *status, const char *error_code,
			  const AttemptResult *result)
{
	bool is_completed = strcmp(status, "completed") == 0;

	add_steps(attempt, commands);
	note_end(attempt,
			 error_code	  ? ATTEMPT_FAILED :
			 is_completed ? ATTEMPT_COMPLETED :
							ATTEMPT_SUSPENDED,
			 status, error_code);
	if (is_completed)
		tell_over(attempt, result);
	attempt->is_ended = true;
	stop_counting(attempt);
	loop_clear_timer(&attempt->holding);
	loop_clear_timer(&attempt->silence);
	claims_have_room();
	if (!attempt->is_live)
	{
		attempt_free(attempt);
		return;
	}
	/* the handler ends its answer when it has read what it is sent to the end */
	call_took(&attempt->call, attempt->call.untaken);
	call_finish(&attempt->call);
	if (!loop_set_timer(&attempt->silence, loop_now() + DRAIN_MS))
		attempt_free(attempt);
}

void
attempt_lost(Attempt *attempt, const char *why)
{
	note_end(attempt, ATTEMPT_LOST, why,
			 attempt->has_failed ? attempt->failure.error_code : NULL);
	tell_over(attempt, NULL);
	attempt_free(attempt);
	claims_wake(REASON_OWN);
}

void
attempt_is_failed(Attempt *attempt, const char *status)
{
	note_end(attempt, ATTEMPT_FAILED, status, attempt->failure.error_code);
	tell_over(attempt, NULL);
	tells_due();
	attempt_free(attempt);
	claims_wake(REASON_OWN);
}

/*
 * Looks whether nothing has gone either way for too long.  First the handler is told
 * that nothing more will come: it suspends, if it only waits.  Then it is given up.
 */
static void
look_at_silence(Timer *timer)
{
	Attempt *attempt = timer->owner;
	int64_t now = loop_now();
	int64_t until;

	if (attempt->is_ended)
	{
		attempt_free(attempt);
		return;
	}
	/* it is we who are slow */
	if (attempt->push || attempt->whole > 0 || attempt->is_held_back)
		attempt->active_at = now;
	until = attempt->active_at + silence_limit(attempt);
	if (until <= now && attempt->call.is_finished)
	{
		attempt_fails(attempt, "RT0001", -1,
					  "the handler has sent nothing for too long, and has not ended when it was asked to");
		return;
	}
	if (until <= now)
	{
		attempt_pauses(attempt);
		until = now + silence_limit(attempt);
	}
	if (!loop_set_timer(timer, until))
		attempt_fails(attempt, "RT0010", -1, "out of memory");
}

/*
 * Returns for how long there may be silence.
 */
static int64_t
silence_limit(const Attempt *attempt)
{
	if (attempt->is_half_duplex)
		return attempt->inactivity_ms + attempt->abort_ms;
	return attempt->call.is_finished ? attempt->abort_ms : attempt->inactivity_ms;
}

void
attempts_have_news(const char *id, Reason reason)
{
	for (Attempt *attempt = all; attempt; attempt = attempt->next)
	{
		if (attempt->is_ended || attempt->has_failed || attempt->is_given_back || (id && strcmp(attempt->id, id) != 0))
			continue;
		attempt->wants_news = true;
		count_ask(ASK_NEWS, reason, 1);
		consider(attempt);
	}
}

void
attempts_bring(const char *id, int64_t known, int64_t entries, const char *frames, size_t len)
{
	Attempt *next;

	for (Attempt *attempt = all; attempt; attempt = next)
	{
		next = attempt->next;
		if (attempt->is_ended || attempt->has_failed || attempt->is_given_back ||
			attempt->known >= entries || strcmp(attempt->id, id) != 0)
			continue;
		if (attempt->push || attempt->known != known || is_behind(attempt))
		{
			attempt->wants_news = true;
			count_ask(ASK_NEWS, REASON_OWN, 1);
			consider(attempt);
		}
		else
			bring(attempt, entries, frames, len);
	}
}

void
attempts_drain(void)
{
	for (Attempt *attempt = all; attempt; attempt = attempt->next)
		if (attempt->is_live && !attempt->is_ended)
			call_finish(&attempt->call);
}

void
attempts_hang_up(void)
{
	Attempt *next;

	are_given_back = true;
	for (Attempt *attempt = all; attempt; attempt = next)
	{
		next = attempt->next;
		if (attempt->is_ended)
		{
			attempt_free(attempt);
			continue;
		}
		attempt->is_given_back = true;
		attempt->wants_news = false;
		hang_up(attempt);
		consider(attempt);
	}
}

void
attempts_are_given_back(void)
{
	while (all)
	{
		note_end(all, ATTEMPT_GIVEN_BACK, "given_back", NULL);
		attempt_free(all);
	}
}

void
attempts_drop_all(void)
{
	while (all)
		attempt_free(all);
}

/*
 * The invocation may be over with the attempt: somebody may wait for its result.
 */
static void
tell_over(const Attempt *attempt, const AttemptResult *result)
{
	if (tells_over)
		tells_over(attempt->id, result);
}

/*
 * Counts the commands that the journal has more than it had.
 */
static void
add_steps(Attempt *attempt, int64_t commands)
{
	int64_t steps = commands - attempt->commands;

	attempt->commands = commands;
	if (steps <= 0)
		return;
	attempt->steps += steps;
	handler_count_steps(attempt->handler, (unsigned long) steps);
}

/*
 * Says how an attempt has ended, and counts it.
 */
static void
note_end(const Attempt *attempt, AttemptOutcome outcome, const char *status,
		 const char *error_code)
{
	int64_t ms = loop_now() - attempt->started_at;
	char error[640] = "";
	char message[600];
	char server[160];

	handler_count_attempt(attempt->handler, outcome, (double) ms / 1000);
	if (attempt->has_failed)
		snprintf(error, sizeof(error), " error=%s",
				 log_quote(attempt->failure.message, message, sizeof(message)));
	log_event(error_code ? LOG_WARN : LOG_INFO,
			  "event=attempt id=%s target=%s deployment=%s server=%s attempt=%" PRId64
			  " outcome=%s duration_ms=%" PRId64 " steps=%" PRId64 " error_code=%s%s",
			  attempt->id, attempt->path ? attempt->path + strlen(ATTEMPT_INVOKE) : "-",
			  attempt->served ? attempt->served->id : "-",
			  attempt->server[0] ? log_quote(attempt->server, server, sizeof(server)) : "-",
			  attempt->number, status, ms, attempt->steps, error_code ? error_code : "-", error);
}

/*
 * Gives back the slot that an attempt takes.
 */
static void
stop_counting(Attempt *attempt)
{
	if (attempt->is_counted)
		ncounted--;
	attempt->is_counted = false;
}

/*
 * Frees an attempt, wherever it is.
 */
static void
attempt_free(Attempt *attempt)
{
	hang_up(attempt);
	loop_clear_timer(&attempt->holding);
	pushes_forget(attempt);
	failures_forget(attempt);
	stop_counting(attempt);
	if (attempt->previous)
		attempt->previous->next = attempt->next;
	else
		all = attempt->next;
	if (attempt->next)
		attempt->next->previous = attempt->previous;
	nall--;
	/* of what was full nothing was claimed meanwhile */
	if (attempt->served && served_release(attempt->served))
		claims_wake(REASON_OWN);
	worker_release(attempt->worker);
	drop_received(attempt);
	flow_forget(attempt);
	free(attempt->path);
	free(attempt);
}
