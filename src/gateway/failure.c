/*
 * failure.c
 *		SQLSTATE to status.
 */
#include "failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "routes.h"

static void answer_refusal(Exchange *exchange, int status, const char *category,
						   const char *message);
static void answer_unknown(Exchange *exchange, const char *why);

bool
failure_leaves_open(const PGresult *error)
{
	const char *sqlstate = PQresultErrorField(error, PG_DIAG_SQLSTATE);

	return sqlstate && strncmp(sqlstate, "57P", 3) == 0;
}

bool
failure_is_passing(const char *sqlstate)
{
	static const char *const classes[] = {"08", "40", "53", "57"};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strncmp(sqlstate, classes[i], 2) == 0)
			return true;
	return strcmp(sqlstate, "25006") == 0 || strcmp(sqlstate, "55P03") == 0;
}

/*
 * Answers with the error: PTxyz has the status xyz, its category and message;
 * what passes by itself is 503, a missing privilege 403, text that the database
 * cannot hold 400; anything else is internal: logged, and not shown.
 */
void
answer_failure(Exchange *exchange, const PGresult *error)
{
	const char *sqlstate = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
	const char *category = PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME);
	bool had_succeeded = exchange->status >= 200 && exchange->status < 300;
	char quoted[512];

	if (message == NULL)
		message = "no message";
	if (sqlstate == NULL)
		sqlstate = "none";
	if (strncmp(sqlstate, "PT", 2) == 0 && strlen(sqlstate) == 5 && category)
	{
		answer_refusal(exchange, (int) strtol(sqlstate + 2, NULL, 10), category, message);
		return;
	}
	if (strcmp(sqlstate, "42501") == 0)
	{
		log_event(LOG_WARN, "event=forbidden error=%s", log_quote(message, quoted, sizeof(quoted)));
		answer_error(exchange, 403, "forbidden", "the gateway's role may not do this");
		return;
	}
	/* untranslatable_character */
	if (strcmp(sqlstate, "22P05") == 0)
	{
		answer_error(exchange, 400, "untranslatable_text",
					 "the request has a character that the database's encoding lacks");
		return;
	}
	log_event(LOG_WARN, "event=sql_error sqlstate=%s error=%s", sqlstate,
			  log_quote(message, quoted, sizeof(quoted)));
	if (had_succeeded && failure_leaves_open(error))
		answer_unknown(exchange, "the database stopped before it said that this was kept");
	else if (failure_is_passing(sqlstate))
		answer_error(exchange, 503, "unavailable", "the database cannot do this now; try again");
	else if (session_is_stale(error, true) && strcmp(sqlstate, "XX000") != 0)
		answer_error(exchange, 503, "unavailable",
					 "the database has no extension restate_admin that fits; /health says more");
	else
		answer_error(exchange, 500, "internal", "internal error");
}

/*
 * Answers with a refusal, under the code that clients of the route know it by.
 */
static void
answer_refusal(Exchange *exchange, int status, const char *category, const char *message)
{
	for (const CategoryCode *code = exchange->route->codes; code && code->category; code++)
		if (strcmp(code->category, category) == 0)
		{
			answer_error(exchange, code->status, code->code, message);
			return;
		}
	answer_error(exchange, status, category, message);
}

void
answer_task_end(Task *task, TaskEnd how)
{
	Exchange *exchange = exchange_of(task);

	switch (how)
	{
		case TASK_DONE:
			if (exchange->status == 0)
				answer_error(exchange, 500, "internal", "internal error");
			break;
		case TASK_OVERLOADED:
			answer_error(exchange, 503, "overloaded", "too many requests wait already");
			break;
		case TASK_UNREACHABLE:
			answer_error(exchange, 503, "unavailable", "the database cannot be reached");
			break;
		case TASK_LATE:
			answer_error(exchange, 503, "unavailable",
						 "the request waited for too long; nothing was done");
			break;
		case TASK_WITHDRAWN:
			answer_error(exchange, 503, "unavailable", "the client has gone; nothing was done");
			break;
		case TASK_STOPPED:
			answer_error(exchange, 503, "unavailable", "the gateway is being stopped");
			break;
		case TASK_LOST:
			/* an error that came before it was lost says what happened */
			if (exchange->status < 400)
				answer_unknown(exchange, "the connection to the database was lost");
			break;
		case TASK_UNANSWERED:
			answer_unknown(exchange, "the database did not answer in time");
			break;
	}
	exchange->answered(exchange);
}

/*
 * Answers that nobody can tell whether what was asked for is done; what only
 * reads does nothing.
 */
static void
answer_unknown(Exchange *exchange, const char *why)
{
	char message[128];

	if (strcmp(exchange->method, "GET") == 0 || strcmp(exchange->method, "HEAD") == 0 ||
		exchange->route->needs != NEEDS_OPERATIONS)
	{
		answer_error(exchange, 503, "unavailable", why);
		return;
	}
	snprintf(message, sizeof(message), "%s; it may have been carried out", why);
	answer_error(exchange, 503, "outcome_unknown", message);
}
