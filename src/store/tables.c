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
#include "utils/snapmgr.h"

#include "store/tables.h"
#include "types/compat.h"

/* the tables that were opened in this session */
static Table *seen[16];
static int nseen = 0;

static void forget(Datum argument, Oid oid);
static void watch(Table *table);
static void look_at(Table *table, Relation relation);
static bool is_readable(Relation relation);
static bool is_plain(Relation relation);
static bool has_generated(const TupleConstr *constraints);
static bool find_columns(Table *table, TupleDesc columns);
static bool find_defaults(Table *table, Relation relation);
static bool find_default(Table *table, Relation relation, int place);
static bool find_primary_key(Table *table, Relation relation);
static bool find_other_index(Table *table, Relation relation);
static void find_comparison(Relation index, int place, int16 strategy, FmgrInfo *function);

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
	if ((rights == ACL_SELECT ? table->is_readable : table->is_plain) &&
		(table->takes_rows || !(rights & ACL_INSERT)) &&
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

	table->is_readable = table->is_plain = table->takes_rows = false;
	if (table->context)
		MemoryContextDelete(table->context);
	table->context = NULL;
	table->context = AllocSetContextCreate(TopMemoryContext, "restate_admin table", ALLOCSET_SMALL_SIZES);
	table->oid = RelationGetRelid(relation);
	table->is_known = true;
	caller = MemoryContextSwitchTo(table->context);
	table->is_readable = is_readable(relation) && find_columns(table, RelationGetDescr(relation)) &&
						 find_primary_key(table, relation) && find_other_index(table, relation) && table->fits(table);
	table->is_plain = table->is_readable && is_plain(relation);
	table->takes_rows = table->is_plain && find_defaults(table, relation);
	MemoryContextSwitchTo(caller);
}

/*
 * Returns whether the rows of the table are all that a query of it reads.
 */
static bool
is_readable(Relation relation)
{
	const FormData_pg_class *form = relation->rd_rel;

	return form->relkind == RELKIND_RELATION && form->relam == HEAP_TABLE_AM_OID &&
		   !form->relispartition && !form->relhassubclass && !form->relrowsecurity;
}

/*
 * Returns whether nothing has a part in what is written to the table but its constraints
 * and indexes.
 */
static bool
is_plain(Relation relation)
{
	const TupleConstr *constraints = RelationGetDescr(relation)->constr;

	return relation->rd_rules == NULL && relation->trigdesc == NULL && !(constraints && has_generated(constraints));
}

/*
 * Returns whether a column is worked out from others.
 */
static bool
has_generated(const TupleConstr *constraints)
{
	return constraints->has_generated_stored || restate_checks_are_expanded(constraints);
}

/*
 * Finds the columns that are used, those that have a name; returns whether all are there,
 * and take what they are given as it is.
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
			/* a modifier of a type can round what it is given */
			if (column->atttypmod != -1)
				return false;
		}
		if (table->attributes[i] == InvalidAttrNumber)
			return false;
	}
	return true;
}

/*
 * Finds what the columns have in new rows that are given nothing else; returns whether
 * that is the same for all.
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
		for (int j = 0; j < (table->given ? table->ngiven : table->ncolumns); j++)
			is_given |= table->attributes[table->given ? table->given[j] : j] == i + 1;
		if (!is_given && !column->attisdropped && !find_default(table, relation, i))
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

	if (get_typtype(column->atttypid) == TYPTYPE_DOMAIN)
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
 * Finds the primary key; returns whether it is on the columns that it is to be on, in
 * their order.
 */
static bool
find_primary_key(Table *table, Relation relation)
{
	Relation index;
	List *indexes = RelationGetIndexList(relation);
	bool is_found = list_member_oid(indexes, relation->rd_pkindex);

	list_free(indexes);
	if (!is_found)
		return false;
	index = index_open(relation->rd_pkindex, AccessShareLock);
	table->primary_key = RelationGetRelid(index);
	table->same = palloc0_array(FmgrInfo, table->nkey);
	table->after = palloc0_array(FmgrInfo, table->nkey);
	table->collations = palloc0_array(Oid, table->nkey);
	is_found = index->rd_rel->relam == BTREE_AM_OID && index->rd_index->indisvalid && !index->rd_index->indcheckxmin &&
			   index->rd_index->indimmediate &&
			   IndexRelationGetNumberOfKeyAttributes(index) == table->nkey;
	for (int i = 0; is_found && i < table->nkey; i++)
	{
		is_found = index->rd_index->indkey.values[i] == table->attributes[table->key[i]];
		table->collations[i] = index->rd_indcollation[i];
		find_comparison(index, i, BTEqualStrategyNumber, &table->same[i]);
		find_comparison(index, i, BTGreaterStrategyNumber, &table->after[i]);
	}
	index_close(index, NoLock);
	return is_found;
}

/*
 * Finds an index of all rows that begins with the other column that rows are looked for by;
 * returns whether there is one, or need not be.
 */
static bool
find_other_index(Table *table, Relation relation)
{
	List *indexes;
	ListCell *cell;

	table->other_index = InvalidOid;
	if (table->other == table->key[0])
		return true;
	indexes = RelationGetIndexList(relation);
	foreach (cell, indexes)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_rel->relam == BTREE_AM_OID && index->rd_index->indisvalid && !index->rd_index->indcheckxmin &&
			index->rd_index->indkey.values[0] == table->attributes[table->other] && RelationGetIndexPredicate(index) == NIL)
		{
			table->other_index = RelationGetRelid(index);
			find_comparison(index, 0, BTEqualStrategyNumber, &table->same_other);
		}
		index_close(index, NoLock);
	}
	list_free(indexes);
	return OidIsValid(table->other_index);
}

/*
 * Finds what compares the column in that place of an index.
 */
static void
find_comparison(Relation index, int place, int16 strategy, FmgrInfo *function)
{
	Oid type = index->rd_opcintype[place];

	fmgr_info_cxt(get_opcode(get_opfamily_member(index->rd_opfamily[place], type, type, strategy)), function,
				  CurrentMemoryContext);
}

/*
 * Begins to look for the row with a primary key, as the active snapshot sees it.
 */
SysScanDesc
table_begin_scan(const Table *table, Relation relation, const Datum *key)
{
	ScanKeyData keys[TABLE_MAX_KEY];

	for (int i = 0; i < table->nkey; i++)
		table_init_key(table, &keys[i], i, false, key[i]);
	return systable_beginscan(relation, table->primary_key, true, GetActiveSnapshot(), table->nkey, keys);
}

/*
 * Has a scan of the primary key's index look for that value of the column in that place of
 * it, or for what comes after it.
 */
void
table_init_key(const Table *table, ScanKey scan_key, int place, bool is_after, Datum value)
{
	ScanKeyEntryInitializeWithInfo(scan_key, 0, table->attributes[table->key[place]],
								   is_after ? BTGreaterStrategyNumber : BTEqualStrategyNumber, InvalidOid,
								   table->collations[place], is_after ? &table->after[place] : &table->same[place], value);
}

/*
 * Begins to look for the rows with a value of the other column.
 */
SysScanDesc
table_begin_other_scan(const Table *table, Relation relation, Datum value)
{
	ScanKeyData key;
	FmgrInfo same = table->same_other;

	ScanKeyEntryInitializeWithInfo(&key, 0, table->attributes[table->other], BTEqualStrategyNumber, InvalidOid,
								   InvalidOid, &same, value);
	return systable_beginscan(relation, table->other_index, true, GetActiveSnapshot(), 1, &key);
}
