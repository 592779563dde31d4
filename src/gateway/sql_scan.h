/*
 * sql_scan.h
 *		A statement's tokens, as PostgreSQL takes them apart.
 */
#ifndef RESTATE_GATEWAY_SQL_SCAN_H
#define RESTATE_GATEWAY_SQL_SCAN_H

#include <stddef.h>

typedef enum SqlTokenKind
{
	SQL_END,	  /* of the text */
	SQL_BROKEN,	  /* what begins here never ends: a string, a name, a comment */
	SQL_WORD,	  /* a key word or a name */
	SQL_NAME,	  /* in double quotes */
	SQL_STRING,	  /* of any form, with the pieces that continue it */
	SQL_NUMBER,	  /* or what begins with a digit */
	SQL_OPERATOR, /* as long as it gets */
	SQL_OTHER	  /* any other character */
} SqlTokenKind;

typedef struct SqlToken
{
	SqlTokenKind kind;
	size_t start;
	size_t end;
} SqlToken;

/*
 * Returns the token that begins at or after a place in the text, behind white
 * space and comments.  The text ends with a NUL.
 */
extern SqlToken sql_scan(const char *text, size_t from);

#endif /* RESTATE_GATEWAY_SQL_SCAN_H */
