/*
 * flatbuffer.c
 *		Writes FlatBuffers from front to back.
 */
#include "flatbuffer.h"

#define POINTER_SIZE 4

static void point_here(Buffer *buffer, size_t pointer);
static void put(Buffer *buffer, size_t place, uint64_t value, unsigned size);

void
flat_begin(Buffer *buffer)
{
	flat_add(buffer, 0, POINTER_SIZE);
}

/*
 * The table's description, which tells where each field is, stands right
 * before it: no two share one.
 */
void
flat_table(Buffer *buffer, size_t pointer, FlatField *fields, int nfields)
{
	unsigned description_size = 2U * (2U + (unsigned) nfields);
	unsigned table_size = POINTER_SIZE;
	size_t table;

	for (int i = 0; i < nfields; i++)
		if (fields[i].size)
		{
			table_size = (table_size + fields[i].size - 1) / fields[i].size * fields[i].size;
			fields[i].place = table_size;
			table_size += fields[i].size;
		}
	/* so that the table begins at a multiple of eight */
	while ((buffer->len + description_size) % 8 && !buffer->failed)
		flat_add(buffer, 0, 1);
	table = buffer->len + description_size;
	flat_add(buffer, description_size, 2);
	flat_add(buffer, table_size, 2);
	for (int i = 0; i < nfields; i++)
		flat_add(buffer, fields[i].size ? fields[i].place : 0, 2);
	point_here(buffer, pointer);
	flat_add(buffer, description_size, POINTER_SIZE);
	for (int i = 0; i < nfields; i++)
		if (fields[i].size)
		{
			fields[i].place += table;
			while (buffer->len < fields[i].place && !buffer->failed)
				flat_add(buffer, 0, 1);
			flat_add(buffer, fields[i].value, fields[i].size);
		}
}

void
flat_text(Buffer *buffer, size_t pointer, const char *text, size_t len)
{
	flat_vector(buffer, pointer, len, 1);
	buffer_add(buffer, text, len);
	flat_add(buffer, 0, 1);
}

void
flat_vector(Buffer *buffer, size_t pointer, size_t count, unsigned alignment)
{
	flat_align(buffer, POINTER_SIZE);
	while (alignment > POINTER_SIZE && (buffer->len + POINTER_SIZE) % alignment && !buffer->failed)
		flat_add(buffer, 0, POINTER_SIZE);
	point_here(buffer, pointer);
	flat_add(buffer, count, POINTER_SIZE);
}

size_t
flat_add_pointer(Buffer *buffer)
{
	flat_add(buffer, 0, POINTER_SIZE);
	return buffer->len - POINTER_SIZE;
}

void
flat_align(Buffer *buffer, unsigned alignment)
{
	static const char zeros[64];
	size_t over = buffer->len % alignment;

	if (over > 0)
		buffer_add(buffer, zeros, alignment - over);
}

void
flat_add(Buffer *buffer, uint64_t value, unsigned size)
{
	char bytes[8];

	for (unsigned i = 0; i < size; i++)
		bytes[i] = (char) (value >> 8 * i & 0xff);
	buffer_add(buffer, bytes, size);
}

/*
 * Has the pointer point to what is added next.
 */
static void
point_here(Buffer *buffer, size_t pointer)
{
	put(buffer, pointer, buffer->len - pointer, POINTER_SIZE);
}

/*
 * Writes a number over what was there.
 */
static void
put(Buffer *buffer, size_t place, uint64_t value, unsigned size)
{
	if (buffer->failed)
		return;
	for (unsigned i = 0; i < size; i++)
		buffer->data[place + i] = (char) (value >> 8 * i & 0xff);
}
