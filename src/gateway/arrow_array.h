/*
 * arrow_array.h
 *		The values of a column as Arrow lays them out, gathered one by one.
 */
#ifndef RESTATE_GATEWAY_ARROW_ARRAY_H
#define RESTATE_GATEWAY_ARROW_ARRAY_H

#include <stdbool.h>
#include <stdint.h>

#include "arrow_type.h"
#include "buffer.h"

/* Zeroed before its first use, but for the type. */
typedef struct ArrowArray
{
	ArrowType type;
	int64_t count;
	int64_t nulls;
	Buffer validity;		 /* a bit a value, set where it is not null */
	Buffer offsets;			 /* of texts, bytes and lists: where each begins, and where the last ends */
	Buffer values;			 /* of a list: none, its items have them */
	struct ArrowArray *item; /* of a list: its elements, one after the other; NULL elsewhere */
	Buffer element;			 /* of a list: the one that is read */
} ArrowArray;

/* Makes the array of a list's items, of the type; returns false where memory has run out. */
extern bool arrow_array_make_items(ArrowArray *array, ArrowType type);

/*
 * Adds a value as the server prints it; NULL is null.  Returns what is wrong
 * with it, NULL where nothing is.
 */
extern const char *arrow_array_add(ArrowArray *array, const char *value, int len);

/* Returns whether memory has run out for any of its values. */
extern bool arrow_array_has_failed(const ArrowArray *array);

/* Forgets the values; keeps memory for about as many bytes. */
extern void arrow_array_clear(ArrowArray *array, size_t kept);

extern void arrow_array_free(ArrowArray *array);

#endif /* RESTATE_GATEWAY_ARROW_ARRAY_H */
