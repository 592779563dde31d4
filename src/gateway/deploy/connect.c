/*
 * connect.c
 *		Opens connections to a deployment and closes them: the socket, TLS, and which HTTP
 *		is spoken.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "deploy/endpoint.h"

/* how long the peer may take to show that it speaks HTTP/2 */
#define GREETING_MS 10000

/* connections of all endpoints that are open */
static int nconnected;

static void connected(Dial *dial, int socket, const char *error);
static void secure(Link *link);
static void go_on_securing(Link *link);
static bool agree(Link *link);
static void open_for_calls(Link *link);
static void refuse(Link *link, CallEnd how, const char *why);
static void socket_ready(Watch *watch, uint32_t events);
static void link_is_silent(Timer *timer);

bool
link_open(Endpoint *endpoint)
{
	Link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return false;
	link->kind = endpoint->kind;
	link->endpoint = endpoint;
	link->state = LINK_DIALLING;
	link->socket = -1;
	link->watch.ready = socket_ready;
	link->watch.owner = link;
	link->timer.fire = link_is_silent;
	link->timer.owner = link;
	link->dial.done = connected;
	link->dial.owner = link;
	if (!dial_start(&link->dial, endpoint->uri.host, endpoint->uri.port,
					loop_now() + endpoint->connect_ms))
	{
		free(link);
		return false;
	}
	link->next = endpoint->links;
	endpoint->links = link;
	return true;
}

/*
 * A connection is there, or cannot be.
 */
static void
connected(Dial *dial, int socket, const char *error)
{
	Link *link = dial->owner;

	if (socket < 0)
	{
		refuse(link, CALL_UNREACHABLE, error);
		return;
	}
	link->socket = socket;
	if (link->endpoint->uri.is_secure)
		secure(link);
	else
		open_for_calls(link);
}

/*
 * Begins TLS.
 */
static void
secure(Link *link)
{
	Endpoint *endpoint = link->endpoint;

	link->state = LINK_SECURING;
	link->tls = tls_new(link->socket, endpoint->uri.host, endpoint->offer);
	if (link->tls == NULL || !loop_set_timer(&link->timer, loop_now() + endpoint->connect_ms))
		refuse(link, CALL_NO_MEMORY, "out of memory");
	else
		go_on_securing(link);
}

/*
 * Goes on with the handshake, as far as the socket is ready for it.
 */
static void
go_on_securing(Link *link)
{
	switch (tls_handshake(link->tls))
	{
		case TLS_FAILED:
			refuse(link, CALL_UNREACHABLE, tls_error(link->tls));
			break;
		case TLS_DONE:
			if (agree(link))
				open_for_calls(link);
			break;
		case TLS_WAITS:
			if (!link_watch(link, !tls_wants_write(link->tls)))
				refuse(link, CALL_NO_MEMORY, "out of memory");
			break;
	}
}

/*
 * Takes what was agreed on to be spoken; returns false where it is another thing
 * than what was offered.  A server that knows nothing of that speaks HTTP/1.1.
 */
static bool
agree(Link *link)
{
	Endpoint *endpoint = link->endpoint;
	bool is_http2 = tls_agreed(link->tls) == TLS_AGREED_HTTP2;

	if (is_http2 != (endpoint->offer == TLS_OFFER_HTTP2) && endpoint->offer != TLS_OFFER_BOTH)
	{
		refuse(link, is_http2 ? CALL_MALFORMED : CALL_NOT_HTTP2,
			   is_http2 ? "it speaks HTTP/2 where HTTP/1.1 was asked for" :
						  "it does not agree on HTTP/2 in TLS");
		return false;
	}
	endpoint->kind = link->kind = is_http2 ? &link_http2 : &link_http1;
	return true;
}

/*
 * The connection can be used.
 */
static void
open_for_calls(Link *link)
{
	link->state = LINK_OPEN;
	nconnected++;
	if (!link->kind->open(link) || !link_watch(link, true) ||
		!loop_set_timer(&link->timer, loop_now() + GREETING_MS))
		refuse(link, CALL_NO_MEMORY, "out of memory");
	else
		link_has_news(link);
}

/*
 * There is no connection: what waits for one is told so.
 */
static void
refuse(Link *link, CallEnd how, const char *why)
{
	Endpoint *endpoint = link->endpoint;

	link_close(link, how, why);
	endpoint_end_waiting(endpoint, how, why);
}

void
link_close(Link *link, CallEnd how, const char *why)
{
	if (link->state == LINK_CLOSED)
		return;
	endpoint_stir(link->endpoint);
	dial_cancel(&link->dial);
	loop_unwatch(&link->watch);
	loop_clear_timer(&link->timer);
	/* what it says of itself is told yet: it is freed with the link */
	if (link->tls)
		tls_end(link->tls);
	if (link->socket >= 0)
	{
		close(link->socket);
		link->socket = -1;
		nconnected--;
	}
	link->state = LINK_CLOSED;
	while (link->calls)
		link_end_call(link->calls, how, why);
}

/*
 * A connection is silent: TLS does not begin, the peer does not speak as it should, or
 * nothing is going on.
 */
static void
link_is_silent(Timer *timer)
{
	Link *link = timer->owner;

	if (link->state == LINK_SECURING)
		refuse(link, CALL_UNREACHABLE, "the TLS handshake was not done in time");
	else if (link->ncalls == 0)
		link_close(link, CALL_COMPLETE, "");
	else if (!link->has_answered && link->kind->has_streams)
		link_close(link, CALL_NOT_HTTP2, "the connection was accepted, but nothing answers in HTTP/2");
}

void
link_answers(Link *link)
{
	link->has_answered = true;
	if (link->ncalls > 0)
		loop_clear_timer(&link->timer);
}

const Uri *
link_uri(const Link *link)
{
	return &link->endpoint->uri;
}

void
link_has_news(Link *link)
{
	link->has_news = true;
	endpoint_stir(link->endpoint);
}

/*
 * A connection's socket is ready.
 */
static void
socket_ready(Watch *watch, uint32_t events)
{
	Link *link = watch->owner;

	if (link->state == LINK_SECURING)
	{
		go_on_securing(link);
		return;
	}
	if (events & EPOLLOUT)
		link_has_news(link);
	/* in TLS, what is read may have had to wait for room to write */
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) || link->tls)
		link->kind->ready(link, events);
}

int
endpoints_connected(void)
{
	return nconnected;
}
