/*
 * text_equals.h
 *		Comparing a text value, in either of its short forms, with a C string.
 */
#ifndef RESTATE_TEXT_EQUALS_H
#define RESTATE_TEXT_EQUALS_H

#include "postgres.h"

#include "types/compat.h"

/*
 * Returns whether the text, which is not toasted, has exactly those bytes.
 */
static inline bool
text_equals(const text *value, const char *bytes)
{
	size_t length = strlen(bytes);

	return VARSIZE_ANY_EXHDR(value) == length && memcmp(VARDATA_ANY(value), bytes, length) == 0;
}

#endif /* RESTATE_TEXT_EQUALS_H */
