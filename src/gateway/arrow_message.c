/*
 * arrow_message.c
 *		Writes the messages of Arrow's stream format, version 5 of their
 *		metadata, little-endian.
 */
#include "arrow_message.h"

#include <string.h>

#include "flatbuffer.h"

#define VERSION_5	  4
#define HEADER_SCHEMA 1
#define HEADER_BATCH  3
#define ALIGNMENT	  8
#define MAX_BUFFERS	  3

/* units of time, precisions */
#define UNIT_DAY  0
#define UNIT_MS	  1
#define IS_SINGLE 1
#define IS_DOUBLE 2

/* the numbers of the types */
enum
{
	TYPE_INT = 2,
	TYPE_FLOAT = 3,
	TYPE_BOOL = 6,
	TYPE_DATE = 8,
	TYPE_TIMESTAMP = 10,
	TYPE_LIST = 12,
	TYPE_DURATION = 18,
	TYPE_LARGE_BINARY = 19,
	TYPE_LARGE_UTF8 = 20
};

/* fields of tables */
#define NUMBER(bytes, number) ((FlatField){.size = (bytes), .value = (uint64_t) (number)})
#define NONE				  ((FlatField){0})

/* how Restate spells UTC */
static const char utc[] = "+00:00";

/* the validity of what has no nulls */
static const Buffer nothing;

static size_t begin_message(Buffer *flat, int header, uint64_t body);
static bool add_message(Buffer *out, Buffer *flat);
static void add_field(Buffer *flat, size_t pointer, const char *name, size_t len,
					  const ArrowArray *array);
static void add_type(Buffer *flat, size_t pointer, ArrowType type);
static unsigned number_of(ArrowType type);
static int buffers_of(const ArrowArray *array, const Buffer *buffers[MAX_BUFFERS]);
static size_t padded(size_t len);
static void measure(const ArrowArray *array, size_t *nodes, size_t *buffers, uint64_t *body);
static void add_nodes(Buffer *flat, const ArrowArray *array);
static void add_places(Buffer *flat, const ArrowArray *array, uint64_t *offset);
static void add_body(Buffer *out, const ArrowArray *array);

bool
arrow_add_schema(Buffer *out, const Buffer *names, const ArrowArray *columns, int ncolumns)
{
	FlatField schema[] = {NONE, FLAT_POINTER};
	Buffer flat = {0};
	size_t first;

	flat_table(&flat, begin_message(&flat, HEADER_SCHEMA, 0), schema, 2);
	flat_vector(&flat, schema[1].place, (size_t) ncolumns, 4);
	first = flat.len;
	for (int i = 0; i < ncolumns; i++)
		(void) flat_add_pointer(&flat);
	for (int i = 0; i < ncolumns; i++)
		add_field(&flat, first + 4 * (size_t) i, names[i].data, names[i].len, &columns[i]);
	return add_message(out, &flat);
}

bool
arrow_add_batch(Buffer *out, const ArrowArray *columns, int ncolumns, int64_t rows)
{
	FlatField batch[] = {NUMBER(8, rows), FLAT_POINTER, FLAT_POINTER};
	Buffer flat = {0};
	uint64_t offset = 0;
	uint64_t body = 0;
	size_t nodes = 0;
	size_t buffers = 0;

	for (int i = 0; i < ncolumns; i++)
		measure(&columns[i], &nodes, &buffers, &body);
	flat_table(&flat, begin_message(&flat, HEADER_BATCH, body), batch, 3);
	flat_vector(&flat, batch[1].place, nodes, 8);
	for (int i = 0; i < ncolumns; i++)
		add_nodes(&flat, &columns[i]);
	flat_vector(&flat, batch[2].place, buffers, 8);
	for (int i = 0; i < ncolumns; i++)
		add_places(&flat, &columns[i], &offset);
	if (!add_message(out, &flat))
		return false;
	for (int i = 0; i < ncolumns; i++)
		add_body(out, &columns[i]);
	return !out->failed;
}

bool
arrow_add_end(Buffer *out)
{
	flat_add(out, UINT32_MAX, 4);
	flat_add(out, 0, 4);
	return !out->failed;
}

/*
 * Begins a message; returns where the pointer to its header is.
 */
static size_t
begin_message(Buffer *flat, int header, uint64_t body)
{
	FlatField message[] = {NUMBER(2, VERSION_5), NUMBER(1, header), FLAT_POINTER, NUMBER(8, body)};

	flat_begin(flat);
	flat_table(flat, 0, message, 4);
	return message[2].place;
}

/*
 * Adds a message, whose body is to follow, and frees what it was made in.
 */
static bool
add_message(Buffer *out, Buffer *flat)
{
	flat_align(flat, ALIGNMENT);
	out->failed = out->failed || flat->failed;
	if (!flat->failed)
	{
		flat_add(out, UINT32_MAX, 4);
		flat_add(out, flat->len, 4);
		buffer_add(out, flat->data, flat->len);
	}
	buffer_free(flat);
	return !out->failed;
}

/*
 * Adds the description of a column, or of a list's items.
 */
