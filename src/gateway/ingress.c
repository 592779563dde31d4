/*
 * ingress.c
 *		The requests of those who call handlers: each is one SQL call, which decides
 *		what becomes of it and returns the answer, or that the result is waited for.
 */
#include "ingress.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "call.h"
#include "clock.h"
#include "dispatch/claims.h"
#include "dispatch/dispatcher.h"
#include "failure.h"
#include "ingress_head.h"
#include "ingress_submit.h"
#include "pg_binary.h"
#include "routes.h"
#include "waiting.h"

#include "types/frame.h"
#include "types/is_utf8.h"

/* what goes in fits a frame of the service protocol, with its headers */
#define MAX_BODY (RESTATE_FRAME_MAX_BODY - (size_t) 1024 * 1024)

/* the arguments of a call, and the one that is the body, as bytes */
#define AWAKEABLE_ARGS 4
#define AWAKEABLE_BODY 2

static const int submit_formats[SUBMIT_ARGS] = {[SUBMIT_BODY] = 1};
static const int awakeable_formats[AWAKEABLE_ARGS] = {[AWAKEABLE_BODY] = 1};

static void find(Exchange *exchange);
static bool text_is(UrlText text, const char *word);
static void find_own(Exchange *exchange);
static void add_headers(const Exchange *exchange, struct MHD_Response *response);
static void prepare_submit(Exchange *exchange);
static void prepare_attach(Exchange *exchange);
static void prepare_awakeable(Exchange *exchange);
static void prepare_health(Exchange *exchange);
static void prepare_preflight(Exchange *exchange);
static void prepare_none(Exchange *exchange);
static void prepare_not_built(Exchange *exchange);
static bool take_body(Exchange *exchange, int arg);
static bool begin_call(Task *task);
static void make_offer(Exchange *exchange);
static void end_offer(Exchange *exchange, TaskEnd how);
static void take_result(Task *task, const PGresult *result);
static void answer_row(Exchange *exchange, const PGresult *result);
static void answer_health(Exchange *exchange, const PGresult *result);
static void answer_message(Exchange *exchange, int status, const char *message);
static void ended(Task *task, TaskEnd how);

/* as one_call, but that it may have to wait */
static TaskKind ingress_call;

static Port port = {.is_plain = true, .find = find, .add_headers = add_headers};

#define ANSWER "SELECT " ANSWER_COLUMNS " FROM pg_catalog."

static const Route submit_route = {
	.method = "POST",
	.pattern = "/{service}/{handler}",
	.needs = NEEDS_INGRESS,
	.body_limit = MAX_BODY,
	.is_raw = true,
	.sql = "SELECT " SUBMITTED_COLUMNS " FROM pg_catalog."
		   "restate_ingress_submit($1::pg_catalog.text[], $2, $3, $4, $5, $6::pg_catalog.jsonb, $7, $8, $9::pg_catalog.bytea,"
		   " $10::pg_catalog.bool, $11, $12, $13::pg_catalog.restate_deployment_id[]) AS s",
	.nargs = SUBMIT_ARGS,
	.prepare = prepare_submit,
	.task = &ingress_call,
	.answer = answer_row};
static const Route attach_route = {
	.method = "GET",
	.pattern = "/restate/{invocation}/attach",
	.needs = NEEDS_INGRESS,
	.sql = ANSWER "restate_ingress_attach($1::pg_catalog.text[], $2, $3)",
	.nargs = 3,
	.prepare = prepare_attach,
	.task = &ingress_call,
	.answer = answer_row};
static const Route awakeable_route = {
	.method = "POST",
	.pattern = "/restate/awakeables/{id}",
	.needs = NEEDS_INGRESS,
	.body_limit = MAX_BODY,
	.is_raw = true,
	.sql =
		"SELECT status, answer, NULL, NULL::pg_catalog.bool, NULL, NULL, NULL FROM pg_catalog.restate_ingress_awakeable("
		"$1, $2, $3::pg_catalog.bytea, $4)",
	.nargs = AWAKEABLE_ARGS,
	.prepare = prepare_awakeable,
	.task = &ingress_call,
	.answer = answer_row};
static const Route health_route = {
	.method = "GET",
	.pattern = "/restate/health",
	.needs = NEEDS_INGRESS,
	.is_open = true,
	.is_readiness = true,
	.sql = "SELECT pg_catalog.restate_ingress_health()::pg_catalog.text",
	.prepare = prepare_health,
	.task = &ingress_call,
	.answer = answer_health};
static const Route preflight_route = {
	.method = "OPTIONS",
	.pattern = "*",
	.is_open = true,
	.prepare = prepare_preflight};
