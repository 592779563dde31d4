/*
 * handlers.c
 *		Keeps what is counted of handlers, in a table that does not grow beyond a bound.
 */
#include "handlers.h"

#include <stdlib.h>
#include <string.h>

#include "metric_text.h"
#include "types/is_utf8.h"

/* handlers with counts of their own, and how long a name of such a one may be */
#define MOST_HANDLERS 256
#define MOST_NAME	  255

struct Handler
{
	char *labels; /* as they are written */
	char *name;	  /* of the service and, behind a NUL, the handler */
	size_t service_len;
	size_t handler_len;
	unsigned long attempts[ATTEMPT_OUTCOMES];
	unsigned long steps;
	Histogram attempt_durations;
	Histogram call_durations;
};

static const char *const outcome_names[ATTEMPT_OUTCOMES] = {"completed", "suspended", "failed", "lost", "given_back"};

/* the first has what there is no room for, and whoever has the same name */
#define OTHER	   "other"
#define OTHER_NAME OTHER "\0" OTHER
static char other_name[] = OTHER_NAME;
static char other_labels[] = "service=\"" OTHER "\",handler=\"" OTHER "\"";
static Handler handlers[1 + MOST_HANDLERS] = {{.name = other_name,
											   .labels = other_labels,
											   .service_len = sizeof(OTHER) - 1,
											   .handler_len = sizeof(OTHER) - 1}};
static int nhandlers = 1;

static bool is_called(const Handler *handler, const char *service, size_t service_len,
					  const char *name, size_t name_len);
static bool fill(Handler *handler, const char *service, size_t service_len, const char *name,
				 size_t name_len);
static void render_durations(Buffer *buffer, const char *name, const char *help, size_t durations);

Handler *
handler_find(const char *service, size_t service_len, const char *handler, size_t handler_len)
{
	for (int i = 0; i < nhandlers; i++)
		if (is_called(&handlers[i], service, service_len, handler, handler_len))
			return &handlers[i];
	if (nhandlers > MOST_HANDLERS || service_len > MOST_NAME || handler_len > MOST_NAME ||
		!restate_is_utf8(service, service_len) || !restate_is_utf8(handler, handler_len) ||
		!fill(&handlers[nhandlers], service, service_len, handler, handler_len))
		return &handlers[0];
	return &handlers[nhandlers++];
}

/*
 * Returns whether these are the names of a handler and its service.
 */
static bool
is_called(const Handler *handler, const char *service, size_t service_len, const char *name,
		  size_t name_len)
{
	return handler->service_len == service_len && handler->handler_len == name_len &&
		   memcmp(handler->name, service, service_len) == 0 &&
		   memcmp(handler->name + service_len + 1, name, name_len) == 0;
}

/*
 * Fills in a handler that nothing is counted of yet; returns false where memory has
 * run out.
 */
static bool
fill(Handler *handler, const char *service, size_t service_len, const char *name, size_t name_len)
{
	Buffer labels = {0};

	handler->name = calloc(1, service_len + name_len + 2);
	if (handler->name == NULL)
		return false;
	memcpy(handler->name, service, service_len);
	memcpy(handler->name + service_len + 1, name, name_len);
	buffer_add_text(&labels, "service=\"");
	metric_add_label(&labels, handler->name);
	buffer_add_text(&labels, "\",handler=\"");
	metric_add_label(&labels, handler->name + service_len + 1);
	buffer_add_text(&labels, "\"");
	if (labels.failed)
	{
		buffer_free(&labels);
		free(handler->name);
		return false;
	}
	handler->labels = labels.data;
	handler->service_len = service_len;
	handler->handler_len = name_len;
	return true;
}

void
handler_count_attempt(Handler *handler, AttemptOutcome outcome, double seconds)
{
	handler->attempts[outcome]++;
	histogram_add(&handler->attempt_durations, seconds);
}

void
handler_count_steps(Handler *handler, unsigned long steps)
{
	handler->steps += steps;
}

void
handler_count_call(Handler *handler, double seconds)
{
	histogram_add(&handler->call_durations, seconds);
}

void
handlers_render_attempts(Buffer *buffer)
{
	metric_head(buffer, "restate_gateway_attempts_total", "counter", "Attempts that have ended.");
	for (const Handler *handler = handlers; handler < handlers + nhandlers; handler++)
		for (int outcome = 0; outcome < ATTEMPT_OUTCOMES; outcome++)
			if (handler->attempts[outcome])
				buffer_printf(buffer, "restate_gateway_attempts_total{%s,outcome=\"%s\"} %lu\n",
							  handler->labels, outcome_names[outcome], handler->attempts[outcome]);
	metric_head(buffer, "restate_gateway_steps_total", "counter",
				"Commands of handlers that the database has taken.");
	for (const Handler *handler = handlers; handler < handlers + nhandlers; handler++)
		if (handler->steps)
			metric_value(buffer, "restate_gateway_steps_total", handler->labels, handler->steps);
	render_durations(buffer, "restate_gateway_attempt_duration_seconds",
					 "Time from the claim of an attempt to its end.",
					 offsetof(Handler, attempt_durations));
}

void
handlers_render_calls(Buffer *buffer)
{
	render_durations(buffer, "restate_gateway_call_duration_seconds",
					 "Time from a request that calls a handler to its answer.",
					 offsetof(Handler, call_durations));
}

/*
 * Writes the histograms that are there in each handler, but for those of nothing.
 */
static void
render_durations(Buffer *buffer, const char *name, const char *help, size_t durations)
{
	metric_head(buffer, name, "histogram", help);
	for (const Handler *handler = handlers; handler < handlers + nhandlers; handler++)
	{
		const Histogram *histogram =
			(const Histogram *) (const void *) ((const char *) handler + durations);

		if (histogram->count)
			metric_histogram(buffer, name, handler->labels, histogram);
	}
}

void
handlers_free(void)
{
	while (nhandlers > 1)
	{
		nhandlers--;
		free(handlers[nhandlers].name);
		free(handlers[nhandlers].labels);
	}
}
