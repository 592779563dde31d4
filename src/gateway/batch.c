/*
 * batch.c
 *		Checks the body of a batch and runs its one SQL call.
 */
#include "batch.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "types/id_codec.h"
#include "types/limits.h"
#include "body.h"
#include "parameters.h"
#include "routes.h"

/* of a body; without a deployment from the second on */
static const char *const batch_fields[] = {"deployment", "invocation_ids", NULL};

static void prepare(Exchange *exchange, bool takes_deployment);
static bool take_ids(Exchange *exchange, json_t *ids);
static bool take_deployment_field(Exchange *exchange, json_t *deployment);
static void refuse_body(Exchange *exchange, const char *message);

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

void
prepare_batch_of_restarts(Exchange *exchange)
{
	prepare(exchange, true);
	if (exchange->status == 0)
		(void) take_idempotency_key(exchange, 2);
}

/*
 * Takes ids and deployment from the body: an object with these fields, or an
 * array with their values in this order.
 */
static void
prepare(Exchange *exchange, bool takes_deployment)
{
	json_t *document = body_as_json(exchange, takes_deployment ? batch_fields : batch_fields + 1);
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
		(void) take_deployment_field(exchange, deployment);
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
			restate_decode_invocation_id(json_string_value(value), json_string_length(value), id) !=
				RESTATE_ID_OK)
		{
			buffer_free(&literal);
			refuse_body(exchange, "invocation_ids must be invocation ids");
			return false;
		}
		buffer_printf(&literal, "%s%s", i == 0 ? "" : ",", json_string_value(value));
	}
	buffer_add_text(&literal, "}");
	if (literal.failed)
	{
		buffer_free(&literal);
		answer_out_of_memory(exchange);
		return false;
	}
	if (json_array_size(ids) > RESTATE_HTTP_BATCH_MAX)
	{
		buffer_free(&literal);
		answer_error(
			exchange, 400, "batch_too_large",
			"a batch takes at most " RESTATE_LIMIT_TEXT(RESTATE_HTTP_BATCH_MAX) " invocations");
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
take_deployment_field(Exchange *exchange, json_t *deployment)
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
	else if (text && strlen(text) != json_string_length(deployment))
	{
		answer_error(exchange, 400, "invalid_deployment_id",
					 "invalid deployment: it has a NUL in it");
		return false;
	}
	if (text == NULL)
	{
		refuse_body(exchange, "deployment must be keep, latest or a deployment id");
		return false;
	}
	return exchange_keep(exchange, &exchange->args[1], text);
}

/*
 * Answers which succeeded and which failed: the call returns id, ok, message
 * and new id.
 */
void
answer_batch(Exchange *exchange, const PGresult *result)
{
	Buffer failed = {0};
	bool first_succeeded = true;

	buffer_add_text(&exchange->answer, "{\"succeeded\":[");
	for (int row = 0; row < PQntuples(result); row++)
	{
		const char *id = PQgetvalue(result, row, 0);

		if (PQgetvalue(result, row, 1)[0] != 't')
		{
			buffer_printf(&failed, "%s{\"invocation_id\":\"%s\",\"error\":", failed.len ? "," : "",
						  id);
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
			buffer_printf(&exchange->answer,
						  "{\"old_invocation_id\":\"%s\",\"new_invocation_id\":\"%s\"}", id,
						  PQgetvalue(result, row, 3));
	}
	buffer_printf(&exchange->answer, "],\"failed\":[%s]}", failed.data ? failed.data : "");
	if (failed.failed)
		exchange->answer.failed = true;
	buffer_free(&failed);
	answer_json(exchange, 200);
}
