/*
 * model.h
 *		What the machine works on: invocations as they were read and locked, with
 *		what becomes of them.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_MODEL_H
#define RESTATE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types/entry_type.h"
#include "types/id_codec.h"
#include "types/signal_index.h"
#include "types/status.h"

/* Times and durations are whole microseconds.  A time that is never reached: */
#define TIME_NEVER INT64_MAX

/* Where memory comes from, which is freed with all that is worked on; there is always enough. */
typedef struct Arena
{
	void *(*allocate)(void *owner, size_t size);
	void *owner;
} Arena;

/* Bytes, which do not end in a zero byte; without data there are none. */
typedef struct Bytes
{
	const void *data;
	size_t size;
} Bytes;

/* What a completion or a signal brings, and what an invocation ends with. */
typedef struct EntryResult
{
	const char *
		meta; /* of an entry that brings it: {} with a value, else {"result": "Void"} or a Failure */
	Bytes value;
} EntryResult;

/* A signal to an invocation. */
typedef struct Signal
{
	int64_t index;	  /* -1: it has a name instead */
	const char *name; /* or NULL */
	EntryResult result;
} Signal;

typedef enum DeploymentChoice
{
	DEPLOYMENT_KEEP,
	DEPLOYMENT_LATEST,
	DEPLOYMENT_ID
} DeploymentChoice;

/* What the facts depend on beside the ids. */
typedef struct Asked
{
	DeploymentChoice deployment;
	RestateDeploymentId deployment_id;
	const char *request_id; /* of a restart, or NULL */
	int64_t last_index;		/* of a restart: what it keeps of the journal */
} Asked;

/* What operations decide on, of an invocation and the deployment asked for. */
typedef struct Facts
{
	Status status;
	bool is_workflow;
	bool is_workflow_run;
	bool is_exclusive;
	bool is_pinned;
	bool keeps_result;
	bool keeps_journal;
	bool pause_requested;
	bool awaits_cancel; /* suspended on the signal to end */
	bool has_caller;
	bool has_waiters;		   /* somebody may wait for its result */
	bool is_foreign;		   /* nothing has run it here yet */
	bool is_awaited;		   /* requests may wait for its result */
	bool is_awaited_elsewhere; /* at another than the worker that runs it */
	bool deployment_found;	   /* the one asked for */
	bool has_service_key;
	bool asked_is_known;
	int32_t protocol_version;
	int32_t min_protocol_version; /* of the deployment */
	int32_t max_protocol_version;
	int64_t journal_size;
	int64_t journal_commands_size;
	int64_t inbox_sequence_number;
	int64_t attempt; /* 0: none, or one elsewhere */
	int64_t attempt_count;
	int64_t entry_retry_count;
	int64_t ready_at; /* since when it is; times: 0 where there is none */
	int64_t scheduled_start_at;
	int64_t next_retry_at;
	int64_t last_start_at;
	int64_t last_entry_at;
	int64_t retained_from;
	int64_t result_retention; /* durations */
	int64_t journal_retention;
	int64_t random_seed; /* which tells it from an earlier one of its id */
	int64_t asked;		 /* the last completion that its commands ask for; -1: none */
	RestateDeploymentId pinned_deployment_id;
	RestateDeploymentId deployment_id;
	RestateInvocationId caller_id;
	uint32_t service_name_length; /* both follow, without an end */
	uint32_t service_key_length;
} Facts;

struct Invocation;

typedef struct ObjectKeyName
{
	const char *service_name;
	const char *service_key;
} ObjectKeyName;

/* An object key: who holds it, and the part of its inbox that was read. */
typedef struct ObjectKey
{
	ObjectKeyName name; /* hash key */
	int64_t partition_key;
	bool locked; /* the row exists, and is locked unless all is only read */
	bool has_holder;
	RestateInvocationId holder;
	int64_t next_sequence_number;
	struct Invocation **inbox; /* first in first out */
	int inbox_size;
	int inbox_wanted;
	bool has_queued_state;		/* changes of the state wait in the inbox, too */
	int64_t queued_state_until; /* those before this place are due; 0: none */
	bool changed;
} ObjectKey;

