/*
 * batch.h
 *		The routes that run an operation on many invocations.
 */
#ifndef RESTATE_HTTP_BATCH_H
#define RESTATE_HTTP_BATCH_H

#include "exchange.h"
#include "pool.h"

#define BATCH_MAX_BODY ((size_t) 2 * 1024 * 1024)

extern void prepare_batch(Exchange *exchange);
extern void prepare_batch_on_deployment(Exchange *exchange);
extern void run_batch(Exchange *exchange, Session *session);

/*
 * Parses the body as JSON.  Returns NULL, and answers, where its type is not
 * JSON, or it is too large or broken.
 */
struct json_t;
extern struct json_t *body_as_json(Exchange *exchange);

#endif /* RESTATE_HTTP_BATCH_H */
