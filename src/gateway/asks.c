/*
 * asks.c
 *		Counts questions to the database by their reasons.
 */
#include "asks.h"

#include <limits.h>

#include "metric_text.h"

static const char *const ask_names[ASKS] = {"claim", "result", "tick", "news"};
static const char *const reason_names[REASONS] = {"own", "notified", "due", "more", "poll"};

static unsigned long counts[ASKS][REASONS];
static int factor = 1;

void
asks_configure(int poll_seconds)
{
	factor = poll_seconds;
}

int
poll_ms(int usual)
{
	return usual > INT_MAX / factor ? INT_MAX : usual * factor;
}

void
count_ask(Ask ask, Reason reason, int count)
{
	counts[ask][reason] += (unsigned long) count;
}

void
asks_render(Buffer *buffer)
{
	metric_head(buffer, "restate_gateway_asks_total", "counter",
				"What the database was asked for, and why.");
	for (int ask = 0; ask < ASKS; ask++)
		for (int reason = 0; reason < REASONS; reason++)
			if (counts[ask][reason])
				buffer_printf(buffer, "restate_gateway_asks_total{for=\"%s\",reason=\"%s\"} %lu\n",
							  ask_names[ask], reason_names[reason], counts[ask][reason]);
}
