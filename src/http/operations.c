/*
 * operations.c
 *		Checks the parameters of an operation and runs its one SQL call.
 */
#include "operations.h"

#include <microhttpd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "routes.h"

#define INVALID_QUERY "invalid_query_parameter"

static bool take_id(Exchange *exchange);
static bool take_parameter(Exchange *exchange, const char *name, int arg);
static bool is_u32(const char *text);

/*
 * Takes the invocation id from the path.  The database judges it, but for a
 * NUL, which no text there can hold.
 */
static bool
take_id(Exchange *exchange)
{
	exchange->args[0] = strdup(exchange->path_parameter);
	if (exchange->args[0] && strlen(exchange->path_parameter) == exchange->path_parameter_len)
		return true;
	answer_error(exchange, 400, "invalid_invocation_id", "invalid invocation id: it has a NUL in it");
	return false;
}

/*
 * Takes a query parameter as an argument, null where it is absent.  Given
 * twice, or not text, it is an error.
 */
static bool
take_parameter(Exchange *exchange, const char *name, int arg)
{
	char message[128];
	size_t len;
	int count = url_query_parameter(exchange->url.query, name, &exchange->args[arg], &len);

	if (count == 0)
		return true;
	if (count == 1 && exchange->args[arg] && strlen(exchange->args[arg]) == len && url_is_utf8(exchange->args[arg], len))
		return true;
	snprintf(message, sizeof(message), count > 1 ? "query parameter %s is given twice" : "query parameter %s is not text", name);
	answer_error(exchange, 400, INVALID_QUERY, message);
	return false;
}

/*
 * Returns whether the text is an unsigned 32-bit number: digits, after a plus
 * sign perhaps.
 */
static bool
is_u32(const char *text)
{
	uint64_t value = 0;

	if (*text == '+')
		text++;
	if (*text == '\0')
		return false;
	for (; *text; text++)
	{
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t) (*text - '0');
		if (value > UINT32_MAX)
			return false;
	}
	return true;
}

void
prepare_operation(Exchange *exchange)
{
	(void) take_id(exchange);
}

void
prepare_delete(Exchange *exchange)
{
	static const char *const modes[] = {"cancel", "Cancel", "kill", "Kill", "purge", "Purge"};
	const char *mode;

	if (!take_parameter(exchange, "mode", 1))
		return;
	mode = exchange->args[1];
	if (mode == NULL)
		exchange->args[1] = strdup("cancel");
	else
	{
		size_t i;

		for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
			if (strcmp(mode, modes[i]) == 0)
				break;
		if (i == sizeof(modes) / sizeof(*modes))
		{
			answer_error(exchange, 400, INVALID_QUERY, "mode must be cancel, kill or purge");
			return;
		}
	}
	(void) take_id(exchange);
}

void
prepare_restart(Exchange *exchange)
{
	const char *request_id;

	if (!take_parameter(exchange, "from", 1) || !take_parameter(exchange, "deployment", 2))
		return;
	if (exchange->args[1] && !is_u32(exchange->args[1]))
	{
		answer_error(exchange, 400, INVALID_QUERY, "from must be a whole number from 0 to 4294967295");
		return;
	}
	request_id = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Idempotency-Key");
	if (request_id)
	{
		if (!url_is_utf8(request_id, strlen(request_id)))
		{
			answer_error(exchange, 400, INVALID_QUERY, "header Idempotency-Key is not text");
			return;
		}
		exchange->args[3] = strdup(request_id);
	}
	(void) take_id(exchange);
}

void
prepare_resume(Exchange *exchange)
{
	if (take_parameter(exchange, "deployment", 1))
		(void) take_id(exchange);
}

/*
 * Runs an operation that returns its outcome and the status for it.
 */
void
run_operation(Exchange *exchange, Session *session)
{
	PGresult *result = session_execute(session, exchange->route->sql, exchange->route->nargs,
									   (const char *const *) exchange->args);

	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
		answer_empty(exchange, (int) strtol(PQgetvalue(result, 0, 1), NULL, 10));
	else
		answer_failure(exchange, session->connection, result);
	PQclear(result);
}

/*
 * Runs a restart, which returns the new id.
 */
void
run_restart(Exchange *exchange, Session *session)
{
	PGresult *result = session_execute(session, exchange->route->sql, exchange->route->nargs,
									   (const char *const *) exchange->args);

	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
	{
		buffer_add_text(&exchange->answer, "{\"new_invocation_id\":");
		buffer_add_json_string(&exchange->answer, PQgetvalue(result, 0, 0));
		buffer_add_text(&exchange->answer, "}");
		answer_json(exchange, 200);
	}
	else
		answer_failure(exchange, session->connection, result);
	PQclear(result);
}