static void
add_field(Buffer *flat, size_t pointer, const char *name, size_t len, const ArrowArray *array)
{
	FlatField field[] = {
		FLAT_POINTER, NUMBER(1, true), NUMBER(1, number_of(array->type)), FLAT_POINTER,
		NONE, FLAT_POINTER};
	size_t child;

	flat_table(flat, pointer, field, 6);
	flat_text(flat, field[0].place, name, len);
	add_type(flat, field[3].place, array->type);
	flat_vector(flat, field[5].place, array->item ? 1 : 0, 4);
	if (array->item == NULL)
		return;
	child = flat_add_pointer(flat);
	add_field(flat, child, "item", strlen("item"), array->item);
}

/*
 * Returns the number of a type.
 */
static unsigned
number_of(ArrowType type)
{
	switch (type)
	{
		case ARROW_BOOL:
			return TYPE_BOOL;
		case ARROW_INT64:
		case ARROW_UINT64:
		case ARROW_UINT32:
			return TYPE_INT;
		case ARROW_FLOAT32:
		case ARROW_FLOAT64:
			return TYPE_FLOAT;
		case ARROW_TEXT:
			return TYPE_LARGE_UTF8;
		case ARROW_BYTES:
			return TYPE_LARGE_BINARY;
		case ARROW_DATE:
			return TYPE_DATE;
		case ARROW_TIME:
		case ARROW_TIME_ZONED:
			return TYPE_TIMESTAMP;
		case ARROW_DURATION:
			return TYPE_DURATION;
		case ARROW_LIST:
			break;
	}
	return TYPE_LIST;
}

/*
 * Adds what there is to say of a type beside its number.
 */
static void
add_type(Buffer *flat, size_t pointer, ArrowType type)
{
	FlatField fields[2] = {NONE, NONE};
	int nfields = 0;

	switch (number_of(type))
	{
		case TYPE_INT:
			fields[nfields++] = NUMBER(4, type == ARROW_UINT32 ? 32 : 64);
			fields[nfields++] = NUMBER(1, type == ARROW_INT64);
			break;
		case TYPE_FLOAT:
			fields[nfields++] = NUMBER(2, type == ARROW_FLOAT32 ? IS_SINGLE : IS_DOUBLE);
			break;
		case TYPE_DATE:
			fields[nfields++] = NUMBER(2, UNIT_DAY);
			break;
		case TYPE_TIMESTAMP:
			fields[nfields++] = NUMBER(2, UNIT_MS);
			if (type == ARROW_TIME_ZONED)
				fields[nfields++] = FLAT_POINTER;
			break;
		case TYPE_DURATION:
			fields[nfields++] = NUMBER(2, UNIT_MS);
			break;
		default:
			break;
	}
	flat_table(flat, pointer, fields, nfields);
	if (type == ARROW_TIME_ZONED)
		flat_text(flat, fields[1].place, utc, strlen(utc));
}

/*
 * Lists the buffers of an array in their order, without those of its items;
 * returns how many they are.
 */
static int
buffers_of(const ArrowArray *array, const Buffer *buffers[MAX_BUFFERS])
{
	int count = 0;

	buffers[count++] = array->nulls > 0 ? &array->validity : &nothing;
	if (array->type == ARROW_TEXT || array->type == ARROW_BYTES || array->type == ARROW_LIST)
		buffers[count++] = &array->offsets;
	if (array->type != ARROW_LIST)
		buffers[count++] = &array->values;
	return count;
}

/*
 * Returns a buffer's length with what follows it up to the next one.
 */
static size_t
padded(size_t len)
{
	return (len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/*
 * Counts the arrays and buffers of a column, and the bytes they take.
 */
static void
measure(const ArrowArray *array, size_t *nodes, size_t *buffers, uint64_t *body)
{
	const Buffer *list[MAX_BUFFERS];
	int count = buffers_of(array, list);

	(*nodes)++;
	*buffers += (size_t) count;
	for (int i = 0; i < count; i++)
		*body += padded(list[i]->len);
	if (array->item)
		measure(array->item, nodes, buffers, body);
}

/*
 * Adds how many values and nulls a column has.
 */
static void
add_nodes(Buffer *flat, const ArrowArray *array)
{
	flat_add(flat, (uint64_t) array->count, 8);
	flat_add(flat, (uint64_t) array->nulls, 8);
	if (array->item)
		add_nodes(flat, array->item);
}

/*
 * Adds where a column's buffers are in the body, and how long.
 */
static void
add_places(Buffer *flat, const ArrowArray *array, uint64_t *offset)
{
	const Buffer *list[MAX_BUFFERS];
	int count = buffers_of(array, list);

	for (int i = 0; i < count; i++)
	{
		flat_add(flat, *offset, 8);
		flat_add(flat, list[i]->len, 8);
		*offset += padded(list[i]->len);
	}
	if (array->item)
		add_places(flat, array->item, offset);
}

/*
 * Adds a column's buffers to the body.
 */
static void
add_body(Buffer *out, const ArrowArray *array)
{
	static const char zeros[ALIGNMENT];
	const Buffer *list[MAX_BUFFERS];
	int count = buffers_of(array, list);

	for (int i = 0; i < count; i++)
	{
		if (list[i]->len > 0)
			buffer_add(out, list[i]->data, list[i]->len);
		buffer_add(out, zeros, padded(list[i]->len) - list[i]->len);
	}
	if (array->item)
		add_body(out, array->item);
}
