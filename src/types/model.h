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

#include "types/id_codec.h"
#include "types/status.h"

/* Where memory comes from, which is freed with all that is worked on; there is always enough. */
typedef struct Arena
{
	void *(*allocate)(void *owner, size_t size);
	void *owner;
} Arena;

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
	bool deployment_found; /* the one asked for */
	bool has_service_key;
	int32_t protocol_version;
	int32_t min_protocol_version; /* of the deployment */
	int32_t max_protocol_version;
	int64_t journal_size;
	int64_t journal_commands_size;
	int64_t inbox_sequence_number;
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
	bool locked; /* the row exists and is locked */
	bool has_holder;
	RestateInvocationId holder;
	int64_t next_sequence_number;
	struct Invocation **inbox; /* first in first out */
	int inbox_size;
	int inbox_wanted;
	bool changed;
} ObjectKey;

/* A journal entry to append. */
typedef struct JournalAppend
{
	struct JournalAppend *next;
	int64_t index;
	const char *entry_type;
	int64_t completion_id; /* -1: none */
	int64_t signal_index;  /* -1: none */
	const char *meta;
} JournalAppend;

/* A call that waits for the result of its callee. */
typedef struct AwaitedCall
{
	struct AwaitedCall *next;
	struct Invocation *caller;
	int64_t result_completion_id;
	bool is_suspended_on_it;
	bool answered;
} AwaitedCall;

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
	AwaitedCall *awaited_calls; /* those that wait for its result */

	/* what was decided */
	bool changed;
	bool journal_purged;
	bool removed;
	bool started;		 /* its input is to become a journal */
	bool set_deployment; /* to the one found */
	const char *failure; /* the completion failure, if one was set */
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
	bool made_runnable; /* something became ready */
	Effect *effects;
	Effect *last_effect;
} Changes;

#endif /* RESTATE_MODEL_H */
