/*
 * register.c
 *		Registers deployments and changes them, as their manifests say.
 */
#include "register.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "deploy/uri.h"
#include "discovery.h"
#include "reads.h"

/* codes that clients know the refusals as */
#define CODE_RESERVED	  "META0005"
#define CODE_BREAKING	  "META0006"
#define CODE_PROTOCOL	  "META0012"
#define CODE_BAD_MANIFEST "META0013"
#define CODE_NO_UPDATE	  "META0016"

#define MAY_REGISTER                            \
	"SELECT pg_catalog.has_function_privilege(" \
	"'pg_catalog.restate_register_deployment(text, pg_catalog.jsonb, pg_catalog.jsonb)', 'EXECUTE')"

/* what the deployment would be, if all that is asked for is done but what takes its manifest */
#define WOULD_BE                                                                                   \
	"SELECT pg_catalog.jsonb_build_object('uri', d -> 'uri', 'http_version', d -> 'http_version'," \
	" 'additional_headers', d -> 'additional_headers') FROM pg_catalog.restate_update_deployment(" \
	"$1::pg_catalog.restate_deployment_id, $2::pg_catalog.jsonb - 'overwrite' || '{\"dry_run\": true}') AS d"

/* what has arguments: the endpoint or the id, the manifest and the options */
enum
{
	ARG_DEPLOYMENT,
	ARG_MANIFEST,
	ARG_OPTIONS
};

const CategoryCode register_codes[] = {
	{"breaking_change", CODE_BREAKING, 409},
	{"deployment_incompatible", CODE_NO_UPDATE, 400},
	{"unsupported_protocol", CODE_PROTOCOL, 500},
	{"reserved_name", CODE_RESERVED, 400},
	/* what the request has was looked at before */
	{"invalid_body", CODE_BAD_MANIFEST, 500},
	{NULL, NULL, 0}};

static const char *const register_fields[] = {"uri", "arn", "additional_headers",
											  "use_http_11", "force", "breaking",
											  "dry_run", "metadata", NULL};
static const char *const update_fields[] = {"uri", "arn", "assume_role_arn",
											"additional_headers", "use_http_11", "overwrite",
											"dry_run", NULL};

static void prepare(Exchange *exchange, const char *const *fields,
					bool (*take)(Discovery *discovery, json_t *document));
static bool take_registration(Discovery *discovery, json_t *document);
static bool take_update(Discovery *discovery, json_t *document);
static const char *find_uri(Exchange *exchange, json_t *document);
static bool take_flag(Discovery *discovery, const json_t *document, const char *name, bool may_be_null);
static bool take_texts(Discovery *discovery, const json_t *document, const char *name);
static bool lower_names(Discovery *discovery);
static bool is_token(const char *name);
static bool refuse_body(Exchange *exchange, int status, const char *message);
static void take_privilege(Discovery *discovery, const PGresult *result);
static void take_deployment(Discovery *discovery, const PGresult *result);

/*
 * Takes the URI and the options from the body.
 */
void
prepare_register(Exchange *exchange)
{
	prepare(exchange, register_fields, take_registration);
}

/*
 * Takes the id from the path, and what is to be changed from the body.
 */
void
prepare_update(Exchange *exchange)
{
	prepare(exchange, update_fields, take_update);
	if (exchange->status == 0)
		prepare_deployment(exchange);
	if (exchange->status == 0)
	{
		exchange->discovery->params[0] = exchange->args[ARG_DEPLOYMENT];
		exchange->discovery->params[1] = exchange->args[ARG_OPTIONS];
	}
}

/*
 * Takes what the body says, which must be an object.
 */
static void
prepare(Exchange *exchange, const char *const *fields,
		bool (*take)(Discovery *discovery, json_t *document))
{
	json_t *document = body_as_json(exchange, fields);
	Discovery *discovery;

	if (document == NULL)
		return;
	if (!json_is_object(document))
		(void) refuse_body(exchange, 422, "the body must be a JSON object");
	else if ((discovery = discovery_new(exchange)))
	{
		discovery->manifest_arg = ARG_MANIFEST;
		discovery->options_arg = ARG_OPTIONS;
		(void) take(discovery, document);
	}
	json_decref(document);
}

/*
 * Takes what a registration says.
 */
