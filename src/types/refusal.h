/*
 * refusal.h
 *		Why an operation can be refused, in the words for it.
 */
#ifndef RESTATE_REFUSAL_H
#define RESTATE_REFUSAL_H

#include "types/category.h"

typedef enum Refusal
{
	NOT_REFUSED,
	REFUSED_NOT_FOUND,
	REFUSED_NOT_STARTED,
	REFUSED_NOT_RUNNING,
	REFUSED_NOT_COMPLETED,
	REFUSED_COMPLETED,
	REFUSED_PAUSED,
	REFUSED_BACKING_OFF,
	REFUSED_STILL_RUNNING,
	REFUSED_NO_JOURNAL,
	REFUSED_WORKFLOW,
	REFUSED_NEVER_PINNED_FROM,
	REFUSED_NEVER_PINNED,
	REFUSED_OLD_PROTOCOL,
	REFUSED_DEPLOYMENT_NOW,
	REFUSED_NO_DEPLOYMENT,
	REFUSED_INCOMPATIBLE,
	REFUSED_PAST_JOURNAL,
	REFUSED_INCOMPLETE_PREFIX, /* its message names the command: see who raises it */
	REFUSED_OTHER_REQUEST,
	REFUSED_ATTEMPT_LOST,
	REFUSED_OTHER_COMMAND,
	REFUSED_COMMAND_GAP,
	REFUSED_COMPLETED_BEFORE,
	REFUSED_NO_RUN,
	REFUSED_ASKED_BEFORE,
	REFUSED_NOT_APPENDED,
	REFUSED_NO_STATE,
	REFUSED_STATE_READ_ONLY,
	REFUSED_NO_PROMISES,
	REFUSED_EMPTY_IDEMPOTENCY_KEY,
	REFUSED_NO_HANDLER,
	REFUSED_AWAITS_NOTHING,
	REFUSED_NO_OUTPUT,
	REFUSED_STATE_VERSION,
	REFUSAL_COUNT
} Refusal;

/* Restate's codes for why an attempt fails */
#define RESTATE_ERROR_HANDLER	  "RT0007"
#define RESTATE_ERROR_PROTOCOL	  "RT0012"
#define RESTATE_ERROR_MISMATCH	  "RT0016"
#define RESTATE_ERROR_NOT_ALLOWED "RT0017"
#define RESTATE_ERROR_NO_HANDLER  "RT0018"

typedef struct RefusalDef
{
	RestateCategory category;
	const char *message;	/* takes the invocation's id as %s, or the object's name */
	const char *hint;		/* NULL: the category's */
	const char *error_code; /* with which an attempt fails that is refused so; NULL: it is none's */
} RefusalDef;

extern const RefusalDef refusals[REFUSAL_COUNT];

#endif /* RESTATE_REFUSAL_H */
