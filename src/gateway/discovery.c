/*
 * discovery.c
 *		Asks a deployment for its manifest.
 *
 * Errors of what is asked have the codes that clients of the Admin API know.
 */
#include "discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "body.h"
#include "cluster.h"
#include "failure.h"
#include "routes.h"

/* what there is too much of for restate_register_deployment as well */
#define MANIFEST_MAX_BYTES ((size_t) 4 * 1024 * 1024)

#define MANIFEST_TYPE	  "application/vnd.restate.endpointmanifest.v"
#define MANIFEST_VERSIONS "1234"

#define CODE_NOT_REACHED  "META0003"
#define CODE_BAD_MANIFEST "META0013"
#define CODE_NOT_HTTP2	  "META0014"

/* those that are being asked */
static Discovery *asked;

static bool begin_first(Task *task);
static void take_first(Task *task, const PGresult *result);
static void first_ended(Task *task, TaskEnd how);
static void first_overflowed(Task *task);
static void ask(Discovery *discovery);
static bool start(Discovery *discovery);
static void done(Fetch *fetch);
static void end(Exchange *exchange);
static void answer_call(Exchange *exchange, const Fetch *fetch);
static void take_manifest(Discovery *discovery);
static bool is_manifest(const char *type);
static void answer_code(Exchange *exchange, int status, const char *code, const char *message,
						const char *why);

static const TaskKind first_call = {
	.begin = begin_first,
	.result = take_first,
	.next = task_is_one_call,
	.ended = first_ended,
	.overflowed = first_overflowed};

Discovery *
discovery_new(Exchange *exchange)
{
	Discovery *discovery = calloc(1, sizeof(*discovery));

	if (discovery == NULL || (discovery->options = json_object()) == NULL)
	{
		free(discovery);
		answer_out_of_memory(exchange);
		return NULL;
	}
	discovery->exchange = exchange;
	exchange->discovery = discovery;
	return discovery;
}

void
discover(Exchange *exchange)
{
	if (exchange->discovery && exchange->discovery->first)
		exchange->task.kind = &first_call;
	exchange->go_on(exchange);
}

/*
 * Sends the statement that is executed before the deployment is asked.
 */
static bool
begin_first(Task *task)
{
	const Discovery *discovery = exchange_of(task)->discovery;
	Statement first = {
		.sql = discovery->first, .nparams = discovery->nparams, .params = discovery->params};

	return session_execute(task->session, &first);
}

/*
 * Takes what the database says of the deployment.
 */
static void
take_first(Task *task, const PGresult *result)
{
	Exchange *exchange = exchange_of(task);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		exchange->discovery->take_first(exchange->discovery, result);
	else if (!task_tries_again(task, result, true))
		answer_failure(exchange, result);
}

/*
 * Asks the deployment, unless it is answered that it is not to be; nothing was done then.
 */
static void
first_ended(Task *task, TaskEnd how)
{
	Exchange *exchange = exchange_of(task);

	if (how == TASK_LOST || how == TASK_UNANSWERED)
	{
		answer_error(exchange, 503, "unavailable",
					 "the database did not answer, and nothing was done; try again");
		exchange->answered(exchange);
	}
	else if (how != TASK_DONE || exchange->status)
		answer_task_end(task, how);
	else if (task->is_withdrawn)
		answer_task_end(task, TASK_WITHDRAWN);
	else
	{
		*task = (Task){.kind = exchange->route->task, .deadline = task->deadline};
		ask(exchange->discovery);
	}
}

/*
 * What the database says of the deployment is more than an answer may be.
 */
static void
first_overflowed(Task *task)
{
	answer_error(exchange_of(task), 400, "result_too_large", "the answer would be too large");
}

/*
 * Asks the deployment.
 */
static void
ask(Discovery *discovery)
{
	discovery->next = asked;
	if (asked)
		asked->previous = discovery;
	asked = discovery;
	if (!start(discovery))
		end(discovery->exchange);
}

/*
 * Sends the request; returns false, and answers, where that cannot be.
 */
static bool
start(Discovery *discovery)
{
	static const CallHeader accept = {
		"accept", MANIFEST_TYPE "1+json, " MANIFEST_TYPE "2+json, " MANIFEST_TYPE
								"3+json, " MANIFEST_TYPE "4+json"};
	Exchange *exchange = discovery->exchange;
	Fetch *fetch = &discovery->fetch;
	EndpointConfig config = {
		.uri = discovery->uri,
		.http = discovery->is_http1 ? ENDPOINT_HTTP1 : ENDPOINT_ANY,
		.most_calls = 1};
	int64_t now = loop_now();
	const char *error;
	const char *name;
	json_t *value;
	int count = 0;

	discovery->sent = calloc(json_object_size(discovery->headers) + 2, sizeof(CallHeader));
	if (discovery->sent == NULL)
	{
		answer_out_of_memory(exchange);
		return false;
	}
	discovery->sent[count++] = accept;
	if (cluster_name())
		discovery->sent[count++] = (CallHeader){CLUSTER_HEADER, cluster_name()};
	json_object_foreach(discovery->headers, name, value)
	{
		discovery->sent[count++] = (CallHeader){name, json_string_value(value)};
	}
	discovery->endpoint = endpoint_new(&config, &error);
	if (discovery->endpoint == NULL)
	{
		answer_error(exchange, 422, "invalid_body", error);
		return false;
	}
	fetch->call.method = "GET";
	fetch->call.path = "/discover";
	fetch->call.headers = discovery->sent;
	fetch->call.nheaders = count;
	/* some of the time is for the database */
	fetch->call.deadline = now + (exchange->task.deadline - now) * 2 / 3;
	fetch->limit = MANIFEST_MAX_BYTES;
	fetch->done = done;
	error = fetch_start(discovery->endpoint, fetch);
	if (error)
		answer_error(exchange, 422, "invalid_body", error);
	return error == NULL;
}

