/*
 * push.h
 *		What attempts send in frames, as it is worked on.
 */
#ifndef RESTATE_PUSH_H
#define RESTATE_PUSH_H

#include "postgres.h"

#include "types/entry_frame.h"
#include "worker/appending.h"

/* The frames of one attempt as they are worked on. */
typedef struct Part
{
	Pushed *pushed;
	Appending appending;
	Closing closing;
	SentFrames sent;
	RetryPolicy policy;
	Invocation *invocation;
	WireBuffer reply;
	bool is_refused;
} Part;

/* The one part of an invocation that is not refused. */
typedef struct NamedPart
{
	RestateInvocationId id; /* hash key */
	Part *part;
} NamedPart;

/* All of them. */
typedef struct Push
{
	Part *parts;
	int count;
	Appending **appendings; /* of the parts that are not refused */
	int nappendings;
	List *states;		/* that the parts use */
	HTAB *by_id;		/* the parts whose journals have more than they were given */
	const Claim *claim; /* who runs what is made ready; NULL: nobody does at once */
	PushAnswer answer;
} Push;

/* push_reads.c: what the parts need to know */
extern void push_read_journals(Workset *workset, Push *push);

/* push_replies.c: what goes back to those who run the handlers */
extern void push_write_replies(Push *push);
extern List *push_news(Workset *workset);

#endif /* RESTATE_PUSH_H */
