/*
 * flow.c
 *		Counts what is in flight, and holds back who would send more.
 */
#include "dispatch/flow.h"

#include "dispatch/claims.h"

/* how often is looked whether there is less, while somebody waits for that */
#define LOOK_MS		20
/* how many attempts the first claim may have: how large requests are is not known before */
#define FIRST_CLAIM 8

static void look(Timer *timer);
static void look_later(void);
static bool may_send(Attempt *attempt);
static void let_send(Attempt *attempt);

static size_t limit;
static size_t received;
static Attempt *favoured; /* who may send though all is full; NULL: nobody has asked */
static Attempt *first;	  /* of those who are held back */
static Attempt *last;
static bool claims_wait;
static size_t typical; /* bytes of a request */
static Timer turn;	   /* always set; INT64_MAX: nobody waits */

bool
flow_start(size_t with_limit)
{
	limit = with_limit;
	/* until it is known */
	typical = limit / FIRST_CLAIM;
	turn.fire = look;
	return loop_set_timer(&turn, INT64_MAX);
}

void
flow_stop(void)
{
	loop_clear_timer(&turn);
}

void
flow_received(size_t len)
{
	received += len;
}

void
flow_stored(size_t len)
{
	received -= len;
}

size_t
flow_bytes(void)
{
	return received + calls_unsent();
}

bool
flow_is_full(void)
{
	return flow_bytes() >= limit;
}

void
flow_let_send(Attempt *attempt, size_t len)
{
	attempt->held_back += len;
	if (may_send(attempt))
	{
		let_send(attempt);
		return;
	}
	if (attempt->is_held_back)
		return;
	attempt->is_held_back = true;
	attempt->held_next = NULL;
	attempt->held_previous = last;
	if (last)
		last->held_next = attempt;
	else
		first = attempt;
	last = attempt;
	look_later();
}

/*
 * Returns whether an attempt may send more.
 */
static bool
may_send(Attempt *attempt)
{
	/* the one that may has nothing left that has begun: it is another's turn */
	if (favoured && favoured->in.len == 0)
		favoured = NULL;
	if (!flow_is_full())
		return true;
	if (favoured == NULL)
		favoured = attempt;
	return favoured == attempt;
}

/*
 * Lets an attempt send what it was held back from.
 */
static void
let_send(Attempt *attempt)
{
	size_t len = attempt->held_back;

	if (attempt->is_held_back)
	{
		if (attempt->held_previous)
			attempt->held_previous->held_next = attempt->held_next;
		else
			first = attempt->held_next;
		if (attempt->held_next)
			attempt->held_next->held_previous = attempt->held_previous;
		else
			last = attempt->held_previous;
		attempt->is_held_back = false;
	}
	attempt->held_back = 0;
	if (attempt->is_live)
		call_took(&attempt->call, len);
}

void
flow_forget(Attempt *attempt)
{
	attempt->is_live = false;
	let_send(attempt);
	if (favoured == attempt)
		favoured = NULL;
}

void
flow_claims_wait(void)
{
	claims_wait = true;
	look_later();
}

int
flow_room(int most)
{
	size_t left = flow_is_full() ? 0 : limit - flow_bytes();

	if (left == 0)
		return 0;
	if (typical == 0 || left / typical >= (size_t) most)
		return most;
	return left < typical ? 1 : (int) (left / typical);
}

void
flow_claimed(size_t bytes, int attempts)
{
	size_t each = bytes / (size_t) attempts;

	/* what was large is not forgotten at once */
	typical = each > typical ? each : typical - (typical - each) / 2;
}

/*
 * Lets those send who were held back, the longest first, as far as there is room; and
 * has claims made.
 */
static void
look(Timer *timer)
{
	(void) loop_set_timer(timer, INT64_MAX); /* its place is free: no memory is needed */
	while (first && may_send(first))
		let_send(first);
	if (claims_wait && !flow_is_full())
	{
		claims_wait = false;
		claims_wake(REASON_MORE);
	}
	if (first || claims_wait)
		look_later();
}

/*
 * Looks again after a while.
 */
static void
look_later(void)
{
	if (turn.at == INT64_MAX)
		(void) loop_set_timer(&turn, loop_now() + LOOK_MS); /* it is set: no memory is needed */
}
