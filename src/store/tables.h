/*
 * tables.h
 *		Tables whose rows are reached without a statement: see tables.c.
 */
#ifndef RESTATE_STORE_TABLES_H
#define RESTATE_STORE_TABLES_H

#include "postgres.h"

#include "access/genam.h"
#include "utils/acl.h"
#include "utils/rel.h"

/* the most columns of a primary key */
#define TABLE_MAX_KEY 5

/* A table, as it was when it was looked at. */
typedef struct Table
{
	const char *name;
	const char *const *columns; /* the names of those that are used */
	int ncolumns;
	const int *key; /* which of them are the primary key, in its order */
	int nkey;
	int other;		  /* one that another index begins with; the first of the key: none */
	const int *given; /* which of them a new row is always given; NULL: all */
	int ngiven;
	bool (*fits)(const struct Table *table); /* whether their types are those that are expected */
	Oid oid;								 /* InvalidOid: it has to be looked up */
	bool is_known;							 /* what follows is as it was found */
	bool is_readable;						 /* its rows can be read without a statement */
	bool is_plain;							 /* they can be locked and written, too */
	bool takes_rows;						 /* and so can new ones */
	MemoryContext context;					 /* of the arrays */
	AttrNumber *attributes;					 /* of the columns */
	Oid *types;								 /* of the columns */
	int natts;								 /* of all there are, as the rest */
	Datum *defaults;						 /* what new rows have that are given nothing else */
	bool *default_nulls;
	Oid primary_key; /* its index; InvalidOid: it is not what it is to be */
	FmgrInfo *same;	 /* what says of a column of it that it is equal */
	FmgrInfo *after; /* and that it comes later */
	Oid *collations; /* by which it is compared */
	Oid other_index; /* the one that begins with other; InvalidOid: there is none */
	FmgrInfo same_other;
} Table;

extern Relation table_open_plain(Table *table, LOCKMODE lock, AclMode rights);
extern SysScanDesc table_begin_scan(const Table *table, Relation relation, const Datum *key);
extern void table_init_key(const Table *table, ScanKey scan_key, int place, bool is_after, Datum value);
extern SysScanDesc table_begin_other_scan(const Table *table, Relation relation, Datum value);

#endif /* RESTATE_STORE_TABLES_H */