static bool
take_registration(Discovery *discovery, json_t *document)
{
	Exchange *exchange = discovery->exchange;
	const char *uri = find_uri(exchange, document);

	if (exchange->status)
		return false;
	if (uri == NULL)
		return refuse_body(exchange, 422, "the body must have a text uri");
	/* version 2 of the API registers anew where nothing is said */
	if (exchange->is_version_2)
		json_object_set_new(discovery->options, "force", json_true());
	if (!exchange_keep(exchange, &exchange->args[ARG_DEPLOYMENT], uri) ||
		!take_flag(discovery, document, "force", true) ||
		!take_flag(discovery, document, "breaking", false) ||
		!take_flag(discovery, document, "dry_run", false) ||
		!take_flag(discovery, document, "use_http_11", false) ||
		!take_texts(discovery, document, "metadata") ||
		!take_texts(discovery, document, "additional_headers") || !lower_names(discovery))
		return false;
	discovery->uri = exchange->args[ARG_DEPLOYMENT];
	discovery->is_http1 = json_is_true(json_object_get(discovery->options, "use_http_11"));
	discovery->first = MAY_REGISTER;
	discovery->take_first = take_privilege;
	return true;
}

/*
 * Takes what is to be changed.  Where that is nothing, the deployment is not asked.
 */
static bool
take_update(Discovery *discovery, json_t *document)
{
	Exchange *exchange = discovery->exchange;
	const char *uri = find_uri(exchange, document);
	json_t *options = discovery->options;

	if (exchange->status)
		return false;
	if (uri)
		json_object_set_new(options, "endpoint", json_string(uri));
	if (!take_flag(discovery, document, "overwrite", false) ||
		!take_flag(discovery, document, "dry_run", false) ||
		!take_flag(discovery, document, "use_http_11", true) ||
		!take_texts(discovery, document, "additional_headers") || !lower_names(discovery))
		return false;
	/* at another place HTTP/2 is spoken, unless that is said */
	if (uri && json_object_get(options, "use_http_11") == NULL)
		json_object_set_new(options, "use_http_11", json_false());
	if (uri || json_object_get(options, "additional_headers") ||
		json_object_get(options, "use_http_11") ||
		json_is_true(json_object_get(options, "overwrite")))
	{
		discovery->first = WOULD_BE;
		discovery->nparams = 2;
		discovery->take_first = take_deployment;
	}
	return body_keep_json(exchange, &exchange->args[ARG_OPTIONS], options);
}

/*
 * Returns the URI of the body, which must be one that can be called; NULL where there is
 * none, or an error is answered.
 */
static const char *
find_uri(Exchange *exchange, json_t *document)
{
	json_t *uri = json_object_get(document, "uri");
	const char *text = json_string_value(uri);
	const char *error;
	Uri parsed;

	if (text == NULL && (json_is_string(json_object_get(document, "arn")) ||
						 json_is_string(json_object_get(document, "assume_role_arn"))))
		answer_error(exchange, 501, "not_implemented",
					 "a Lambda cannot be registered: deployments here have a uri");
	else if (uri == NULL || json_is_null(uri))
		return NULL;
	else if (text == NULL || *text == '\0' || strlen(text) != json_string_length(uri))
		(void) refuse_body(exchange, 422, "the body must have a text uri");
	else if (strstr(text, "://") == NULL)
		(void) refuse_body(exchange, 400, "the uri must be absolute, and begin with http:// or https://");
	else if ((error = uri_parse(text, &parsed)))
		(void) refuse_body(exchange, 422, error);
	else
		return text;
	return NULL;
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

	if (given == NULL)
		return true;
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

/*
 * Answers that the role may not register deployments, where that is so.
 */
static void
take_privilege(Discovery *discovery, const PGresult *result)
{
	if (PQntuples(result) != 1 || PQgetvalue(result, 0, 0)[0] != 't')
		answer_error(discovery->exchange, 403, "forbidden", "the gateway's role may not do this");
}

/*
 * Takes where the deployment will be, and how it is asked there.
 */
static void
take_deployment(Discovery *discovery, const PGresult *result)
{
	const char *http;

	if (PQntuples(result) == 1)
		discovery->document = json_loads(PQgetvalue(result, 0, 0), 0, NULL);
	if (discovery->document == NULL)
	{
		answer_out_of_memory(discovery->exchange);
		return;
	}
	discovery->uri = json_string_value(json_object_get(discovery->document, "uri"));
	if (discovery->uri == NULL)
	{
		(void) refuse_body(discovery->exchange, 422, "the deployment is at no uri");
		return;
	}
	http = json_string_value(json_object_get(discovery->document, "http_version"));
	discovery->is_http1 = http && strcmp(http, "HTTP/1.1") == 0;
	if (discovery->headers == NULL)
		discovery->headers =
			json_incref(json_object_get(discovery->document, "additional_headers"));
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
