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

#include "body.h"
#include "failure.h"
#include "rows.h"
#include "url.h"

/* the commands that it takes, one after the other */
enum
{
	STEP_BEGIN,
	STEP_ANALYSE,
	STEP_DESCRIBE,
	STEP_FETCH
};

/*
 * All that it depends on is set for its transaction alone: a pooler may give
 * it any session.  The server ends it by itself, should we be gone.
 */
#define BEGIN_QUERY                                                                  \
	"BEGIN READ ONLY; SET LOCAL search_path = restate; SET LOCAL TimeZone = 'UTC';"  \
	" SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'iso_8601';"            \
	" SET LOCAL bytea_output = 'hex'; SET LOCAL default_transaction_read_only = on;" \
	" SET LOCAL statement_timeout = '%ds'; SET LOCAL idle_in_transaction_session_timeout = '%ds'"

static char begin_query[512];
static int max_rows;

static bool accepts_json(const char *accept);
static bool begin(Task *task);
static bool next(Task *task);
static void take_result(Task *task, const PGresult *result);
static void take_row(Exchange *exchange, const PGresult *row);
static bool returns_rows(Exchange *exchange, const PGresult *description);
static void overflowed(Task *task);
static void ended(Task *task, TaskEnd how);
static void answer_too_large(Exchange *exchange);
static void answer_query_failure(Exchange *exchange, const PGresult *error);

const TaskKind query_task = {.begin = begin,
							 .result = take_result,
							 .next = next,
							 .ended = ended,
							 .overflowed = overflowed,
							 .leaves_traces = true};

/*
 * Sets how many rows a query may return, and how long it may take.
 */
void
query_configure(int row_limit, int seconds)
{
	max_rows = row_limit;
	snprintf(begin_query, sizeof(begin_query), BEGIN_QUERY, seconds, seconds);
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
	static const char *const fields[] = {"query", NULL};
	json_t *document = body_as_json(exchange, fields);
	json_t *query;

	if (document == NULL)
		return;
	query = json_object_get(document, "query");
	if (!json_is_string(query))
		answer_error(exchange, 422, "invalid_body", "the body must be an object with a text query");
	else if (strlen(json_string_value(query)) != json_string_length(query))
		answer_error(exchange, 400, "invalid_body", "the query has a NUL in it");
	else if (!accepts_json(MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Accept")))
		answer_error(exchange, 406, "not_acceptable", "a query is answered as application/json only");
	else
		(void) exchange_keep(exchange, &exchange->args[0], json_string_value(query));
	json_decref(document);
}

/*
 * Begins a transaction, perhaps again.
 */
static bool
begin(Task *task)
{
	Exchange *exchange = exchange_of(task);

	exchange->step = STEP_BEGIN;
	rows_free(&exchange->rows);
	return session_run(task->session, begin_query);
}

/*
 * Has the server analyse the query, which does not run it, tell what it
 * returns, and run it; what is answered by then is an error.
 */
static bool
next(Task *task)
{
	Exchange *exchange = exchange_of(task);

	if (exchange->status == 0)
	{
		switch (++exchange->step)
		{
			case STEP_ANALYSE:
				return session_analyse(task->session, exchange->args[0]);
			case STEP_DESCRIBE:
				return session_describe(task->session);
			case STEP_FETCH:
				buffer_add_text(&exchange->answer, "{\"rows\":[");
				return session_fetch(task->session);
			default:
				buffer_add_text(&exchange->answer, "]}");
				answer_json(exchange, 200);
				break;
		}
	}
	task_done(task);
	return true;
}

/*
 * Takes a result of one of the commands.
 */
static void
take_result(Task *task, const PGresult *result)
{
	Exchange *exchange = exchange_of(task);
	ExecStatusType status = PQresultStatus(result);

	if (exchange->status)
		return;
	if (status == PGRES_SINGLE_TUPLE)
		take_row(exchange, result);
	else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
	{
		if (!task_tries_again(task, result, false))
			answer_query_failure(exchange, result);
		return;
	}
	else if (exchange->step == STEP_DESCRIBE && returns_rows(exchange, result) && !rows_describe(&exchange->rows, result))
		answer_out_of_memory(exchange);
	/* of what is refused already there may be more than anyone wants to wait for */
	if (exchange->status && exchange->step == STEP_FETCH)
		task_abandon(task);
}

/*
 * Adds a row to the answer, which is an error past the limits: none of it has
 * been sent yet.
 */
static void
take_row(Exchange *exchange, const PGresult *row)
{
	size_t before = exchange->answer.len;

	size_t bytes = 0;

	for (int column = 0; column < PQnfields(row); column++)
		bytes += (size_t) PQgetlength(row, 0, column);
	/* no value gets much shorter, so that this much more is too much */
	if (exchange->rows.count == max_rows || before + bytes / 2 > QUERY_MAX_ANSWER)
	{
		answer_too_large(exchange);
		return;
	}
	if (exchange->rows.count > 0)
		buffer_add_text(&exchange->answer, ",");
	rows_add(&exchange->rows, &exchange->answer, row);
	if (exchange->answer.failed)
		answer_out_of_memory(exchange);
	else if (exchange->answer.len + strlen("]}") > QUERY_MAX_ANSWER)
		answer_too_large(exchange);
	/* a query can change the encoding of its rows, though not for the next */
	else if (!url_is_utf8(exchange->answer.data + before, exchange->answer.len - before))
		answer_error(exchange, 400, "invalid_query", "the rows are not UTF-8");
}

/*
 * Returns whether the query is one statement that returns rows, and answers
 * where it is not.
 */
static bool
returns_rows(Exchange *exchange, const PGresult *description)
{
	if (PQnfields(description) == 0)
		answer_error(exchange, 400, "invalid_query", "the query must be one statement that returns rows");
	else if (PQnparams(description) > 0)
		answer_error(exchange, 400, "invalid_query", "the query must have no parameters");
	return exchange->status == 0;
}

/*
 * A single row is too large.
 */
static void
overflowed(Task *task)
{
	answer_too_large(exchange_of(task));
}

/*
 * A query that the server has not ended by its deadline was too slow as well.
 */
static void
ended(Task *task, TaskEnd how)
{
	if (how == TASK_UNANSWERED)
	{
		answer_error(exchange_of(task), 503, "query_timeout", "the query took too long");
		how = TASK_DONE;
	}
	answer_task_end(task, how);
}

/*
 * Answers that the query returns more than is allowed.
 */
static void
answer_too_large(Exchange *exchange)
{
	char message[96];

	snprintf(message, sizeof(message), "the query returns more than %d rows or %zu bytes", max_rows, QUERY_MAX_ANSWER);
	answer_error(exchange, 400, "result_too_large", message);
}

/*
 * Answers with an error of the query: what is wrong with its text is shown to
 * who wrote it.
 */
static void
answer_query_failure(Exchange *exchange, const PGresult *error)
{
	const char *sqlstate = PQresultErrorField(error, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);

	if (sqlstate == NULL || message == NULL || strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "53", 2) == 0 ||
		strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "40", 2) == 0 || strncmp(sqlstate, "XX", 2) == 0)
		answer_failure(exchange, error);
	else if (strcmp(sqlstate, "57014") == 0)
		answer_error(exchange, 503, "query_timeout", "the query took too long");
	else
		answer_error(exchange, strcmp(sqlstate, "42501") == 0 ? 403 : 400, "invalid_query", message);
}