/* A journal entry to append. */
typedef struct JournalAppend
{
	struct JournalAppend *next;
	int64_t index;
	const char *entry_type;
	bool is_command;
	int64_t completion_id;		  /* -1: none */
	int64_t result_completion_id; /* -1: none */
	int64_t signal_index;		  /* -1: none */
	const char *signal_name;
	const char *name;
	const RestateInvocationId *invoked_id;
	const char *meta;
	Bytes payload;
	const char **state_keys; /* of the entry that brings them: they are still to go into meta */
	int nstate_keys;
} JournalAppend;

typedef enum WaiterKind
{
	WAITER_CALL,
	WAITER_ATTACH,
	WAITER_INGRESS /* no invocation, but a request */
} WaiterKind;

/* Who waits for the result of an invocation. */
typedef struct Waiter
{
	struct Waiter *next;
	WaiterKind kind;
	struct Invocation *caller; /* NULL: a request, no invocation */
	int64_t caller_seed;	   /* the caller's random seed; 0: not known */
	int64_t result_completion_id;
	bool answered;
	bool is_new; /* else it goes when it is answered */
} Waiter;

/* What a suspended invocation waits for: any of these. */
typedef struct Awaited
{
	const int64_t *completions;
	int ncompletions;
	const int64_t *signals; /* by index */
	int nsignals;
	const char *const *names; /* signals by name */
	int nnames;
} Awaited;

/* A completion that a journal holds. */
typedef struct Completion
{
	int64_t completion_id;
	int64_t index;
	EntryResult result;
} Completion;

/* A signal that a journal holds. */
typedef struct Arrival
{
	int64_t index;
	int64_t signal_index; /* -1: it has a name instead */
	const char *signal_name;
} Arrival;

typedef enum TimerKind
{
	TIMER_SLEEP,
	TIMER_SCHEDULE,
	TIMER_RETRY,
	TIMER_EXPIRY
} TimerKind;

/*
 * A timer of an invocation.  Those of what is gone or has gone on fire, find
 * nothing to do, and are no more.
 */
typedef struct Timer
{
	TimerKind kind;
	int64_t due_at;
	int64_t completion_id; /* of a sleep; -1: none */
	int64_t seed;		   /* of a sleep the invocation's random seed; 0: not known */
} Timer;

typedef struct TimerChange
{
	struct TimerChange *next;
	Timer timer;
	bool is_removed; /* else it is set */
} TimerChange;

/* One entry of the state of an object or workflow. */
typedef struct StateEntry
{
	struct StateEntry *next;
	const char *key;
	bool exists;
	Bytes value;
	bool changed;
} StateEntry;

/* The state of an object or workflow: the part that was read, as it is to be. */
typedef struct ObjectState
{
	ObjectKeyName name;
	int64_t partition_key;
	StateEntry *entries; /* by key; what is read but not here does not exist */
	bool cleared;		 /* all there was goes, before what has changed is written */
} ObjectState;

/* What a state is to be instead of what it is. */
typedef struct StateChange
{
	StateEntry *entries; /* by key */
	const char *version; /* of the state that it is meant for; NULL: any */
} StateChange;

/* An invocation that waits for a promise. */
typedef struct PromiseWaiter
{
	struct PromiseWaiter *next;
	struct Invocation *caller;
	int64_t caller_seed; /* as a Waiter's */
	int64_t completion_id;
	bool is_new; /* else it goes when the promise is completed */
} PromiseWaiter;

/* A promise of a workflow. */
typedef struct Promise
{
	ObjectKeyName workflow;
	const char *key;
	int64_t partition_key;
	bool completed;
	EntryResult result;
	PromiseWaiter *waiters;
	bool changed;
} Promise;

