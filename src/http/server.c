/*
 * server.c
 *		Takes requests off the wire with libmicrohttpd, a thread for each
 *		connection; what needs the database waits in it for a pool's session.
 */
#include "server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "log.h"
#include "metrics.h"
#include "reads.h"
#include "routes.h"

/* more of a body than this is not even thrown away */
#define MAX_IGNORED_BODY  ((size_t) 64 * 1024 * 1024)
/* the request line and the headers of one connection */
#define CONNECTION_MEMORY ((size_t) 256 * 1024)
#define MAX_CONNECTIONS	  1000U
#define IDLE_SECONDS	  30U
/* a request that has not arrived by then is given up, however it trickles */
#define ARRIVAL_SECONDS	  60
/* how long what runs may take to end when it is told to */
#define GIVE_UP_SECONDS	  20

/* Since when a connection has been waiting for its client. */
typedef struct Connection
{
	int socket;
	time_t waiting_since; /* 0: it waits for us */
	struct Connection *previous;
	struct Connection *next;
} Connection;

static struct MHD_Daemon *mhd;
static const Options *options;
static Pool *operations_pool;
static Pool *queries_pool;
/* Headers that say where a request ends and whom it is for. */
typedef struct Framing
{
	int lengths;
	int hosts;
	bool has_unknown_coding;
} Framing;

static _Atomic int under_way;
static _Atomic int in_pool; /* of these, the ones with a pool */
static _Atomic bool draining;

static pthread_mutex_t connections_mutex = PTHREAD_MUTEX_INITIALIZER;
static Connection *connections;
static pthread_t reaper;
static _Atomic bool stopping;

static void wait_for(const _Atomic int *count, int timeout_ms);
static void *begin_exchange(void *arg, const char *target, struct MHD_Connection *connection);
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
							  const char *version, const char *data, size_t *size, void **state);
static bool has_plain_framing(struct MHD_Connection *connection);
static enum MHD_Result note_framing(void *arg, enum MHD_ValueKind kind, const char *name, const char *value);
static enum MHD_Result take_body(Exchange *exchange, const char *data, size_t *size);
static enum MHD_Result arrived(Exchange *exchange);
static bool has_token(const Exchange *exchange);
static bool same_text(const char *a, const char *b);
static enum MHD_Result send_answer(Exchange *exchange);
static void end_exchange(void *arg, struct MHD_Connection *connection, void **state,
						 enum MHD_RequestTerminationCode reason);
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text);
static void watch_connection(void *arg, struct MHD_Connection *connection, void **state,
							 enum MHD_ConnectionNotificationCode code);
static void set_waiting(struct MHD_Connection *connection, bool is_waiting);
static void *reap(void *arg);
static time_t monotonic_seconds(void);

