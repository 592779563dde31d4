/*
 * requests.c
 *		Takes requests off the wire and sends their answers; a connection whose
 *		request waits for the database is suspended.
 */
#include "requests.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bodies.h"
#include "clock.h"
#include "connections.h"
#include "dispatch/dispatcher.h"
#include "guard.h"
#include "health.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "parameters.h"
#include "routes.h"
#include "stream.h"

/* more of a body than this is not even thrown away */
#define MAX_IGNORED_BODY ((size_t) 64 * 1024 * 1024)
/* how much of a stream is read at a time where it is not in chunks */
#define STREAM_BLOCK	 ((size_t) 32 * 1024)

static const Options *options;
static Pools pools;
static int under_way;
static bool draining;

static enum MHD_Result head_arrived(Exchange *exchange, const char *method, const char *version);
static void refuse_late(Exchange *exchange, const Connection *connection);
static enum MHD_Result take_body(Exchange *exchange, const char *data, size_t *size);
static enum MHD_Result arrived(Exchange *exchange);
static void submit(Exchange *exchange);
static int seconds_for(const Exchange *exchange);
static Pool *pool_of(const Exchange *exchange);
static void answered(Exchange *exchange);
static enum MHD_Result send_answer(Exchange *exchange);
static void see_to_it(const Exchange *exchange);
static void await_client(Exchange *exchange);
static ssize_t read_stream(void *arg, uint64_t position, char *to, size_t room);
static void leave(Exchange *exchange);
static void add_file_headers(struct MHD_Response *response, const Exchange *exchange);
static void log_answer(Exchange *exchange);
static Connection *connection_of(const Exchange *exchange);

void
requests_start(const Options *with_options, const Pools *with_pools)
{
	options = with_options;
	pools = *with_pools;
}

int
requests_under_way(void)
{
	return under_way;
}

void
requests_drain(void)
{
	draining = true;
}

void *
request_begin(void *arg, const char *target, struct MHD_Connection *connection)
{
	Exchange *exchange = exchange_new(target ? target : "");
	Listening *listening = arg;

	if (exchange)
	{
		exchange->listening = listening;
		exchange->port = listening->port;
		exchange->connection = connection;
		exchange->target_end = target ? target + strlen(target) : NULL;
		exchange->answered = answered;
		exchange->go_on = submit;
		under_way++;
	}
	return exchange;
}

size_t
request_keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
	(void) arg;
	(void) connection;
	return strlen(text);
}

enum MHD_Result
request_go_on(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
			  const char *version, const char *data, size_t *size, void **state)
{
	Exchange *exchange = *state;

	(void) arg;
	(void) url;
	(void) connection;
	if (exchange == NULL)
		return MHD_NO;
	if (exchange->method[0] == '\0')
		return head_arrived(exchange, method, version);
	if (*size > 0)
		return take_body(exchange, data, size);
	if (exchange->has_arrived)
		return send_answer(exchange);
	return arrived(exchange);
}

/*
 * Looks at the head of a request.  What is refused by it is answered when all
 * of the request is there, unless its client waits for a sign to send the
 * rest.
 */