/* A new invocation as it is asked for. */
typedef struct Submission
{
	const char *service_name;
	const char *service_ty; /* both as the columns of the invocation have them */
	const char *handler_ty;
	const char *service_key; /* NULL: none */
	const char *handler_name;
	bool is_workflow;
	bool is_workflow_run;
	bool is_exclusive;
	const char *idempotency_key;  /* NULL: none */
	int64_t start_at;			  /* not before; 0: at once */
	int64_t completion_retention; /* of a workflow run, and of what has an idempotency key */
	int64_t journal_retention;
	bool has_caller;
	RestateInvocationId caller_id;
	const char *caller_service_name;
	const char *caller_target;
	const char *input_meta;
	Bytes input;
	const char *awaited_by; /* where a request waits for its result; NULL: nowhere */
} Submission;

/* An entry that an attempt appends, with what it reaches. */
typedef struct Entry
{
	EntryType type;
	const char *name;			  /* NULL: none */
	int64_t completion_id;		  /* that a command asks for, or a completion brings; -1: none */
	int64_t result_completion_id; /* the second of a Call; -1: none */
	const char *meta;			  /* in one text form: an equal entry has an equal text */
	const char *replay_meta;	  /* what of it a replay has to repeat; NULL: all */
	Bytes payload;
	EntryResult result;	   /* of a Run, an Output, a CompletePromise */
	const char *failure;   /* of an Output that is one: the text of it */
	Signal signal;		   /* that a SendSignal or a CompleteAwakeable sends */
	int64_t wake_up_at;	   /* of a Sleep */
	const char *state_key; /* of a command on one entry of the state */
	ObjectState *state;
	Promise *promise;
	struct Invocation
		*target;				  /* called, attached to, signalled; NULL: the store has none of that id */
	const Submission *submission; /* of a Call or OneWayCall; NULL: no such handler */
	/* what came of it */
	int64_t index;
	bool repeated; /* the journal had it */
} Entry;

/* What was read of a journal, as far as it has it. */
typedef struct JournalPart
{
	const Completion *completions; /* that the call brings, or waits for */
	int ncompletions;
	const int64_t *runs; /* the completions that its runs ask for, of those that the call brings */
	int nruns;
	const Arrival *arrivals; /* of signals that the call waits for */
	int narrivals;
	const Entry *commands;	/* that the call appends, from */
	int64_t commands_first; /* this one on, counted among commands */
	int ncommands;
} JournalPart;

/* How an invocation ends. */
typedef struct Outcome
{
	const char *failure; /* the text of it; NULL: a success */
	EntryResult result;
} Outcome;

/* A failed attempt. */
typedef struct Failure
{
	const char *text;  /* as it is shown where it is what the invocation ends with */
	const char *shown; /* and where it is the last failure: with a name of the code, and the stack trace */
	const char *error_code;
	const char *stacktrace; /* NULL: none */
	EntryResult result;		/* what the invocation ends with if this is its end */
	int64_t retry_after;	/* asked for instead of the policy's; -1: none */
	bool is_of_deployment;	/* no code of the handler had a part in it */
	int64_t related_command_index;
	const char *related_command_name;
	const char *related_command_type;
} Failure;

/* When an attempt that has failed is followed by another. */
typedef struct RetryPolicy
{
	int64_t initial_interval;
	double factor; /* of each interval, to the next */
	int64_t max_interval;
	int64_t max_attempts; /* INT64_MAX: without end */
	bool kills;			  /* after the last one, instead of pausing */
} RetryPolicy;

/* A restart that was made with a request id, and what the audit has of it. */
typedef struct Restarted
{
	bool exists;
	RestateInvocationId id;
	bool is_recorded;
	int64_t last_index;
	bool deployment_is_recorded; /* as the one that was resolved, or none */
	bool has_deployment;
	RestateDeploymentId deployment_id;
} Restarted;

