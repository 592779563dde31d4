/*
 * connections.c
 *		Keeps the connections by what they wait for, and shuts those that wait
 *		for too long or whose place another one needs.
 *
 * Only those that wait for their client are shut: one that trickles a request,
 * or does not take its answer, holds nobody up but itself.
 */
#include "connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "zero_pages.h"

/* a request that has not arrived by then is given up, however it trickles; an answer that is not taken, too */
#define PATIENCE_MS 60000
#define LOOK_MS		1000

/*
 * A client that closes its side may have done so because it has sent all: it
 * is given a moment, after which it is taken for gone.  Nothing else tells the
 * two apart.
 */
#define LEAVING_MS 100

/*
 * Of one address so many requests may be arriving at once; beyond that the
 * oldest gives way, unless it has only just come.
 */
#define MAX_ARRIVING   256
#define JUST_COME_MS   2000
#define SOURCE_BUCKETS 1024
#define ADDRESS_BYTES  16
#define IPV6_NETWORK   8 /* bytes that tell one client's addresses from another's */

/*
 * So many idle ones keep the memory of their requests, for the next one; it is
 * taken from whoever has been idle for longest.
 */
#define MAX_KEEPING 512

/* Where connections come from. */
typedef struct Source
{
	unsigned char address[ADDRESS_BYTES];
	int connections;
	int arriving;
	struct Source *next;
} Source;

typedef struct List
{
	Connection *first;
	Connection *last;
} List;

static List lists[CONNECTION_STATES];
static Source *sources[SOURCE_BUCKETS];
static Connection *left_ones;
static Connection *first_keeping; /* of the idle ones: it and all after it keep their memory */
static int keeping;
static Timer look;
static int count;
static int limit;
static void (*client_left)(Connection *connection);

static void ready(Watch *watch, uint32_t events);
static void begin_leaving(Connection *connection);
static void leave(Timer *timer);
static void append(Connection *connection);
static void take_out(Connection *connection);
static void begin_keeping(Connection *connection);
static void end_keeping(Connection *connection);
static void count_arriving(const Connection *connection, int change);
static bool make_room(const Connection *newest);
static bool shut(Connection *connection);
static bool shut_oldest(ConnectionState state, const Connection *newest);
static void shut_oldest_of_source(const Connection *newest);
static void look_at_all(Timer *timer);
static int unread(const Connection *connection);
static Source *find_source(const struct sockaddr *address);
static void leave_source(Source *source);
static unsigned bucket_of(const unsigned char *address);

void
connections_start(int most, void (*left)(Connection *connection))
{
	limit = most;
	client_left = left;
	look.fire = look_at_all;
}

int
connections_count(void)
{
	return count;
}

/*
 * Keeps a new connection; returns NULL where memory has run out.
 */
Connection *
connection_open(int socket, const struct sockaddr *address)
{
	Connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->watch.ready = ready;
	connection->watch.owner = connection;
	connection->leaving.fire = leave;
	connection->leaving.owner = connection;
	if (!loop_watch(&connection->watch, socket, EPOLLIN | EPOLLRDHUP | EPOLLET))
	{
		free(connection);
		return NULL;
	}
	connection->source = find_source(address);
	if (address->sa_family == AF_INET)
	{
		const struct sockaddr_in *in = (const struct sockaddr_in *) address;
		char text[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(connection->peer, sizeof(connection->peer), "%s:%d", text, ntohs(in->sin_port));
	}
	else if (address->sa_family == AF_INET6)
	{
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *) address;
		char text[INET6_ADDRSTRLEN];

		inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
		snprintf(connection->peer, sizeof(connection->peer), "[%s]:%d", text, ntohs(in->sin6_port));
	}
	else
		snprintf(connection->peer, sizeof(connection->peer), "unix");
	count++;
	connection->state = CONNECTION_ARRIVING;
	append(connection);
	shut_oldest_of_source(connection);
	if (count > limit)
		(void) make_room(connection);
	if (look.place == 0)
		(void) loop_set_timer(&look, loop_now() + LOOK_MS);
	return connection;
}

