/*
 * exchange.c
 *		Makes, answers and frees exchanges.
 */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int files;

#include "bodies.h"
#include "ingress.h"
#include "port.h"
#include "stream.h"

static int64_t now_us(void);

/*
 * Returns an exchange for the request target, or NULL.
 */
Exchange *
exchange_new(const char *target)
{
	Exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return NULL;
	exchange->started_us = now_us();
	exchange->file = -1;
	exchange->target = strdup(target);
	if (exchange->target == NULL)
	{
		free(exchange);
		return NULL;
	}
	return exchange;
}

/*
 * Frees the exchange and all that is its own.
 */
void
exchange_free(Exchange *exchange)
{
	if (exchange == NULL)
		return;
	body_drop(exchange);
	free(exchange->path_parameter);
	free(exchange->inner_parameter);
	free(exchange->person);
	free(exchange->reason);
	free(exchange->location);
	if (exchange->file >= 0)
		close(exchange->file);
	if (exchange->has_file)
		files--;
	free(exchange->target);
	rows_free(&exchange->rows);
	stream_free(exchange->stream);
	discovery_free(exchange->discovery);
	ingress_free(exchange->ingress);
	buffer_free(&exchange->answer);
	free(exchange);
}

Exchange *
exchange_of(Task *task)
{
	return (Exchange *) task;
}

bool
exchange_keep(Exchange *exchange, char **where, const char *text)
{
	*where = strdup(text);
	if (*where)
		return true;
	answer_out_of_memory(exchange);
	return false;
}

void
exchange_keep_file(Exchange *exchange, int file, int64_t size)
{
	exchange->file = file;
	exchange->file_size = size;
	exchange->has_file = true;
	files++;
}

int
exchange_files(void)
{
	return files;
}

int64_t
exchange_duration(const Exchange *exchange)
{
	return now_us() - exchange->started_us;
}

/*
 * Returns microseconds on a clock that is never set.
 */
static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/*
 * Answers without a body.
 */
void
answer_empty(Exchange *exchange, int status)
{
	buffer_free(&exchange->answer);
	exchange->content_type = NULL;
	exchange->status = status;
	exchange->retry_later = false;
}

void
answer_take_back(Exchange *exchange)
{
	answer_empty(exchange, 0);
}

/*
 * Answers with the JSON that was written to exchange->answer.
 */
void
answer_json(Exchange *exchange, int status)
{
	if (exchange->answer.failed)
	{
		answer_out_of_memory(exchange);
		return;
	}
	exchange->content_type = "application/json";
	exchange->status = status;
	exchange->retry_later = false;
}

/*
 * Answers with an error in the documented form.
 */
void
answer_error(Exchange *exchange, int status, const char *category, const char *message)
{
	buffer_free(&exchange->answer);
	buffer_add_text(&exchange->answer, "{\"message\":");
	buffer_add_json_string(&exchange->answer, message);
	if (exchange->port == NULL || !exchange->port->is_plain)
	{
		buffer_add_text(&exchange->answer, ",\"restate_code\":");
		buffer_add_json_string(&exchange->answer, category);
	}
	buffer_add_text(&exchange->answer, "}");
	if (exchange->answer.failed)
		buffer_free(&exchange->answer); /* the status has to do */
	exchange->content_type = exchange->answer.data ? "application/json" : NULL;
	exchange->status = status;
	exchange->retry_later = status == 503;
}

/*
 * Answers that memory has run out.
 */
void
answer_out_of_memory(Exchange *exchange)
{
	answer_error(exchange, 503, "out_of_memory", "out of memory");
}
