/*
 * unit.h
 *		The unit of work of one call: the invocations it locks with the facts
 *		about them, what operations make of those, and writing that back.
 *
 * The machine decides on the facts and changes them in memory, for one after
 * the other in the order asked for; unit_write then brings the tables to the
 * same state, a statement for each kind of change.
 */
#ifndef RESTATE_UNIT_H
#define RESTATE_UNIT_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "facts.h"
#include "id.h"
#include "machine/model.h"
#include "store.h"

typedef struct Unit
{
	MemoryContext context;
	TimestampTz at;
	HTAB *invocations;
	List *object_keys;
	HTAB *object_keys_by_name;
	Changes changes;
	List *work; /* of StoreCall: what is to be written */
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

#endif /* RESTATE_UNIT_H */
