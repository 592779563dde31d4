/*
 * store_wire.c
 *		Calls and what they return as bytes, for nodes that have both extensions in the
 *		same version.
 *
 * A request has the version of the library, whether it is work, and its calls; each of
 * these its statement, the number of its rows, their values column by column, and those
 * that are the same for all rows.  The answer to a read has its rows, the answer to work
 * what each part of it did.  A value is as its type sends it, behind its length, which is
 * -1 for null.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/lsyscache.h"

#include "store/params.h"
#include "types/compat.h"

/* the length of a value that is null */
#define NULL_VALUE (-1)

static StringInfoData open_bytes(const bytea *bytes);
static void check_version(const char *version);
static void put_call(StringInfo buffer, const StoreCall *call);
static void get_call(StringInfo buffer, StoreCall *call);
static void put_values(StringInfo buffer, Oid type, const Datum *values, const bool *nulls, int count);
static void get_values(StringInfo buffer, Oid type, Datum *values, bool *nulls, int count);
static void put_value(StringInfo buffer, FmgrInfo *send, Datum value, bool isnull);
static Datum get_value(StringInfo buffer, FmgrInfo *receive, Oid parameter, bool *isnull);
static void find_send(Oid type, FmgrInfo *send);
static Oid find_receive(Oid type, FmgrInfo *receive);

/*
 * Returns what asks for the calls to be run: as one statement if they are work.
 */
bytea *
store_write_request(const StoreCall *calls, int count, bool is_work)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendstring(&buffer, RESTATE_ADMIN_VERSION);
	pq_sendbyte(&buffer, is_work);
	pq_sendint16(&buffer, (uint16) count);
	for (int i = 0; i < count; i++)
		put_call(&buffer, &calls[i]);
	return pq_endtypsend(&buffer);
}

/*
 * Returns the calls that are asked for, how many, and whether they are work.  Raises an
 * error if who asks has another version of the library.
 */
StoreCall *
store_read_request(const bytea *request, int *count, bool *is_work)
{
	StringInfoData buffer = open_bytes(request);
	StoreCall *calls;

	check_version(pq_getmsgstring(&buffer));
	*is_work = pq_getmsgbyte(&buffer) != 0;
	*count = (int) pq_getmsgint(&buffer, 2);
	if (*count < 1 || *count > STORE_WORK_COUNT)
		elog(ERROR, "a request with %d calls", *count);
	calls = palloc_array(StoreCall, *count);
	for (int i = 0; i < *count; i++)
		get_call(&buffer, &calls[i]);
	pq_getmsgend(&buffer);
	return calls;
}

/*
 * Returns the bytes to be read from their beginning.
 */
static StringInfoData
open_bytes(const bytea *bytes)
{
	StringInfoData buffer;

	/* a copy: what receives an array writes behind its elements meanwhile */
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), (int) VARSIZE_ANY_EXHDR(bytes));
	return buffer;
}

/*
 * Raises an error unless it is the version of this library.
 */
static void
check_version(const char *version)
{
	if (strcmp(version, RESTATE_ADMIN_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a node with version %s of restate_admin's library asks one with version %s",
						version, RESTATE_ADMIN_VERSION),
				 errhint("Have the same version on all nodes.")));
}

/*
 * Adds a call.
 */
static void
put_call(StringInfo buffer, const StoreCall *call)
{
	const StoreForm *form = store_def(call)->form;

	pq_sendint16(buffer, (uint16) call->statement);
	pq_sendint32(buffer, (uint32) call->count);
	for (int i = 0; i < form->ncolumns; i++)
		put_values(buffer, store_type_oid(form->params[i].type), &call->values[i * call->allocated],
				   &call->nulls[i * call->allocated], call->count);
	for (int i = form->ncolumns; i < form->nparams; i++)
		put_values(buffer, store_type_oid(form->params[i].type), &call->of_all[i].value,
				   &call->of_all[i].isnull, 1);
}

/*
 * Reads a call.
 */
static void
get_call(StringInfo buffer, StoreCall *call)
{
	const StoreForm *form;
	int statement = (int) pq_getmsgint(buffer, 2);

	if (statement >= STORE_STATEMENT_COUNT)
		elog(ERROR, "a request for statement %d", statement);
	store_call(call, (StoreStatement) statement);
	form = store_def(call)->form;
	call->count = (int) pq_getmsgint(buffer, 4);
	call->allocated = call->count;
	call->values = palloc_array(Datum, form->ncolumns * call->count);
	call->nulls = palloc_array(bool, form->ncolumns * call->count);
	for (int i = 0; i < form->ncolumns; i++)
		get_values(buffer, store_type_oid(form->params[i].type), &call->values[i * call->allocated],
				   &call->nulls[i * call->allocated], call->count);
	for (int i = form->ncolumns; i < form->nparams; i++)
		get_values(buffer, store_type_oid(form->params[i].type), &call->of_all[i].value,
				   &call->of_all[i].isnull, 1);
}

/*
 * Adds values of a type.
 */
static void
put_values(StringInfo buffer, Oid type, const Datum *values, const bool *nulls, int count)
{
	FmgrInfo send;

	find_send(type, &send);
	for (int i = 0; i < count; i++)
		put_value(buffer, &send, values[i], nulls[i]);
}

/*
 * Reads values of a type.
 */
