/*
 * outcome.h
 *		Every way an operation can be refused: the category, the SQLSTATE that
 *		carries its HTTP status, and the words for it.
 */
#ifndef RESTATE_OUTCOME_H
#define RESTATE_OUTCOME_H

#include "postgres.h"

#include "types/category.h"
#include "types/compat.h"

/* A refusal that is not raised yet: a batch reports it in a row. */
typedef struct RestateRefusal
{
	RestateCategory category;
	char *message;	  /* one line, printable ASCII */
	const char *hint; /* what to do about this one; NULL: the category's */
} RestateRefusal;

extern const char *restate_category_name(RestateCategory category);
extern int restate_category_http_status(RestateCategory category);
extern int restate_category_sqlstate(RestateCategory category);
extern const char *restate_category_detail(RestateCategory category);
extern const char *restate_category_hint(RestateCategory category);

extern int restate_outcome_http_status(const char *operation, const char *outcome);

extern char *restate_quote_text(const char *text);

extern RestateRefusal restate_refusal(RestateCategory category, const char *fmt, ...)
	pg_attribute_printf(2, 3);
pg_noreturn extern void restate_raise(RestateRefusal refusal);
extern bool restate_is_refusal(const ErrorData *error, RestateRefusal *refusal);

/*
 * The error fields of a category for ereport() and ereturn(), after the
 * message.  DETAIL begins with the category's name, and the constraint name
 * is that name alone.
 */
extern int restate_err_category(RestateCategory category);

#endif /* RESTATE_OUTCOME_H */
