/*
 * dialect.h
 *		Queries written for Restate's own server, in PostgreSQL's grammar.
 */
#ifndef RESTATE_GATEWAY_DIALECT_H
#define RESTATE_GATEWAY_DIALECT_H

#include <stddef.h>

/*
 * Returns the query in words that PostgreSQL takes, to be freed by the caller;
 * NULL: memory has run out.  Only what PostgreSQL refuses is changed, and
 * nothing in a string, a quoted name or a comment:
 *
 *	==							=
 *	FROM (SELECT …)				with an alias where it has none
 *	SHOW TABLES					a query for the views
 */
extern char *dialect_translate(const char *query);

/*
 * Returns the query with a cast to text on the string that begins at the
 * position, which the server counts in characters from 1, and on those that
 * stand in the same IN (…); to be freed by the caller.  NULL: no string without
 * a cast begins there, or it is compared with nothing by equality, or memory
 * has run out.  By an order text is compared otherwise than an id.
 */
extern char *dialect_cast_to_text(const char *query, size_t position);

#endif /* RESTATE_GATEWAY_DIALECT_H */
