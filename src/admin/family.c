/*
 * family.c
 *		Reads the trees that an invocation is in, level by level: nothing is locked, and
 *		all is read as of one moment.
 *
 * An invocation that comes again, as a callee that was called twice, stands where it came
 * first, so that no circle is followed.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"

#include "admin/family.h"
#include "admin/operation.h"
#include "types/compat.h"

/* What is read, and what has been found of it. */
typedef struct Family
{
	RestateInvocationId id;
	HTAB *known; /* of Known */
	int count;
	Relative *top;
	RestateRefusal refusal;
	List *relatives;
} Family;

typedef struct Known
{
	RestateInvocationId id; /* hash key */
	Relative *relative;
} Known;

static RestateRefusal read_family(void (*read)(void *family), const RestateInvocationId *id,
								  List **relatives);
static void read_lineage(void *argument);
static void read_call_tree(void *argument);
static Relative *find_original(Family *family, Relative *relative);
static void find_restarts(Family *family, List *level);
static void find_restarts_in_audit(Family *family, List *level);
static Relative *find_caller(Family *family, Relative *relative);
static void find_callees(Family *family, List *level);
static List *children_of(const List *level);
static int compare_children(const ListCell *a, const ListCell *b);
static TimestampTz made_at(const Relative *relative);
static void read_briefs(const List *level);
static bool read_calling_command(Relative *relative);
static bool is_in_audit(const RestateInvocationId *id);
static Relative *add_relative(Family *family, const RestateInvocationId *id);
static Relative *add_child(Family *family, Relative *parent, const RestateInvocationId *id,
						   Kinship relation);
static Relative *find_relative(const Family *family, const RestateInvocationId *id);
static void put_in_order(Family *family, Relative *relative);
static void add_ids(StoreCall *call, const List *level);
static void add_bounded_ids(StoreCall *call, const List *level, int64 max);

/*
 * Reads the tree of restarts that the invocation is in, also what is gone of it and known
 * to the audit.
 */
RestateRefusal
family_lineage(const RestateInvocationId *id, List **relatives)
{
	return read_family(read_lineage, id, relatives);
}

/*
 * Reads who has called the invocation, and who was called by it.
 */
RestateRefusal
family_call_tree(const RestateInvocationId *id, List **relatives)
{
	return read_family(read_call_tree, id, relatives);
}

/*
 * Reads a tree.
 */
static RestateRefusal
read_family(void (*read)(void *family), const RestateInvocationId *id, List **relatives)
{
	HASHCTL ctl = {.keysize = sizeof(RestateInvocationId),
				   .entrysize = sizeof(Known),
				   .hcxt = CurrentMemoryContext};
	Family family = {.id = *id};

	family.known =
		hash_create("restate_admin family", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	workset_only_read(read, &family);
	*relatives = family.relatives;
	return family.refusal;
}

/*
 * Reads the tree of restarts: from the invocation up to the first original, then all of
 * its restarts.
 */
static void
read_lineage(void *argument)
{
	Family *family = argument;
	Relative *self = add_relative(family, &family->id);
	List *level;

	read_briefs(list_make1(self));
	family->top = self;
	for (Relative *original = find_original(family, self); original;
		 original = find_original(family, original))
		family->top = original;
	if (self->brief == NULL && family->top == self && !is_in_audit(&family->id))
	{
		Target target = {.id = family->id};

		target_refuse(&target, REFUSED_NOT_FOUND);
		family->refusal = target.refusal;
		return;
	}
	level = list_make1(family->top);
	while (level != NIL)
	{
		find_restarts(family, level);
		find_restarts_in_audit(family, level);
		level = children_of(level);
	}
	family->top->depth = 0;
	put_in_order(family, family->top);
}

/*
 * Finds what the invocation is a restart of, which is not known yet, and makes it the
 * parent; returns NULL if there is none.
 */
static Relative *
find_original(Family *family, Relative *relative)
{
	const RestateInvocationId *id = relative->brief ? relative->brief->restarted_from : NULL;
	Relative *original;

	if (relative->brief == NULL)
	{
		StoreCall call;

		store_call(&call, STORE_READ_AUDITED_ORIGINS);
		add_ids(&call, list_make1(relative));
		if (store_execute(&call) > 0)
		{
			StoreFoundAudited found;

			store_read_audited(0, &found);
			id = found.restarted_from;
		}
	}
	if (id == NULL || find_relative(family, id) || family->count == FAMILY_MAX)
		return NULL;
	original = add_relative(family, id);
	read_briefs(list_make1(original));
	relative->parent = original;
	relative->relation = RELATION_RESTART;
	original->children = lappend(original->children, relative);
	return original;
}

/*
 * Finds the restarts of a level that are there.
 */
static void
find_restarts(Family *family, List *level)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, STORE_READ_RESTARTS);
	add_bounded_ids(&call, level, FAMILY_MAX);
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundBrief *found = palloc_object(StoreFoundBrief);
		Relative *parent;
		Relative *child;

		store_read_brief(row, found);
		parent = find_relative(family, found->restarted_from);
		child = add_child(family, parent, found->id, RELATION_RESTART);
		if (child)
			child->brief = found;
	}
}

