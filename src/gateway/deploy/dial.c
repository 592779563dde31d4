/*
 * dial.c
 *		Connects.
 */
#include "deploy/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* how long what was sent may stay without the other machine's sign, before the connection is broken */
#define UNANSWERED_MS 20000

static void timer_fires(Timer *timer);
static void found(void *owner, struct addrinfo *addresses, const char *error);
static void try_next(Dial *dial);
static bool try_address(Dial *dial, const struct addrinfo *address);
static void ready(Watch *watch, uint32_t events);
static void note_error(Dial *dial, const char *what, int error);
static void end(Dial *dial, int socket);

bool
dial_start(Dial *dial, const char *host, const char *port, int64_t deadline)
{
	dial->host = host;
	dial->port = port;
	dial->deadline = deadline;
	dial->timer.fire = timer_fires;
	dial->timer.owner = dial;
	dial->watch.ready = ready;
	dial->watch.owner = dial;
	dial->socket = -1;
	dial->error[0] = '\0';
	dial->state = DIAL_BEGINS;
	return loop_set_timer(&dial->timer, loop_now());
}

void
dial_cancel(Dial *dial)
{
	loop_clear_timer(&dial->timer);
	loop_unwatch(&dial->watch);
	if (dial->lookup)
		lookup_cancel(dial->lookup);
	dial->lookup = NULL;
	if (dial->addresses)
		freeaddrinfo(dial->addresses);
	dial->addresses = dial->next = NULL;
	if (dial->state != DIAL_NOTHING && dial->socket >= 0)
		close(dial->socket);
	dial->socket = -1;
	dial->state = DIAL_NOTHING;
}

/*
 * Begins, or ends for it takes too long.
 */
static void
timer_fires(Timer *timer)
{
	Dial *dial = timer->owner;

	if (dial->state == DIAL_BEGINS)
	{
		(void) loop_set_timer(timer, dial->deadline); /* there was one: no memory is needed */
		dial->addresses = lookup_address(dial->host, dial->port);
		if (dial->addresses)
		{
			dial->next = dial->addresses;
			try_next(dial);
			return;
		}
		dial->state = DIAL_LOOKS_UP;
		dial->lookup = lookup_start(dial->host, dial->port, found, dial);
		if (dial->lookup)
			return;
		snprintf(dial->error, sizeof(dial->error), "too many names are being looked up");
	}
	else if (dial->state == DIAL_LOOKS_UP)
		snprintf(dial->error, sizeof(dial->error), "the name %.100s is not found in time",
				 dial->host);
	else
		note_error(dial, "cannot connect", ETIMEDOUT);
	end(dial, -1);
}

/*
 * A name has been looked up.
 */
static void
found(void *owner, struct addrinfo *addresses, const char *error)
{
	Dial *dial = owner;

	dial->lookup = NULL;
	dial->addresses = dial->next = addresses;
	if (addresses == NULL)
		snprintf(dial->error, sizeof(dial->error), "the name %.100s is not found: %.60s",
				 dial->host, error);
	try_next(dial);
}

/*
 * Tries the next address, and further ones where one is refused at once.
 */
static void
try_next(Dial *dial)
{
	dial->state = DIAL_CONNECTS;
	while (dial->next)
	{
		const struct addrinfo *address = dial->next;

		dial->next = address->ai_next;
		if (try_address(dial, address))
			return;
	}
	end(dial, -1);
}

/*
 * Begins to connect to an address; returns whether that is under way.
 */
static bool
try_address(Dial *dial, const struct addrinfo *address)
{
	unsigned int unanswered = UNANSWERED_MS;
	int on = 1;

	dial->socket = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
						  address->ai_protocol);
	if (dial->socket < 0)
	{
		note_error(dial, "cannot make a socket", errno);
		return false;
	}
	(void) setsockopt(dial->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void) setsockopt(dial->socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void) setsockopt(dial->socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered,
					  sizeof(unanswered));
	if (connect(dial->socket, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)
		note_error(dial, "cannot connect", errno);
	else if (!loop_watch(&dial->watch, dial->socket, EPOLLOUT))
		note_error(dial, "cannot wait for a socket", errno);
	else
		return true;
	close(dial->socket);
	dial->socket = -1;
	return false;
}

/*
 * A connection is made, or refused.
 */
static void
ready(Watch *watch, uint32_t events)
{
	Dial *dial = watch->owner;
	int error = 0;
	socklen_t len = sizeof(error);

	(void) events;
	loop_unwatch(watch);
	if (getsockopt(dial->socket, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0)
	{
		end(dial, dial->socket);
		return;
	}
	note_error(dial, "cannot connect", error);
	close(dial->socket);
	dial->socket = -1;
	try_next(dial);
}

/*
 * Notes why an address is no good.
 */
static void
note_error(Dial *dial, const char *what, int error)
{
	snprintf(dial->error, sizeof(dial->error), "%s to %.100s port %s: %s", what, dial->host,
			 dial->port, strerror(error));
}

/*
 * Tells the owner how it went.
 */
static void
end(Dial *dial, int socket)
{
	char error[sizeof(dial->error)];

	snprintf(error, sizeof(error), "%s",
			 dial->error[0] ? dial->error : "there is no address to connect to");
	if (socket >= 0)
		dial->socket = -1;
	dial_cancel(dial);
	dial->done(dial, socket, error);
}
