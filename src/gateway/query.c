/*
 * query.c
 *		Runs a query in a read-only transaction of a role that can read the
 *		views and nothing else, and renders its rows: as one JSON document, or
 *		as a stream in Arrow's format.
 */
#include "query.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "body.h"
#include "dialect.h"
#include "failure.h"
#include "rows.h"
#include "stream.h"

#include "types/is_utf8.h"

/* the commands that it takes, one after the other */
enum
{
	STEP_AGAIN,
	STEP_BEGIN,
	STEP_ANALYSE,
	STEP_DESCRIBE,
	STEP_FETCH
};

/*
 * All that it depends on is set for its transaction alone: a pooler may give
 * it any session.  The server ends it by itself, should we be gone.
 */
#define BEGIN_QUERY                                                                                            \
	"BEGIN READ ONLY; SET LOCAL search_path = restate_query, pg_catalog, restate; SET LOCAL TimeZone = 'UTC';" \
	" SET LOCAL standard_conforming_strings = on;"                                                             \
	" SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'iso_8601';"                                      \
	" SET LOCAL bytea_output = 'hex'; SET LOCAL default_transaction_read_only = on;"                           \
	" SET LOCAL statement_timeout = '%ds'; SET LOCAL idle_in_transaction_session_timeout = '%ds'"

/* the first of the two where a transaction has failed */
#define AGAIN "ROLLBACK; "

/* how often a query is analysed again with less of it taken for an id */
#define MAX_CASTS 100

static char begin_again[640];
static const char *const begin_query = begin_again + sizeof(AGAIN) - 1;
static char begin_stream[2048];
static int max_rows;		  /* in one answer */
static int max_streamed_rows; /* 0: any number */

static bool wants_json(const Exchange *exchange);
static bool is_over(const Exchange *exchange);
static bool begin(Task *task);
static bool next(Task *task);
static void take_result(Task *task, const PGresult *result);
static bool take_description(Exchange *exchange, const PGresult *description);
static bool takes_less_for_an_id(Exchange *exchange, const PGresult *error);
static void take_row(Exchange *exchange, const PGresult *row);
static void take_streamed_row(Exchange *exchange, const PGresult *row);
static void complete(Exchange *exchange);
static bool returns_rows(Exchange *exchange, const PGresult *description);
static void overflowed(Task *task);
static void ended(Task *task, TaskEnd how);
static void fail(Exchange *exchange, int status, const char *category, const char *message);
static void answer_too_large(Exchange *exchange);
static void answer_query_failure(Exchange *exchange, const PGresult *error);

const TaskKind query_task = {.begin = begin,
							 .result = take_result,
							 .next = next,
							 .ended = ended,
							 .overflowed = overflowed,
							 .leaves_traces = true};

/*
 * Sets how many rows a query may return, 0 for as many as are usual, and how
 * long it may take.
 */
void
query_configure(int row_limit, int seconds)
{
	max_rows = row_limit ? row_limit : QUERY_USUAL_ROWS;
	max_streamed_rows = row_limit;
	snprintf(begin_again, sizeof(begin_again), AGAIN BEGIN_QUERY, seconds, seconds);
	snprintf(begin_stream, sizeof(begin_stream), "%s; %s", begin_query, arrow_origins_sql);
}

/*
 * Returns whether the answer is to be JSON: where that alone is asked for, and
 * in no other words, as in Restate.
 */
static bool
wants_json(const Exchange *exchange)
{
	static const char json[] = "application/json";
	const char *accept =
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Accept");

	/* blanks behind it are none of it */
	return accept && strncmp(accept, json, strlen(json)) == 0 &&
		   accept[strlen(json) + strspn(accept + strlen(json), " \t")] == '\0';
}

/*
 * Returns whether no more rows are wanted: it is answered, or the answer is
 * broken off.
 */
static bool
is_over(const Exchange *exchange)
{
	return exchange->status != 0 &&
		   (exchange->stream == NULL || exchange->stream->state != STREAM_OPEN);
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
	else if ((exchange->args[0] = dialect_translate(json_string_value(query))) == NULL)
		answer_out_of_memory(exchange);
	else if (!wants_json(exchange))
	{
		exchange->stream = stream_new(exchange->lacks_chunks);
		if (exchange->stream == NULL)
			answer_out_of_memory(exchange);
	}
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
	if (exchange->stream)
		stream_restart(exchange->stream);
	return session_run(task->session, exchange->stream ? begin_stream : begin_query);
}

/*
 * Has the server analyse the query, which does not run it, tell what it
 * returns, and run it; what is answered by then is an error.
 */
