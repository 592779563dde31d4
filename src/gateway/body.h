/*
 * body.h
 *		Bodies of requests.
 */
#ifndef RESTATE_GATEWAY_BODY_H
#define RESTATE_GATEWAY_BODY_H

#include "exchange.h"

struct json_t;

/*
 * Parses the body as JSON.  Returns NULL, and answers, where it is too large
 * or broken, or an object that has one of these fields (a list that ends in
 * NULL) twice.
 */
extern struct json_t *body_as_json(Exchange *exchange, const char *const *fields);

#endif /* RESTATE_GATEWAY_BODY_H */
