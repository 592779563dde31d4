/*
 * query.c
 *		Runs a query in a read-only transaction of a role that can read the
 *		views and nothing else, and renders its rows.
 */
#include "query.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "batch.h"
#include "failure.h"
#include "log.h"
#include "rows.h"
#include "url.h"

/* how long an answer may get */
#define MAX_ANSWER ((size_t) 64 * 1024 * 1024)

static int max_rows;

static bool accepts_json(const char *accept);
static bool command(Session *session, const char *sql);
static bool returns_rows(Exchange *exchange, Session *session);
static void fetch(Exchange *exchange, Session *session);
static void cancel_and_drain(Session *session);
static void answer_query_failure(Exchange *exchange, const Session *session, const PGresult *result);

/*
 * Sets how many rows a query may return.
 */
void
query_configure(int row_limit)
{
	max_rows = row_limit;
}

/*
 * Returns whether the Accept header, if there is one, allows JSON.
 */
static bool
accepts_json(const char *accept)
{
	return accept == NULL || *accept == '\0' || strcasestr(accept, "application/json") || strstr(accept, "*/*") ||
		   strcasestr(accept, "application/*");
}

void
prepare_query(Exchange *exchange)
{
	json_t *document = body_as_json(exchange);
	json_t *query;

	if (document == NULL)
		return;
	query = json_object_get(document, "query");
	if (!json_is_string(query))
		answer_error(exchange, 422, "invalid_body", "the body must be an object with a text query");
	else if (!accepts_json(MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Accept")))
		answer_error(exchange, 406, "not_acceptable", "a query is answered as application/json only");
	else
		exchange->args[0] = strdup(json_string_value(query));
	json_decref(document);
}

/*
 * Runs the query; afterwards nothing of it is left in the session.
 */
void
run_query(Exchange *exchange, Session *session)
{
	if (!command(session, "BEGIN READ ONLY"))
	{
		answer_error(exchange, 503, "unavailable", "the connection to the database was lost");
		return;
	}
	if (returns_rows(exchange, session))
		fetch(exchange, session);
	if (!command(session, "ROLLBACK") || !command(session, "DISCARD ALL") || !command(session, session_setup(session)))
		session_close(session);
	session_forget_statements(session);
}

/*
 * Runs a command that returns nothing; returns whether it succeeded.
 */
static bool
command(Session *session, const char *sql)
{
	PGresult *result = PQexec(session->connection, sql);
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	return ok;
}

/*
 * Has the server analyse the query, which does not run it: one statement, and
 * one that returns rows.  Answers where it is not.
 */
static bool
returns_rows(Exchange *exchange, Session *session)
{
	PGresult *result = PQprepare(session->connection, "", exchange->args[0], 0, NULL);
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (ok)
	{
		PQclear(result);
		result = PQdescribePrepared(session->connection, "");
		ok = PQresultStatus(result) == PGRES_COMMAND_OK;
	}
	if (!ok)
		answer_query_failure(exchange, session, result);
	else if (PQnfields(result) == 0)
	{
		answer_error(exchange, 400, "invalid_query", "the query must be one statement that returns rows");
		ok = false;
	}
	else if (PQnparams(result) > 0)
	{
		answer_error(exchange, 400, "invalid_query", "the query must have no parameters");
		ok = false;
	}
	PQclear(result);
	return ok;
}

/*
 * Runs the analysed query and renders row by row; past the limit the answer
 * is an error.
 */
static void
fetch(Exchange *exchange, Session *session)
{
	PGresult *result;
	int rows = 0;
	bool failed = false;

	if (!PQsendQueryPrepared(session->connection, "", 0, NULL, NULL, NULL, 0))
	{
		answer_error(exchange, 503, "unavailable", "the connection to the database was lost");
		return;
	}
	PQsetSingleRowMode(session->connection);
	buffer_add_text(&exchange->answer, "{\"rows\":[");
	while ((result = PQgetResult(session->connection)) != NULL)
	{
		ExecStatusType status = PQresultStatus(result);

		if (failed)
			;
		else if (status == PGRES_SINGLE_TUPLE)
		{
			if (++rows > max_rows || exchange->answer.len > MAX_ANSWER)
			{
				char message[96];

				failed = true;
				snprintf(message, sizeof(message), "the query returns more than %d rows or %zu bytes", max_rows,
						 MAX_ANSWER);
				answer_error(exchange, 400, "result_too_large", message);
				cancel_and_drain(session);
			}
			else
			{
				if (rows > 1)
					buffer_add_text(&exchange->answer, ",");
				rows_add(&exchange->answer, result);
			}
		}
		else if (status != PGRES_TUPLES_OK)
		{
			failed = true;
			answer_query_failure(exchange, session, result);
		}
		PQclear(result);
		if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH)
		{
			session_close(session);
			return;
		}
	}
	if (failed)
		return;
	buffer_add_text(&exchange->answer, "]}");
	/* a query can change the encoding of its rows, though not for the next */
	if (url_is_utf8(exchange->answer.data, exchange->answer.len))
		answer_json(exchange, 200);
	else
		answer_error(exchange, 400, "invalid_query", "the rows are not UTF-8");
}

/*
 * Asks the server to stop the query that runs.
 */
static void
cancel_and_drain(Session *session)
{
	PGcancel *cancel = PQgetCancel(session->connection);
	char error[256];

	if (cancel && !PQcancel(cancel, error, sizeof(error)))
		log_event(LOG_WARN, "event=cancel_failed");
	PQfreeCancel(cancel);
}

/*
 * Answers with an error of the query: what is wrong with its text is shown to
 * who wrote it.
 */
static void
answer_query_failure(Exchange *exchange, const Session *session, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (sqlstate == NULL || message == NULL || strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "53", 2) == 0 ||
		strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "40", 2) == 0 || strncmp(sqlstate, "XX", 2) == 0)
		answer_failure(exchange, session->connection, result);
	else if (strcmp(sqlstate, "57014") == 0)
		answer_error(exchange, 503, "query_timeout", "the query took too long");
	else
		answer_error(exchange, strcmp(sqlstate, "42501") == 0 ? 403 : 400, "invalid_query", message);
}
