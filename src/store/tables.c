/*
 * tables.c
 *		Tables whose rows can be reached without a statement.
 *
 * To start the executor takes longer than all that a step of an invocation locks and
 * writes.  Where nothing but the server's access methods, constraints and indexes has a
 * part in a row, these are called themselves.  A trigger, a rule, a policy, a generated
 * column, a default that has to be worked out, a partition or a child, a hook that checks
 * privileges: with any of these the statement runs as it does elsewhere.
 *
 * What is known of a table is forgotten when the server says that it has changed.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "store/tables.h"
#include "types/compat.h"

/* the tables that were opened in this session */
static Table *seen[8];
static int nseen = 0;

static void forget(Datum argument, Oid oid);
static void watch(Table *table);
static void look_at(Table *table, Relation relation);
static bool is_plain(Relation relation);
static bool find_columns(Table *table, TupleDesc columns);
static bool find_defaults(Table *table, Relation relation);
static bool find_default(Table *table, Relation relation, int place);
static void find_primary_key(Table *table, Relation relation);

/*
 * Opens a table of the extension with the lock, if its rows can be reached without a
 * statement by who has these rights; NULL if not.  The lock is held on.
 */
Relation
table_open_plain(Table *table, LOCKMODE lock, AclMode rights)
{
	Relation relation;

	/* what raises an error in a statement is to be raised by it */
	if (XactReadOnly || IsInParallelMode() || ExecutorCheckPerms_hook)
		return NULL;
	watch(table);
	if (!OidIsValid(table->oid))
		table->oid = get_relname_relid(table->name, get_namespace_oid("restate", true));
	relation = OidIsValid(table->oid) ? try_table_open(table->oid, lock) : NULL;
	if (relation == NULL)
		return NULL;
	/* to open it may have told that it has changed */
	if (!table->is_known || table->oid != RelationGetRelid(relation))
		look_at(table, relation);
	if (table->is_plain &&
		pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), rights) == ACLCHECK_OK)
		return relation;
	table_close(relation, NoLock);
	return NULL;
}

/*
 * Has what is known of the table forgotten when it changes.
 */
static void
watch(Table *table)
{
	for (int i = 0; i < nseen; i++)
		if (seen[i] == table)
			return;
	if (nseen == 0)
		CacheRegisterRelcacheCallback(forget, (Datum) 0);
	if (nseen == lengthof(seen))
		elog(ERROR, "too many tables");
	seen[nseen++] = table;
}

/*
 * Forgets what is known of a table, of all for no OID.
 */
static void
forget(Datum argument, Oid oid)
{
	for (int i = 0; i < nseen; i++)
		if (!OidIsValid(oid) || seen[i]->oid == oid)
		{
			seen[i]->is_known = false;
			seen[i]->oid = InvalidOid;
		}
}

/*
 * Looks at the table, which is open.
 */
static void
look_at(Table *table, Relation relation)
{
	MemoryContext caller;

	table->is_plain = false;
	if (table->context)
		MemoryContextDelete(table->context);
	table->context = NULL;
	table->context = AllocSetContextCreate(TopMemoryContext, "restate_admin table", ALLOCSET_SMALL_SIZES);
	table->oid = RelationGetRelid(relation);
	table->is_known = true;
	caller = MemoryContextSwitchTo(table->context);
	find_primary_key(table, relation);
	table->is_plain = is_plain(relation) && find_columns(table, RelationGetDescr(relation)) &&
					  find_defaults(table, relation) && table->fits(table);
	MemoryContextSwitchTo(caller);
}

/*
 * Returns whether nothing has a part in what is written to the table but its constraints
 * and indexes, nor in what is read.
 */
static bool
is_plain(Relation relation)
{
	const FormData_pg_class *form = relation->rd_rel;

	return form->relkind == RELKIND_RELATION && form->relam == HEAP_TABLE_AM_OID &&
		   !form->relispartition && !form->relhassubclass && !form->relrowsecurity &&
		   relation->rd_rules == NULL && relation->trigdesc == NULL;
}

