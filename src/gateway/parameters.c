/*
 * parameters.c
 *		Takes arguments of a call from the request's target and headers.
 */
#include "parameters.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types/is_utf8.h"

static bool take_header(Exchange *exchange, const char *name, char **where);

/*
 * Takes the invocation id from the path.  The database judges it, but for a
 * NUL, which no text there can hold.
 */
bool
take_id(Exchange *exchange)
{
	if (strlen(exchange->path_parameter) == exchange->path_parameter_len)
		return exchange_keep(exchange, &exchange->args[0], exchange->path_parameter);
	answer_error(exchange, 400, "invalid_invocation_id",
				 "invalid invocation id: it has a NUL in it");
	return false;
}

/*
 * Takes a query parameter as an argument, null where it is absent.  Given
 * twice, or not text, it is an error.
 */
bool
take_parameter(Exchange *exchange, const char *name, int arg)
{
	char message[128];
	size_t len;
	int count = url_query_parameter(exchange->url.query, name, &exchange->args[arg], &len);

	if (count < 0)
	{
		answer_out_of_memory(exchange);
		return false;
	}
	if (count == 0)
		return true;
	if (count == 1 && exchange->args[arg] && strlen(exchange->args[arg]) == len &&
		restate_is_utf8(exchange->args[arg], len))
		return true;
	snprintf(message, sizeof(message),
			 count > 1 ? "query parameter %s is given twice" : "query parameter %s is not text",
			 name);
	answer_bad_parameter(exchange, message);
	return false;
}

/*
 * Takes the parameter deployment, which is keep, latest, an id, or an object
 * whose field Id is one: that may be written Id=, deployment[Id]= or
 * deployment.Id=.  Given twice, it is an error however it is written.
 */
bool
take_deployment(Exchange *exchange, int arg)
{
	static const char *const names[] = {"Id", "deployment[Id]", "deployment.Id"};

	if (!take_parameter(exchange, "deployment", arg))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
	{
		char *given = exchange->args[arg];

		exchange->args[arg] = NULL;
		if (!take_parameter(exchange, names[i], arg))
		{
			free(given);
			return false;
		}
		if (exchange->args[arg] == NULL)
		{
			exchange->args[arg] = given;
			continue;
		}
		if (given)
		{
			free(given);
			answer_bad_parameter(exchange, "query parameter deployment is given twice");
			return false;
		}
		if (strncmp(exchange->args[arg], "dp_", 3) != 0)
		{
			answer_error(exchange, 400, "invalid_deployment_id",
						 "the Id of parameter deployment is no deployment id");
			return false;
		}
	}
	return true;
}

/*
 * Takes the header Idempotency-Key as an argument, null where it is absent.
 */
bool
take_idempotency_key(Exchange *exchange, int arg)
{
	return take_header(exchange, "Idempotency-Key", &exchange->args[arg]);
}

bool
take_person_and_reason(Exchange *exchange, const char *person_header, const char *reason_header)
{
	return (person_header == NULL || take_header(exchange, person_header, &exchange->person)) &&
		   (reason_header == NULL || take_header(exchange, reason_header, &exchange->reason));
}

/*
 * Takes a header, NULL where it is absent.
 */
static bool
take_header(Exchange *exchange, const char *name, char **where)
{
	const char *value = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
	char message[128];

	if (value == NULL)
		return true;
	if (restate_is_utf8(value, strlen(value)))
		return exchange_keep(exchange, where, value);
	snprintf(message, sizeof(message), "header %.64s is not text", name);
	answer_bad_parameter(exchange, message);
	return false;
}

void
answer_bad_parameter(Exchange *exchange, const char *message)
{
	answer_error(exchange, 400, "invalid_query_parameter", message);
}
