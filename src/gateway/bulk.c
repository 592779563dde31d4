/*
 * bulk.c
 *		Checks the form of what starts a bulk job, and names the job that a path
 *		is about.  What a job may be is judged by its SQL call.
 */
#include "bulk.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "parameters.h"
#include "reads.h"
#include "routes.h"

#define UUID_LENGTH 36

/* of a body, in the order of the call's arguments */
static const char *const fields[] = {"operation", "filter", "options", "reason", NULL};

static bool take_text(Exchange *exchange, const json_t *document, int field, bool is_required);
static bool take_object(Exchange *exchange, const json_t *document, int field, bool is_required);
static bool has_nul(const json_t *value);
static bool is_uuid(const char *text, size_t len);

/*
 * Takes operation, filter, options and reason from the body.
 */
void
prepare_bulk_start(Exchange *exchange)
{
	json_t *document = body_as_json(exchange, fields);

	if (document == NULL)
		return;
	if (!json_is_object(document))
		answer_error(exchange, 422, "invalid_body", "the body must be an object");
	else if (has_nul(document))
		answer_error(exchange, 422, "invalid_body", "the body has a NUL in a text");
	else if (take_text(exchange, document, 0, true) && take_object(exchange, document, 1, true) &&
			 take_object(exchange, document, 2, false))
		(void) take_text(exchange, document, 3, false);
	json_decref(document);
}

/*
 * Takes a field that is a text as the argument of its place.  Returns false, and
 * answers, where it is none.
 */
static bool
take_text(Exchange *exchange, const json_t *document, int field, bool is_required)
{
	const json_t *value = json_object_get(document, fields[field]);
	char message[64];

	if (json_is_string(value))
		return exchange_keep(exchange, &exchange->args[field], json_string_value(value));
	if (!is_required && (value == NULL || json_is_null(value)))
		return true;
	snprintf(message, sizeof(message), "%s must be a text", fields[field]);
	answer_error(exchange, 422, "invalid_body", message);
	return false;
}

/*
 * Takes a field that is an object as the argument of its place, as JSON.  Returns
 * false, and answers, where it is none.
 */
static bool
take_object(Exchange *exchange, const json_t *document, int field, bool is_required)
{
	const json_t *value = json_object_get(document, fields[field]);
	char message[64];

	if (json_is_object(value))
	{
		exchange->args[field] = json_dumps(value, JSON_COMPACT);
		if (exchange->args[field] == NULL)
			answer_out_of_memory(exchange);
		return exchange->args[field] != NULL;
	}
	if (!is_required && (value == NULL || json_is_null(value)))
		return true;
	snprintf(message, sizeof(message), "%s must be an object", fields[field]);
	answer_error(exchange, 422, "invalid_body", message);
	return false;
}

/*
 * Returns whether a text in the value has a NUL in it, which no text of the database
 * can hold.  A body is too short to be nested beyond what the stack holds: the parser
 * has its own limit.
 */
static bool
has_nul(const json_t *value)
{
	const char *key;
	const json_t *member;
	size_t i;

	if (json_is_string(value))
		return strlen(json_string_value(value)) != json_string_length(value);
	if (json_is_array(value))
	{
		json_array_foreach(value, i, member)
		{
			if (has_nul(member))
				return true;
		}
	}
	else if (json_is_object(value))
	{
		json_object_foreach((json_t *) value, key, member)
		{
			if (has_nul(member))
				return true;
		}
	}
	return false;
}

/*
 * Takes the job from the path.
 */
void
prepare_bulk_job(Exchange *exchange)
{
	if (is_uuid(exchange->path_parameter, exchange->path_parameter_len))
		(void) exchange_keep(exchange, &exchange->args[0], exchange->path_parameter);
	else
		answer_error(exchange, 400, "invalid_path",
					 "the path has no id of a bulk job where one must be");
}

/*
 * Takes the job, and of how many invocations a batch is, which the call judges but for
 * its form.
 */
void
prepare_bulk_run(Exchange *exchange)
{
	const char *batch;

	if (!take_parameter(exchange, "batch", 1))
		return;
	batch = exchange->args[1];
	if (batch && (batch[strspn(batch, "0123456789")] || strlen(batch) < 1 || strlen(batch) > 9))
		answer_bad_parameter(exchange, "batch must be a number");
	else
		prepare_bulk_job(exchange);
}

/*
 * Returns whether the text is a UUID as the server prints it.
 */
static bool
is_uuid(const char *text, size_t len)
{
	if (len != UUID_LENGTH)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text[i] != '-' : text[i] == '\0' || !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	}
	return true;
}

/*
 * Answers with the job that was started, or with what one would do: the call returns
 * the document, and whether it is of a dry run.
 */
void
answer_bulk_start(Exchange *exchange, const PGresult *result)
{
	answer_document(exchange, result);
	if (exchange->status == 200 && PQgetvalue(result, 0, 1)[0] == 'f')
		exchange->status = 201;
}
