/*
 * parameters.h
 *		Arguments of a call, from the request's target and headers.
 */
#ifndef RESTATE_GATEWAY_PARAMETERS_H
#define RESTATE_GATEWAY_PARAMETERS_H

#include <stdbool.h>

#include "exchange.h"

/* Each returns false, and answers, where the request is malformed or memory has run out. */
extern bool take_id(Exchange *exchange);
extern bool take_parameter(Exchange *exchange, const char *name, int arg);
extern bool take_deployment(Exchange *exchange, int arg);
extern bool take_idempotency_key(Exchange *exchange, int arg);

/* For the audit, from the headers of these names; NULL: from none. */
extern bool take_person_and_reason(Exchange *exchange, const char *person_header,
								   const char *reason_header);

/* Answers that a parameter is malformed. */
extern void answer_bad_parameter(Exchange *exchange, const char *message);

#endif /* RESTATE_GATEWAY_PARAMETERS_H */
