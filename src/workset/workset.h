/*
 * workset.h
 *		The working set of one call: the invocations it locks with the facts
 *		about them, what operations make of those, and writing that back.
 *
 * The machine decides on the facts and changes them in memory, for one after
 * the other in the order asked for; workset_write then brings the tables to the
 * same state, a statement for each kind of change.
 */
#ifndef RESTATE_WORKSET_H
#define RESTATE_WORKSET_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "store/reads.h"
#include "store/store.h"
#include "store/work.h"
#include "types/facts.h"
#include "types/id.h"
#include "types/model.h"

typedef struct Workset
{
	MemoryContext context;
	TimestampTz at;
	HTAB *invocations;
	List *object_keys;
	HTAB *object_keys_by_name;
	Changes changes;
	StoreCall *work[STORE_WORK_COUNT]; /* what is to be written, or NULL */
	Asked asked;
	bool makes_keys;	/* object keys that are missing are made */
	const char *caller; /* the worker that is told of its attempts in the answer; NULL: none */
} Workset;

/* how much beside the named invocations an operation can reach */
typedef enum Reach
{
	REACH_ROW,	  /* nothing */
	REACH_KEY,	  /* the object key: restart */
	REACH_CANCEL, /* inbox and caller of one not started */
	REACH_END,	  /* who waits for it, and the next in the inbox */
	REACH_KILL	  /* callees too */
} Reach;

/* frame.c */
extern int workset_begin(void);
extern void workset_only_read(void (*read)(void *argument), void *argument);
extern void workset_start_over(bool (*attempt)(void *argument), void *argument);

extern void workset_init(Workset *workset, const Asked *asked);
extern bool workset_lock_simply(Workset *workset, Reach reach, const RestateInvocationId *ids,
								int count);
extern bool workset_lock_alone(Workset *workset, const RestateInvocationId *id, bool *is_current);
extern bool workset_lock_reached(Workset *workset, Reach reach, const RestateInvocationId *ids,
								 int count);
extern bool workset_lock_reached_keys(Workset *workset, Reach reach, const RestateInvocationId *ids,
									  int count);
extern bool workset_lock_reached_rows(Workset *workset, Reach reach);
extern void workset_read_reached(Workset *workset, Reach reach, const RestateInvocationId *ids,
								 int count);
extern void workset_read_alone(Workset *workset, const RestateInvocationId *id);
extern void workset_lock_free_to_start(Workset *workset, const RestateInvocationId *ids,
									   int count);
extern void workset_lock_free(Workset *workset, Reach reach, const RestateInvocationId *ids,
							  int count);
extern Invocation *workset_find(Workset *workset, const RestateInvocationId *id);
extern void workset_read_prefixes(Workset *workset, const RestateInvocationId *ids,
								  const int64 *last_indexes, int count);
extern void workset_read_suffixes(Workset *workset);
extern void workset_write(Workset *workset);
extern StoreCall *workset_part(Workset *workset, StoreStatement statement);
extern const bytea *workset_bytes(const Bytes *bytes);
extern const Jsonb *workset_meta(const JournalAppend *entry);
extern void workset_add_event(Workset *workset, const Invocation *invocation, const char *type,
							  const char *json);

/* the types of events, as Restate calls them */
#define EVENT_FAILED "TransientError"
#define EVENT_PAUSED "Paused"

/* shared by the working set's own files */
extern List *workset_find_news(Workset *workset);
extern void workset_notify(const Workset *workset, const List *news);
extern Invocation *workset_enter(Workset *workset, const RestateInvocationId *id);
extern Invocation *workset_read_invocation(Workset *workset, uint64 row,
										   StoreFoundInvocation *found);
extern void workset_read_facts(Workset *workset, uint64 rows);
extern void workset_forget_facts(Invocation *invocation);
extern void workset_lock_rows(Workset *workset);
extern void workset_read_rows(Workset *workset);
extern void workset_find_reached(Workset *workset, Reach reach, const RestateInvocationId *ids,
								 int count);
extern bool workset_reach_grew(Workset *workset, Reach reach);
extern void workset_link(Workset *workset, Reach reach);
extern void workset_read_awaited(Workset *workset, bool of_all);
extern bool workset_lock_object_keys(Workset *workset, Reach reach);
extern void workset_read_object_keys(Workset *workset);
extern void workset_read_inboxes(Workset *workset);
extern void workset_add_id(StoreCall *call, const Invocation *invocation);
extern void workset_add_lock(const Workset *workset, StoreCall *call, const Invocation *invocation);
extern ObjectKey *workset_find_object_key(Workset *workset, const char *service_name,
										  const char *service_key, bool add);
extern int workset_read_keys(Workset *workset, const List *keys, StoreStatement statement);
extern void workset_note_prefix(Workset *workset, Invocation *invocation, int64 commands,
								const ArrayType *awaited, const ArrayType *arrived);

#endif /* RESTATE_WORKSET_H */
