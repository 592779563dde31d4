/*
 * entry_type_oid.h
 *		The types of journal entries, values of the enum restate.entry_type.
 */
#ifndef RESTATE_ENTRY_TYPE_OID_H
#define RESTATE_ENTRY_TYPE_OID_H

#include "postgres.h"

#include "fmgr.h"

#include "types/entry_shape.h"

extern const RestateEntryShape *restate_entry_shape_of_type(Oid entry_type);
extern const RestateEntryShape *restate_entry_shape_in(FmgrInfo *function, Oid entry_type);
extern Oid restate_entry_type_oid(const RestateEntryShape *shape, Oid enum_type);

#endif /* RESTATE_ENTRY_TYPE_OID_H */
