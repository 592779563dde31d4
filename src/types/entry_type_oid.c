/*
 * entry_type_oid.c
 *		The shape of a journal entry by its type in the catalog, and the other
 *		way round.
 */
#include "postgres.h"

#include <string.h>

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "utils/syscache.h"

#include "types/entry_type_oid.h"

/*
 * Returns the shape of a value of restate.entry_type.  Raises an internal
 * error if the value is not in the catalog or not in the table.
 */
const RestateEntryShape *
restate_entry_shape_of_type(Oid entry_type)
{
	const RestateEntryShape *found = NULL;
	HeapTuple tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(entry_type));
	const char *label;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for enum value %u", entry_type);
	label = NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel);
	for (size_t i = 0; i < ENTRY_TYPE_COUNT && found == NULL; i++)
	{
		if (strcmp(entry_type_names[restate_entry_shapes[i].type], label) == 0)
			found = &restate_entry_shapes[i];
	}
	if (found == NULL)
		elog(ERROR, "journal entry type \"%s\" has no shape", label);
	ReleaseSysCache(tuple);
	return found;
}

/*
 * Returns the value of the enum for entries of this shape.  Raises an internal
 * error if the enum does not have it.
 */
Oid
restate_entry_type_oid(const RestateEntryShape *shape, Oid enum_type)
{
	HeapTuple tuple = SearchSysCache2(ENUMTYPOIDNAME, ObjectIdGetDatum(enum_type),
									  CStringGetDatum(entry_type_names[shape->type]));
	Oid value;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "enum %u has no value \"%s\"", enum_type, entry_type_names[shape->type]);
	value = ((Form_pg_enum) GETSTRUCT(tuple))->oid;
	ReleaseSysCache(tuple);
	return value;
}
