/*
 * key.h
 *		How long the keys are that callers choose, and what an index has of one.
 */
#ifndef RESTATE_KEY_H
#define RESTATE_KEY_H

#include "postgres.h"

/* bytes in UTF-8 of the key of an object, a state, a promise or a caller's repeats */
#define RESTATE_KEY_MAX_BYTES 16384

/* bytes of what makes a restart repeatable */
#define RESTATE_REQUEST_ID_MAX_BYTES 255

extern Size restate_key_bytes(Datum key);
extern void restate_require_key(const char *parameter, const text *key);

#endif /* RESTATE_KEY_H */
