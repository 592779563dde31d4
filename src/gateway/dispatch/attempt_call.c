/*
 * attempt_call.c
 *		How a handler is called: the head of the request, and that of the answer.
 */
#include "dispatch/attempt_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"

static char *path_of(const char *service, const char *handler);
static void add_escaped(Buffer *path, const char *name);
static void take_server(Attempt *attempt, const char *value);
static const char *code_of_status(int status);

bool
attempt_fill(Attempt *attempt, const Claimed *claimed)
{
	Call *call = &attempt->call;
	int n = 0;

	snprintf(attempt->id, sizeof(attempt->id), "%s", claimed->id);
	attempt->attempt = claimed->attempt;
	attempt->number = claimed->attempts;
	attempt->handler = handler_find(claimed->service, strlen(claimed->service), claimed->handler,
									strlen(claimed->handler));
	attempt->commands = claimed->commands;
	attempt->known = claimed->entries;
	attempt->inactivity_ms = claimed->inactivity_ms;
	attempt->abort_ms = claimed->abort_ms;
	attempt->is_half_duplex =
		claimed->inactivity_ms <= 0 || (attempt->served && attempt->served->is_half_duplex);
	attempt->started_at = attempt->active_at = loop_now();
	attempt->is_refused = true;
	attempt->path = path_of(claimed->service, claimed->handler);
	snprintf(attempt->content_type, sizeof(attempt->content_type),
			 "application/vnd.restate.invocation.v%d", claimed->protocol_version);
	attempt->headers[n++] = (CallHeader){"content-type", attempt->content_type};
	attempt->headers[n++] = (CallHeader){"accept", attempt->content_type};
	attempt->headers[n++] = (CallHeader){"x-restate-invocation-id", attempt->id};
	if (cluster_name())
	{
		snprintf(attempt->cluster, sizeof(attempt->cluster), "%s", cluster_name());
		attempt->headers[n++] = (CallHeader){CLUSTER_HEADER, attempt->cluster};
	}
	for (int i = 0; attempt->served && i < attempt->served->nheaders; i++)
		attempt->headers[n++] = attempt->served->headers[i];
	if (claimed->request)
		trace_read(&attempt->trace, claimed->request, claimed->request_len);
	if (attempt->trace.parent[0])
		attempt->headers[n++] = (CallHeader){"traceparent", attempt->trace.parent};
	if (attempt->trace.state[0])
		attempt->headers[n++] = (CallHeader){"tracestate", attempt->trace.state};
	call->owner = attempt;
	call->method = "POST";
	call->path = attempt->path;
	call->headers = attempt->headers;
	call->nheaders = n;
	return attempt->path != NULL;
}

/*
 * Returns where a handler is, below the URI of its deployment; NULL where memory has
 * run out.
 */
static char *
path_of(const char *service, const char *handler)
{
	Buffer path = {0};

	buffer_add_text(&path, ATTEMPT_INVOKE);
	add_escaped(&path, service);
	buffer_add(&path, "/", 1);
	add_escaped(&path, handler);
	if (!path.failed)
		return path.data;
	buffer_free(&path);
	return NULL;
}

/*
 * Adds a name to a path.
 */
static void
add_escaped(Buffer *path, const char *name)
{
	for (const char *c = name; *c; c++)
		if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			strchr("-._~", *c))
			buffer_add(path, c, 1);
		else
			buffer_printf(path, "%%%02X", (unsigned char) *c);
}

void
attempt_take_header(Call *call, const char *name, const char *value)
{
	Attempt *attempt = call->owner;

	if (strcmp(name, "content-type") == 0)
		attempt->is_refused = strcmp(value, attempt->content_type) != 0;
	else if (strcmp(name, "x-restate-server") == 0)
		take_server(attempt, value);
	else if (strcmp(name, "retry-after") == 0 && value[0] >= '0' && value[0] <= '9')
		attempt->failure.retry_ms = strtol(value, NULL, 10) * 1000;
}

/*
 * Notes what answers, as far as that is printable: any database can hold it.
 */
static void
take_server(Attempt *attempt, const char *value)
{
	size_t len = 0;

	for (; *value && len < sizeof(attempt->server) - 1; value++)
		attempt->server[len++] = (char) ('!' <= *value && *value <= '~' ? *value : '?');
	attempt->server[len] = '\0';
}

void
attempt_take_head(Call *call)
{
	Attempt *attempt = call->owner;

	attempt->active_at = loop_now();
	if (attempt->is_ended)
		return;
	if (call->status != 200)
	{
		const char *code = code_of_status(call->status);

		attempt_fails(attempt, code,
					  strcmp(code, "RT0010") == 0 && attempt->failure.retry_ms > 0 ?
						  attempt->failure.retry_ms :
						  -1,
					  "the deployment answers with status %d", call->status);
	}
	else if (attempt->is_refused)
		attempt_fails(attempt, "RT0012", -1, "the deployment answers with another content type than %s",
					  attempt->content_type);
}

/*
 * Returns by which of Restate's codes an attempt fails that is answered so.
 */
static const char *
code_of_status(int status)
{
	switch (status)
	{
		case 429:
		case 502:
		case 503:
		case 504:
			return "RT0010";
		case 413:
			return "RT0019";
		case 415:
			return "RT0015";
		default:
			return "RT0012";
	}
}