static void
get_values(StringInfo buffer, Oid type, Datum *values, bool *nulls, int count)
{
	FmgrInfo receive;
	Oid parameter = find_receive(type, &receive);

	for (int i = 0; i < count; i++)
		values[i] = get_value(buffer, &receive, parameter, &nulls[i]);
}

/*
 * Adds a value.
 */
static void
put_value(StringInfo buffer, FmgrInfo *send, Datum value, bool isnull)
{
	bytea *bytes;

	if (isnull)
	{
		pq_sendint32(buffer, (uint32) NULL_VALUE);
		return;
	}
	bytes = SendFunctionCall(send, value);
	pq_sendint32(buffer, (uint32) (VARSIZE(bytes) - VARHDRSZ));
	pq_sendbytes(buffer, VARDATA(bytes), (int) (VARSIZE(bytes) - VARHDRSZ));
	pfree(bytes);
}

/*
 * Reads a value, 0 for null.
 */
static Datum
get_value(StringInfo buffer, FmgrInfo *receive, Oid parameter, bool *isnull)
{
	int length = (int) pq_getmsgint(buffer, 4);
	StringInfoData value;

	*isnull = length == NULL_VALUE;
	if (*isnull)
		return (Datum) 0;
	value = (StringInfoData){
		.data = unconstify(char *, pq_getmsgbytes(buffer, length)),
		.len = length,
		.maxlen = length};
	return ReceiveFunctionCall(receive, &value, parameter, -1);
}

/*
 * Finds what sends values of a type.
 */
static void
find_send(Oid type, FmgrInfo *send)
{
	Oid function;
	bool is_varlena;

	getTypeBinaryOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, send);
}

/*
 * Finds what receives values of a type; returns its parameter.
 */
static Oid
find_receive(Oid type, FmgrInfo *receive)
{
	Oid function;
	Oid parameter;

	getTypeBinaryInputInfo(type, &function, &parameter);
	fmgr_info(function, receive);
	return parameter;
}

/*
 * Returns the rows of the last result, which has so many, as the answer to a read.
 */
bytea *
store_write_rows(uint64 rows)
{
	TupleDesc columns = store_row_columns();
	int count = columns ? columns->natts : 0; /* an insert has none */
	FmgrInfo send[STORE_MAX_COLUMNS];
	Datum values[STORE_MAX_COLUMNS];
	bool nulls[STORE_MAX_COLUMNS];
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint64(&buffer, rows);
	pq_sendint16(&buffer, (uint16) count);
	for (int i = 0; i < count; i++)
		find_send(TupleDescAttr(columns, i)->atttypid, &send[i]);
	for (uint64 row = 0; row < rows; row++)
	{
		store_row_or_nulls(row, values, nulls);
		for (int i = 0; i < count; i++)
			put_value(&buffer, &send[i], values[i], nulls[i]);
	}
	return pq_endtypsend(&buffer);
}

/*
 * Makes the last result of the rows of an answer to the call, added to those that it has
 * if it goes on; returns how many it has.
 */
uint64
store_read_rows(const StoreCall *call, const bytea *answer, bool goes_on)
{
	const StoreResult *result = store_def(call)->result;
	StringInfoData buffer = open_bytes(answer);
	uint64 rows = (uint64) pq_getmsgint64(&buffer);
	int count = (int) pq_getmsgint(&buffer, 2);
	TupleDesc columns = CreateTemplateTupleDesc(count);
	FmgrInfo receive[STORE_MAX_COLUMNS];
	Oid parameters[STORE_MAX_COLUMNS];
	Datum values[STORE_MAX_COLUMNS];
	bool nulls[STORE_MAX_COLUMNS];

	if (count > (result ? result->ncolumns : 0))
		elog(ERROR, "an answer to \"%s\" with %d columns", store_def(call)->name, count);
	for (int i = 0; i < count; i++)
	{
		Oid type = store_type_oid(result->columns[i].type);

		TupleDescInitEntry(columns, (AttrNumber) (i + 1), result->columns[i].name, type, -1, 0);
		parameters[i] = find_receive(type, &receive[i]);
	}
	store_begin_rows(columns, goes_on);
	for (uint64 row = 0; row < rows; row++)
	{
		for (int i = 0; i < count; i++)
			values[i] = get_value(&buffer, &receive[i], parameters[i], &nulls[i]);
		store_put_row(values, nulls);
	}
	return store_rows();
}

/*
 * Returns what the parts of work did as the answer to it.
 */
bytea *
store_write_parts(const StoreWritten *parts, int count)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	for (int i = 0; i < count; i++)
	{
		pq_sendint64(&buffer, (uint64) parts[i].found);
		pq_sendint64(&buffer, (uint64) parts[i].written);
		pq_sendbyte(&buffer, parts[i].is_counted);
		pq_sendbyte(&buffer, parts[i].is_filtered);
	}
	return pq_endtypsend(&buffer);
}

/*
 * Reads what as many parts of work did.
 */
void
store_read_parts(const bytea *answer, StoreWritten *parts, int count)
{
	StringInfoData buffer = open_bytes(answer);

	for (int i = 0; i < count; i++)
	{
		parts[i].found = pq_getmsgint64(&buffer);
		parts[i].written = pq_getmsgint64(&buffer);
		parts[i].is_counted = pq_getmsgbyte(&buffer) != 0;
		parts[i].is_filtered = pq_getmsgbyte(&buffer) != 0;
	}
	pq_getmsgend(&buffer);
}
