/*
 * explain.h
 *		What an invocation is, where it stands, what it waits for, and what each
 *		operation would do with it now.
 */
#ifndef RESTATE_EXPLAIN_H
#define RESTATE_EXPLAIN_H

#include "postgres.h"

#include "admin/operation.h"
#include "store/answers.h"

typedef enum WaitKind
{
	WAIT_OBJECT_KEY, /* that another holds */
	WAIT_START,		 /* the time that it is scheduled for */
	WAIT_WORKER,	 /* that claims it */
	WAIT_RETRY,		 /* the time of the next attempt */
	WAIT_OPERATOR,	 /* that resumes it */
	WAIT_COMMAND,	 /* a completion of it */
	WAIT_COMPLETION, /* that no command of the journal asks for */
	WAIT_SIGNAL,
	WAIT_KIND_COUNT
} WaitKind;

typedef struct Wait
{
	WaitKind kind;
	TimestampTz at; /* when it ends by itself; 0: not known */
	/* of an object key who holds it, of a command whom it has called or attaches to */
	const RestateInvocationId *other_id; /* NULL: nobody */
	const StoreFoundBrief *other;		 /* NULL: it is gone */
	int64 ahead;						 /* of an object key: who waits before, at most WAIT_MAX_AHEAD */
	StoreFoundAsking command;
	int64 completion_id;
	int64 signal_index;		 /* -1: it has a name */
	const char *signal_name; /* or NULL */
} Wait;

/* how many of each are looked at */
#define WAIT_MAX	   20
#define WAIT_MAX_AHEAD 1000

/* What an operation would do. */
typedef struct Judgement
{
	const char *operation;
	const char *mode; /* of a delete, else NULL */
	Target target;
} Judgement;

#define JUDGEMENT_COUNT 10

typedef struct Explanation
{
	TimestampTz at;
	StoreFoundAbout about;
	const Invocation *invocation; /* its facts are with the latest deployment of its service */
	Wait *waits;
	int nwaits;
	bool has_more; /* that it waits for */
	const char *next;
	TimestampTz next_at;	   /* 0: not known */
	TimestampTz journal_until; /* of one that has completed; TIME_NEVER: it stays */
	TimestampTz result_until;
	Judgement judgements[JUDGEMENT_COUNT];
} Explanation;

extern RestateRefusal explain(const RestateInvocationId *id, Explanation *explanation);
extern const char *wait_kind_name(WaitKind kind);

#endif /* RESTATE_EXPLAIN_H */
