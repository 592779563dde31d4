/*
 * link.c
 *		What is read from and written to a connection, in TLS or without.
 */
#include "deploy/link.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

bool
link_watch(Link *link, bool reads)
{
	uint32_t events = reads ? EPOLLIN : 0;

	if (link->out.len > link->sent || (link->tls && tls_wants_write(link->tls)))
		events |= EPOLLOUT;
	if (events)
		return loop_watch(&link->watch, link->socket, events);
	loop_unwatch(&link->watch);
	return true;
}

ssize_t
link_read(Link *link, void *to, size_t room)
{
	return link->tls ? tls_read(link->tls, to, room) :
					   recv(link->socket, to, room, MSG_DONTWAIT);
}

const char *
link_error(const Link *link)
{
	return link->tls ? tls_error(link->tls) : strerror(errno);
}

bool
link_write(Link *link)
{
	while (link->sent < link->out.len)
	{
		const char *bytes = link->out.data + link->sent;
		size_t len = link->out.len - link->sent;
		ssize_t n = link->tls ? tls_write(link->tls, bytes, len) :
								send(link->socket, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			link->sent += (size_t) n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return false;
		else if (errno != EINTR)
		{
			const char *why = link_error(link);

			/* what the peer said before that tells more */
			link->kind->ready(link, EPOLLIN);
			if (link->state == LINK_OPEN)
				link_close(link, CALL_BROKEN, why);
			return false;
		}
	}
	link->out.len = link->sent = 0;
	return true;
}