void
connection_close(Connection *connection)
{
	take_out(connection);
	loop_unwatch(&connection->watch);
	loop_clear_timer(&connection->leaving);
	for (Connection **p = &left_ones; *p; p = &(*p)->next_left)
		if (*p == connection)
		{
			*p = connection->next_left;
			break;
		}
	if (connection->source)
		leave_source(connection->source);
	count--;
	free(connection);
}

void
connection_set(Connection *connection, ConnectionState state)
{
	if (connection->state == state)
		return;
	take_out(connection);
	connection->state = state;
	append(connection);
	if (state == CONNECTION_SERVED && connection->has_left)
		begin_leaving(connection);
}

/*
 * Puts a connection at the end of its state's list.
 */
static void
append(Connection *connection)
{
	List *list = &lists[connection->state];

	connection->since = loop_now();
	connection->previous = list->last;
	connection->next = NULL;
	if (list->last)
		list->last->next = connection;
	else
		list->first = connection;
	list->last = connection;
	if (connection->state == CONNECTION_IDLE)
		begin_keeping(connection);
	count_arriving(connection, 1);
}

/*
 * Takes a connection out of its state's list.
 */
static void
take_out(Connection *connection)
{
	List *list = &lists[connection->state];

	if (connection->keeps_memory)
		end_keeping(connection);
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		list->first = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	else
		list->last = connection->previous;
	count_arriving(connection, -1);
}

/*
 * Has the newest of the idle ones keep its memory.
 */
static void
begin_keeping(Connection *connection)
{
	connection->keeps_memory = true;
	if (first_keeping == NULL)
		first_keeping = connection;
	keeping++;
}

/*
 * Has an idle one keep its memory no more.
 */
static void
end_keeping(Connection *connection)
{
	connection->keeps_memory = false;
	if (first_keeping == connection)
		first_keeping = connection->next;
	keeping--;
}

/*
 * Counts one more or one less that is arriving, if it is and will go on.
 */
static void
count_arriving(const Connection *connection, int change)
{
	if (connection->source && connection->state == CONNECTION_ARRIVING && !connection->is_shut)
		connection->source->arriving += change;
}

/*
 * Notes that a request begins to arrive, or that the client has closed its
 * side.
 */
static void
ready(Watch *watch, uint32_t events)
{
	Connection *connection = watch->owner;

	/* what libmicrohttpd has read by now is a whole request, or was noted before */
	if ((events & EPOLLIN) && connection->state == CONNECTION_IDLE && unread(connection) > 0)
		connection_set(connection, CONNECTION_ARRIVING);
	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && !connection->has_left)
	{
		connection->has_left = true;
		connection->next_left = left_ones;
		left_ones = connection;
		if (connection->state == CONNECTION_SERVED)
			begin_leaving(connection);
	}
}

/*
 * Waits for a moment, and no longer, for what is being served to be ready.
 */
static void
begin_leaving(Connection *connection)
{
	if (!loop_set_timer(&connection->leaving, loop_now() + LEAVING_MS))
		client_left(connection);
}

/*
 * The client is gone.
 */
static void
leave(Timer *timer)
{
	Connection *connection = timer->owner;

	if (connection->state == CONNECTION_SERVED)
		client_left(connection);
}

void
connections_turn(void)
{
	for (Connection *c = left_ones; c; c = c->next_left)
		if ((c->state == CONNECTION_ARRIVING || c->state == CONNECTION_IDLE) && unread(c) == 0)
			(void) shut(c);
	while (keeping > MAX_KEEPING)
	{
		if (first_keeping->memory)
			zero_pages_give_back(first_keeping->memory, CONNECTION_MEMORY);
		end_keeping(first_keeping);
	}
}

