/*
 * worker.h
 *		What those call that execute invocations, and those that have something
 *		executed.
 */
#ifndef RESTATE_WORKER_H
#define RESTATE_WORKER_H

#include "postgres.h"

#include "machine/machine.h"
#include "types/id.h"
#include "types/outcome.h"
#include "worker/sent.h"
#include "workset/workset.h"

/* What the registry says of a handler. */
typedef struct Handler
{
	const char *service_name;
	const char *handler_name;
	const char *service_ty;
	const char *handler_ty; /* NULL: it is of a service */
	int64 completion_retention;
	int64 journal_retention;
	RetryPolicy retry;
	RestateDeploymentId deployment_id;
	int32 min_protocol_version;
	int32 max_protocol_version;
	bool is_held; /* nothing of its service is started */
} Handler;

/* What is submitted. */
typedef struct Order
{
	const char *service_name;
	const char *service_key; /* NULL: none */
	const char *handler_name;
	const char *idempotency_key; /* NULL: none */
	const char *headers;		 /* the text of a JSON array */
	Bytes input;
	TimestampTz start_at;	  /* not before; 0: at once */
	const char *worker_name;  /* who runs it at once if it can start; NULL: nobody */
	const ArrayType *runs_on; /* if it starts on one of these deployments; NULL: on any */
	const char *awaited_by;	  /* where a request waits for the result; NULL: nowhere */
} Order;

/* What became of it. */
typedef struct Submitted
{
	RestateInvocationId id;
	const char *outcome;
	int64 attempt;							  /* of the worker; 0: none */
	int64 seed;								  /* of one that is new */
	bool made_ready;						  /* it can be claimed */
	const RestateDeploymentId *deployment_id; /* of the attempt, and how it is spoken with there */
	int32 protocol_version;
} Submitted;

/* Who calls of an attempt. */
typedef struct Caller
{
	RestateInvocationId id;
	int64 attempt;
	const char *server; /* what it is answered by; NULL: not told */
} Caller;

/* an attempt that was started */
typedef struct Claimed
{
	RestateInvocationId id;
	int64 attempt;
} Claimed;

/* What an attempt sends in frames, and how that went. */
typedef struct Pushed
{
	Caller caller;
	const bytea *frames;
	int64 first_command; /* the number of its first command; -1: the next */
	int64 known;		 /* how many entries of the journal it has been given; -1: not told */
	/* what came of it: RESTATE_OK, or why not */
	RestateRefusal refusal;
	const char *error_code; /* with which the attempt fails that is refused, or has failed; NULL: none */
	const char *status;		/* of the invocation, if the attempt has ended; else NULL */
	TimestampTz next_retry_at;
	int64 commands; /* that the journal has, and entries */
	int64 entries;
	const bytea *reply; /* frames for who runs the handler; NULL if the attempt has ended */
	/* what it completes with, where a request waits for that, and by which it is known there */
	const bytea *result; /* NULL: none, or a failure */
	int64 seed;
} Pushed;

/* What comes to one of the attempts of who pushes by what the others push. */
typedef struct PushNews
{
	RestateInvocationId id;
	int64 known;   /* how many entries its journal had before */
	int64 entries; /* and has now */
	const bytea *reply;
} PushNews;

/* What comes of a push beside what is noted on each. */
typedef struct PushAnswer
{
	bool made_ready; /* something is ready that was not, and was not started */
	List *started;	 /* of RestateInvocationId: what was */
	List *news;		 /* of PushNews */
} PushAnswer;

/* registry.c */
extern bool registry_find(const char *service_name, const char *handler_name,
						  const RestateDeploymentId *deployment_id, Handler *handler);
extern bool registry_takes(const Handler *handler, const char *service_key,
						   const char *idempotency_key, RestateRefusal *refusal);
extern void registry_name_id(const Handler *handler, const char *service_key,
							 const char *idempotency_key, RestateInvocationId *id);
extern bool registry_is_joined(const Handler *handler, const char *idempotency_key);
extern Submission *registry_submission(const Handler *handler, const char *service_key,
									   const char *idempotency_key);

/* handlers.c: what was worked out of handlers before */
extern bool handlers_has(const StoreHandler *asked);
extern bool handlers_find(const StoreHandler *asked, StoreFoundHandler *found);
extern void handlers_keep(const StoreHandler *asked, const StoreFoundHandler *found);

/* results.c */
extern void results_read(Workset *workset, Invocation *const *invocations, int count);
extern const char *results_show_failure(int code, const char *message, const char *stacktrace);
extern EntryResult results_of_failure(const char *failure, const char *metadata);
extern int results_read_failure(const char *failure, const char **message);

/* What a worker asks for. */
typedef struct Claim
{
	const char *worker_name;
	const ArrayType *services;	  /* NULL: those that the deployments serve */
	const ArrayType *deployments; /* NULL: any */
	int64 max;
} Claim;

/* submit.c, claim.c */
extern Submitted worker_submit(const Order *order);
extern Claimed *worker_claim(const Claim *claim, int *count);
extern Claimed *worker_start(const char *worker_name, const RestateInvocationId *ids, int *count);
extern void worker_see(Workset *workset, const char *worker_name);

/* shards.c */
extern int shards_begin(void);
extern RestateInvocationId *shards_read_next(const Claim *claim, int64 depth, int *count);

/* runnable.c */
extern RestateInvocationId *runnable_read(const Claim *claim, int64 depth, int *count,
										  bool *has_more);
extern RestateInvocationId *runnable_ids(uint64 rows, int *count);

/* journal_part.c: what an attempt's call needs to know of its journal */
extern void journal_ask(StoreCall *call, Invocation *invocation, const SentEntry *sent, int count,
						int64 first_command, const Awaited *awaited);
extern void journal_read_last_completion_id(Workset *workset, Invocation *const *invocations, int count);
extern void journal_read_asked(Workset *workset, const StoreCall *call);
extern void journal_read_signals(Invocation *invocation, const Awaited *awaited, int64 known);
extern void journal_read_output(Invocation *invocation);
extern EntryColumns journal_columns(const StoreFoundEntry *found);

/* append.c */
extern void worker_append(const Caller *caller, int64 first_command, SentEntry *sent, int count);

/* attempt.c */
extern const char *worker_suspend(const Caller *caller, const Awaited *awaited, int64 known);
extern const char *worker_complete(const Caller *caller, int64 first_command, SentEntry *sent,
								   int count);
extern const char *worker_fail(const Caller *caller, const Failure *failure);

/* push.c */
extern PushAnswer worker_push(Pushed *pushed, int count, const Claim *claim);

/* hand_over.c */
extern List *worker_hand_over(Workset *workset, const Claim *claim);

/* deliver.c */
extern const char *worker_signal(const RestateInvocationId *id, const Signal *signal);
extern const char *worker_complete_promise(const ObjectKeyName *workflow, int64 partition_key,
										   const char *key, const EntryResult *result);

/* adopt.c */
extern int64 worker_adopt(const RestateInvocationId *ids, int count);

/* clock.c */
extern int64 worker_tick(int64 max, int64 silence);

/* take_over.c */
extern int64 worker_take_over(int64 max, int64 silence);
extern int64 worker_leave(const char *worker_name, int64 max);

/* common */
extern void worker_refuse(Refusal refusal, const RestateInvocationId *id);

#endif /* RESTATE_WORKER_H */
