/*
 * register.h
 *		Registering a deployment: it is asked for its manifest first, and then that is one
 *		SQL call.
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

/* Asks the deployment; has the exchange go on with its call when it has answered. */
extern void register_discover(Exchange *exchange);

/* Nobody waits for what is asked any more: answers so. */
extern void register_withdraw(Exchange *exchange);

/* Ends all that is asked: the gateway is being stopped. */
extern void register_give_up(void);

extern void answer_registered(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_GATEWAY_REGISTER_H */
