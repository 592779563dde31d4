/*
 * operation.h
 *		An operation over one or many invocations, as it is asked for and as
 *		it turned out.
 */
#ifndef RESTATE_OPERATION_H
#define RESTATE_OPERATION_H

#include "postgres.h"

#include "admin/restart_point.h"
#include "machine/machine.h"
#include "types/id.h"
#include "types/outcome.h"
#include "workset/workset.h"

typedef enum Operation
{
	OPERATION_PURGE_JOURNAL,
	OPERATION_DELETE_CANCEL,
	OPERATION_DELETE_KILL,
	OPERATION_DELETE_PURGE,
	OPERATION_RESTART_AS_NEW,
	OPERATION_CANCEL,
	OPERATION_KILL,
	OPERATION_PURGE,
	OPERATION_PAUSE,
	OPERATION_RESUME,
	OPERATION_COUNT
} Operation;

/* What is asked of each invocation. */
typedef struct Request
{
	Operation operation;
	Asked asked;
	const RestartPoint *point; /* of a restart, in place of the last index; NULL: that index */
	const char *parameters;	   /* JSON object, for the audit */
	bool passes_over_busy;	   /* waits for no lock, and locks nothing but what is named */
} Request;

/* One invocation asked for, and how it went. */
typedef struct Target
{
	bool is_null;
	RestateInvocationId id;
	const char *subject; /* who claims to ask, and why, for the audit; NULL: as the session says */
	const char *reason;
	bool is_busy;			/* passed over: nothing was done */
	Invocation *invocation; /* NULL for a null id */
	int64 last_index;		/* of a restart: what it keeps of the journal */
	Restart restart;		/* as it was made */
	RestateRefusal refusal; /* RESTATE_OK if it succeeded */
	const char *outcome;
	bool has_new_id;
	RestateInvocationId new_id;
	const char *parameters; /* for the audit; NULL: those of the request */
} Target;

extern const char *operation_name(Operation operation);
extern bool operation_of_name(const char *name, Operation *operation);
extern void operation_run(const Request *request, Target *targets, int count);
extern List *operation_try(const Request *request, Target *targets, int count);
extern void operation_judge(Workset *workset, const Request *request, bool with_key,
							Target *target);

/* What an operation does with one invocation that exists, in a locked working set. */
typedef void (*OperationOnOne)(Workset *workset, const Request *request, Target *target,
							   Invocation *invocation);

/* What it does with all of them, where it must look at them together. */
typedef void (*OperationOnAll)(Workset *workset, const Request *request, Target *targets,
							   int count);

extern void operation_purge_journal(Workset *workset, const Request *request, Target *target,
									Invocation *invocation);
extern void operation_purge(Workset *workset, const Request *request, Target *target,
							Invocation *invocation);
extern void operation_cancel(Workset *workset, const Request *request, Target *target,
							 Invocation *invocation);
extern void operation_kill(Workset *workset, const Request *request, Target *target,
						   Invocation *invocation);
extern void operation_pause(Workset *workset, const Request *request, Target *target,
							Invocation *invocation);
extern void operation_resume(Workset *workset, const Request *request, Target *target,
							 Invocation *invocation);
extern void restart_find_incomplete(const Target *target, StoreFoundCommand *found);
extern void operation_restart_all(Workset *workset, const Request *request, Target *targets,
								  int count);

extern Invocation *target_found(Target *target);
extern void target_refuse(Target *target, Refusal refusal);
extern void target_succeed(Workset *workset, Target *target, const char *outcome, bool took_effect);

#endif /* RESTATE_OPERATION_H */
