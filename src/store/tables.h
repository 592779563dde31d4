/*
 * tables.h
 *		Tables whose rows are reached without a statement: see tables.c.
 */
#ifndef RESTATE_STORE_TABLES_H
#define RESTATE_STORE_TABLES_H

#include "postgres.h"

#include "access/skey.h"
#include "utils/acl.h"
#include "utils/rel.h"

/* A table, as it was when it was looked at. */
typedef struct Table
{
	const char *name;
	const char *const *columns; /* the names of those that are used */
	int ncolumns;
	bool gets_rows;							 /* new ones */
	bool (*fits)(const struct Table *table); /* whether their types are those that are expected */
	Oid oid;								 /* InvalidOid: it has to be looked up */
	bool is_known;							 /* what follows is as it was found */
	bool is_plain;							 /* its rows can be reached without a statement */
	MemoryContext context;					 /* of the arrays */
	AttrNumber *attributes;					 /* of the columns */
	Oid *types;								 /* of the columns */
	int natts;								 /* of all there are, as the rest */
	Datum *defaults;						 /* what new rows have that are given nothing else */
	bool *default_nulls;
	Oid primary_key; /* on id and partition_key; InvalidOid: it has none of these */
	RegProcedure same_id;
	RegProcedure same_partition_key;
} Table;

extern Relation table_open_plain(Table *table, LOCKMODE lock, AclMode rights);

#endif /* RESTATE_STORE_TABLES_H */
