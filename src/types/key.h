/*
 * key.h
 *		How long a key is that a caller chooses, and what an index has of one.
 */
#ifndef RESTATE_KEY_H
#define RESTATE_KEY_H

#include "postgres.h"

extern Size restate_key_bytes(Datum key);
extern void restate_require_key(const char *parameter, const text *key);

#endif /* RESTATE_KEY_H */
