/*
 * batch.c
 *		Checks the body of a batch and runs its one SQL call.
 */
#include "batch.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../id_codec.h"
#include "failure.h"
#include "routes.h"

#define MAX_IDS 1000

static void prepare(Exchange *exchange, bool takes_deployment);
static bool is_json_type(const char *type);
static bool take_ids(Exchange *exchange, json_t *ids);
static bool take_deployment(Exchange *exchange, json_t *deployment);
static void refuse_body(Exchange *exchange, const char *message);

/*
 * Returns whether the media type is JSON or built on it.
 */
static bool
is_json_type(const char *type)
{
	size_t len;

	if (type == NULL)
		return false;
	len = strcspn(type, "; \t");
	if (len == strlen("application/json") && strncasecmp(type, "application/json", len) == 0)
		return true;
	return len > strlen("application/+json") && strncasecmp(type, "application/", strlen("application/")) == 0 &&
		   strncasecmp(type + len - strlen("+json"), "+json", strlen("+json")) == 0;
}

json_t *
body_as_json(Exchange *exchange)
{
	const char *type = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Content-Type");
	json_t *document;
	json_error_t error;

	if (!is_json_type(type))
	{
		answer_error(exchange, 415, "unsupported_media_type", "the body must be application/json");
		return NULL;
	}
	if (exchange->body_len > exchange->route->body_limit)
	{
		answer_error(exchange, 413, "body_too_large", "the body is too large");
		return NULL;
	}
	document = json_loadb(exchange->body.data ? exchange->body.data : "", exchange->body.len, JSON_DECODE_ANY, &error);
	if (document == NULL)
		answer_error(exchange, 400, "invalid_body", "the body is not JSON");
	return document;
}

/*
 * Answers that the body has the wrong form.
 */
static void
refuse_body(Exchange *exchange, const char *message)
{
	answer_error(exchange, 422, "invalid_body", message);
}

void
prepare_batch(Exchange *exchange)
{
	prepare(exchange, false);
}

void
prepare_batch_on_deployment(Exchange *exchange)
{
	prepare(exchange, true);
}

/*
 * Takes ids and deployment from the body: an object with these fields, or an
 * array with their values in this order.
 */
static void
prepare(Exchange *exchange, bool takes_deployment)
{
	json_t *document = body_as_json(exchange);
	json_t *ids = NULL;
	json_t *deployment = NULL;

	if (document == NULL)
		return;
	if (json_is_object(document))
	{
		ids = json_object_get(document, "invocation_ids");
		deployment = json_object_get(document, "deployment");
	}
	else if (json_is_array(document) && json_array_size(document) == (takes_deployment ? 2 : 1))
	{
		ids = json_array_get(document, 0);
		deployment = json_array_get(document, 1);
	}
	if (!json_is_array(ids))
		refuse_body(exchange, "the body must be an object with an array invocation_ids");
	else if (take_ids(exchange, ids) && takes_deployment)
		(void) take_deployment(exchange, deployment);
	json_decref(document);
}

/*
 * Takes the ids as an array literal.
 */
static bool
take_ids(Exchange *exchange, json_t *ids)
{
	Buffer literal = {0};
	uint8_t id[RESTATE_INVOCATION_ID_BYTES];
	size_t i;
	json_t *value;

	buffer_add_text(&literal, "{");
	json_array_foreach(ids, i, value)
	{
		if (!json_is_string(value) ||
			restate_decode_invocation_id(json_string_value(value), json_string_length(value), id) != RESTATE_ID_OK)
		{
			buffer_free(&literal);
			refuse_body(exchange, "invocation_ids must be invocation ids");
			return false;
		}
		buffer_printf(&literal, "%s%s", i == 0 ? "" : ",", json_string_value(value));
	}
	buffer_add_text(&literal, "}");
	if (json_array_size(ids) > MAX_IDS || literal.failed)
	{
		buffer_free(&literal);
		answer_error(exchange, 400, "batch_too_large", "a batch takes at most 1000 invocations");
		return false;
	}
	exchange->args[0] = literal.data;
	return true;
}

/*
 * Takes the deployment: a text, null, or keep and latest as an object's only
 * field, which is null.
 */
static bool
take_deployment(Exchange *exchange, json_t *deployment)
{
	const char *text = json_string_value(deployment);

	if (deployment == NULL || json_is_null(deployment))
		return true;
	if (json_is_object(deployment) && json_object_size(deployment) == 1)
	{
		text = json_object_iter_key(json_object_iter(deployment));
		if (!json_is_null(json_object_get(deployment, text)) ||
			(strcmp(text, "Keep") != 0 && strcmp(text, "Latest") != 0))
			text = NULL;
	}
	if (text == NULL)
	{
		refuse_body(exchange, "deployment must be keep, latest or a deployment id");
		return false;
	}
	exchange->args[1] = strdup(text);
	return true;
}

/*
 * Runs the batch and answers which succeeded and which failed.  The call
 * returns id, ok, message and new id.
 */
void
run_batch(Exchange *exchange, Session *session)
{
	PGresult *result = session_execute(session, exchange->route->sql, exchange->route->nargs, (const char *const *) exchange->args);
	Buffer failed = {0};
	bool first_succeeded = true;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
	{
		answer_failure(exchange, session->connection, result);
		PQclear(result);
		return;
	}
	buffer_add_text(&exchange->answer, "{\"succeeded\":[");
	for (int row = 0; row < PQntuples(result); row++)
	{
		const char *id = PQgetvalue(result, row, 0);

		if (PQgetvalue(result, row, 1)[0] != 't')
		{
			buffer_printf(&failed, "%s{\"invocation_id\":\"%s\",\"error\":", failed.len ? "," : "", id);
			buffer_add_json_string(&failed, PQgetvalue(result, row, 2));
			buffer_add_text(&failed, "}");
			continue;
		}
		if (!first_succeeded)
			buffer_add_text(&exchange->answer, ",");
		first_succeeded = false;
		if (PQgetisnull(result, row, 3))
			buffer_printf(&exchange->answer, "\"%s\"", id);
		else
			buffer_printf(&exchange->answer, "{\"old_invocation_id\":\"%s\",\"new_invocation_id\":\"%s\"}", id,
						  PQgetvalue(result, row, 3));
	}
	buffer_printf(&exchange->answer, "],\"failed\":[%s]}", failed.data ? failed.data : "");
	if (failed.failed)
		exchange->answer.failed = true;
	buffer_free(&failed);
	PQclear(result);
	answer_json(exchange, 200);
}