static bool
next(Task *task)
{
	Exchange *exchange = exchange_of(task);

	if (!is_over(exchange))
	{
		switch (++exchange->step)
		{
			case STEP_BEGIN:
				return session_run(task->session, begin_again);
			case STEP_ANALYSE:
				return session_analyse(task->session, exchange->args[0]);
			case STEP_DESCRIBE:
				return session_describe(task->session);
			case STEP_FETCH:
				if (exchange->stream == NULL)
					buffer_add_text(&exchange->answer, "{\"rows\":[");
				return session_fetch(task->session);
			default:
				complete(exchange);
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

	if (is_over(exchange))
	{
		if (status == PGRES_SINGLE_TUPLE)
			task_abandon(task);
		return;
	}
	if (status == PGRES_SINGLE_TUPLE)
	{
		if (exchange->stream)
			take_streamed_row(exchange, result);
		else
			take_row(exchange, result);
	}
	else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
	{
		if (stream_has_begun(exchange) ||
			(!task_tries_again(task, result, false) && !takes_less_for_an_id(exchange, result)))
			answer_query_failure(exchange, result);
		return;
	}
	else if (!take_description(exchange, result))
		answer_out_of_memory(exchange);
	/* of what is refused already there may be more than anyone wants to wait for */
	if (is_over(exchange) && exchange->step == STEP_FETCH)
		task_abandon(task);
}

/*
 * Takes what the server tells of the columns; returns false where memory has
 * run out.
 */
static bool
take_description(Exchange *exchange, const PGresult *description)
{
	Stream *stream = exchange->stream;

	if (exchange->step == STEP_BEGIN && stream && PQntuples(description) > 0)
		return arrow_origins_take(&stream->rows.origins, description);
	if (exchange->step != STEP_DESCRIBE || !returns_rows(exchange, description))
		return true;
	return stream ? arrow_rows_describe(&stream->rows, description) :
					rows_describe(&exchange->rows, description);
}

/*
 * Adds a row to a stream, which may be on its way already.
 */
static void
take_streamed_row(Exchange *exchange, const PGresult *row)
{
	const ArrowRows *rows = &exchange->stream->rows;
	const char *fault;

	if (exchange->task.is_cancelled)
		fail(exchange, 503, "query_timeout", "the query took too long");
	else if (max_streamed_rows > 0 && rows->count == max_streamed_rows)
		answer_too_large(exchange);
	else
	{
		fault = stream_add(exchange, row);
		if (arrow_rows_have_failed(rows))
			fail(exchange, 503, "out_of_memory", "out of memory");
		else if (fault)
			fail(exchange, 400, "invalid_query", fault);
		else if (exchange->stream->is_whole && stream_ready(exchange) > QUERY_MAX_ANSWER)
			answer_too_large(exchange);
	}
}

/*
 * Ends the answer: all rows are there.
 */
static void
complete(Exchange *exchange)
{
	if (exchange->stream == NULL)
	{
		buffer_add_text(&exchange->answer, "]}");
		answer_json(exchange, 200);
	}
	else if (!stream_complete(exchange))
		fail(exchange, 503, "out_of_memory", "out of memory");
}

/*
 * Returns whether the query is to be analysed once more, because the server
 * took a string for an id that is none: as text it can be compared with one.
 */
static bool
takes_less_for_an_id(Exchange *exchange, const PGresult *error)
{
	const char *category = PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME);
	const char *position = PQresultErrorField(error, PG_DIAG_STATEMENT_POSITION);
	char *query;

	if (exchange->step != STEP_ANALYSE || category == NULL || position == NULL ||
		exchange->casts == MAX_CASTS ||
		(strcmp(category, "invalid_invocation_id") != 0 &&
		 strcmp(category, "invalid_deployment_id") != 0))
		return false;
	query = dialect_cast_to_text(exchange->args[0], strtoul(position, NULL, 10));
	if (query == NULL)
		return false;
	free(exchange->args[0]);
	exchange->args[0] = query;
	exchange->casts++;
	exchange->step = STEP_AGAIN;
	return true;
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
	else if (!restate_is_utf8(exchange->answer.data + before, exchange->answer.len - before))
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
		answer_error(exchange, 400, "invalid_query",
					 "the query must be one statement that returns rows");
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
	Exchange *exchange = exchange_of(task);

	if (how == TASK_UNANSWERED)
	{
		fail(exchange, 503, "query_timeout", "the query took too long");
		how = TASK_DONE;
	}
	if (stream_has_begun(exchange))
	{
		stream_break(exchange, "the connection to the database was lost");
		exchange->answered(exchange);
		return;
	}
	answer_task_end(task, how);
}

/*
 * Answers with an error, if there is no answer yet; a stream that was begun
 * ends there.
 */
static void
fail(Exchange *exchange, int status, const char *category, const char *message)
{
	if (stream_has_begun(exchange))
		stream_break(exchange, message);
	else
		answer_error(exchange, status, category, message);
}

/*
 * Answers that the query returns more than is allowed.
 */
static void
answer_too_large(Exchange *exchange)
{
	char message[96];

	if (exchange->stream == NULL)
		snprintf(message, sizeof(message), "the query returns more than %d rows or %zu bytes",
				 max_rows, QUERY_MAX_ANSWER);
	else if (max_streamed_rows > 0 && exchange->stream->rows.count == max_streamed_rows)
		snprintf(message, sizeof(message), "the query returns more than %d rows",
				 max_streamed_rows);
	else
		snprintf(message, sizeof(message), "the query returns %smore than %zu bytes",
				 exchange->stream->is_whole ? "" : "a row of ", QUERY_MAX_ANSWER);
	fail(exchange, 400, "result_too_large", message);
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

	/* a message may have what is in the rows */
	if (stream_has_begun(exchange))
		stream_break(exchange, sqlstate ? sqlstate : "no SQLSTATE");
	else if (sqlstate == NULL || message == NULL || strncmp(sqlstate, "08", 2) == 0 ||
			 strncmp(sqlstate, "53", 2) == 0 || strncmp(sqlstate, "57P", 3) == 0 ||
			 strncmp(sqlstate, "40", 2) == 0 || strncmp(sqlstate, "XX", 2) == 0)
		answer_failure(exchange, error);
	else if (strcmp(sqlstate, "57014") == 0)
		answer_error(exchange, 503, "query_timeout", "the query took too long");
	else
		answer_error(exchange, strcmp(sqlstate, "42501") == 0 ? 403 : 400, "invalid_query",
					 message);
}
