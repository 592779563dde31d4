/*
 * ingress_head.h
 *		What the head of a request says to the ingress, and what that of an answer says
 *		to browsers.
 *
 * Each function that takes something returns false, and answers, where memory has run
 * out or the request is malformed beyond what the database decides on.
 */
#ifndef RESTATE_GATEWAY_INGRESS_HEAD_H
#define RESTATE_GATEWAY_INGRESS_HEAD_H

#include <stdbool.h>

#include "exchange.h"

struct MHD_Response;

/*
 * Takes the segments of the path from that one on as an array, decoded or as they were
 * sent; what is no text is null, or empty where it was not to be decoded.
 */
extern bool head_take_path(Exchange *exchange, int first, bool decoded, char **where);

/* Takes the second segment, decoded, as the key of an object; NULL if it is no text. */
extern bool head_take_key(Exchange *exchange, char **where);

/* Takes a segment, decoded; NULL if it is no text. */
extern bool head_take_segment(Exchange *exchange, int number, char **where);

/* Takes the parameter delay, however its name is written; NULL without one. */
extern bool head_take_delay(Exchange *exchange, char **where);

/*
 * Takes the headers that a handler is given, as JSON; the name of the first that it
 * cannot be given, NULL without one; and the idempotency key, NULL without one.
 */
extern bool head_take_headers(Exchange *exchange, char **headers, char **bad, char **key);

/* Takes the body as text: what is none becomes U+FFFD. */
extern bool head_take_text(Exchange *exchange, char **where);

/* Adds what tells a browser whether a page may read the answer. */
extern void add_cors_headers(const Exchange *exchange, struct MHD_Response *response);

#endif /* RESTATE_GATEWAY_INGRESS_HEAD_H */
