/*
 * exchange.h
 *		One request and the answer to it.
 */
#ifndef RESTATE_HTTP_EXCHANGE_H
#define RESTATE_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "buffer.h"
#include "url.h"

struct MHD_Connection;
struct Route;
struct Session;

#define EXCHANGE_MAX_ARGS 4

typedef struct Exchange
{
	struct MHD_Connection *connection;
	struct timespec started;
	char *target;
	char method[16];
	UrlTarget url;
	const struct Route *route;

	/* decoded from the path; the id too, where there is one */
	char *path_parameter;
	size_t path_parameter_len;

	/* arguments of the SQL call, checked; NULL for null */
	char *args[EXCHANGE_MAX_ARGS];

	Buffer body;
	size_t body_len; /* what arrived, kept or not */

	/* the answer */
	int status; /* 0: none yet */
	const char *content_type;
	Buffer answer;
	const char *allow;
	bool retry_later;
	bool is_last; /* on its connection */
} Exchange;

extern Exchange *exchange_new(const char *target);
extern void exchange_free(Exchange *exchange);

extern void answer_empty(Exchange *exchange, int status);
extern void answer_json(Exchange *exchange, int status);
extern void answer_error(Exchange *exchange, int status, const char *category, const char *message);

#endif /* RESTATE_HTTP_EXCHANGE_H */