/*
 * Finds what the audit has of the restarts of a level, and those that are gone.
 */
static void
find_restarts_in_audit(Family *family, List *level)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, STORE_READ_AUDITED_RESTARTS);
	add_bounded_ids(&call, level, FAMILY_MAX);
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundAudited *found = palloc_object(StoreFoundAudited);
		Relative *child;

		store_read_audited(row, found);
		child = add_child(family, find_relative(family, found->restarted_from), found->id,
						  RELATION_RESTART);
		if (child == NULL)
			child = find_relative(family, found->id);
		if (child && child->audited == NULL)
			child->audited = found;
	}
}

/*
 * Reads who has called the invocation, up to the first of them, and whom it has called,
 * and they in turn.
 */
static void
read_call_tree(void *argument)
{
	Family *family = argument;
	Relative *self = add_relative(family, &family->id);
	List *level = list_make1(self);
	List *callers = NIL;
	ListCell *cell;

	read_briefs(level);
	if (self->brief == NULL)
	{
		Target target = {.id = family->id};

		target_refuse(&target, REFUSED_NOT_FOUND);
		family->refusal = target.refusal;
		return;
	}
	for (Relative *caller = find_caller(family, self); caller; caller = find_caller(family, caller))
		callers = lcons(caller, callers);
	while (level != NIL)
	{
		find_callees(family, level);
		level = children_of(level);
		read_briefs(level);
	}
	foreach (cell, callers)
		family->relatives = lappend(family->relatives, lfirst(cell));
	put_in_order(family, self);
}

/*
 * Finds who has called the invocation, who is not known yet; returns NULL if it is nobody.
 */
static Relative *
find_caller(Family *family, Relative *relative)
{
	const RestateInvocationId *id = relative->brief ? relative->brief->invoked_by_id : NULL;
	Relative *caller;

	if (id == NULL || find_relative(family, id) || family->count == FAMILY_MAX)
		return NULL;
	caller = add_relative(family, id);
	caller->relation = RELATION_CALLER;
	caller->depth = relative->depth - 1;
	relative->parent = caller;
	read_briefs(list_make1(caller));
	(void) read_calling_command(relative);
	return caller;
}

/*
 * Finds whom the invocations of a level have called.
 */
static void
find_callees(Family *family, List *level)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, STORE_READ_CALLS);
	add_bounded_ids(&call, level, FAMILY_MAX);
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundCall found;
		Relative *child;

		store_read_call(row, &found);
		child = add_child(family, find_relative(family, found.id), found.invoked_id,
						  found.is_call ? RELATION_CALL : RELATION_SEND);
		if (child == NULL)
			continue;
		child->command_index = found.index;
		child->target = found.target;
	}
}

/*
 * Reads where the invocations of a level stand; those that are gone have nothing.
 */
static void
read_briefs(const List *level)
{
	StoreCall call;
	uint64 rows;

	if (level == NIL)
		return;
	store_call(&call, STORE_READ_BRIEF);
	add_ids(&call, level);
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundBrief *found = palloc_object(StoreFoundBrief);
		ListCell *cell;

		store_read_brief(row, found);
		foreach (cell, level)
		{
			Relative *relative = lfirst(cell);

			if (restate_invocation_id_compare(&relative->id, found->id) == 0)
				relative->brief = found;
		}
	}
}

/*
 * Reads by which command of its caller the invocation was called; returns whether the
 * caller's journal has it.
 */
