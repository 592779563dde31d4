/*
 * hash.h
 *		A hash of a text.
 */
#ifndef RESTATE_GATEWAY_HASH_H
#define RESTATE_GATEWAY_HASH_H

#include <stdint.h>

/* Returns the FNV-1a of 64 bits. */
static inline uint64_t
hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const unsigned char *p = (const unsigned char *) text; *p; p++)
		hash = (hash ^ *p) * UINT64_C(1099511628211);
	return hash;
}

#endif /* RESTATE_GATEWAY_HASH_H */