static const Route no_route = {.method = "GET", .pattern = "none", .prepare = prepare_none};
static const Route openapi_route = {
	.method = "GET",
	.pattern = "/openapi",
	.prepare = prepare_not_built};

const Port *
ingress_configure(const char *token)
{
	port.token = token;
	ingress_call = one_call;
	ingress_call.begin = begin_call;
	ingress_call.result = take_result;
	ingress_call.ended = ended;
	return &port;
}

void
ingress_free(Ingress *ingress)
{
	if (ingress == NULL)
		return;
	waiting_forget(ingress);
	PQclear(ingress->begun);
	free(ingress->answer_type);
	free(ingress);
}

Handler *
ingress_called(const Exchange *exchange)
{
	const UrlTarget *url = &exchange->url;
	int last = url->nsegments - 1;

	if (exchange->ingress == NULL || exchange->route != &submit_route ||
		exchange->ingress->id[0] == '\0' || exchange->status == 202 || last < 1 || last > 2)
		return NULL;
	return handler_find(url->segments[0].bytes, url->segments[0].len, url->segments[last].bytes,
						url->segments[last].len);
}

/*
 * Finds the route: what does not begin with a word of ours names a service.
 */
static void
find(Exchange *exchange)
{
	UrlTarget *url = &exchange->url;

	url_parse(exchange->target, url);
	exchange->ingress = calloc(1, sizeof(*exchange->ingress));
	if (exchange->ingress == NULL)
	{
		answer_out_of_memory(exchange);
		return;
	}
	if (strcmp(exchange->method, "OPTIONS") == 0)
	{
		exchange->route = &preflight_route;
		return;
	}
	/* a slash at the end says nothing */
	if (url->nsegments > 1 && url->nsegments <= URL_MAX_SEGMENTS &&
		url->segments[url->nsegments - 1].len == 0)
		url->nsegments--;
	if (url->nsegments > URL_MAX_SEGMENTS)
		url->nsegments = url->segments[0].bytes ? URL_MAX_SEGMENTS : 0;
	if (url->nsegments > 0 && text_is(url->segments[0], "restate"))
		find_own(exchange);
	else if (url->nsegments > 0 && text_is(url->segments[0], "openapi"))
		exchange->route = &openapi_route;
	else
		exchange->route = &submit_route;
}

/*
 * Finds the route of a path that begins with /restate.
 */
static void
find_own(Exchange *exchange)
{
	const UrlTarget *url = &exchange->url;
	UrlText word = url->nsegments > 1 ? url->segments[1] : (UrlText){"", 0};

	if (text_is(word, "health") && url->nsegments == 2)
		exchange->route = &health_route;
	else if (text_is(word, "invocation") || text_is(word, "workflow"))
		exchange->route = &attach_route;
	else if (text_is(word, "awakeables") || text_is(word, "a"))
		exchange->route = &awakeable_route;
	else
		exchange->route = &no_route;
}

/*
 * Returns whether the text is the word.
 */
static bool
text_is(UrlText text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.bytes, word, text.len) == 0;
}

/*
 * Adds what an answer of the ingress tells: who may read it, and of which invocation
 * it is.
 */
static void
add_headers(const Exchange *exchange, struct MHD_Response *response)
{
	const Ingress *ingress = exchange->ingress;

	add_cors_headers(exchange, response);
	if (ingress == NULL)
		return;
	if (ingress->id[0])
		MHD_add_response_header(response, "x-restate-id", ingress->id);
	if (ingress->expires[0])
		MHD_add_response_header(response, "idempotency-expires", ingress->expires);
}

/*
 * Takes a call or a send: all that the database decides on.
 */
static void
prepare_submit(Exchange *exchange)
{
	char **args = exchange->args;
	const char *type =
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Content-Type");
	bool is_large = exchange->body_len > MAX_BODY;
	size_t len;

	exchange->ingress->submits = true;
	if (exchange->body.failed)
		answer_out_of_memory(exchange);
	else if (head_take_path(exchange, 0, false, &args[0]) && head_take_key(exchange, &args[1]) &&
			 exchange_keep(exchange, &args[2], exchange->method) && head_take_delay(exchange, &args[3]) &&
			 (type == NULL || exchange_keep(exchange, &args[4], type)) &&
			 head_take_headers(exchange, &args[5], &args[6], &args[7]) &&
			 take_body(exchange, SUBMIT_BODY) &&
			 exchange_keep(exchange, &args[9], is_large ? "true" : "false"))
		(void) exchange_keep(exchange, &args[10], waiting_name());
	if (exchange->status == 0 && args[4])
	{
		len = strlen(args[4]);
		while (len > 0 && (args[4][len - 1] == ' ' || args[4][len - 1] == '\t'))
			args[4][--len] = '\0';
		if (!restate_is_utf8(args[4], len))
			args[4][0] = '\0';
	}
}

