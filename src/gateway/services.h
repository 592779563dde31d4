/*
 * services.h
 *		Routes that change what is registered, and the state of objects: each is one
 *		SQL call.
 */
#ifndef RESTATE_GATEWAY_SERVICES_H
#define RESTATE_GATEWAY_SERVICES_H

#include "exchange.h"

#include <libpq-fe.h>

/* of the options of a service, and of a state */
#define SERVICE_MAX_BODY ((size_t) 2 * 1024 * 1024)

extern void prepare_remove_deployment(Exchange *exchange);
extern void prepare_modify_service(Exchange *exchange);
extern void prepare_modify_state(Exchange *exchange);

/* Answers that it was done, or will be. */
extern void answer_accepted(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_GATEWAY_SERVICES_H */
