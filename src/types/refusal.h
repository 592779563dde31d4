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
	REFUSAL_COUNT
} Refusal;

typedef struct RefusalDef
{
	RestateCategory category;
	const char *message; /* takes the invocation's id as %s */
	const char *hint;	 /* NULL: the category's */
} RefusalDef;

extern const RefusalDef refusals[REFUSAL_COUNT];

#endif /* RESTATE_REFUSAL_H */
