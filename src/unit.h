/*
 * unit.h
 *		The unit of work of one call: the invocations it locks with the facts
 *		about them, what operations make of those, and writing that back.
 *
 * Operations decide on the facts and change them in memory, one after the
 * other in the order asked for; unit_write then brings the tables to the same
 * state, a statement for each kind of change.
 */
#ifndef RESTATE_UNIT_H
#define RESTATE_UNIT_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "facts.h"
#include "id.h"
#include "store.h"

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
	int64 last_index;		/* of a restart: what it keeps of the journal */
} Asked;

typedef struct ObjectKeyName
{
	const char *service_name;
	const char *service_key;
} ObjectKeyName;

/* An object key: who holds it, and the part of its inbox that was read. */
typedef struct ObjectKey
{
	ObjectKeyName name; /* hash key */
	int64 partition_key;
	bool locked; /* the row exists and is locked */
	bool has_holder;
	RestateInvocationId holder;
	int64 next_sequence_number;
	List *inbox; /* of Invocation, first in first out */
	int inbox_wanted;
	bool changed;
} ObjectKey;

/* A journal entry to append. */
typedef struct JournalAppend
{
	int64 index;
	const char *entry_type;
	int64 completion_id; /* -1: none */
	int64 signal_index;	 /* -1: none */
	const char *meta;
} JournalAppend;

/* A restart that was made with a request id, and what the audit has of it. */
typedef struct Restarted
{
	bool exists;
	RestateInvocationId id;
	bool is_recorded;
	int64 last_index;
	bool deployment_is_recorded; /* as the one that was resolved, or none */
	bool has_deployment;
	RestateDeploymentId deployment_id;
} Restarted;

typedef struct Invocation
{
	RestateInvocationId id; /* hash key */
	int64 partition_key;
	bool exists;
	bool is_busy;	   /* passed over: locked by another, or reaches others */
	bool within_reach; /* named, or to be killed with its caller */
	bool existed;	   /* when it was reached, before the locks */

	/* as locked; operations change these */
	Status status;
	int64 journal_size;
	int64 journal_commands_size;
	bool pause_requested;

	/* as locked, and never changed */
	Facts facts;
	char *service_name;
	char *service_key;
	bool has_prefix;	   /* the rest is known, of index 1 to the last one kept */
	int64 prefix_commands; /* how many */
	int missing_size;	   /* completions that they wait for, not among these entries */
	int64 *missing;
	int suffix_size;	 /* those of them that come later in the journal */
	int64 *suffix;		 /* their indexes, ascending */
	Restarted restarted; /* with the request id of this call */
	ObjectKey *object_key;
	List *callees;		 /* of Invocation */
	List *awaited_calls; /* of AwaitedCall: those that wait for its result */

	/* what operations decided */
	bool changed;
	bool journal_purged;
	bool removed;
	bool started;		 /* its input is to become a journal */
	bool set_deployment; /* to the one found */
	const char *failure; /* the completion failure, if one was set */
	List *appends;		 /* of JournalAppend */
} Invocation;

/* A call that waits for the result of its callee. */
typedef struct AwaitedCall
{
	Invocation *caller;
	int64 result_completion_id;
	bool is_suspended_on_it;
	bool answered;
} AwaitedCall;

typedef struct Unit
{
	MemoryContext context;
	TimestampTz at;
	HTAB *invocations;
	List *object_keys;
	HTAB *object_keys_by_name;
	bool made_runnable; /* something became ready */
	List *effects;		/* of AuditEffect */
	List *work;			/* of StoreCall: what is to be written */
	Asked asked;
} Unit;

/* how much beside the named invocations an operation can reach */
typedef enum Reach
{
	REACH_ROW,	  /* nothing */
	REACH_KEY,	  /* the object key: restart */
	REACH_CANCEL, /* inbox and caller of one not started */
	REACH_KILL	  /* callees too, and the next in the inbox */
} Reach;

extern void unit_init(Unit *unit, const Asked *asked);
extern bool unit_lock_simply(Unit *unit, Reach reach, const RestateInvocationId *ids, int count);
extern bool unit_lock_alone(Unit *unit, const RestateInvocationId *id, bool *is_current);
extern bool unit_lock_reached(Unit *unit, Reach reach, const RestateInvocationId *ids, int count);
extern void unit_lock_free(Unit *unit, Reach reach, const RestateInvocationId *ids, int count);
extern Invocation *unit_find(Unit *unit, const RestateInvocationId *id);
extern void unit_add_id(const Invocation *invocation, StoreColumn *ids, StoreColumn *partition_keys);
extern void unit_read_prefixes(Unit *unit, const RestateInvocationId *ids, int count);
extern void unit_read_suffixes(Unit *unit);
extern void unit_write(Unit *unit);
extern void unit_defer(Unit *unit, const StoreCall *call, int64 rows);

/* shared by the unit's own files: the columns of statements that read facts, see statements.c */
#define UNIT_ID_COLUMN			 1
#define UNIT_FACTS_COLUMN		 2
#define UNIT_IS_CURRENT_COLUMN	 3
#define UNIT_FIRST_PREFIX_COLUMN 4

extern Invocation *unit_enter(Unit *unit, const RestateInvocationId *id);
extern void unit_read_facts(Unit *unit, uint64 rows);
extern void unit_lock_rows(Unit *unit);
extern void unit_add_asked(Unit *unit, StoreCall *call);
extern ObjectKey *unit_find_object_key(Unit *unit, const char *service_name, const char *service_key, bool add);
extern int unit_read_locked_keys(Unit *unit, const List *keys, StoreStatement statement);
extern void unit_read_prefix(Unit *unit, Invocation *invocation, uint64 row, int column);

/* the changes that operations make */
extern void unit_append(Unit *unit, Invocation *invocation, const char *entry_type,
						int64 completion_id, int64 signal_index, const char *meta);
extern void unit_set_status(Unit *unit, Invocation *invocation, Status status);
extern void unit_purge_journal(Invocation *invocation);
extern void unit_remove(Unit *unit, Invocation *invocation);
extern void unit_release_key(Unit *unit, Invocation *invocation);
extern void unit_answer_caller(Unit *unit, Invocation *callee, const char *failure_meta);

#endif /* RESTATE_UNIT_H */
