/*
 * endpoint.c
 *		A deployment's connections and the calls that wait for one.
 *
 * What is to be done after an event is done in the endpoint's turn, by a timer
 * that fires before the loop waits again: so what is called in an event frees
 * nothing that is still in use, and what many calls send goes together.
 */
#include <stdlib.h>
#include <string.h>

#include "deploy/endpoint.h"

#define CONNECT_MS 5000

/* for how long a connection is kept that nothing goes over: servers close theirs after 5 s and more */
#define IDLE_MS 3000

/* of all calls, what is to be sent and was not taken to be written */
static size_t unsent;

static void take_turn(Timer *timer);
static void destroy(Endpoint *endpoint);
static void free_closed(Endpoint *endpoint);
static void serve(Endpoint *endpoint);
static Link *find_link(const Endpoint *endpoint);
static bool dials_enough(const Endpoint *endpoint);
static void put_on(Link *link, Call *call);
static void tell_more(Call *call);
static void leave(Call *call);
static void unqueue(Endpoint *endpoint, Call *call);
static void call_is_late(Timer *timer);
static bool is_sound(const CallHeader *header);
static void finish(Call *call, CallEnd how, const char *why);

/* of all endpoints */
static int nstreams;

Endpoint *
endpoint_new(const EndpointConfig *config, const char **error)
{
	Endpoint *endpoint = calloc(1, sizeof(*endpoint));

	*error = "out of memory";
	if (endpoint == NULL)
		return NULL;
	*error = uri_parse(config->uri, &endpoint->uri);
	endpoint->kind = config->http == ENDPOINT_HTTP1 ? &link_http1 : &link_http2;
	endpoint->offer = config->http == ENDPOINT_HTTP2 ? TLS_OFFER_HTTP2 :
					  config->http == ENDPOINT_HTTP1 ? TLS_OFFER_HTTP1 :
													   TLS_OFFER_BOTH;
	endpoint->most_calls = config->most_calls;
	endpoint->connect_ms = config->connect_ms ? config->connect_ms : CONNECT_MS;
	endpoint->turn.fire = take_turn;
	endpoint->turn.owner = endpoint;
	if (*error == NULL && !loop_set_timer(&endpoint->turn, INT64_MAX))
		*error = "out of memory";
	if (*error == NULL)
		return endpoint;
	free(endpoint);
	return NULL;
}

void
endpoint_free(Endpoint *endpoint)
{
	endpoint->is_freed = true;
	while (endpoint->first)
		call_reset(endpoint->first);
	for (Link *link = endpoint->links; link; link = link->next)
		while (link->calls)
			call_reset(link->calls);
	endpoint_stir(endpoint);
}

void
endpoint_stop(Endpoint *endpoint)
{
	endpoint_free(endpoint);
	destroy(endpoint);
}

bool
endpoint_is_http1(const Endpoint *endpoint)
{
	return endpoint->kind == &link_http1;
}

int
endpoint_calls(const Endpoint *endpoint)
{
	return endpoint->ncalls + endpoint->nwaiting;
}

int
endpoints_streams(void)
{
	return nstreams;
}

const char *
call_start(Endpoint *endpoint, Call *call)
{
	for (int i = 0; i < call->nheaders; i++)
		if (!is_sound(&call->headers[i]))
			return "a header has characters that cannot be sent";
	call->status = 0;
	call->is_finished = call->is_head_told = false;
	call->untaken = call->sent = 0;
	call->link = NULL;
	memset(&call->out, 0, sizeof(call->out));
	call->timer.fire = call_is_late;
	call->timer.owner = call;
	if (call->deadline && !loop_set_timer(&call->timer, call->deadline))
		return "out of memory";
	call->endpoint = endpoint;
	call->next = NULL;
	call->previous = endpoint->last;
	if (endpoint->last)
		endpoint->last->next = call;
	else
		endpoint->first = call;
	endpoint->last = call;
	endpoint->nwaiting++;
	endpoint_stir(endpoint);
	return NULL;
}

/*
 * Returns whether name and value can be sent in a header.
 */