typedef struct Invocation
{
	RestateInvocationId id; /* hash key */
	int64_t partition_key;
	bool exists;
	bool is_busy;	   /* passed over: locked by another, or reaches others */
	bool within_reach; /* named, or to be killed with its caller */
	bool existed;	   /* when it was reached, before the locks */

	/* as locked; the machine changes these */
	Status status;
	int64_t journal_size;
	int64_t journal_commands_size;
	bool pause_requested;
	int64_t attempt;			/* the fence of the one that runs, never 0 */
	int64_t attempt_count;		/* attempts, since it was last suspended or resumed */
	int64_t entry_retry_count;	/* those that failed since the last entry */
	int64_t last_entry_at;		/* when that was appended */
	int64_t last_start_at;		/* of an attempt */
	int64_t ready_at;			/* since when it is */
	int64_t scheduled_start_at; /* 0: none */
	int64_t next_retry_at;		/* 0: none */
	int64_t inbox_sequence_number;
	int64_t retained_from;	   /* completion, or later what began to count instead */
	int64_t result_retention;  /* from then; 0: not known, so it does not expire */
	int64_t journal_retention; /* likewise */
	const Awaited *awaited;	   /* while suspended; NULL: not known */
	const Outcome *output;	   /* the last Output of its journal; NULL: none */
	const EntryResult *result; /* of one that has completed */

	/* as locked, and never changed */
	Facts facts;
	char *service_name;
	char *service_key;
	bool has_prefix;		 /* the rest is known, of index 1 to the last one kept */
	int64_t prefix_commands; /* how many */
	int missing_size;		 /* completions that they wait for, not among these entries */
	int64_t *missing;
	int suffix_size;	 /* those of them that come later in the journal */
	int64_t *suffix;	 /* their indexes, ascending */
	Restarted restarted; /* with the request id of this call */
	ObjectKey *object_key;
	struct Invocation **callees;
	int ncallees;
	Waiter *waiters;			 /* those that wait for its result */
	const JournalPart *journal;	 /* what was read of it; NULL: nothing */
	bool asked_is_known;		 /* the next */
	int64_t asked;				 /* the last completion that its commands ask for; -1: none */
	const Failure *last_failure; /* NULL: none */
	const char *attempt_server;	 /* what the running attempt is answered by; NULL: not told */

	/* what was decided */
	bool changed;
	bool is_foreign;			  /* nothing runs it here */
	bool created;				  /* as it was submitted, or imported */
	bool started;				  /* its input is to become a journal */
	bool attempt_started;		  /* the one that runs */
	bool has_news;				  /* its attempt runs, and is to be told of what another did */
	bool is_told_in_answer;		  /* by the answer to who calls, who runs it */
	bool is_new_failure;		  /* of the attempt: another than the last, or after progress */
	bool journal_purged;		  /* what of it is in the tables */
	bool removed;				  /* likewise */
	bool set_deployment;		  /* to the one found */
	int32_t set_protocol_version; /* with it; 0: as it is */
	const Submission *submission; /* NULL: it was not submitted in this call */
	const char *worker_name;	  /* of the attempt that was started */
	const Failure *attempt_failure;
	const char *failure; /* the completion failure, if one was set */
	TimerChange *timers;
	JournalAppend *appends;
	JournalAppend *last_append;
} Invocation;

/* What an operation did to one invocation, for the audit. */
typedef struct Effect
{
	struct Effect *next;
	RestateInvocationId id;
	const char *outcome;
	bool has_new_id;
	RestateInvocationId new_id;
	bool has_cause; /* reached through the invocation named */
	RestateInvocationId cause;
	const char *parameters; /* JSON object; NULL: those of the request */
	const char *subject;	/* who claims to ask, and why; NULL: as the session says */
	const char *reason;
} Effect;

/* What comes of one call beside the invocations' own changes. */
typedef struct Changes
{
	Arena arena;
	int64_t now;
	bool made_runnable; /* something became ready */
	Effect *effects;
	Effect *last_effect;
} Changes;

#endif /* RESTATE_MODEL_H */
