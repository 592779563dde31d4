/*
 * arrow_type.c
 *		Maps the server's types, and the columns of the views, to Arrow's
 *		types.
 */
#include "arrow_type.h"

#include <stdlib.h>

#include "pg_types.h"

/* 32 or 64 bits, for the views' columns that Restate has unsigned */
const char arrow_origins_sql[] =
	"SELECT a.attrelid, a.attnum, n.bits FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
	" JOIN (VALUES ('partition_key', 64), ('retry_count', 64), ('sequence_number', 64), ('revision', 64),"
	" ('key_length', 64), ('value_length', 64), ('last_failure_related_entry_index', 64),"
	" ('last_failure_related_command_index', 64), ('pinned_service_protocol_version', 32),"
	" ('journal_size', 32), ('journal_commands_size', 32), ('suspended_waiting_for_completions', 32),"
	" ('suspended_waiting_for_signals', 32), ('index', 32), ('version', 32), ('after_journal_entry_index', 32),"
	" ('min_service_protocol_version', 32), ('max_service_protocol_version', 32)) AS n (name, bits) ON n.name = a.attname"
	" WHERE c.relkind = 'v' AND c.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = 'restate')";

static ArrowType integer_of(const ArrowOrigins *origins, const PGresult *description, int column,
							ArrowType otherwise);

bool
arrow_origins_take(ArrowOrigins *origins, const PGresult *result)
{
	int count = PQnfields(result) == 3 ? PQntuples(result) : 0;

	arrow_origins_free(origins);
	origins->list = calloc((size_t) count + 1, sizeof(*origins->list));
	if (origins->list == NULL)
		return false;
	for (int i = 0; i < count; i++)
	{
		ArrowOrigin *origin = &origins->list[origins->count++];

		origin->view = (Oid) strtoul(PQgetvalue(result, i, 0), NULL, 10);
		origin->column = (int) strtol(PQgetvalue(result, i, 1), NULL, 10);
		origin->type =
			strtol(PQgetvalue(result, i, 2), NULL, 10) == 32 ? ARROW_UINT32 : ARROW_UINT64;
	}
	return true;
}

void
arrow_origins_free(ArrowOrigins *origins)
{
	free(origins->list);
	origins->list = NULL;
	origins->count = 0;
}

ArrowType
arrow_type_of(const ArrowOrigins *origins, const PGresult *description, int column, ArrowType *item)
{
	switch (PQftype(description, column))
	{
		case OID_BOOL:
			return ARROW_BOOL;
		case OID_INT2:
		case OID_INT4:
		case OID_INT8:
		case OID_OID:
			return integer_of(origins, description, column, ARROW_INT64);
		case OID_NUMERIC:
			return integer_of(origins, description, column, ARROW_FLOAT64);
		case OID_FLOAT4:
			return ARROW_FLOAT32;
		case OID_FLOAT8:
			return ARROW_FLOAT64;
		case OID_BYTEA:
			return ARROW_BYTES;
		case OID_DATE:
			return ARROW_DATE;
		case OID_TIMESTAMP:
			return ARROW_TIME;
		case OID_TIMESTAMPTZ:
			return ARROW_TIME_ZONED;
		case OID_INTERVAL:
			return ARROW_DURATION;
		case OID_INT4_ARRAY:
		case OID_INT8_ARRAY:
			*item = integer_of(origins, description, column, ARROW_INT64);
			return ARROW_LIST;
		case OID_TEXT_ARRAY:
			*item = ARROW_TEXT;
			return ARROW_LIST;
		default:
			return ARROW_TEXT;
	}
}

/*
 * Returns the unsigned type of a view's column, or what it is otherwise.
 */
static ArrowType
integer_of(const ArrowOrigins *origins, const PGresult *description, int column,
		   ArrowType otherwise)
{
	Oid view = PQftable(description, column);
	int number = PQftablecol(description, column);

	for (int i = 0; view && i < origins->count; i++)
		if (origins->list[i].view == view && origins->list[i].column == number)
			return origins->list[i].type;
	return otherwise;
}
