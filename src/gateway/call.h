/*
 * call.h
 *		The one SQL call that most routes are.
 */
#ifndef RESTATE_GATEWAY_CALL_H
#define RESTATE_GATEWAY_CALL_H

#include "pool.h"

/* Runs the route's call with the exchange's arguments, and has the route answer. */
extern const TaskKind one_call;

#endif /* RESTATE_GATEWAY_CALL_H */
