/*
 * exchange.c
 *		Makes, answers and frees exchanges.
 */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

/*
 * Returns an exchange for the request target, or NULL.
 */
Exchange *
exchange_new(const char *target)
{
	Exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &exchange->started);
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
	for (int i = 0; i < EXCHANGE_MAX_ARGS; i++)
		free(exchange->args[i]);
	free(exchange->path_parameter);
	free(exchange->target);
	buffer_free(&exchange->body);
	buffer_free(&exchange->answer);
	free(exchange);
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
}

/*
 * Answers with the JSON that was written to exchange->answer.
 */
void
answer_json(Exchange *exchange, int status)
{
	if (exchange->answer.failed)
	{
		answer_error(exchange, 503, "out_of_memory", "the answer does not fit into memory");
		return;
	}
	exchange->content_type = "application/json";
	exchange->status = status;
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
	buffer_add_text(&exchange->answer, ",\"restate_code\":");
	buffer_add_json_string(&exchange->answer, category);
	buffer_add_text(&exchange->answer, "}");
	exchange->content_type = "application/json";
	exchange->status = status;
	exchange->retry_later = status == 503;
}