static bool
is_sound(const CallHeader *header)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~";

	if (header->name[0] == '\0' || header->name[strspn(header->name, token)])
		return false;
	for (const char *c = header->value; *c; c++)
		if (((unsigned char) *c < ' ' && *c != '\t') || *c == 127)
			return false;
	return true;
}

bool
call_send(Call *call, const char *bytes, size_t len)
{
	if (call->sent > 0 && call->sent >= call->out.len / 2)
	{
		memmove(call->out.data, call->out.data + call->sent, call->out.len - call->sent);
		call->out.len -= call->sent;
		call->sent = 0;
	}
	buffer_add(&call->out, bytes, len);
	if (call->out.failed)
		return false;
	unsent += len;
	tell_more(call);
	return true;
}

void
call_finish(Call *call)
{
	if (call->is_finished)
		return;
	call->is_finished = true;
	tell_more(call);
}

/*
 * Has the call's connection look for what there is more to send.
 */
static void
tell_more(Call *call)
{
	if (call->link == NULL || call->link->state != LINK_OPEN)
		return;
	call->link->kind->more(call->link, call);
	link_has_news(call->link);
}

size_t
call_unsent(const Call *call)
{
	return call->out.len - call->sent;
}

size_t
calls_unsent(void)
{
	return unsent;
}

void
link_sent(Call *call, size_t len)
{
	call->sent += len;
	unsent -= len;
}

void
call_took(Call *call, size_t len)
{
	if (len > call->untaken)
		len = call->untaken;
	call->untaken -= len;
	if (call->link == NULL || call->link->state != LINK_OPEN)
		return;
	call->link->kind->took(call->link, call, len);
	link_has_news(call->link);
}

void
call_reset(Call *call)
{
	if (call->endpoint == NULL)
		return;
	endpoint_stir(call->endpoint);
	leave(call);
	finish(call, CALL_COMPLETE, NULL);
}

/*
 * Takes a call off its connection, or out of those that wait.
 */
static void
leave(Call *call)
{
	Link *link = call->link;

	if (link == NULL)
	{
		unqueue(call->endpoint, call);
		return;
	}
	link_drop_call(call);
	if (link->state != LINK_OPEN)
		return;
	link->kind->reset(link, call);
	link_has_news(link);
}

/*
 * Takes a call out of those that wait.
 */
static void
unqueue(Endpoint *endpoint, Call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else
		endpoint->first = call->next;
	if (call->next)
		call->next->previous = call->previous;
	else
		endpoint->last = call->previous;
	call->previous = call->next = NULL;
	endpoint->nwaiting--;
}

/*
 * The call is its owner's again; tells how it ended where why is given.
 */
static void
finish(Call *call, CallEnd how, const char *why)
{
	loop_clear_timer(&call->timer);
	unsent -= call_unsent(call);
	buffer_free(&call->out);
	call->sent = 0;
	call->endpoint = NULL;
	if (why)
		call->events->ended(call, how, why);
}

/*
 * Ends a call whose deadline is over.
 */
static void
call_is_late(Timer *timer)
{
	Call *call = timer->owner;
	const char *why =
		call->link ? "there was no answer in time" : "there was no connection in time";

	endpoint_stir(call->endpoint);
	leave(call);
	finish(call, CALL_LATE, why);
}

void
endpoint_stir(Endpoint *endpoint)
{
	if (endpoint->turn.at != 0)
		(void) loop_set_timer(&endpoint->turn, 0); /* it is set: no memory is needed */
}

/*
 * Does what is to be done after the events of this round.
 */
static void
take_turn(Timer *timer)
{
	Endpoint *endpoint = timer->owner;

	/* its place in the heap is free: no memory is needed */
	(void) loop_set_timer(timer, INT64_MAX);
	if (endpoint->is_freed)
	{
		destroy(endpoint);
		return;
	}
	serve(endpoint);
	for (Link *link = endpoint->links; link; link = link->next)
		if (link->has_news && link->state == LINK_OPEN)
		{
			link->has_news = false;
			link->kind->flush(link);
		}
	free_closed(endpoint);
}

/*
 * Frees the endpoint.
 */
