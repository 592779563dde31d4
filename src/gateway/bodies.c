/*
 * bodies.c
 *		Bounds the memory that the bodies of all requests take together.
 *
 * Only what has arrived counts, so that nobody takes room by saying how long a body
 * will be.  A body that finds no room is given up at once, and its request refused when
 * the rest has been thrown away: none waits for another, and some are always served.
 * The first bytes of each are not counted: while large ones take all the room, small
 * requests are served.
 */
#include "bodies.h"

#include <stdlib.h>

/* what is not counted of a body: less than its connection has for the head */
#define UNCOUNTED ((size_t) 16 * 1024)

static size_t most;
static size_t held; /* never more than most */

static size_t counted(size_t allocated);
static bool has_room(const Exchange *exchange, size_t len);
static void count(Exchange *exchange, size_t bytes);
static void refuse(Exchange *exchange);

void
bodies_configure(size_t with_most)
{
	most = with_most;
}

size_t
bodies_held(void)
{
	return held;
}

void
body_expect(Exchange *exchange, size_t len)
{
	if (!has_room(exchange, len))
		refuse(exchange);
}

void
body_add(Exchange *exchange, const char *data, size_t len)
{
	if (!has_room(exchange, len))
	{
		body_drop(exchange);
		refuse(exchange);
		return;
	}
	buffer_add(&exchange->body, data, len);
	count(exchange, counted(exchange->body.allocated));
}

void
body_drop(Exchange *exchange)
{
	buffer_free(&exchange->body);
	for (int i = 0; i < EXCHANGE_MAX_ARGS; i++)
	{
		free(exchange->args[i]);
		exchange->args[i] = NULL;
	}
	count(exchange, 0);
}

/*
 * Returns how much of the memory of a body is counted.
 */
static size_t
counted(size_t allocated)
{
	return allocated > UNCOUNTED ? allocated - UNCOUNTED : 0;
}

/*
 * Returns whether there is room for so much more of the exchange's body.
 */
static bool
has_room(const Exchange *exchange, size_t len)
{
	return counted(buffer_room_for(&exchange->body, len)) <= most - held + exchange->body_held;
}

/*
 * Counts so many bytes for the exchange, in the place of those before.
 */
static void
count(Exchange *exchange, size_t bytes)
{
	held = held - exchange->body_held + bytes;
	exchange->body_held = bytes;
}

/*
 * Answers that there is no room for the body.
 */
static void
refuse(Exchange *exchange)
{
	answer_error(exchange, 503, "overloaded",
				 "the bodies of other requests take all the memory for them; nothing was done");
}