static bool
read_calling_command(Relative *relative)
{
	const RestateInvocationId *caller = &relative->parent->id;
	StoreCall call;
	StoreFoundCall found;

	store_call(&call, STORE_READ_CALLING_COMMANDS);
	store_add_calling_id(
		&call, &(StoreCallingId){.id = caller,
								 .partition_key = (int64) restate_id_partition_key(caller),
								 .invoked_id = &relative->id});
	if (store_execute(&call) == 0)
		return false;
	store_read_call(0, &found);
	relative->command_index = found.index;
	return true;
}

/*
 * Returns whether the audit has anything of the invocation.
 */
static bool
is_in_audit(const RestateInvocationId *id)
{
	StoreCall call;

	store_call(&call, STORE_READ_AUDITED);
	store_add_id(&call, &(StoreId){id, (int64) restate_id_partition_key(id)});
	return store_execute(&call) > 0;
}

/*
 * Adds an invocation that is not known yet.
 */
static Relative *
add_relative(Family *family, const RestateInvocationId *id)
{
	Relative *relative = palloc0_object(Relative);
	Known *known = hash_search(family->known, id, HASH_ENTER, NULL);

	relative->id = *id;
	relative->command_index = -1;
	known->relative = relative;
	family->count++;
	return relative;
}

/*
 * Adds a child to its parent, and returns it; NULL if it is known already, there are
 * too many, or it has no parent that is known.
 */
static Relative *
add_child(Family *family, Relative *parent, const RestateInvocationId *id, Kinship relation)
{
	Relative *child;

	if (parent == NULL || find_relative(family, id) || family->count == FAMILY_MAX)
		return NULL;
	child = add_relative(family, id);
	child->parent = parent;
	child->relation = relation;
	parent->children = lappend(parent->children, child);
	return child;
}

/*
 * Returns the invocation if it is known, or NULL.
 */
static Relative *
find_relative(const Family *family, const RestateInvocationId *id)
{
	Known *known = hash_search(family->known, id, HASH_FIND, NULL);

	return known ? known->relative : NULL;
}

/*
 * Returns the children of the invocations of a level.
 */
static List *
children_of(const List *level)
{
	List *children = NIL;
	ListCell *cell;

	foreach (cell, level)
		children = list_concat(children, ((const Relative *) lfirst(cell))->children);
	return children;
}

/*
 * Orders callees by the commands that have called them, restarts by the times at which
 * they were made, for list_sort().
 */
static int
compare_children(const ListCell *a, const ListCell *b)
{
	const Relative *first = lfirst(a);
	const Relative *second = lfirst(b);

	if (first->command_index != second->command_index)
		return first->command_index < second->command_index ? -1 : 1;
	if (made_at(first) != made_at(second))
		return made_at(first) < made_at(second) ? -1 : 1;
	return restate_invocation_id_compare(&first->id, &second->id);
}

/*
 * Returns when a restart was made.
 */
static TimestampTz
made_at(const Relative *relative)
{
	return relative->audited ? relative->audited->at :
		   relative->brief	 ? relative->brief->created_at :
							   0;
}

/*
 * Adds the invocation to the result and then its children, each a step deeper.
 */
static void
put_in_order(Family *family, Relative *relative)
{
	ListCell *cell;

	check_stack_depth();
	family->relatives = lappend(family->relatives, relative);
	list_sort(relative->children, compare_children);
	foreach (cell, relative->children)
	{
		Relative *child = lfirst(cell);

		child->depth = relative->depth + 1;
		put_in_order(family, child);
	}
}

/*
 * Adds the invocations of a level to a call.
 */
static void
add_ids(StoreCall *call, const List *level)
{
	ListCell *cell;

	foreach (cell, level)
	{
		const Relative *relative = lfirst(cell);

		store_add_id(call,
					 &(StoreId){&relative->id, (int64) restate_id_partition_key(&relative->id)});
	}
}

/*
 * Adds the invocations of a level to a call that returns no more than so many rows.
 */
static void
add_bounded_ids(StoreCall *call, const List *level, int64 max)
{
	ListCell *cell;

	foreach (cell, level)
	{
		const Relative *relative = lfirst(cell);

		store_add_bounded_id(
			call,
			&(StoreBoundedId){.id = &relative->id,
							  .partition_key = (int64) restate_id_partition_key(&relative->id),
							  .max = max});
	}
}
