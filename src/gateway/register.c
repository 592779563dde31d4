/*
 * register.c
 *		Asks a deployment for its manifest, and registers it with what that says.
 *
 * Errors of what is asked have the codes that clients of the Admin API know.
 */
#include "register.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "body.h"
#include "cluster.h"
#include "deploy/fetch.h"

/* what there is too much of for restate_register_deployment as well */
#define MANIFEST_MAX_BYTES ((size_t) 4 * 1024 * 1024)

#define MANIFEST_TYPE	  "application/vnd.restate.endpointmanifest.v"
#define MANIFEST_VERSIONS "1234"

#define CODE_NOT_REACHED  "META0003"
#define CODE_RESERVED	  "META0005"
#define CODE_BREAKING	  "META0006"
#define CODE_PROTOCOL	  "META0012"
#define CODE_BAD_MANIFEST "META0013"
#define CODE_NOT_HTTP2	  "META0014"

/* what has arguments: the endpoint, the manifest and the options */
enum
{
	ARG_ENDPOINT,
	ARG_MANIFEST,
	ARG_OPTIONS
};

/* What a deployment is asked. */
struct Discovery
{
	Fetch fetch; /* first: of a fetch the discovery is known */
	Exchange *exchange;
	Endpoint *endpoint;
	json_t *headers; /* that each request to it has, lower case */
	CallHeader *sent;
	json_t *options; /* of the registration */
	Discovery *previous;
	Discovery *next;
};

const CategoryCode register_codes[] = {
	{"breaking_change", CODE_BREAKING, 409},
	{"unsupported_protocol", CODE_PROTOCOL, 500},
	{"reserved_name", CODE_RESERVED, 400},
	/* what the request has was looked at before */
	{"invalid_body", CODE_BAD_MANIFEST, 500},
	{NULL, NULL, 0}};

static const char *const fields[] = {"uri", "arn", "additional_headers", "use_http_11", "force",
									 "breaking", "dry_run", "metadata", NULL};

/* those under way */
static Discovery *first;

static bool take_uri(Exchange *exchange, json_t *document);
static bool take_options(Exchange *exchange, const json_t *document);
static bool take_flag(Discovery *discovery, const json_t *document, const char *name, bool may_be_null);
static bool take_texts(Discovery *discovery, const json_t *document, const char *name);
static bool lower_names(Discovery *discovery);
static bool is_token(const char *name);
static bool refuse_body(Exchange *exchange, int status, const char *message);
static bool start(Discovery *discovery);
static void done(Fetch *fetch);
static void end(Exchange *exchange);
static void answer_call(Exchange *exchange, const Fetch *fetch);
static void take_manifest(Discovery *discovery);
static bool is_manifest(const char *type);
static void answer_code(Exchange *exchange, int status, const char *code, const char *message,
						const char *why);

/*
 * Takes the URI and the options from the body.
 */
void
prepare_register(Exchange *exchange)
{
	json_t *document = body_as_json(exchange, fields);

	if (document == NULL)
		return;
	if (!json_is_object(document))
		(void) refuse_body(exchange, 422, "the body must be a JSON object");
	else if (take_uri(exchange, document))
		(void) take_options(exchange, document);
	json_decref(document);
}

/*
 * Takes the URI, which must be one that can be called.
 */
static bool
take_uri(Exchange *exchange, json_t *document)
{
	json_t *uri = json_object_get(document, "uri");
	const char *text = json_string_value(uri);

	if (text == NULL && json_is_string(json_object_get(document, "arn")))
	{
		answer_error(exchange, 501, "not_implemented",
					 "a Lambda cannot be registered: deployments here have a uri");
		return false;
	}
	if (text == NULL || *text == '\0' || strlen(text) != json_string_length(uri))
		return refuse_body(exchange, 422, "the body must have a text uri");
	if (strstr(text, "://") == NULL)
		return refuse_body(exchange, 400, "the uri must be absolute, and begin with http:// or https://");
	return exchange_keep(exchange, &exchange->args[ARG_ENDPOINT], text);
}

/*
 * Takes the options, and makes what the deployment is asked with.
 */
static bool
take_options(Exchange *exchange, const json_t *document)
{
	Discovery *discovery = calloc(1, sizeof(*discovery));

	if (discovery == NULL || (discovery->options = json_object()) == NULL)
	{
		free(discovery);
		answer_out_of_memory(exchange);
		return false;
	}
	discovery->exchange = exchange;
	exchange->discovery = discovery;
	/* version 2 of the API registers anew where nothing is said */
	if (exchange->is_version_2)
		json_object_set_new(discovery->options, "force", json_true());
	return take_flag(discovery, document, "force", true) &&
		   take_flag(discovery, document, "breaking", false) &&
		   take_flag(discovery, document, "dry_run", false) &&
		   take_flag(discovery, document, "use_http_11", false) &&
		   take_texts(discovery, document, "metadata") &&
		   take_texts(discovery, document, "additional_headers") && lower_names(discovery);
}

/*
 * Takes a flag, if it is there.
 */
