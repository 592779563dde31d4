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

/* Returns whether a text in the document has a NUL, which no jsonb can hold. */
extern bool body_has_nul(struct json_t *document);

/*
 * Keeps the document as an argument of the call.  Returns false, and answers, where it
 * has a NUL or memory has run out.
 */
extern bool body_keep_json(Exchange *exchange, char **where, struct json_t *document);

#endif /* RESTATE_GATEWAY_BODY_H */