/*
 * Takes a request for a result.
 */
static void
prepare_attach(Exchange *exchange)
{
	if (head_take_path(exchange, 1, true, &exchange->args[0]) &&
		exchange_keep(exchange, &exchange->args[1], exchange->method))
		(void) exchange_keep(exchange, &exchange->args[2], waiting_name());
}

/*
 * Takes the result of an awakeable.
 */
static void
prepare_awakeable(Exchange *exchange)
{
	const UrlTarget *url = &exchange->url;
	char *id = NULL;

	if (url->nsegments < 4)
		answer_message(exchange, 400,
					   "the path must be /restate/awakeables/ID/resolve, or reject in place of resolve");
	else if (url->nsegments > 4 ||
			 !(text_is(url->segments[3], "resolve") || text_is(url->segments[3], "reject")))
		prepare_none(exchange);
	else if (strcmp(exchange->method, "POST") != 0)
		answer_message(exchange, 405, "an awakeable is resolved or rejected with POST");
	else if (exchange->body_len > MAX_BODY)
		answer_message(exchange, 413, "the body is too large");
	else if (exchange->body.failed)
		answer_out_of_memory(exchange);
	else if (head_take_segment(exchange, 2, &id))
	{
		bool is_reject = text_is(url->segments[3], "reject");

		if (id == NULL)
			answer_message(exchange, 400, "the id of the awakeable is not UTF-8, or has a NUL");
		exchange->args[0] = id;
		if (exchange->status == 0 &&
			exchange_keep(exchange, &exchange->args[1], is_reject ? "reject" : "resolve") &&
			(!is_reject || head_take_text(exchange, &exchange->args[3])))
			(void) take_body(exchange, AWAKEABLE_BODY);
	}
}

/*
 * Asks for the services.
 */
static void
prepare_health(Exchange *exchange)
{
	if (strcmp(exchange->method, "GET") != 0)
		answer_message(exchange, 405, "this is asked for with GET");
}

/*
 * Answers a page's question whether it may ask: the headers say it.
 */
static void
prepare_preflight(Exchange *exchange)
{
	answer_empty(exchange, 200);
}

/*
 * Answers that there is nothing.
 */
static void
prepare_none(Exchange *exchange)
{
	answer_message(exchange, 404, "nothing is served here");
}

static void
prepare_not_built(Exchange *exchange)
{
	answer_message(exchange, 501, "the documents of the services are served by the Admin API");
}

/*
 * Answers with a message.
 */
static void
answer_message(Exchange *exchange, int status, const char *message)
{
	answer_error(exchange, status, "", message);
}

/*
 * Makes the body an argument, in bytes.
 */
static bool
take_body(Exchange *exchange, int arg)
{
	exchange->ingress->lengths[arg] = (int) exchange->body.len;
	if (exchange->body.data == NULL)
		return exchange_keep(exchange, &exchange->args[arg], "");
	exchange->args[arg] = exchange->body.data;
	memset(&exchange->body, 0, sizeof(exchange->body));
	return true;
}

/*
 * Sends the call.
 */
static bool
begin_call(Task *task)
{
	Exchange *exchange = exchange_of(task);
	Statement call = {.sql = exchange->route->sql,
					  .nparams = exchange->route->nargs,
					  .params = (const char *const *) exchange->args,
					  .lengths = exchange->ingress->lengths,
					  .formats = exchange->route == &submit_route	 ? submit_formats :
								 exchange->route == &awakeable_route ? awakeable_formats :
																	   NULL,
					  .is_binary = true};

	if (exchange->route == &submit_route && !exchange->ingress->is_offered)
		make_offer(exchange);
	return session_execute(task->session, &call);
}

/*
 * Offers, if there is room, that this gateway runs what is submitted.
 */
static void
make_offer(Exchange *exchange)
{
	Buffer deployments = {0};
	int one = 1;
	const char *worker = dispatcher_offer(&deployments, &one);

	if (worker)
	{
		char **args = exchange->args;

		exchange->ingress->is_offered = true;
		args[SUBMIT_WORKER] = strdup(worker);
		args[SUBMIT_RUNS_ON] = deployments.data;
		if (args[SUBMIT_WORKER])
			return;
		/* without memory for it, it is claimed as others are */
		args[SUBMIT_RUNS_ON] = NULL;
	}
	buffer_free(&deployments);
}

