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

/* append.c */
extern bool appending_reaches_others(const Appending *appending);
extern bool appending_asks(const Appending *appending);
extern bool appending_lock(Workset *workset, Appending *appending, Reach reach);
extern void appending_append(Workset *workset, Appending *appending, Invocation *invocation);

/* the steps of these two */
extern bool appending_find_callees(const Appending *appending, RestateRefusal *refusal);
extern int appending_enter_others(Workset *workset, const Appending *appending,
								  RestateInvocationId *ids);
extern int appending_targets(Workset *workset, const Appending *appending, Invocation **targets);
extern void appending_link(Workset *workset, Appending *appending, Invocation *invocation);
extern NewEntries appending_entries(const Appending *appending);

/* state.c */
extern void appending_read_state(List **states, Appending *appending,
								 const Invocation *invocation);
extern void appending_write_states(Workset *workset, const List *states);

/* attempt.c */
extern bool ending_lock_alone(Workset *workset, const RestateInvocationId *id);
extern RetryPolicy ending_read_failure(Invocation *invocation);

/* events.c */
extern void ending_add_event(Workset *workset, const Invocation *invocation,
							 const Failure *failure);

/* answers.c */
extern void answers_find(const Invocation *invocation, SentEntry *sent, int count);

#endif /* RESTATE_APPENDING_H */