static enum MHD_Result
head_arrived(Exchange *exchange, const char *method, const char *version)
{
	Connection *connection = connection_of(exchange);

	/* the method is where the memory begins, unless there are empty lines before it */
	if (connection && connection->memory == NULL &&
		(uintptr_t) method % (uintptr_t) sysconf(_SC_PAGESIZE) == 0)
		connection->memory = method;
	/* a longer method than any that is served is none of them either */
	strncpy(exchange->method, *method ? method : "?", sizeof(exchange->method) - 1);
	exchange->lacks_chunks = strcmp(version, "HTTP/1.0") == 0;
	guard_head(exchange, method, version);
	if (exchange->is_last)
		return send_answer(exchange);
	if (exchange->status == 0)
		exchange->port->find(exchange);
	if (exchange->status == 0)
		guard_token(exchange);
	if (exchange->status == 0 && draining)
		refuse_late(exchange, connection);
	if (exchange->status == 0)
		guard_body(exchange);
	if (exchange->status &&
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Expect"))
		return send_answer(exchange);
	return MHD_YES;
}

/*
 * Answers who asks whether requests can be served that they cannot, since the gateway
 * ends; and who has connected since then and asks for more, to come again.
 */
static void
refuse_late(Exchange *exchange, const Connection *connection)
{
	if (exchange->route->is_readiness)
		answer_error(exchange, 503, "not_ready", "the gateway is being stopped");
	else if (exchange->route->needs != NEEDS_NOTHING && connection && connection->is_late)
		answer_error(exchange, 503, "unavailable",
					 "the gateway is being stopped; nothing was done");
}

/*
 * Takes a part of the body, and keeps it where the route wants it; nothing of one that
 * is too large.
 */
static enum MHD_Result
take_body(Exchange *exchange, const char *data, size_t *size)
{
	exchange->body_len += *size;
	if (exchange->body_len > MAX_IGNORED_BODY)
		return MHD_NO;
	if (exchange->status == 0 && exchange->body_len <= exchange->route->body_limit)
		body_add(exchange, data, *size);
	else
		body_drop(exchange);
	*size = 0;
	return MHD_YES;
}

/*
 * Has a request that is all there served: its time runs from now on.
 */
static enum MHD_Result
arrived(Exchange *exchange)
{
	Connection *connection = connection_of(exchange);

	exchange->has_arrived = true;
	if (exchange->status == 0)
		exchange->route->prepare(exchange);
	/* what it says is in the arguments by now */
	buffer_free(&exchange->body);
	if (exchange->status == 0 && exchange->route->needs == NEEDS_OPERATIONS)
		(void) take_person_and_reason(exchange, options->person_header, options->reason_header);
	if (exchange->status == 0 && pool_of(exchange) == NULL)
		answer_error(exchange, 503, "unavailable", "the gateway was started without --query-db");
	if (exchange->status)
		return send_answer(exchange);
	if (connection)
	{
		connection->exchange = exchange;
		connection_set(connection, CONNECTION_SERVED);
	}
	exchange->task.kind = exchange->route->task;
	exchange->task.deadline = loop_now() + seconds_for(exchange) * 1000;
	if (exchange->route->before == NULL)
		submit(exchange);
	if (exchange->status)
		return send_answer(exchange);
	exchange->is_waiting = true;
	MHD_suspend_connection(exchange->connection);
	if (exchange->route->before)
		exchange->route->before(exchange);
	return MHD_YES;
}

/*
 * Has the call of the exchange made.
 */
static void
submit(Exchange *exchange)
{
	if (pools.lanes && exchange->route->needs == NEEDS_OPERATIONS)
		lanes_submit(pools.lanes, exchange);
	else if (pools.submits && exchange->route->needs == NEEDS_INGRESS)
		lanes_submit(pools.submits, exchange);
	else
		pool_submit(pool_of(exchange), &exchange->task);
}

/*
 * Returns how long the exchange may take.
 */
static int
seconds_for(const Exchange *exchange)
{
	if (exchange->route->needs == NEEDS_HEALTH && options->request_timeout > HEALTH_SECONDS)
		return HEALTH_SECONDS;
	return options->request_timeout;
}

/*
 * Returns the pool that serves the exchange, if there is one.
 */
static Pool *
pool_of(const Exchange *exchange)
{
	switch (exchange->route->needs)
	{
		case NEEDS_OPERATIONS:
			return pools.operations;
		case NEEDS_QUERIES:
			return pools.queries;
		case NEEDS_HEALTH:
			return pools.health;
		case NEEDS_INGRESS:
			return pools.ingress;
		case NEEDS_NOTHING:
			break;
	}
	return NULL;
}

/*
 * The answer is there, or more of a stream: libmicrohttpd asks for it once the
 * connection is resumed.  When all is there the client is waited for.
 */
static void
answered(Exchange *exchange)
{
	bool has_ended = exchange->task.pool == NULL;

	if (has_ended)
		see_to_it(exchange);
	if (has_ended && exchange->is_left)
	{
		under_way--;
		exchange_free(exchange);
		return;
	}
	if (has_ended && stream_has_begun(exchange))
		await_client(exchange);
	if (!exchange->is_waiting)
		return;
	exchange->is_waiting = false;
	MHD_resume_connection(exchange->connection);
	exchange->listening->is_due = true;
}

/*
 * What an operation may have made ready or due is seen to at once; a purge has not.
 */
static void
see_to_it(const Exchange *exchange)
{
	const Route *route = exchange->route;

	if (route == NULL || route->needs != NEEDS_OPERATIONS || exchange->status < 200 ||
		exchange->status >= 300 || strcmp(exchange->method, "GET") == 0 ||
		(route->joining.operation && strncmp(route->joining.operation, "purge", 5) == 0))
		return;
	dispatcher_wake();
	clock_look();
}

/*
 * Notes that the client has to take what is left of the answer, for which it may take
 * its time.
 */
static void
await_client(Exchange *exchange)
{
	Connection *connection = connection_of(exchange);

	body_drop(exchange);
	if (connection == NULL)
		return;
	connection->exchange = NULL;
	connection_set(connection, CONNECTION_ANSWERED);
}

/*
 * Sends the answer of the exchange, and logs and counts it.
 */
static enum MHD_Result
send_answer(Exchange *exchange)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (stream_has_begun(exchange))
		response = MHD_create_response_from_callback(
			exchange->stream->is_whole ? stream_ready(exchange) : MHD_SIZE_UNKNOWN, STREAM_BLOCK,
			read_stream, exchange, NULL);
	else if (exchange->file >= 0)
		response = MHD_create_response_from_fd64((uint64_t) exchange->file_size, exchange->file);
	else
		response = MHD_create_response_from_buffer(exchange->answer.len, exchange->answer.data,
												   MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		return MHD_NO;
	exchange->file = -1;
	if (!stream_has_begun(exchange))
	{
		log_answer(exchange);
		memset(&exchange->answer, 0, sizeof(exchange->answer));
	}
	if (exchange->content_type)
		MHD_add_response_header(response, "Content-Type", exchange->content_type);
	if (exchange->allow[0])
		MHD_add_response_header(response, "Allow", exchange->allow);
	MHD_add_response_header(response, "Server", "restate-gateway/" RESTATE_ADMIN_VERSION);
	if (exchange->retry_later)
		MHD_add_response_header(response, "Retry-After", "1");
	add_file_headers(response, exchange);
	if (exchange->port->add_headers)
		exchange->port->add_headers(exchange, response);
	if (draining || exchange->is_last)
		MHD_add_response_header(response, "Connection", "close");
	if (exchange->status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	if (exchange->task.pool == NULL)
		await_client(exchange);
	result = MHD_queue_response(exchange->connection, (unsigned) exchange->status, response);
	MHD_destroy_response(response);
	return result;
}

/*
 * Gives libmicrohttpd what there is of a stream; while there is nothing, its
 * connection is suspended.
 */
static ssize_t
read_stream(void *arg, uint64_t position, char *to, size_t room)
{
	Exchange *exchange = arg;
	size_t count = stream_take(exchange, to, room);

	(void) position;
	if (count > 0)
		return (ssize_t) count;
	if (exchange->stream->state == STREAM_COMPLETE)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (exchange->stream->state == STREAM_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	exchange->is_waiting = true;
	MHD_suspend_connection(exchange->connection);
	return 0;
}

/*
 * Adds to the response the headers of a file, and of the way to one.
 */
static void
add_file_headers(struct MHD_Response *response, const Exchange *exchange)
{
	if (exchange->location)
		MHD_add_response_header(response, "Location", exchange->location);
	if (exchange->etag[0])
		MHD_add_response_header(response, "ETag", exchange->etag);
	for (const AnswerHeader *header = exchange->headers; header && header->name; header++)
		MHD_add_response_header(response, header->name, header->value);
}

/*
 * Logs and counts an exchange that is answered; a stream when it has ended.
 */
static void
log_answer(Exchange *exchange)
{
	const Connection *connection = connection_of(exchange);
	int64_t us = exchange_duration(exchange);
	char id[256];

	exchange->is_logged = true;
	metrics_count(exchange, (double) us / 1e6);
	log_event(LOG_INFO, "event=request method=%s route=%s status=%d duration_ms=%.3f id=%s peer=%s",
			  exchange->route ? exchange->method : "other",
			  exchange->route ? exchange->route->pattern : "none", exchange->status,
			  (double) us / 1000,
			  exchange->path_parameter ? log_quote(exchange->path_parameter, id, 64) : "-",
			  connection ? connection->peer : "-");
}

void
request_end(void *arg, struct MHD_Connection *connection, void **state,
			enum MHD_RequestTerminationCode reason)
{
	Exchange *exchange = *state;
	Connection *watched;

	(void) arg;
	(void) connection;
	(void) reason;
	if (exchange == NULL)
		return;
	if (stream_has_begun(exchange) && !exchange->is_logged)
		log_answer(exchange);
	watched = connection_of(exchange);
	if (watched)
	{
		watched->exchange = NULL;
		connection_set(watched, CONNECTION_IDLE);
	}
	*state = NULL;
	if (exchange->task.pool)
	{
		leave(exchange);
		return;
	}
	under_way--;
	exchange_free(exchange);
}

/*
 * Nobody waits for a stream any more, though its query runs: it is freed when
 * that has ended.
 */
static void
leave(Exchange *exchange)
{
	exchange->is_left = true;
	stream_leave(exchange);
	pool_withdraw(&exchange->task);
}

/*
 * Returns what we keep of the exchange's connection; NULL where memory had run
 * out.
 */
static Connection *
connection_of(const Exchange *exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}
