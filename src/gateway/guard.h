/*
 * guard.h
 *		Which requests are let in: what is looked at before the route.
 */
#ifndef RESTATE_GATEWAY_GUARD_H
#define RESTATE_GATEWAY_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "exchange.h"
#include "options.h"

extern void guard_configure(const Options *options);

/*
 * Refuses a request whose head is not plain, which leaves open where it ends,
 * or which is not for us.  version is what libmicrohttpd says it is.
 */
extern void guard_head(Exchange *exchange, const char *method, const char *version);

/* Refuses a request without the token, where the route asks for one. */
extern void guard_token(Exchange *exchange);

/* Refuses a body of which its headers say that the route does not take it. */
extern void guard_body(Exchange *exchange);

#endif /* RESTATE_GATEWAY_GUARD_H */
