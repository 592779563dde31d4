/*
 * appending.h
 *		Entries on their way into a journal, by themselves or as an attempt ends.
 */
#ifndef RESTATE_APPENDING_H
#define RESTATE_APPENDING_H

#include "postgres.h"

#include "worker/worker.h"

typedef struct Appending
{
	const Caller *caller;
	int64 first_command; /* the number of the first command of these, the input being 0 */
	SentEntry *sent;
	int count;
} Appending;

extern bool appending_reaches_others(const Appending *appending);
extern bool appending_lock(Workset *workset, Appending *appending, Reach reach);
extern void appending_append(Workset *workset, Appending *appending, Invocation *invocation);
extern void appending_write_state(Workset *workset, const Invocation *invocation,
								  const Appending *appending);

#endif /* RESTATE_APPENDING_H */
