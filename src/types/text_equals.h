/*
 * text_equals.h
 *		Comparing text values, in either of their short forms, with each other and with C
 *		strings.
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

/*
 * Returns whether both texts, which are not toasted, have the same bytes.
 */
static inline bool
same_text(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

#endif /* RESTATE_TEXT_EQUALS_H */