/*
 * Finds the columns that are used, those that have a name; returns whether all are there.
 */
static bool
find_columns(Table *table, TupleDesc columns)
{
	table->natts = columns->natts;
	table->attributes = palloc0_array(AttrNumber, table->ncolumns);
	table->types = palloc0_array(Oid, table->ncolumns);
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (table->columns[i] == NULL)
			continue;
		for (int j = 0; j < columns->natts; j++)
		{
			const FormData_pg_attribute *column = TupleDescAttr(columns, j);

			if (column->attisdropped || strcmp(NameStr(column->attname), table->columns[i]) != 0)
				continue;
			table->attributes[i] = column->attnum;
			table->types[i] = column->atttypid;
		}
		if (table->attributes[i] == InvalidAttrNumber)
			return false;
	}
	return true;
}

/*
 * Finds what the columns have in new rows that are given nothing else; returns whether
 * that is the same for all, and no column is worked out from others.
 */
static bool
find_defaults(Table *table, Relation relation)
{
	table->defaults = palloc0_array(Datum, table->natts);
	table->default_nulls = palloc0_array(bool, table->natts);
	for (int i = 0; i < table->natts; i++)
	{
		const FormData_pg_attribute *column = TupleDescAttr(RelationGetDescr(relation), i);
		bool is_given = false;

		table->default_nulls[i] = true;
		for (int j = 0; j < table->ncolumns; j++)
			is_given |= table->attributes[j] == i + 1;
		if (column->attgenerated != '\0')
			return false;
		if (table->gets_rows && !is_given && !column->attisdropped && !find_default(table, relation, i))
			return false;
	}
	return true;
}

/*
 * Finds what a column has in new rows; returns whether it is the same for all.
 */
static bool
find_default(Table *table, Relation relation, int place)
{
	const FormData_pg_attribute *column = TupleDescAttr(RelationGetDescr(relation), place);
	const Const *value;
	Node *expression;

	if (column->attidentity != '\0' || get_typtype(column->atttypid) == TYPTYPE_DOMAIN)
		return false;
	expression = build_column_default(relation, place + 1);
	if (expression == NULL)
		return true;
	expression = eval_const_expressions(NULL, expression);
	if (!IsA(expression, Const))
		return false;
	value = (const Const *) expression;
	table->default_nulls[place] = value->constisnull;
	if (!value->constisnull)
		table->defaults[place] = datumCopy(value->constvalue, value->constbyval, value->constlen);
	return true;
}

/*
 * Finds the primary key, if it is on id and partition_key, in that order.
 */
static void
find_primary_key(Table *table, Relation relation)
{
	static const char *const names[] = {"id", "partition_key"};
	Relation index;
	List *indexes = RelationGetIndexList(relation);
	RegProcedure *const same[] = {&table->same_id, &table->same_partition_key};
	bool is_found;

	table->primary_key = InvalidOid;
	is_found = list_member_oid(indexes, relation->rd_pkindex);
	list_free(indexes);
	if (!is_found)
		return;
	index = index_open(relation->rd_pkindex, AccessShareLock);
	is_found = index->rd_rel->relam == BTREE_AM_OID && IndexRelationGetNumberOfKeyAttributes(index) == (int) lengthof(names) &&
			   index->rd_index->indisvalid && index->rd_index->indimmediate;
	for (int i = 0; is_found && i < (int) lengthof(names); i++)
	{
		const char *name = get_attname(RelationGetRelid(relation), index->rd_index->indkey.values[i], true);

		is_found = name && strcmp(name, names[i]) == 0;
		*same[i] = get_opcode(get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
												  index->rd_opcintype[i], BTEqualStrategyNumber));
	}
	if (is_found)
		table->primary_key = RelationGetRelid(index);
	index_close(index, NoLock);
}
