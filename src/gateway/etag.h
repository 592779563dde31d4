/*
 * etag.h
 *		What a client has already.
 */
#ifndef RESTATE_GATEWAY_ETAG_H
#define RESTATE_GATEWAY_ETAG_H

#include <stdbool.h>

#include "exchange.h"

/* Whether the client has said that it has what the exchange's tag is of. */
extern bool etag_is_known(const Exchange *exchange);

#endif /* RESTATE_GATEWAY_ETAG_H */