static bool
take_flag(Discovery *discovery, const json_t *document, const char *name, bool may_be_null)
{
	json_t *value = json_object_get(document, name);
	char message[64];

	if (value == NULL || (may_be_null && json_is_null(value)))
		return true;
	if (json_is_boolean(value))
	{
		json_object_set(discovery->options, name, value);
		return true;
	}
	snprintf(message, sizeof(message), "%s must be true or false", name);
	return refuse_body(discovery->exchange, 422, message);
}

/*
 * Takes an object of texts, if it is there and not null.
 */
static bool
take_texts(Discovery *discovery, const json_t *document, const char *name)
{
	json_t *value = json_object_get(document, name);
	bool is_sound = json_is_object(value);
	const char *key;
	json_t *text;
	char message[64];

	if (value == NULL || json_is_null(value))
		return true;
	json_object_foreach(value, key, text)
		is_sound &= json_is_string(text) && strlen(json_string_value(text)) == json_string_length(text);
	if (is_sound)
	{
		json_object_set(discovery->options, name, value);
		return true;
	}
	snprintf(message, sizeof(message), "%s must be an object of texts", name);
	return refuse_body(discovery->exchange, 422, message);
}

/*
 * Has the names of the additional headers in lower case, as requests have them.
 */
static bool
lower_names(Discovery *discovery)
{
	json_t *given = json_object_get(discovery->options, "additional_headers");
	const char *name;
	json_t *value;

	discovery->headers = json_object();
	json_object_foreach(given, name, value)
	{
		char *lower = strdup(name);

		if (lower == NULL)
		{
			answer_out_of_memory(discovery->exchange);
			return false;
		}
		for (char *c = lower; *c; c++)
			*c = (char) tolower((unsigned char) *c);
		if (!is_token(lower) || strpbrk(json_string_value(value), "\r\n"))
		{
			free(lower);
			return refuse_body(discovery->exchange, 422,
							   "additional_headers has a name or value that no header can have");
		}
		json_object_set(discovery->headers, lower, value);
		free(lower);
	}
	if (given)
		json_object_set(discovery->options, "additional_headers", discovery->headers);
	return true;
}

/*
 * Returns whether it can be the name of a header.
 */
static bool
is_token(const char *name)
{
	return *name && name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")] == '\0';
}

/*
 * Answers that the body has the wrong form; returns false.
 */
static bool
refuse_body(Exchange *exchange, int status, const char *message)
{
	answer_error(exchange, status, "invalid_body", message);
	return false;
}

void
register_discover(Exchange *exchange)
{
	Discovery *discovery = exchange->discovery;

	discovery->next = first;
	if (first)
		first->previous = discovery;
	first = discovery;
	if (!start(discovery))
		end(exchange);
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
		.uri = exchange->args[ARG_ENDPOINT],
		.http = json_is_true(json_object_get(discovery->options, "use_http_11")) ? ENDPOINT_HTTP1 :
																				   ENDPOINT_ANY,
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
		return refuse_body(exchange, 422, error);
	fetch->call.method = "GET";
	fetch->call.path = "/discover";
	fetch->call.headers = discovery->sent;
	fetch->call.nheaders = count;
	/* some of the time is for the database */
	fetch->call.deadline = now + (exchange->task.deadline - now) * 2 / 3;
	fetch->limit = MANIFEST_MAX_BYTES;
	fetch->done = done;
	error = fetch_start(discovery->endpoint, fetch);
	return error == NULL || refuse_body(exchange, 422, error);
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
	else if (exchange_keep(exchange, &exchange->args[ARG_MANIFEST], text))
		(void) body_keep_json(exchange, &exchange->args[ARG_OPTIONS], discovery->options);
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
register_withdraw(Exchange *exchange)
{
	answer_error(exchange, 503, "unavailable", "the client has gone; nothing was done");
	end(exchange);
}

void
register_give_up(void)
{
	while (first)
	{
		Exchange *exchange = first->exchange;

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
	else if (first == discovery)
		first = discovery->next;
	if (discovery->next)
		discovery->next->previous = discovery->previous;
	fetch_free(&discovery->fetch);
	if (discovery->endpoint)
		endpoint_free(discovery->endpoint);
	json_decref(discovery->headers);
	json_decref(discovery->options);
	free(discovery->sent);
	free(discovery);
}

/*
 * Answers with the deployment and its services, and where to read it: the call returns
 * whether it is new, its id, and what of it is shown.
 */
void
answer_registered(Exchange *exchange, const PGresult *result)
{
	char location[64];
	bool is_new;

	if (PQntuples(result) != 1)
		return;
	is_new = PQgetvalue(result, 0, 0)[0] == 't' || exchange->is_version_2;
	snprintf(location, sizeof(location), "deployments/%.40s", PQgetvalue(result, 0, 1));
	if (!exchange_keep(exchange, &exchange->location, location))
		return;
	buffer_add_text(&exchange->answer, PQgetvalue(result, 0, 2));
	answer_json(exchange, is_new ? 201 : 200);
}
