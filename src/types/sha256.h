/*
 * sha256.h
 *		SHA-256, as the server has it.
 */
#ifndef RESTATE_SHA256_H
#define RESTATE_SHA256_H

#include "postgres.h"

#include "common/sha2.h"
#include "lib/stringinfo.h"

extern void restate_sha256(const StringInfo input, uint8 *digest);

#endif /* RESTATE_SHA256_H */