static void
destroy(Endpoint *endpoint)
{
	for (Link *link = endpoint->links; link; link = link->next)
		if (link->state != LINK_CLOSED)
		{
			/* what is left to say, as that streams were reset, is said if there is room for it */
			if (link->state == LINK_OPEN)
				link->kind->flush(link);
			link_close(link, CALL_COMPLETE, "");
		}
	free_closed(endpoint);
	loop_clear_timer(&endpoint->turn);
	free(endpoint);
}

/*
 * Frees the links that are closed.
 */
static void
free_closed(Endpoint *endpoint)
{
	for (Link **place = &endpoint->links; *place;)
	{
		Link *link = *place;

		if (link->state != LINK_CLOSED)
		{
			place = &link->next;
			continue;
		}
		*place = link->next;
		link->kind->free(link);
		tls_free(link->tls);
		buffer_free(&link->out);
		free(link);
	}
}

/*
 * Puts the calls that wait on connections, and opens those that are needed.
 */
static void
serve(Endpoint *endpoint)
{
	while (endpoint->first && endpoint->ncalls < endpoint->most_calls)
	{
		Link *link = find_link(endpoint);
		Call *call = endpoint->first;

		if (link)
		{
			unqueue(endpoint, call);
			put_on(link, call);
		}
		else if (dials_enough(endpoint))
			break;
		else if (!link_open(endpoint))
		{
			endpoint_end_waiting(endpoint, CALL_NO_MEMORY, "out of memory");
			break;
		}
	}
}

/*
 * Returns a connection that takes one more call, or NULL.
 */
static Link *
find_link(const Endpoint *endpoint)
{
	for (Link *link = endpoint->links; link; link = link->next)
		if (link->state == LINK_OPEN && !link->is_leaving && link->kind->has_room(link))
			return link;
	return NULL;
}

/*
 * Returns whether there will be connections for all that wait.
 */
static bool
dials_enough(const Endpoint *endpoint)
{
	int dialling = 0;

	for (const Link *link = endpoint->links; link; link = link->next)
		if (link->state == LINK_DIALLING || link->state == LINK_SECURING)
			dialling++;
	return endpoint->kind->has_streams ?
			   dialling > 0 :
			   dialling >= endpoint->nwaiting ||
				   endpoint->ncalls + dialling >= endpoint->most_calls;
}

void
endpoint_end_waiting(Endpoint *endpoint, CallEnd how, const char *why)
{
	int left = endpoint->nwaiting;

	/* an event may reset others of them */
	while (left-- > 0 && endpoint->first)
	{
		Call *call = endpoint->first;

		unqueue(endpoint, call);
		finish(call, how, why);
		if (endpoint->is_freed)
			break;
	}
}

/*
 * Puts a call on a connection.
 */
static void
put_on(Link *link, Call *call)
{
	call->link = link;
	call->previous = NULL;
	call->next = link->calls;
	if (link->calls)
		link->calls->previous = call;
	link->calls = call;
	link->ncalls++;
	link->endpoint->ncalls++;
	nstreams++;
	link->has_news = true;
	if (link->has_answered)
		loop_clear_timer(&link->timer);
	if (!link->kind->begin(link, call))
		link_end_call(call, CALL_NO_MEMORY, "out of memory");
}

void
link_drop_call(Call *call)
{
	Link *link = call->link;

	if (call->previous)
		call->previous->next = call->next;
	else
		link->calls = call->next;
	if (call->next)
		call->next->previous = call->previous;
	call->previous = call->next = NULL;
	call->link = NULL;
	link->ncalls--;
	link->endpoint->ncalls--;
	nstreams--;
	/* a timer that was set has its place: no memory is needed, or it is kept for longer */
	if (link->ncalls == 0 && link->state == LINK_OPEN && link->has_answered)
		(void) loop_set_timer(&link->timer, loop_now() + IDLE_MS);
	endpoint_stir(link->endpoint);
}

void
link_end_call(Call *call, CallEnd how, const char *why)
{
	link_drop_call(call);
	finish(call, how, why);
}

void
link_tell_head(Call *call)
{
	if (call->is_head_told)
		return;
	call->is_head_told = true;
	if (call->events->head)
		call->events->head(call);
}
