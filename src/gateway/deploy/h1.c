/*
 * h1.c
 *		HTTP/1.1 over a connection: a call at a time.  What a call sends is
 *		one piece with its length where all of it is there when it begins, otherwise
 *		in chunks; answers may begin before that has ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "deploy/h1_answer.h"
#include "deploy/link.h"

/* what is read from the socket at a time, and sent in one chunk */
#define CHUNK ((size_t) 64 * 1024)

/* how often it is read from, before others have their turn */
#define MAX_READS 8

/* What goes on over a connection. */
typedef struct H1
{
	H1Answer answer;
	bool is_chunked; /* the request */
	bool is_sent;	 /* all of it */
} H1;

static bool h1_open(Link *link);
static bool h1_has_room(const Link *link);
static bool h1_begin(Link *link, Call *call);
static void h1_more(Link *link, Call *call);
static void h1_took(Link *link, Call *call, size_t len);
static void h1_reset(Link *link, Call *call);
static void h1_ready(Link *link, uint32_t events);
static bool reads(const Link *link);
static void answer_ended(Link *link);
static void h1_flush(Link *link);
static void add_body(Link *link, Call *call);
static void h1_free_link(Link *link);
static bool tell_header(H1Answer *answer, const char *name, const char *value);
static bool tell_head(H1Answer *answer);
static bool tell_data(H1Answer *answer, const char *bytes, size_t len);

static const H1Events answer_events = {.header = tell_header, .head = tell_head, .data = tell_data};

const LinkKind link_http1 = {
	.open = h1_open,
	.begin = h1_begin,
	.more = h1_more,
	.took = h1_took,
	.reset = h1_reset,
	.ready = h1_ready,
	.flush = h1_flush,
	.free = h1_free_link,
	.has_room = h1_has_room,
	.has_streams = false};

static bool
h1_open(Link *link)
{
	link->data = calloc(1, sizeof(H1));
	return link->data != NULL;
}

static void
h1_free_link(Link *link)
{
	H1 *h1 = link->data;

	if (h1)
		h1_free(&h1->answer);
	free(h1);
	link->data = NULL;
}

static bool
h1_has_room(const Link *link)
{
	return link->ncalls == 0;
}

/*
 * Writes the head of the call's request.
 */
static bool
h1_begin(Link *link, Call *call)
{
	H1 *h1 = link->data;
	const Uri *uri = link_uri(link);

	h1_free(&h1->answer);
	memset(h1, 0, sizeof(*h1));
	h1->answer.events = &answer_events;
	h1->answer.owner = link;
	h1->is_chunked = !call->is_finished;
	buffer_printf(&link->out, "%s %s%s HTTP/1.1\r\nhost: %s\r\n", call->method, uri->path,
				  call->path, uri->authority);
	for (int i = 0; i < call->nheaders; i++)
	{
		buffer_add_text(&link->out, call->headers[i].name);
		buffer_add(&link->out, ": ", 2);
		buffer_add_text(&link->out, call->headers[i].value);
		buffer_add(&link->out, "\r\n", 2);
	}
	if (h1->is_chunked)
		buffer_add_text(&link->out, "transfer-encoding: chunked\r\n");
	else if (call_unsent(call) > 0)
		buffer_printf(&link->out, "content-length: %zu\r\n", call_unsent(call));
	buffer_add_text(&link->out, "\r\n");
	return !link->out.failed;
}

/*
 * There is nothing to be told: the connection is flushed.
 */
static void
h1_more(Link *link, Call *call)
{
	(void) link;
	(void) call;
}

/*
 * The socket is read from again, if it is not.
 */
static void
h1_took(Link *link, Call *call, size_t len)
{
	(void) call;
	(void) len;
	if (link->watch.events & EPOLLIN)
		return;
	if (!link_watch(link, reads(link)))
		link_close(link, CALL_NO_MEMORY, "out of memory");
}

/*
 * Returns whether more may come: the call's owner has taken what did.
 */
static bool
reads(const Link *link)
{
	return link->calls == NULL || link->calls->untaken < LINK_WINDOW;
}

/*
 * What still comes for the call cannot be told from what would come for another.
 */
static void
h1_reset(Link *link, Call *call)
{
	(void) call;
	link_close(link, CALL_COMPLETE, "");
}

/*
 * Reads what has come.
 */