/*
 * Returns how many bytes of a connection have not been read.
 */
static int
unread(const Connection *connection)
{
	int bytes = 0;

	return ioctl(connection->watch.fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

/*
 * Shuts a connection, which libmicrohttpd then closes; returns whether it was
 * open.
 */
static bool
shut(Connection *connection)
{
	if (connection->is_shut)
		return false;
	count_arriving(connection, -1);
	connection->is_shut = true;
	shutdown(connection->watch.fd, SHUT_RDWR);
	return true;
}

/*
 * Makes room for a new connection: one that waits for its client gives way.
 */
static bool
make_room(const Connection *newest)
{
	return shut_oldest(CONNECTION_ARRIVING, newest) || shut_oldest(CONNECTION_IDLE, newest) ||
		   shut_oldest(CONNECTION_ANSWERED, newest);
}

/*
 * Shuts the oldest open one of a state; returns whether there is one.
 */
static bool
shut_oldest(ConnectionState state, const Connection *newest)
{
	for (Connection *c = lists[state].first; c; c = c->next)
		if (c != newest && shut(c))
			return true;
	return false;
}

/*
 * Shuts the oldest of those that are arriving from where the newest is from,
 * as far as there are too many.
 */
static void
shut_oldest_of_source(const Connection *newest)
{
	const Source *source = newest->source;
	Connection *c = lists[CONNECTION_ARRIVING].first;

	for (; source && source->arriving > MAX_ARRIVING && newest->since - c->since >= JUST_COME_MS;
		 c = c->next)
		if (c->source == source)
			(void) shut(c);
}

/*
 * Shuts those that have waited for their client for too long.
 */
static void
look_at_all(Timer *timer)
{
	static const ConnectionState states[] = {CONNECTION_ARRIVING, CONNECTION_ANSWERED};
	int64_t now = loop_now();

	for (int i = 0; i < 2; i++)
		for (Connection *c = lists[states[i]].first; c && now - c->since > PATIENCE_MS; c = c->next)
			(void) shut(c);
	if (count > 0)
		(void) loop_set_timer(timer, now + LOOK_MS);
}

/*
 * Returns where an address belongs, with one connection more; NULL where it is
 * none, or memory has run out.
 */
static Source *
find_source(const struct sockaddr *address)
{
	unsigned char bytes[ADDRESS_BYTES] = {0};
	Source **bucket;
	Source *source;

	if (address->sa_family == AF_INET)
		memcpy(bytes + ADDRESS_BYTES - 4, &((const struct sockaddr_in *) address)->sin_addr, 4);
	else if (address->sa_family == AF_INET6)
		memcpy(bytes, &((const struct sockaddr_in6 *) address)->sin6_addr, IPV6_NETWORK);
	else
		return NULL;
	bucket = &sources[bucket_of(bytes)];
	for (source = *bucket; source; source = source->next)
		if (memcmp(source->address, bytes, ADDRESS_BYTES) == 0)
			break;
	if (source == NULL)
	{
		source = calloc(1, sizeof(*source));
		if (source == NULL)
			return NULL;
		memcpy(source->address, bytes, ADDRESS_BYTES);
		source->next = *bucket;
		*bucket = source;
	}
	source->connections++;
	return source;
}

/*
 * Takes a connection off its source, which is forgotten with the last one.
 */
static void
leave_source(Source *source)
{
	if (--source->connections > 0)
		return;
	for (Source **p = &sources[bucket_of(source->address)]; *p; p = &(*p)->next)
		if (*p == source)
		{
			*p = source->next;
			break;
		}
	free(source);
}

/*
 * Returns the bucket of an address.
 */
static unsigned
bucket_of(const unsigned char *address)
{
	unsigned hash = 2166136261U;

	for (int i = 0; i < ADDRESS_BYTES; i++)
		hash = (hash ^ address[i]) * 16777619U;
	return hash % SOURCE_BUCKETS;
}
