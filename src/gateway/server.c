/*
 * server.c
 *		Takes requests off the wire with libmicrohttpd, on the event loop; a
 *		connection whose request waits for the database is suspended.
 */
#include "server.h"

#include <limits.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "connections.h"
#include "console.h"
#include "dispatch/dispatcher.h"
#include "guard.h"
#include "health.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "parameters.h"
#include "port.h"
#include "reads.h"
#include "register.h"
#include "routes.h"
#include "stream.h"
#include "waiting.h"

/* more of a body than this is not even thrown away */
#define MAX_IGNORED_BODY	 ((size_t) 64 * 1024 * 1024)
#define MAX_CONNECTIONS		 16384
/* descriptors that are not clients' */
#define OTHER_DESCRIPTORS	 1100
/* connections that are accepted while others are being shut for them */
#define RESERVED_CONNECTIONS 64
#define IDLE_SECONDS		 30U
/* how long what runs may take to end when it is told to, and its answer to be sent */
#define GIVE_UP_MS			 2500
/* how often libmicrohttpd is run in a turn while it has something to do */
#define MAX_RUNS			 32
/* how much of a stream is read at a time where it is not in chunks */
#define STREAM_BLOCK		 ((size_t) 32 * 1024)

/* A place where we listen, and what is served there. */
typedef struct Listening
{
	struct MHD_Daemon *mhd;
	const Port *port;
	Watch watch;
	bool is_due;
	int64_t due_at; /* by loop_now, at the latest */
} Listening;

#define MAX_LISTENINGS 2

static Listening listenings[MAX_LISTENINGS];
static int nlistenings;
static const Options *options;
static Pools pools;
static Timer patience; /* while draining */
static int most;	   /* connections */
static int under_way;
static bool draining;
static bool giving_up;

static int most_connections(void);
static int turn(Listening *listening);
static void mhd_ready(Watch *watch, uint32_t events);
static void lose_patience(Timer *timer);
static void *begin_exchange(void *arg, const char *target, struct MHD_Connection *connection);
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
							  const char *method, const char *version, const char *data,
							  size_t *size, void **state);
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
static void await_client(const Exchange *exchange);
static ssize_t read_stream(void *arg, uint64_t position, char *to, size_t room);
static void leave(Exchange *exchange);
static void add_file_headers(struct MHD_Response *response, const Exchange *exchange);
static void log_answer(Exchange *exchange);
static void end_exchange(void *arg, struct MHD_Connection *connection, void **state,
						 enum MHD_RequestTerminationCode reason);
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text);
static void watch_connection(void *arg, struct MHD_Connection *connection, void **state,
							 enum MHD_ConnectionNotificationCode code);
static Connection *connection_of(const Exchange *exchange);
static void client_left(Connection *connection);

void
server_start(const Options *with_options, const Pools *with_pools)
{
	options = with_options;
	pools = *with_pools;
	patience.fire = lose_patience;
	most = most_connections();
	guard_configure(options);
	console_configure(options);
	reads_configure(pools.operations, pools.lanes, pools.queries);
	connections_start(most, client_left);
}

bool
server_listen(int socket, const Port *port)
{
	Listening *listening = &listenings[nlistenings];
	const union MHD_DaemonInfo *info;

	listening->port = port;
	listening->watch.ready = mhd_ready;
	listening->watch.owner = listening;
	listening->mhd = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, NULL,
		MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_URI_LOG_CALLBACK, begin_exchange, listening,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, end_exchange,
		NULL, MHD_OPTION_NOTIFY_CONNECTION, watch_connection, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned) most + RESERVED_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
		MHD_OPTION_STRICT_FOR_CLIENT, -1, MHD_OPTION_END);
	if (listening->mhd == NULL)
		return false;
	nlistenings++;
	info = MHD_get_daemon_info(listening->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	return info && loop_watch(&listening->watch, info->epoll_fd, EPOLLIN);
}

/*
 * Returns how many connections there may be: as many as we may have
 * descriptors for, of which we take all that we are allowed.
 */
static int
most_connections(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 512;
	if (files.rlim_cur < files.rlim_max)
	{
		files.rlim_cur = files.rlim_max;
		(void) setrlimit(RLIMIT_NOFILE, &files);
		(void) getrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur > MAX_CONNECTIONS + OTHER_DESCRIPTORS)
		return MAX_CONNECTIONS;
	return files.rlim_cur > 2 * OTHER_DESCRIPTORS ? (int) files.rlim_cur - OTHER_DESCRIPTORS :
													(int) files.rlim_cur / 2;
}

int
server_turn(void)
{
	int ms = INT_MAX;

	for (int i = 0; i < nlistenings; i++)
	{
		int wait = turn(&listenings[i]);

		if (wait < ms)
			ms = wait;
	}
	connections_turn();
	if (pools.lanes)
		lanes_turn(pools.lanes);
	if (pools.submits)
		lanes_turn(pools.submits);
	return ms;
}