/*
 * Takes a result of the call.  An error that comes after a success, when the transaction is
 * committed, is what counts.
 */
static void
take_result(Task *task, const PGresult *result)
{
	Exchange *exchange = exchange_of(task);
	Ingress *ingress = exchange->ingress;

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		exchange->route->answer(exchange, result);
	else if (!task_tries_again(task, result, true))
	{
		answer_failure(exchange, result);
		PQclear(ingress->begun);
		ingress->begun = NULL;
		ingress->waits = false;
		ingress->is_unsure = failure_leaves_open(result);
	}
}

/*
 * Has what was submitted run here, if it has begun.
 */
static void
end_offer(Exchange *exchange, TaskEnd how)
{
	Ingress *ingress = exchange->ingress;
	bool is_known = how != TASK_LOST && how != TASK_UNANSWERED && !ingress->is_unsure;

	if (!ingress->is_offered)
		return;
	ingress->is_offered = false;
	dispatcher_end_offer(1, how == TASK_DONE ? ingress->begun : NULL, COLUMN_BEGUN, is_known);
	PQclear(ingress->begun);
	ingress->begun = NULL;
}

/*
 * Takes the row that the call returns.
 */
static void
answer_row(Exchange *exchange, const PGresult *result)
{
	Ingress *ingress = exchange->ingress;

	if (PQntuples(result) != 1)
		return;
	if (exchange->route == &submit_route && !PQgetisnull(result, 0, COLUMN_ATTEMPT))
	{
		ingress->begun = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
		ingress->is_unsure = ingress->begun == NULL;
	}
	ingress_take_row(exchange, result, 0, 0);
}

void
ingress_take_row(Exchange *exchange, const PGresult *result, int row, int column)
{
	Ingress *ingress = exchange->ingress;
	const char *type = PQgetvalue(result, row, column + COLUMN_ANSWER_TYPE);

	ingress->made_ready = PQnfields(result) > column + COLUMN_MADE_READY &&
						  binary_bool(result, row, column + COLUMN_MADE_READY);
	strncpy(ingress->id, PQgetvalue(result, row, column + COLUMN_ID), sizeof(ingress->id) - 1);
	strncpy(ingress->expires, PQgetvalue(result, row, column + COLUMN_EXPIRES),
			sizeof(ingress->expires) - 1);
	ingress->typed_if_empty = binary_bool(result, row, column + COLUMN_TYPED_IF_EMPTY);
	if (!PQgetisnull(result, row, column + COLUMN_ANSWER_TYPE) &&
		!exchange_keep(exchange, &ingress->answer_type, type))
		return;
	if (PQgetisnull(result, row, column + COLUMN_STATUS))
	{
		ingress->seed = binary_int8(result, row, column + COLUMN_SEED);
		ingress->waits = true;
		return;
	}
	buffer_add(&exchange->answer, PQgetvalue(result, row, column + COLUMN_ANSWER),
			   (size_t) PQgetlength(result, row, column + COLUMN_ANSWER));
	if (exchange->answer.failed)
		answer_out_of_memory(exchange);
	else
		ingress_answer(exchange, binary_int4(result, row, column + COLUMN_STATUS), false);
}

void
ingress_answer(Exchange *exchange, int status, bool is_failure)
{
	const Ingress *ingress = exchange->ingress;

	exchange->status = status;
	exchange->retry_later = false;
	if (is_failure)
		exchange->content_type = "application/json";
	else if (exchange->answer.len > 0 || ingress->typed_if_empty)
		exchange->content_type = ingress->answer_type;
}

/*
 * Answers with the services.
 */
static void
answer_health(Exchange *exchange, const PGresult *result)
{
	if (PQntuples(result) != 1)
		return;
	buffer_add_text(&exchange->answer, PQgetvalue(result, 0, 0));
	answer_json(exchange, 200);
}

/*
 * The call has ended: its answer is sent, or the result is waited for.
 */
static void
ended(Task *task, TaskEnd how)
{
	Exchange *exchange = exchange_of(task);
	Ingress *ingress = exchange->ingress;

	end_offer(exchange, how);
	/* what else it has done may be ready, or due later */
	if (how == TASK_DONE)
	{
		if (ingress->made_ready || exchange->route != &submit_route)
			dispatcher_wake();
		if (exchange->status == 202)
			clock_look();
	}
	if (how == TASK_DONE && exchange->status == 0 && ingress->waits && !ingress->has_left)
		waiting_add(exchange);
	else
	{
		if (how == TASK_DONE && exchange->status == 0 && ingress->waits)
			answer_error(exchange, 503, "unavailable", "the client has gone");
		answer_task_end(task, how);
	}
}
