/*
 * services.c
 *		Removes deployments, and changes options of services and the state of objects.
 */
#include "services.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "parameters.h"
#include "pg_array.h"
#include "reads.h"

/* the options of a service; others are ignored */
static const char *const service_fields[] = {"public", "idempotency_retention",
											 "journal_retention", "workflow_completion_retention",
											 "inactivity_timeout", "abort_timeout", NULL};

/* of a state that is given */
static const char *const state_fields[] = {"object_key", "new_state", "version", NULL};

static bool take_force(Exchange *exchange);
static bool take_state(Exchange *exchange, json_t *document);
static bool add_value(Buffer *values, const json_t *value);
static bool refuse_body(Exchange *exchange, const char *message);

/*
 * Takes the id from the path, and whether to remove it in any case.
 */
void
prepare_remove_deployment(Exchange *exchange)
{
	if (take_force(exchange))
		prepare_deployment(exchange);
}

/*
 * Takes the parameter force, which is true or false.
 */
static bool
take_force(Exchange *exchange)
{
	if (!take_parameter(exchange, "force", 1))
		return false;
	if (exchange->args[1] == NULL || strcmp(exchange->args[1], "true") == 0 ||
		strcmp(exchange->args[1], "false") == 0)
		return true;
	answer_bad_parameter(exchange, "force must be true or false");
	return false;
}

/*
 * Takes the name from the path, and from the body the options that there are: the
 * database judges what they say.
 */
void
prepare_modify_service(Exchange *exchange)
{
	json_t *document = body_as_json(exchange, service_fields);
	json_t *options;

	if (document == NULL)
		return;
	options = json_object();
	for (int i = 0; service_fields[i]; i++)
		json_object_set(options, service_fields[i], json_object_get(document, service_fields[i]));
	if (!json_is_object(document))
		(void) refuse_body(exchange, "the body must be a JSON object");
	else if (options == NULL)
		answer_out_of_memory(exchange);
	else if (body_keep_json(exchange, &exchange->args[1], options))
		prepare_service(exchange);
	json_decref(options);
	json_decref(document);
}

/*
 * Takes the name from the path, and from the body the key and its new state.
 */
void
prepare_modify_state(Exchange *exchange)
{
	json_t *document = body_as_json(exchange, state_fields);

	if (document == NULL)
		return;
	if (take_state(exchange, document))
		prepare_service(exchange);
	json_decref(document);
}

/*
 * Takes the key of the object, the keys and the values of its state, which are arrays of
 * the server's, and the version.
 */
static bool
take_state(Exchange *exchange, json_t *document)
{
	json_t *key = json_object_get(document, "object_key");
	json_t *state = json_object_get(document, "new_state");
	json_t *version = json_object_get(document, "version");
	Buffer keys = {0};
	Buffer values = {0};
	bool is_first = true;
	const char *name;
	json_t *value;

	if (!json_is_string(key) || !json_is_object(state) ||
		(version && !json_is_null(version) && !json_is_string(version)))
		return refuse_body(exchange, "the body must be an object with a text object_key and an object new_state,"
									 " and perhaps a text version");
	if (strlen(json_string_value(key)) != json_string_length(key) ||
		(json_is_string(version) &&
		 strlen(json_string_value(version)) != json_string_length(version)))
		return refuse_body(exchange, "object_key or version has a NUL in it");
	buffer_add_text(&keys, "{");
	buffer_add_text(&values, "{");
	json_object_foreach(state, name, value)
	{
		buffer_add_text(&keys, is_first ? "" : ",");
		buffer_add_text(&values, is_first ? "" : ",");
		is_first = false;
		pg_array_add_text(&keys, name);
		if (!add_value(&values, value))
		{
			buffer_free(&keys);
			buffer_free(&values);
			return refuse_body(exchange, "each value of new_state must be a text or an array of bytes, from 0 to 255");
		}
	}
	buffer_add_text(&keys, "}");
	buffer_add_text(&values, "}");
	exchange->args[2] = keys.data;
	exchange->args[3] = values.data;
	if (keys.failed || values.failed)
	{
		answer_out_of_memory(exchange);
		return false;
	}
	return exchange_keep(exchange, &exchange->args[1], json_string_value(key)) &&
		   (!json_is_string(version) ||
			exchange_keep(exchange, &exchange->args[4], json_string_value(version)));
}

/*
 * Adds a value, which is an array of bytes or a text, as an element of an array of bytea;
 * returns false for anything else.
 */
static bool
add_value(Buffer *values, const json_t *value)
{
	size_t count = json_is_string(value) ? json_string_length(value) : json_array_size(value);

	if (!json_is_string(value) && !json_is_array(value))
		return false;
	buffer_add_text(values, "\"\\\\x");
	for (size_t i = 0; i < count; i++)
	{
		static const char digits[] = "0123456789abcdef";
		const json_t *byte = json_array_get(value, i);
		json_int_t number = json_is_string(value) ? (unsigned char) json_string_value(value)[i] :
													json_integer_value(byte);

		if ((byte && !json_is_integer(byte)) || number < 0 || number > 255)
			return false;
		buffer_add(values, (char[]){digits[number >> 4], digits[number & 15]}, 2);
	}
	buffer_add_text(values, "\"");
	return true;
}

/*
 * Answers that the body has the wrong form; returns false.
 */
static bool
refuse_body(Exchange *exchange, const char *message)
{
	answer_error(exchange, 422, "invalid_body", message);
	return false;
}

void
answer_accepted(Exchange *exchange, const PGresult *result)
{
	if (PQntuples(result) == 1)
		answer_empty(exchange, 202);
}
