/*
 * attempt_call.h
 *		How a handler is called: the head of the request, and that of the answer.
 */
#ifndef RESTATE_GATEWAY_ATTEMPT_CALL_H
#define RESTATE_GATEWAY_ATTEMPT_CALL_H

#include "dispatch/attempt.h"

/* what the path of a handler begins with */
#define ATTEMPT_INVOKE "/invoke/"

/* Fills an attempt in with what was claimed; returns false where memory has run out. */
extern bool attempt_fill(Attempt *attempt, const Claimed *claimed);

/* A header of the answer; all of them are there. */
extern void attempt_take_header(Call *call, const char *name, const char *value);
extern void attempt_take_head(Call *call);

#endif /* RESTATE_GATEWAY_ATTEMPT_CALL_H */
