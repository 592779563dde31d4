/*
 * entry_type_oid.c
 *		The shape of a journal entry by its type in the catalog, and the other
 *		way round.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "utils/syscache.h"

#include "types/entry_type_oid.h"

/* the shapes that a function has looked up in a query, each type once */
typedef struct KnownShapes
{
	int count;
	Oid types[ENTRY_TYPE_COUNT];
	const RestateEntryShape *shapes[ENTRY_TYPE_COUNT];
} KnownShapes;

/*
 * Returns the shape of a value of restate.entry_type.  Raises an internal
 * error if the value is not in the catalog or not in the table.
 */
const RestateEntryShape *
restate_entry_shape_of_type(Oid entry_type)
{
	const RestateEntryShape *found;
	HeapTuple tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(entry_type));
	const char *label;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for enum value %u", entry_type);
	label = NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel);
	found = restate_entry_shape_of_label(label);
	if (found == NULL)
		elog(ERROR, "journal entry type \"%s\" has no shape", label);
	ReleaseSysCache(tuple);
	return found;
}

/*
 * Returns the same, and looks each type up once in a query: the function that
 * is called keeps what was found.
 */
const RestateEntryShape *
restate_entry_shape_in(FmgrInfo *function, Oid entry_type)
{
	KnownShapes *known = function->fn_extra;
	const RestateEntryShape *shape;

	if (known == NULL)
		function->fn_extra = known = MemoryContextAllocZero(function->fn_mcxt, sizeof(KnownShapes));
	for (int i = 0; i < known->count; i++)
		if (known->types[i] == entry_type)
			return known->shapes[i];
	shape = restate_entry_shape_of_type(entry_type);
	known->types[known->count] = entry_type;
	known->shapes[known->count++] = shape;
	return shape;
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
