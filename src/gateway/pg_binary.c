/*
 * pg_binary.c
 *		Writes and reads values in binary form.
 */
#include "pg_binary.h"

#include <endian.h>
#include <string.h>

static void add_int4(Buffer *array, uint32_t value);

void
binary_array_begin(Buffer *array, unsigned type, int count)
{
	add_int4(array, count > 0);
	add_int4(array, 0);
	add_int4(array, type);
	if (count == 0)
		return;
	add_int4(array, (uint32_t) count);
	add_int4(array, 1);
}

void
binary_array_add(Buffer *array, const char *bytes, size_t len)
{
	add_int4(array, (uint32_t) len);
	if (len > 0)
		buffer_add(array, bytes, len);
}

void
binary_array_add_int8(Buffer *array, int64_t value)
{
	uint64_t wire = htobe64((uint64_t) value);

	binary_array_add(array, (const char *) &wire, sizeof(wire));
}

/*
 * Adds a number of four bytes.
 */
static void
add_int4(Buffer *array, uint32_t value)
{
	uint32_t wire = htobe32(value);

	buffer_add(array, (const char *) &wire, sizeof(wire));
}

int64_t
binary_int8(const PGresult *result, int row, int column)
{
	uint64_t wire = 0;

	if (PQgetlength(result, row, column) == sizeof(wire))
		memcpy(&wire, PQgetvalue(result, row, column), sizeof(wire));
	return (int64_t) be64toh(wire);
}

int32_t
binary_int4(const PGresult *result, int row, int column)
{
	uint32_t wire = 0;

	if (PQgetlength(result, row, column) == sizeof(wire))
		memcpy(&wire, PQgetvalue(result, row, column), sizeof(wire));
	return (int32_t) be32toh(wire);
}

bool
binary_bool(const PGresult *result, int row, int column)
{
	return PQgetlength(result, row, column) == 1 && PQgetvalue(result, row, column)[0];
}