/*
 * The deployment has answered, or will not.
 */
static void
done(Fetch *fetch)
{
	Discovery *discovery = (Discovery *) fetch;
	Exchange *exchange = discovery->exchange;

	if (fetch->end != CALL_COMPLETE || fetch->call.status / 100 != 2)
		answer_call(exchange, fetch);
	else
		take_manifest(discovery);
	end(exchange);
}

/*
 * Ends what is asked; then the exchange goes on, unless it is answered.
 */
static void
end(Exchange *exchange)
{
	discovery_free(exchange->discovery);
	exchange->discovery = NULL;
	if (exchange->status)
		exchange->answered(exchange);
	else
		exchange->go_on(exchange);
}

/*
 * Answers that the deployment was not reached, or has nothing at that place.
 */
static void
answer_call(Exchange *exchange, const Fetch *fetch)
{
	char status[64];

	if (fetch->is_too_large)
		answer_code(exchange, 500, CODE_BAD_MANIFEST, "the deployment's manifest is too large", "");
	else if (fetch->end == CALL_NO_MEMORY)
		answer_out_of_memory(exchange);
	else if (fetch->end == CALL_NOT_HTTP2)
		answer_code(exchange, 500, CODE_NOT_HTTP2,
					"the deployment does not speak HTTP/2, perhaps HTTP/1.1 alone: try use_http_11", fetch->why);
	else if (fetch->end != CALL_COMPLETE)
		answer_code(exchange, 500, CODE_NOT_REACHED, "the deployment cannot be reached", fetch->why);
	else
	{
		snprintf(status, sizeof(status), "it answers with %d", fetch->call.status);
		answer_code(exchange, 500, CODE_NOT_REACHED,
					"there is no deployment at the uri, or its path is another", status);
	}
}

/*
 * Takes the manifest as an argument of the call, and with it the options; answers where
 * it is none.
 */
static void
take_manifest(Discovery *discovery)
{
	Exchange *exchange = discovery->exchange;
	const Fetch *fetch = &discovery->fetch;
	const char *text = fetch->body.data ? fetch->body.data : "";
	json_error_t error;
	json_t *manifest;

	if (!is_manifest(fetch->content_type))
	{
		answer_code(exchange, 500, CODE_BAD_MANIFEST, "the deployment answers with no manifest",
					fetch->content_type[0] ? fetch->content_type : "no content type");
		return;
	}
	manifest = json_loadb(text, fetch->body.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (manifest == NULL)
	{
		if (json_error_code(&error) == json_error_out_of_memory)
			answer_out_of_memory(exchange);
		else
			answer_code(exchange, 500, CODE_BAD_MANIFEST, "the deployment's manifest is no JSON object",
						error.text);
		return;
	}
	/* in TLS it is the deployment that has chosen */
	if (endpoint_is_http1(discovery->endpoint))
		json_object_set_new(discovery->options, "use_http_11", json_true());
	if (fetch->server[0])
		json_object_set_new(discovery->options, "sdk_version", json_string(fetch->server));
	if (body_has_nul(manifest))
		answer_code(exchange, 500, CODE_BAD_MANIFEST, "the deployment's manifest has a NUL in a text", "");
	else if (exchange_keep(exchange, &exchange->args[discovery->manifest_arg], text))
	{
		free(exchange->args[discovery->options_arg]);
		exchange->args[discovery->options_arg] = NULL;
		(void) body_keep_json(exchange, &exchange->args[discovery->options_arg], discovery->options);
	}
	json_decref(manifest);
}

/*
 * Returns whether the type is that of a manifest in a version that is known.
 */
static bool
is_manifest(const char *type)
{
	size_t len = strlen(MANIFEST_TYPE);
	const char *rest;

	if (strncasecmp(type, MANIFEST_TYPE, len) != 0 || type[len] == '\0' ||
		strchr(MANIFEST_VERSIONS, type[len]) == NULL)
		return false;
	rest = type + len + 1;
	if (strncasecmp(rest, "+json", strlen("+json")) != 0)
		return false;
	rest += strlen("+json");
	return *rest == '\0' || *rest == ';' || *rest == ' ';
}

/*
 * Answers with an error of what was asked.  why: more about it, or empty.
 */
static void
answer_code(Exchange *exchange, int status, const char *code, const char *message, const char *why)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s", message, *why ? ": " : "", why);
	answer_error(exchange, status, code, text);
}

void
discovery_withdraw(Exchange *exchange)
{
	answer_error(exchange, 503, "unavailable", "the client has gone; nothing was done");
	end(exchange);
}

void
discovery_give_up(void)
{
	while (asked)
	{
		Exchange *exchange = asked->exchange;

		answer_error(exchange, 503, "unavailable", "the gateway is being stopped");
		end(exchange);
	}
}

void
discovery_free(Discovery *discovery)
{
	if (discovery == NULL)
		return;
	if (discovery->previous)
		discovery->previous->next = discovery->next;
	else if (asked == discovery)
		asked = discovery->next;
	if (discovery->next)
		discovery->next->previous = discovery->previous;
	fetch_free(&discovery->fetch);
	if (discovery->endpoint)
		endpoint_free(discovery->endpoint);
	json_decref(discovery->headers);
	json_decref(discovery->document);
	json_decref(discovery->options);
	free(discovery->sent);
	free(discovery);
}
