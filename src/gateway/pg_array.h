/*
 * pg_array.h
 *		Arrays as the server prints them.
 */
#ifndef RESTATE_GATEWAY_PG_ARRAY_H
#define RESTATE_GATEWAY_PG_ARRAY_H

#include <stdbool.h>

#include "buffer.h"

/*
 * Returns where the elements begin in an array of one dimension that counts
 * from 1; NULL where it is another one.
 */
extern const char *pg_array_begin(const char *text);

/* Adds a text to an array that is being written, as one of its elements. */
extern void pg_array_add_text(Buffer *array, const char *text);

/*
 * Reads the element at *p into the buffer, which is emptied before, and passes
 * over it; returns whether there was one.
 */
extern bool pg_array_next(const char **p, Buffer *element, bool *is_null);

#endif /* RESTATE_GATEWAY_PG_ARRAY_H */