static void
h1_ready(Link *link, uint32_t events)
{
	static char chunk[CHUNK];

	(void) events;
	for (int i = 0; i < MAX_READS && link->state == LINK_OPEN; i++)
	{
		H1 *h1 = link->data;
		ssize_t n;

		/* while nothing is taken the end is not looked for either */
		if (!reads(link) && !(events & (EPOLLHUP | EPOLLERR)))
			break;
		n = link_read(link, chunk, sizeof(chunk));
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0 && errno == EINTR)
			continue;
		/* one that serves no call says nothing but that it ends */
		if (link->calls == NULL)
		{
			link_close(link, CALL_COMPLETE, "");
			return;
		}
		if (n < 0)
		{
			link_close(link, CALL_BROKEN, link_error(link));
			return;
		}
		if (n == 0)
			h1_read_end(&h1->answer);
		else if (h1_read(&h1->answer, chunk, (size_t) n) < (size_t) n &&
				 h1->answer.state == H1_COMPLETE)
			/* there is more than the answer */
			h1->answer.keeps_open = false;
		/* who was told may have reset the call, and with it the connection */
		if (link->state != LINK_OPEN)
			return;
		if (h1->answer.state == H1_MALFORMED)
			link_close(link, n == 0 ? CALL_BROKEN : CALL_MALFORMED, h1->answer.error);
		else if (h1->answer.state == H1_COMPLETE)
			answer_ended(link);
		if (n == 0 || (size_t) n < sizeof(chunk))
			break;
	}
	if (link->state == LINK_OPEN && !link_watch(link, reads(link)))
		link_close(link, CALL_NO_MEMORY, "out of memory");
}

/*
 * The answer is complete: so is the call.  The connection serves another one, if
 * all of the request went out.
 */
static void
answer_ended(Link *link)
{
	H1 *h1 = link->data;
	bool is_kept = h1->answer.keeps_open && h1->is_sent && link->out.len == link->sent;
	Call *call = link->calls;

	link_answers(link);
	if (is_kept)
		link_end_call(call, CALL_COMPLETE, "");
	else
		link_close(link, CALL_COMPLETE, "");
}

/*
 * Sends what there is.
 */
static void
h1_flush(Link *link)
{
	do
	{
		if (link->calls)
			add_body(link, link->calls);
		if (link->out.failed)
		{
			link_close(link, CALL_NO_MEMORY, "out of memory");
			return;
		}
		if (link->out.len == link->sent)
			break;
	} while (link_write(link));
	if (link->state == LINK_OPEN && !link_watch(link, reads(link)))
		link_close(link, CALL_NO_MEMORY, "out of memory");
}

/*
 * Adds the next piece of the request's body.
 */
static void
add_body(Link *link, Call *call)
{
	H1 *h1 = link->data;
	size_t len = call_unsent(call);

	if (h1->is_sent || link->out.len - link->sent >= CHUNK)
		return;
	if (len > CHUNK)
		len = CHUNK;
	if (len > 0)
	{
		if (h1->is_chunked)
			buffer_printf(&link->out, "%zx\r\n", len);
		buffer_add(&link->out, call->out.data + call->sent, len);
		if (h1->is_chunked)
			buffer_add(&link->out, "\r\n", 2);
		link_sent(call, len);
	}
	if (call_unsent(call) > 0)
		return;
	buffer_free(&call->out);
	call->sent = 0;
	if (!call->is_finished)
		return;
	if (h1->is_chunked)
		buffer_add_text(&link->out, "0\r\n\r\n");
	h1->is_sent = true;
}

/*
 * Tells the call of a header.  Returns whether it is still there.
 */
static bool
tell_header(H1Answer *answer, const char *name, const char *value)
{
	Link *link = answer->owner;
	Call *call = link->calls;

	if (call && call->events->header)
		call->events->header(call, name, value);
	return link->state == LINK_OPEN;
}

/*
 * Tells the call that all headers are there.
 */
static bool
tell_head(H1Answer *answer)
{
	Link *link = answer->owner;

	if (link->calls)
	{
		link->calls->status = answer->status;
		link_tell_head(link->calls);
	}
	return link->state == LINK_OPEN;
}

/*
 * Tells the call of a piece of the body.
 */
static bool
tell_data(H1Answer *answer, const char *bytes, size_t len)
{
	Link *link = answer->owner;
	Call *call = link->calls;

	if (call && call->events->data)
	{
		call->untaken += len;
		call->events->data(call, bytes, len);
	}
	return link->state == LINK_OPEN;
}
