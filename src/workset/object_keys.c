/*
 * object_keys.c
 *		The object keys of a working set: who holds each, and the first of its
 *		inbox.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "types/compat.h"
#include "workset/workset.h"

static uint32 hash_object_key_name(const void *name, Size keysize);
static int match_object_key_names(const void *a, const void *b, Size keysize);
static bool lock_keys(Workset *workset, const List *keys, bool needed);
static void call_on_keys(StoreCall *call, StoreStatement statement, const List *keys);
static int compare_object_keys(const ListCell *a, const ListCell *b);

/*
 * Returns the working set's object key of that name; one that it does not have yet
 * is added if asked to, else NULL is returned.
 */
ObjectKey *
workset_find_object_key(Workset *workset, const char *service_name, const char *service_key,
						bool add)
{
	ObjectKeyName name = {service_name, service_key};
	ObjectKey *key;
	bool found;

	if (workset->object_keys_by_name == NULL)
	{
		HASHCTL ctl = {
			.keysize = sizeof(ObjectKeyName),
			.entrysize = sizeof(ObjectKey),
			.hash = hash_object_key_name,
			.match = match_object_key_names,
			.hcxt = workset->context};

		workset->object_keys_by_name =
			hash_create("restate_admin object keys", 16, &ctl,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	}
	key = hash_search(workset->object_keys_by_name, &name, add ? HASH_ENTER : HASH_FIND, &found);
	if (add && !found)
	{
		memset(key, 0, sizeof(*key));
		key->name = name;
		key->inbox_wanted = 1;
		workset->object_keys = lappend(workset->object_keys, key);
	}
	return key;
}

/*
 * Hashes the name of an object key, for dynahash.
 */
static uint32
hash_object_key_name(const void *name, Size keysize)
{
	const ObjectKeyName *key_name = name;

	return hash_combine(string_hash(key_name->service_name, strlen(key_name->service_name) + 1),
						string_hash(key_name->service_key, strlen(key_name->service_key) + 1));
}

/*
 * Compares two names of object keys, for dynahash: 0 if they are equal.
 */
static int
match_object_key_names(const void *a, const void *b, Size keysize)
{
	const ObjectKeyName *first = a;
	const ObjectKeyName *second = b;

	return strcmp(first->service_key, second->service_key) != 0 ||
		   strcmp(first->service_name, second->service_name) != 0;
}

/*
 * Locks the working set's object keys and reads who holds them.  A restart needs
 * them all; others pass over one that was never made.  Returns false if they
 * cannot be locked in their order any more.
 */
bool
workset_lock_object_keys(Workset *workset, Reach reach)
{
	bool needed = reach == REACH_KEY || workset->makes_keys;

	if (store_is_distributed())
	{
		List *ordered = list_copy(workset->object_keys);
		ListCell *cell;

		list_sort(ordered, compare_object_keys);
		foreach (cell, ordered)
			if (!lock_keys(workset, list_make1(lfirst(cell)), needed))
				return false;
		return true;
	}
	return workset->object_keys == NIL || lock_keys(workset, workset->object_keys, needed);
}

/*
 * Locks the object keys, all in one statement: if one is needed and missing,
 * in one that makes it in its turn.  Returns false if one that is needed went
 * while it was waited for, when those after it are locked.
 */
static bool
lock_keys(Workset *workset, const List *keys, bool needed)
{
	StoreCall call;
	int missing;

	if (needed)
	{
		missing = workset_read_keys(workset, keys, STORE_LOCK_KEYS_IF_ALL);
		if (missing < list_length(keys))
			return missing == 0;
		call_on_keys(&call, STORE_CREATE_KEYS, keys);
		(void) store_execute(&call);
	}
	missing = workset_read_keys(workset, keys, STORE_LOCK_KEYS);
	if (needed && missing > 0)
		store_not_written("create object keys", missing);
	return true;
}

/*
 * Runs a statement that reads who holds the object keys, and may lock them;
 * returns how many it has not found.
 */
int
workset_read_keys(Workset *workset, const List *keys, StoreStatement statement)
{
	StoreCall call;
	uint64 rows;

	call_on_keys(&call, statement, keys);
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundKey found;
		ObjectKey *key;

		store_read_key(row, &found);
		key = workset_find_object_key(workset, found.service_name, found.service_key, false);
		key->locked = true;
		key->has_holder = found.holder != NULL;
		if (found.holder)
			key->holder = *found.holder;
		key->next_sequence_number = found.next_sequence_number;
		key->has_queued_state = found.has_queued_state;
	}
	return list_length(keys) - (int) rows;
}

/*
 * Reads who holds the working set's object keys, and locks none.
 */
void
workset_read_object_keys(Workset *workset)
{
	if (workset->object_keys != NIL)
		(void) workset_read_keys(workset, workset->object_keys, STORE_READ_KEYS);
}

/*
 * Starts a call on the object keys.
 */
static void
call_on_keys(StoreCall *call, StoreStatement statement, const List *keys)
{
	ListCell *cell;

	store_call(call, statement);
	foreach (cell, keys)
	{
		const ObjectKey *key = lfirst(cell);

		store_add_key(call, &(StoreKey){
								.service_name = key->name.service_name,
								.service_key = key->name.service_key,
								.partition_key = key->partition_key});
	}
}

/*
 * Orders object keys by (service, key), bytewise as the lock statement does,
 * for list_sort().
 */
static int
compare_object_keys(const ListCell *a, const ListCell *b)
{
	const ObjectKeyName *first = &((const ObjectKey *) lfirst(a))->name;
	const ObjectKeyName *second = &((const ObjectKey *) lfirst(b))->name;
	int services = strcmp(first->service_name, second->service_name);

	return services != 0 ? services : strcmp(first->service_key, second->service_key);
}

/*
 * Adds the first of each locked key's inbox to the working set: as many as can come
 * to start if every invocation of the working set on that key ends.
 */
void
workset_read_inboxes(Workset *workset)
{
	StoreCall call;
	ListCell *cell;
	uint64 rows;

	if (workset->object_keys == NIL)
		return;
	store_call(&call, STORE_READ_INBOXES);
	foreach (cell, workset->object_keys)
	{
		const ObjectKey *key = lfirst(cell);

		store_add_inbox(&call, &(StoreInbox){
								   .service_name = key->name.service_name,
								   .service_key = key->name.service_key,
								   .partition_key = key->partition_key,
								   .size = key->inbox_wanted});
	}
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundId found;

		store_read_id(row, &found);
		(void) workset_enter(workset, found.id);
	}
}
