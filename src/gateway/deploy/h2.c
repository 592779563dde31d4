/*
 * h2.c
 *		HTTP/2 over a connection, with libnghttp2: a stream for each call.
 */
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/link.h"

/* what the peer may send on all streams together before we have read it */
#define CONNECTION_WINDOW (16 * 1024 * 1024)

/* what is given to the socket at a time, and read from it */
#define CHUNK ((size_t) 64 * 1024)

/* how often it is read from, before others have their turn */
#define MAX_READS 8

#define MAX_HEADERS 40

static bool h2_open(Link *link);
static bool h2_has_room(const Link *link);
static bool h2_begin(Link *link, Call *call);
static void h2_more(Link *link, Call *call);
static void h2_took(Link *link, Call *call, size_t len);
static void h2_reset(Link *link, Call *call);
static void h2_ready(Link *link, uint32_t events);
static bool take(Link *link, const uint8_t *bytes, size_t len);
static void close_after_end(Link *link);
static void h2_flush(Link *link);
static void h2_free(Link *link);
static nghttp2_nv pair(const char *name, const char *value);
static Call *call_of_stream(Link *link, int32_t stream);
static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *to, size_t room,
						 uint32_t *flags, nghttp2_data_source *source, void *user);
static int header_came(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
					   size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
					   void *user);
static int data_came(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
					 size_t len, void *user);
static int frame_came(nghttp2_session *session, const nghttp2_frame *frame, void *user);
static void refuse_answer(nghttp2_session *session, int32_t stream);
static void answer_ended(nghttp2_session *session, int32_t stream);
static int frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error,
						  void *user);
static int stream_closed(nghttp2_session *session, int32_t stream, uint32_t code, void *user);

const LinkKind link_http2 = {
	.open = h2_open,
	.begin = h2_begin,
	.more = h2_more,
	.took = h2_took,
	.reset = h2_reset,
	.ready = h2_ready,
	.flush = h2_flush,
	.free = h2_free,
	.has_room = h2_has_room,
	.has_streams = true};

/*
 * Begins a session: preface and settings are the first that is sent.
 */
static bool
h2_open(Link *link)
{
	nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t) LINK_WINDOW}};
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	nghttp2_session *session = NULL;
	bool ok = nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0;

	if (ok)
	{
		nghttp2_session_callbacks_set_on_header_callback(callbacks, header_came);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_came);
		nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_came);
		nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, frame_not_sent);
		nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
		nghttp2_option_set_no_auto_window_update(option, 1);
		ok = nghttp2_session_client_new2(&session, callbacks, link, option) == 0 &&
			 nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2) == 0 &&
			 nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
												   CONNECTION_WINDOW) == 0;
	}
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	link->data = session;
	return ok;
}

/*
 * Ends the session.
 */
static void
h2_free(Link *link)
{
	nghttp2_session_del(link->data);
	link->data = NULL;
}

/*
 * Returns whether the peer takes one more stream; it says how many.
 */
