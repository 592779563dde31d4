/*
 * fetch.c
 *		Gathers an answer.
 */
#include "deploy/fetch.h"

#include <stdio.h>
#include <string.h>

static void take_header(Call *call, const char *name, const char *value);
static void take_data(Call *call, const char *bytes, size_t len);
static void end(Call *call, CallEnd how, const char *why);

static const CallEvents events = {.header = take_header, .data = take_data, .ended = end};

const char *
fetch_start(Endpoint *endpoint, Fetch *fetch)
{
	const char *error;

	fetch->call.events = &events;
	error = call_start(endpoint, &fetch->call);
	if (error == NULL)
		call_finish(&fetch->call);
	return error;
}

void
fetch_free(Fetch *fetch)
{
	if (fetch->call.endpoint)
		call_reset(&fetch->call);
	buffer_free(&fetch->body);
}

/*
 * Keeps the headers that somebody asks for.
 */
static void
take_header(Call *call, const char *name, const char *value)
{
	Fetch *fetch = (Fetch *) call;

	if (strcmp(name, "content-type") == 0)
		snprintf(fetch->content_type, sizeof(fetch->content_type), "%s", value);
	else if (strcmp(name, "x-restate-server") == 0)
		snprintf(fetch->server, sizeof(fetch->server), "%s", value);
}

/*
 * Keeps a piece of the body.
 */
static void
take_data(Call *call, const char *bytes, size_t len)
{
	Fetch *fetch = (Fetch *) call;

	if (len > fetch->limit - fetch->body.len)
	{
		call_reset(call);
		fetch->is_too_large = true;
		end(call, CALL_BROKEN, "the answer is too large");
		return;
	}
	buffer_add(&fetch->body, bytes, len);
	call_took(call, len);
}

/*
 * It is done.
 */
static void
end(Call *call, CallEnd how, const char *why)
{
	Fetch *fetch = (Fetch *) call;

	if (how == CALL_COMPLETE && fetch->body.failed)
	{
		how = CALL_NO_MEMORY;
		why = "out of memory";
	}
	fetch->end = how;
	snprintf(fetch->why, sizeof(fetch->why), "%s", why);
	fetch->done(fetch);
}