/*
 * Has libmicrohttpd do what there is to do at one place; returns for how long at most
 * there is nothing more.
 */
static int
turn(Listening *listening)
{
	int64_t now = loop_now();
	MHD_UNSIGNED_LONG_LONG ms = 0;

	if (!listening->is_due && now < listening->due_at)
		return listening->due_at - now > INT_MAX ? INT_MAX : (int) (listening->due_at - now);
	listening->is_due = false;
	for (int runs = 0; ms == 0 && runs < MAX_RUNS; runs++)
	{
		MHD_run(listening->mhd);
		if (MHD_get_timeout(listening->mhd, &ms) != MHD_YES || ms > INT_MAX)
			ms = INT_MAX;
	}
	listening->due_at = now + (int64_t) ms;
	return (int) ms;
}

bool
server_has_drained(void)
{
	return draining && under_way == 0;
}

/*
 * The next turn does what there is to do.
 */
static void
mhd_ready(Watch *watch, uint32_t events)
{
	Listening *listening = watch->owner;

	(void) events;
	listening->is_due = true;
}

int
server_drain_seconds(const Options *with_options)
{
	return with_options->drain_timeout + (GIVE_UP_MS + 999) / 1000;
}

void
server_drain(void)
{
	if (draining)
		return;
	draining = true;
	clock_drain();
	if (!loop_set_timer(&patience, loop_now() + options->drain_timeout * 1000))
		loop_end();
}

/*
 * Gives up what is still under way when the gateway is to stop: first what it
 * runs, then its answers, too.
 */
static void
lose_patience(Timer *timer)
{
	if (giving_up || !loop_set_timer(timer, loop_now() + GIVE_UP_MS))
	{
		loop_end();
		return;
	}
	giving_up = true;
	dispatcher_give_back();
	clock_give_up();
	register_give_up();
	if (pools.lanes)
		lanes_give_up(pools.lanes);
	pool_give_up(pools.operations);
	pool_give_up(pools.health);
	if (pools.queries)
		pool_give_up(pools.queries);
	if (pools.submits)
		lanes_give_up(pools.submits);
	if (pools.ingress)
		pool_give_up(pools.ingress);
	waiting_give_up();
}

void
server_stop(void)
{
	loop_clear_timer(&patience);
	for (int i = 0; i < nlistenings; i++)
	{
		loop_unwatch(&listenings[i].watch);
		MHD_stop_daemon(listenings[i].mhd);
	}
}

/*
 * Begins an exchange as soon as the request line is there; the target is as
 * it was sent.
 */
static void *
begin_exchange(void *arg, const char *target, struct MHD_Connection *connection)
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

/*
 * Leaves the escapes in what libmicrohttpd would decode: routes do that.
 */
static size_t
keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
	(void) arg;
	(void) connection;
	return strlen(text);
}

/*
 * Is called by libmicrohttpd when the headers are there, for each part of the
 * body, when all is there, and when it is resumed after that.
 */
static enum MHD_Result
handle(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
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
 * Takes a part of the body, and keeps it where the route wants it.
 */
static enum MHD_Result
take_body(Exchange *exchange, const char *data, size_t *size)
{
	exchange->body_len += *size;
	if (exchange->body_len > MAX_IGNORED_BODY)
		return MHD_NO;
	if (exchange->status == 0 && exchange->body_len <= exchange->route->body_limit)
		buffer_add(&exchange->body, data, *size);
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
 * Notes that the client has to take what is left of the answer.
 */
static void
await_client(const Exchange *exchange)
{
	Connection *connection = connection_of(exchange);

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

/*
 * Ends an exchange, answered or broken off.
 */
static void
end_exchange(void *arg, struct MHD_Connection *connection, void **state,
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
 * Keeps a new connection, or forgets it.
 */
static void
watch_connection(void *arg, struct MHD_Connection *connection, void **state,
				 enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	Connection *opened;
	int fd;

	(void) arg;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
	{
		if (*state)
			connection_close(*state);
		*state = NULL;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return;
	fd = info->connect_fd;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info == NULL || info->client_addr == NULL)
		return;
	opened = connection_open(fd, info->client_addr);
	if (opened)
		opened->is_late = draining;
	*state = opened;
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

/*
 * Nobody waits for what is being served any more.
 */
static void
client_left(Connection *connection)
{
	if (connection->exchange == NULL || waiting_leave(connection->exchange))
		return;
	if (connection->exchange->discovery)
	{
		register_withdraw(connection->exchange);
		return;
	}
	stream_leave(connection->exchange);
	pool_withdraw(&connection->exchange->task);
}