static bool
h2_has_room(const Link *link)
{
	return (uint32_t) link->ncalls <
		   nghttp2_session_get_remote_settings(link->data, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

/*
 * Begins a stream with the call's request.
 */
static bool
h2_begin(Link *link, Call *call)
{
	nghttp2_nv headers[MAX_HEADERS];
	nghttp2_data_provider body = {.read_callback = read_body};
	char path[2 * URI_MAX_PATH];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s%s", link_uri(link)->path, call->path);
	headers[n++] = pair(":method", call->method);
	headers[n++] = pair(":scheme", link_uri(link)->is_secure ? "https" : "http");
	headers[n++] = pair(":authority", link_uri(link)->authority);
	headers[n++] = pair(":path", path);
	for (int i = 0; i < call->nheaders && n < MAX_HEADERS; i++)
		headers[n++] = pair(call->headers[i].name, call->headers[i].value);
	/* without a body the headers end the stream */
	call->stream = nghttp2_submit_request(
		link->data, NULL, headers, n,
		call->is_finished && call_unsent(call) == 0 ? NULL : &body, call);
	return call->stream > 0;
}

/*
 * Returns a header as the library takes it, which copies the texts.
 */
static nghttp2_nv
pair(const char *name, const char *value)
{
	nghttp2_nv header = {.name = (uint8_t *) name,
						 .namelen = strlen(name),
						 .value = (uint8_t *) value,
						 .valuelen = strlen(value)};

	return header;
}

/*
 * Has the library ask for more of the body.
 */
static void
h2_more(Link *link, Call *call)
{
	(void) nghttp2_session_resume_data(link->data, call->stream);
}

/*
 * Gives the library a piece of a body.
 */
static ssize_t
read_body(nghttp2_session *session, int32_t stream, uint8_t *to, size_t room, uint32_t *flags,
		  nghttp2_data_source *source, void *user)
{
	Call *call = nghttp2_session_get_stream_user_data(session, stream);
	size_t len;

	(void) source;
	(void) user;
	if (call == NULL)
		return NGHTTP2_ERR_DEFERRED;
	len = call_unsent(call);
	if (len == 0 && !call->is_finished)
		return NGHTTP2_ERR_DEFERRED;
	if (len > room)
		len = room;
	if (len > 0)
		memcpy(to, call->out.data + call->sent, len);
	link_sent(call, len);
	if (call_unsent(call) == 0 && call->is_finished)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	/* large memory is not kept for what may be long idle */
	if (call_unsent(call) == 0 && call->out.allocated > CHUNK)
	{
		buffer_free(&call->out);
		call->sent = 0;
	}
	return (ssize_t) len;
}

/*
 * Lets the peer send as much more on the stream.
 */
static void
h2_took(Link *link, Call *call, size_t len)
{
	(void) nghttp2_session_consume_stream(link->data, call->stream, len);
}

/*
 * Ends the stream of a call that nobody waits for.
 */
static void
h2_reset(Link *link, Call *call)
{
	(void) nghttp2_session_set_stream_user_data(link->data, call->stream, NULL);
	(void) nghttp2_submit_rst_stream(link->data, NGHTTP2_FLAG_NONE, call->stream, NGHTTP2_CANCEL);
}

/*
 * Reads what has come.
 */
static void
h2_ready(Link *link, uint32_t events)
{
	static uint8_t chunk[CHUNK];

	(void) events;
	for (int i = 0; i < MAX_READS && link->state == LINK_OPEN; i++)
	{
		ssize_t n = link_read(link, chunk, sizeof(chunk));

		if (n > 0)
		{
			if (!take(link, chunk, (size_t) n))
				return;
			if ((size_t) n < sizeof(chunk))
				break;
		}
		else if (n == 0)
			close_after_end(link);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
		{
			if (link->has_answered || link->tls)
				link_close(link, CALL_BROKEN, link_error(link));
			else
				close_after_end(link);
		}
	}
	if (link->state == LINK_OPEN)
		link_has_news(link);
}

/*
 * Gives the library what has come; returns false where that was the connection's
 * end.
 */
static bool
take(Link *link, const uint8_t *bytes, size_t len)
{
	char why[128];
	ssize_t n;

	if (!link->has_answered && len >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
	{
		link_close(link, CALL_NOT_HTTP2, "it answers in HTTP/1.1, not in HTTP/2");
		return false;
	}
	n = nghttp2_session_mem_recv(link->data, bytes, len);
	if (link->state != LINK_OPEN)
		return false;
	if (n >= 0)
		return true;
	snprintf(why, sizeof(why), "what comes is no HTTP/2: %s", nghttp2_strerror((int) n));
	link_close(link, link->has_answered ? CALL_MALFORMED : CALL_NOT_HTTP2, why);
	return false;
}

/*
 * The peer has closed the connection.
 */
static void
close_after_end(Link *link)
{
	if (link->has_answered)
		link_close(link, CALL_BROKEN, "the connection was closed");
	else
		link_close(link, CALL_NOT_HTTP2,
				   "the connection was closed without an answer in HTTP/2: HTTP/1.1 may be all that is spoken there");
}

/*
 * Sends what the library has to be sent.
 */
static void
h2_flush(Link *link)
{
	while (link_write(link))
	{
		while (link->out.len < CHUNK)
		{
			const uint8_t *bytes;
			ssize_t n = nghttp2_session_mem_send(link->data, &bytes);

			if (n < 0 || link->out.failed)
			{
				link_close(link, CALL_NO_MEMORY, n < 0 ? nghttp2_strerror((int) n) : "out of memory");
				return;
			}
			if (n == 0)
				break;
			buffer_add(&link->out, (const char *) bytes, (size_t) n);
		}
		if (link->out.len == 0)
			break;
	}
	if (link->state != LINK_OPEN)
		return;
	if (!link_watch(link, true))
		link_close(link, CALL_NO_MEMORY, "out of memory");
	else if (link->out.len == 0 && !nghttp2_session_want_read(link->data) &&
			 !nghttp2_session_want_write(link->data))
		link_close(link, link->has_answered ? CALL_BROKEN : CALL_NOT_HTTP2,
				   link->has_answered ? "the connection is no good any more" :
										"what comes is no HTTP/2");
}

/*
 * A header of an answer has come.
 */
static int
header_came(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
			size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	Call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	(void) name_len;
	(void) value_len;
	(void) flags;
	(void) user;
	if (call == NULL || frame->hd.type != NGHTTP2_HEADERS || call->is_head_told)
		return 0;
	/* the library terminates both */
	if (strcmp((const char *) name, ":status") == 0)
		call->status = (int) strtol((const char *) value, NULL, 10);
	else if (call->events->header)
		call->events->header(call, (const char *) name, (const char *) value);
	return 0;
}

/*
 * A piece of an answer's body has come.
 */
static int
data_came(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t len,
		  void *user)
{
	Call *call = nghttp2_session_get_stream_user_data(session, stream);

	(void) flags;
	(void) user;
	/* one stream that is not taken does not hold up the others */
	(void) nghttp2_session_consume_connection(session, len);
	if (call == NULL)
	{
		(void) nghttp2_session_consume_stream(session, stream, len);
		return 0;
	}
	call->untaken += len;
	if (call->events->data)
		call->events->data(call, (const char *) bytes, len);
	else
		call_took(call, len);
	return 0;
}

/*
 * A frame has come as a whole.
 */
static int
frame_came(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	Link *link = user;
	Call *call;

	switch (frame->hd.type)
	{
		case NGHTTP2_SETTINGS:
			link_answers(link);
			break;
		case NGHTTP2_GOAWAY:
			link->is_leaving = true;
			break;
		case NGHTTP2_HEADERS:
			call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
			if (call && call->status >= 200)
				link_tell_head(call);
			else if (call && call->status < 100)
				refuse_answer(session, frame->hd.stream_id);
			break;
		default:
			break;
	}
	if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
		frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		answer_ended(session, frame->hd.stream_id);
	return 0;
}

/*
 * The status of an answer is none, though it has three digits.
 */
static void
refuse_answer(nghttp2_session *session, int32_t stream)
{
	Call *call = nghttp2_session_get_stream_user_data(session, stream);

	(void) nghttp2_session_set_stream_user_data(session, stream, NULL);
	(void) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_PROTOCOL_ERROR);
	link_end_call(call, CALL_MALFORMED, "the status of the answer is below 100");
}

/*
 * The answer is complete: so is the call, whatever of the request was not sent.
 */
static void
answer_ended(nghttp2_session *session, int32_t stream)
{
	Call *call = nghttp2_session_get_stream_user_data(session, stream);

	if (call == NULL)
		return;
	(void) nghttp2_session_set_stream_user_data(session, stream, NULL);
	if (!call->is_finished || call_unsent(call) > 0)
		(void) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
	link_end_call(call, CALL_COMPLETE, "");
}

/*
 * A frame could not be sent: where it is a request, its call is over.
 */
static int
frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error, void *user)
{
	Call *call;

	if (frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	call = call_of_stream(user, frame->hd.stream_id);
	/* its stream is told to be closed, too */
	(void) nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, NULL);
	if (call)
		link_end_call(call, CALL_UNREACHABLE, nghttp2_strerror(error));
	return 0;
}

/*
 * Returns the call that has the stream, or NULL.
 */
static Call *
call_of_stream(Link *link, int32_t stream)
{
	Call *call = link->calls;

	while (call && call->stream != stream)
		call = call->next;
	return call;
}

/*
 * A stream is closed, before its answer was complete if it has a call.
 */
static int
stream_closed(nghttp2_session *session, int32_t stream, uint32_t code, void *user)
{
	Call *call = nghttp2_session_get_stream_user_data(session, stream);
	char why[96];

	(void) user;
	if (call == NULL)
		return 0;
	(void) nghttp2_session_set_stream_user_data(session, stream, NULL);
	snprintf(why, sizeof(why), "the stream was reset: %s", nghttp2_http2_strerror(code));
	/* the peer says of a stream that it refuses that nothing of it was done */
	link_end_call(call, code == NGHTTP2_REFUSED_STREAM ? CALL_UNREACHABLE : CALL_BROKEN, why);
	return 0;
}
