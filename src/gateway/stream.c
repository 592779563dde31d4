/*
 * stream.c
 *		Has rows wait for their client.
 */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "arrow_message.h"
#include "log.h"

/* with more than this before the client no more is read from the database, which goes on at half of it */
#define MOST_READY ((size_t) 512 * 1024)

/* for how long a client may take nothing while others wait, and how often that is looked at */
#define STALL_MS 2000
#define LOOK_MS	 500

static bool flush(Exchange *exchange);
static void wait_for_client(Exchange *exchange);
static void look_at_client(Timer *timer);
static void begin(Exchange *exchange);
static void drop_taken(Exchange *exchange);

Stream *
stream_new(bool is_whole)
{
	Stream *stream = calloc(1, sizeof(*stream));

	if (stream)
		stream->is_whole = is_whole;
	return stream;
}

void
stream_free(Stream *stream)
{
	if (stream == NULL)
		return;
	loop_clear_timer(&stream->stalled);
	arrow_rows_free(&stream->rows);
	free(stream);
}

void
stream_restart(Stream *stream)
{
	arrow_rows_free(&stream->rows);
	stream->has_schema = false;
}

bool
stream_has_begun(const Exchange *exchange)
{
	return exchange->stream && exchange->stream->state != STREAM_GATHERS;
}

size_t
stream_ready(const Exchange *exchange)
{
	return exchange->answer.len - exchange->stream->taken;
}

const char *
stream_add(Exchange *exchange, const PGresult *row)
{
	Stream *stream = exchange->stream;
	const char *fault = arrow_rows_add(&stream->rows, row);

	if (fault || !arrow_rows_fill_batch(&stream->rows))
		return fault;
	if (!flush(exchange))
		return "out of memory";
	if (stream->is_whole)
		return NULL;
	if (stream_ready(exchange) > MOST_READY)
		wait_for_client(exchange);
	exchange->answered(exchange);
	return NULL;
}

/*
 * Has the database wait for the client.
 */
static void
wait_for_client(Exchange *exchange)
{
	Stream *stream = exchange->stream;

	session_pause(exchange->task.session);
	stream->taken_at = loop_now();
	stream->stalled.owner = exchange;
	stream->stalled.fire = look_at_client;
	(void) loop_set_timer(&stream->stalled, loop_now() + LOOK_MS);
}

/*
 * Gives the session to others that wait, if the client does not take what is
 * there.
 */
static void
look_at_client(Timer *timer)
{
	Exchange *exchange = timer->owner;
	Task *task = &exchange->task;

	if (exchange->stream->state != STREAM_OPEN || task->session == NULL ||
		!task->session->is_paused)
		return;
	if (pool_waiting(task->pool) == 0 || loop_now() - exchange->stream->taken_at < STALL_MS)
	{
		(void) loop_set_timer(timer, loop_now() + LOOK_MS);
		return;
	}
	stream_break(exchange, "the client takes nothing, and others wait");
	session_resume(task->session);
	pool_withdraw(task);
}

/*
 * Adds the rows that were gathered to the answer, which begins with its
 * schema.
 */
static bool
flush(Exchange *exchange)
{
	Stream *stream = exchange->stream;
	ArrowRows *rows = &stream->rows;

	drop_taken(exchange);
	if (!stream->has_schema &&
		!arrow_add_schema(&exchange->answer, rows->names, rows->columns, rows->ncolumns))
		return false;
	stream->has_schema = true;
	if (!arrow_rows_flush(rows, &exchange->answer))
		return false;
	if (stream->state == STREAM_GATHERS && !stream->is_whole)
		begin(exchange);
	return true;
}

/*
 * Begins to send the answer.
 */
static void
begin(Exchange *exchange)
{
	exchange->content_type = ARROW_MEDIA_TYPE;
	exchange->status = 200;
	exchange->stream->state = STREAM_OPEN;
}

bool
stream_complete(Exchange *exchange)
{
	if (!flush(exchange) || !arrow_add_end(&exchange->answer))
		return false;
	if (exchange->stream->state == STREAM_GATHERS)
		begin(exchange);
	exchange->stream->state = STREAM_COMPLETE;
	return true;
}

void
stream_break(Exchange *exchange, const char *why)
{
	char quoted[512];

	if (exchange->stream->state != STREAM_OPEN)
		return;
	exchange->stream->state = STREAM_BROKEN;
	log_event(LOG_WARN, "event=stream_broken rows=%lld reason=%s",
			  (long long) exchange->stream->rows.count, log_quote(why, quoted, sizeof(quoted)));
}

size_t
stream_take(Exchange *exchange, char *to, size_t room)
{
	Stream *stream = exchange->stream;
	size_t count = stream_ready(exchange);

	if (count > room)
		count = room;
	if (count > 0)
		memcpy(to, exchange->answer.data + stream->taken, count);
	stream->taken += count;
	if (count > 0)
		stream->taken_at = loop_now();
	if (exchange->task.session && stream_ready(exchange) <= MOST_READY / 2)
		session_resume(exchange->task.session);
	return count;
}

void
stream_leave(Exchange *exchange)
{
	if (exchange->stream == NULL)
		return;
	stream_break(exchange, "the client has gone");
	/* the server sees only then that it is to end */
	if (exchange->task.session)
		session_resume(exchange->task.session);
}

/*
 * Drops from the answer what the client has, and memory that a large batch
 * took.
 */
static void
drop_taken(Exchange *exchange)
{
	Buffer *answer = &exchange->answer;
	size_t left = stream_ready(exchange);

	if (left > 0)
		memmove(answer->data, answer->data + exchange->stream->taken, left);
	else if (answer->allocated > 2 * MOST_READY)
		buffer_free(answer);
	answer->len = left;
	exchange->stream->taken = 0;
}
