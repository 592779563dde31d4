/*
 * register.h
 *		Registering a deployment, or changing one: it is asked for its manifest first, and
 *		then that is one SQL call.
 */
#ifndef RESTATE_GATEWAY_REGISTER_H
#define RESTATE_GATEWAY_REGISTER_H

#include <libpq-fe.h>

#include "exchange.h"
#include "routes.h"

#define REGISTER_MAX_BODY ((size_t) 2 * 1024 * 1024)

/* what clients of the Admin API know the refusals as */
extern const CategoryCode register_codes[];

extern void prepare_register(Exchange *exchange);

/* Of a deployment that is registered, with PATCH and with PUT. */
extern void prepare_update(Exchange *exchange);

extern void answer_registered(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_GATEWAY_REGISTER_H */
