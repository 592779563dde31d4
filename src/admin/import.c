/*
 * import.c
 *		The object keys of invocations that come from elsewhere.
 */
#include "postgres.h"

#include "admin/import.h"
#include "machine/machine.h"
#include "workset/workset.h"

/* An import, and whether it could be. */
typedef struct Import
{
	Imported *imported;
	bool is_taken;
} Import;

static bool take_key(void *argument);

/*
 * Gives the invocation its object key, or a place in the inbox of that.  Returns false,
 * with nothing changed, where another holds the key, or none does for which it
 * could wait.
 */
bool
import_take_key(Imported *imported)
{
	Import import = {imported, false};

	workset_start_over(take_key, &import);
	return import.is_taken;
}

/*
 * Tries so once; returns false if the key could not be locked.
 */
static bool
take_key(void *argument)
{
	Import *import = argument;
	Imported *imported = import->imported;
	Invocation invocation = {.id = imported->id, .status = imported->status};
	Workset workset;
	ObjectKey *key;

	workset_init(&workset, NULL);
	key = workset_find_object_key(&workset, imported->service_name, imported->service_key, true);
	key->partition_key = (int64) restate_id_partition_key(&imported->id);
	workset.makes_keys = true;
	if (!workset_lock_reached_keys(&workset, REACH_KEY, NULL, 0))
		return false;
	invocation.object_key = key;
	import->is_taken = machine_import(&workset.changes, &invocation);
	imported->place = invocation.inbox_sequence_number;
	workset_write(&workset);
	return true;
}
