/*
 * outcome.h
 *		Every way an operation can be refused: the category, the SQLSTATE that
 *		carries its HTTP status, and the words for it.
 */
#ifndef RESTATE_OUTCOME_H
#define RESTATE_OUTCOME_H

#include "postgres.h"

#include "compat.h"

/* invocations in one batch, in SQL and over HTTP */
#define RESTATE_BATCH_MAX	   1000000
#define RESTATE_HTTP_BATCH_MAX 1000

typedef enum RestateCategory
{
	RESTATE_OK,
	RESTATE_INVALID_INVOCATION_ID,
	RESTATE_INVALID_DEPLOYMENT_ID,
	RESTATE_INVALID_QUERY_PARAMETER,
	RESTATE_INVALID_BODY,
	RESTATE_BATCH_TOO_LARGE,
	RESTATE_INVOCATION_NOT_FOUND,
	RESTATE_NOT_STARTED,
	RESTATE_STILL_RUNNING,
	RESTATE_NOT_COMPLETED,
	RESTATE_ALREADY_COMPLETED,
	RESTATE_NOT_RUNNING,
	RESTATE_INPUT_NOT_AVAILABLE,
	RESTATE_RESTART_NOT_SUPPORTED,
	RESTATE_REQUEST_ID_CONFLICT,
	RESTATE_DEPLOYMENT_NOT_CHANGEABLE,
	RESTATE_DEPLOYMENT_NOT_FOUND,
	RESTATE_DEPLOYMENT_INCOMPATIBLE,
	RESTATE_JOURNAL_PREFIX_INCOMPLETE,
	RESTATE_JOURNAL_INDEX_OUT_OF_RANGE,
	RESTATE_READ_ONLY,
	RESTATE_CATEGORY_COUNT
} RestateCategory;

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

extern RestateRefusal restate_refusal(RestateCategory category, const char *fmt, ...) pg_attribute_printf(2, 3);
pg_noreturn extern void restate_raise(RestateRefusal refusal);

/*
 * The error fields of a category for ereport() and ereturn(), after the
 * message.  DETAIL begins with the category's name, and the constraint name
 * is that name alone.
 */
extern int restate_err_category(RestateCategory category);

#endif /* RESTATE_OUTCOME_H */