bool
server_start(const Options *with_options, Pool *operations, Pool *queries)
{
	/*
	 * Not epoll, with which a client that ends its side after part of a request
	 * is noticed no sooner than it is idle for too long.
	 */
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION;

	options = with_options;
	operations_pool = operations;
	queries_pool = queries;
	reads_configure(operations, queries);
	if (options->listen.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	mhd = MHD_start_daemon(flags, 0, NULL, NULL, handle, NULL,
						   MHD_OPTION_SOCK_ADDR, (const struct sockaddr *) &options->listen,
						   MHD_OPTION_URI_LOG_CALLBACK, begin_exchange, NULL,
						   MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
						   MHD_OPTION_NOTIFY_COMPLETED, end_exchange, NULL,
						   MHD_OPTION_NOTIFY_CONNECTION, watch_connection, NULL,
						   MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
						   MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
						   MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
						   MHD_OPTION_STRICT_FOR_CLIENT, -1,
						   MHD_OPTION_END);
	if (mhd == NULL)
		return false;
	if (pthread_create(&reaper, NULL, reap, NULL) != 0)
	{
		MHD_stop_daemon(mhd);
		return false;
	}
	return true;
}

void
server_stop(int timeout)
{
	MHD_socket socket = MHD_quiesce_daemon(mhd);

	draining = true;
	wait_for(&under_way, timeout * 1000);
	/* a daemon whose threads wait for the database cannot be stopped */
	for (int i = 0; in_pool > 0 && i < GIVE_UP_SECONDS; i++)
	{
		pool_give_up(operations_pool);
		if (queries_pool)
			pool_give_up(queries_pool);
		wait_for(&in_pool, 1000);
	}
	if (in_pool > 0)
	{
		log_event(LOG_ERROR, "event=stop_failed error=\"the database does not answer\"");
		_exit(1);
	}
	wait_for(&under_way, 1000);
	stopping = true;
	pthread_join(reaper, NULL);
	MHD_stop_daemon(mhd);
	if (socket != MHD_INVALID_SOCKET)
		close(socket);
}

/*
 * Waits until there are none of these any more, or for that long.
 */
static void
wait_for(const _Atomic int *count, int timeout_ms)
{
	for (int ms = 0; *count > 0 && ms < timeout_ms; ms += 10)
		usleep(10000);
}

/*
 * Begins an exchange as soon as the request line is there; the target is as
 * it was sent.
 */
static void *
begin_exchange(void *arg, const char *target, struct MHD_Connection *connection)
{
	Exchange *exchange = exchange_new(target);

	(void) arg;
	if (exchange)
	{
		exchange->connection = connection;
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
 * body, and when all is there.
 */
static enum MHD_Result
handle(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	   const char *data, size_t *size, void **state)
{
	Exchange *exchange = *state;

	(void) arg;
	(void) url;
	(void) version;
	(void) connection;
	if (exchange == NULL)
		return MHD_NO;
	if (exchange->method[0] == '\0')
	{
		/* a longer method than any that is served is none of them either */
		strncpy(exchange->method, *method ? method : "?", sizeof(exchange->method) - 1);
		if (!has_plain_framing(connection))
		{
			answer_error(exchange, 400, "invalid_request", "the headers do not say plainly where the request ends");
			exchange->is_last = true;
			return send_answer(exchange);
		}
		route_find(exchange);
		if (exchange->status == 0 && !exchange->route->is_open && !has_token(exchange))
			answer_error(exchange, 401, "unauthorized", "a bearer token is needed");
		return MHD_YES;
	}
	if (*size > 0)
		return take_body(exchange, data, size);
	return arrived(exchange);
}

/*
 * Returns whether everyone who reads the headers takes the same bytes for the
 * request: a proxy in front of us may choose another length of two.
 */
static bool
has_plain_framing(struct MHD_Connection *connection)
{
	Framing framing = {0};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, note_framing, &framing);
	return framing.lengths <= 1 && framing.hosts <= 1 && !framing.has_unknown_coding;
}

/*
 * Notes a header of Framing.
 */
static enum MHD_Result
note_framing(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	Framing *framing = arg;

	(void) kind;
	if (strcasecmp(name, "Content-Length") == 0)
		framing->lengths++;
	else if (strcasecmp(name, "Transfer-Encoding") == 0)
	{
		framing->lengths++;
		if (value == NULL || strcasecmp(value, "chunked") != 0)
			framing->has_unknown_coding = true;
	}
	else if (strcasecmp(name, "Host") == 0)
		framing->hosts++;
	return MHD_YES;
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
 * Has a request that is all there served.
 */
static enum MHD_Result
arrived(Exchange *exchange)
{
	Pool *pool = NULL;

	set_waiting(exchange->connection, false);
	if (exchange->status == 0)
		exchange->route->prepare(exchange);
	if (exchange->status)
		return send_answer(exchange);
	if (exchange->route->needs == NEEDS_OPERATIONS)
		pool = operations_pool;
	else if (exchange->route->needs == NEEDS_QUERIES)
		pool = queries_pool;
	if (pool == NULL)
	{
		answer_error(exchange, 503, "unavailable", "the gateway was started without --query-db");
		return send_answer(exchange);
	}
	in_pool++;
	if (!pool_run(pool, exchange))
		answer_error(exchange, 503, "overloaded", "too many requests wait already");
	in_pool--;
	return send_answer(exchange);
}

/*
 * Returns whether the exchange has the token, where one is asked for.
 */
static bool
has_token(const Exchange *exchange)
{
	const char *header;

	if (options->token == NULL)
		return true;
	header = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Authorization");
	return header && strncasecmp(header, "Bearer ", 7) == 0 && same_text(header + 7, options->token);
}

/*
 * Compares in a time that does not depend on where the texts differ.
 */
static bool
same_text(const char *given, const char *token)
{
	size_t given_len = strlen(given);
	size_t token_len = strlen(token);
	volatile unsigned char difference = given_len != token_len;

	for (size_t i = 0; i < given_len; i++)
		difference |= (unsigned char) (given[i] ^ token[i % token_len]);
	return difference == 0;
}

/*
 * Sends the answer of the exchange, and logs and counts it.
 */
static enum MHD_Result
send_answer(Exchange *exchange)
{
	struct MHD_Response *response;
	struct timespec now;
	double seconds;
	enum MHD_Result result;
	char id[256];

	response = MHD_create_response_from_buffer(exchange->answer.len, exchange->answer.data, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		return MHD_NO;
	memset(&exchange->answer, 0, sizeof(exchange->answer));
	if (exchange->content_type)
		MHD_add_response_header(response, "Content-Type", exchange->content_type);
	if (exchange->allow)
		MHD_add_response_header(response, "Allow", exchange->allow);
	if (exchange->retry_later)
		MHD_add_response_header(response, "Retry-After", "1");
	if (draining || exchange->is_last)
		MHD_add_response_header(response, "Connection", "close");
	if (exchange->status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	set_waiting(exchange->connection, true);
	result = MHD_queue_response(exchange->connection, (unsigned) exchange->status, response);
	MHD_destroy_response(response);

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double) (now.tv_sec - exchange->started.tv_sec) + (double) (now.tv_nsec - exchange->started.tv_nsec) / 1e9;
	metrics_count(exchange, seconds);
	log_event(LOG_INFO, "event=request method=%s route=%s status=%d duration_ms=%.3f id=%s",
			  exchange->route ? exchange->method : "other", exchange->route ? exchange->route->pattern : "none",
			  exchange->status, seconds * 1000,
			  exchange->path_parameter ? log_quote(exchange->path_parameter, id, 64) : "-");
	return result;
}

/*
 * Ends an exchange, answered or broken off.
 */
static void
end_exchange(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode reason)
{
	(void) arg;
	(void) connection;
	(void) reason;
	if (*state == NULL)
		return;
	exchange_free(*state);
	*state = NULL;
	under_way--;
}

/*
 * Enters a connection into the list of those open, or takes it out.
 */
static void
watch_connection(void *arg, struct MHD_Connection *connection, void **state, enum MHD_ConnectionNotificationCode code)
{
	Connection *watched = *state;

	(void) arg;
	pthread_mutex_lock(&connections_mutex);
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
	{
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		watched = calloc(1, sizeof(*watched));
		if (watched && info)
		{
			watched->socket = info->connect_fd;
			watched->waiting_since = monotonic_seconds();
			watched->next = connections;
			if (connections)
				connections->previous = watched;
			connections = watched;
			*state = watched;
		}
		else
			free(watched);
	}
	else if (watched)
	{
		if (watched->previous)
			watched->previous->next = watched->next;
		else
			connections = watched->next;
		if (watched->next)
			watched->next->previous = watched->previous;
		free(watched);
		*state = NULL;
	}
	pthread_mutex_unlock(&connections_mutex);
}

/*
 * Notes whether the connection waits for its client.
 */
static void
set_waiting(struct MHD_Connection *connection, bool is_waiting)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	Connection *watched = info ? info->socket_context : NULL;

	if (watched == NULL)
		return;
	pthread_mutex_lock(&connections_mutex);
	watched->waiting_since = is_waiting ? monotonic_seconds() : 0;
	pthread_mutex_unlock(&connections_mutex);
}

/*
 * Shuts connections that have waited too long for their client: one that
 * sends or reads a byte now and then is never idle.  A thread's body.
 */
static void *
reap(void *arg)
{
	(void) arg;
	while (!stopping)
	{
		time_t now = monotonic_seconds();

		pthread_mutex_lock(&connections_mutex);
		for (Connection *c = connections; c; c = c->next)
			if (c->waiting_since && now - c->waiting_since > ARRIVAL_SECONDS)
				shutdown(c->socket, SHUT_RDWR);
		pthread_mutex_unlock(&connections_mutex);
		usleep(200000);
	}
	return NULL;
}

/*
 * Returns the seconds on a clock that is never set.
 */
static time_t
monotonic_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}
