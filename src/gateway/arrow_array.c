/*
 * arrow_array.c
 *		Gathers the values of a column.
 */
#include "arrow_array.h"

#include <stdlib.h>
#include <string.h>

#include "arrow_value.h"
#include "flatbuffer.h"
#include "pg_array.h"

#include "types/is_utf8.h"

static const char *add_value(ArrowArray *array, const char *value, size_t len);
static const char *add_text(ArrowArray *array, const char *value, size_t len);
static const char *add_bytes(ArrowArray *array, const char *value, size_t len);
static const char *add_list(ArrowArray *array, const char *value);
static const char *add_fixed(ArrowArray *array, const char *value, bool *is_null);
static void add_null(ArrowArray *array);
static void note(ArrowArray *array, bool is_null);
static bool set_bit(Buffer *bits, int64_t place, bool is_set);
static unsigned size_of(ArrowType type);
static bool has_offsets(ArrowType type);
static void begin_offsets(ArrowArray *array);
static void clear(Buffer *buffer, size_t kept);
static int hex(char c);

bool
arrow_array_make_items(ArrowArray *array, ArrowType type)
{
	ArrowArray *item = calloc(1, sizeof(*item));

	if (item == NULL)
		return false;
	item->type = type;
	array->item = item;
	return true;
}

const char *
arrow_array_add(ArrowArray *array, const char *value, int len)
{
	begin_offsets(array);
	if (value == NULL)
	{
		add_null(array);
		return NULL;
	}
	return add_value(array, value, (size_t) len);
}

/*
 * Adds a value that is not null.
 */
static const char *
add_value(ArrowArray *array, const char *value, size_t len)
{
	const char *fault;
	bool is_null = false;

	switch (array->type)
	{
		case ARROW_TEXT:
			fault = add_text(array, value, len);
			break;
		case ARROW_BYTES:
			fault = add_bytes(array, value, len);
			break;
		case ARROW_LIST:
			fault = add_list(array, value);
			break;
		default:
			fault = add_fixed(array, value, &is_null);
			break;
	}
	note(array, is_null);
	return fault;
}

/*
 * Adds text.
 */
static const char *
add_text(ArrowArray *array, const char *value, size_t len)
{
	buffer_add(&array->values, value, len);
	flat_add(&array->offsets, array->values.len, 8);
	/* a query can change the encoding of its rows, though not for the next */
	return restate_is_utf8(value, len) ? NULL : "the rows are not UTF-8";
}

/*
 * Adds bytes that are printed in hexadecimal.
 */
static const char *
add_bytes(ArrowArray *array, const char *value, size_t len)
{
	if (len < 2 || value[0] != '\\' || value[1] != 'x' || len % 2 != 0)
		return "bytes are not in hexadecimal";
	for (size_t i = 2; i < len; i += 2)
	{
		char bytes[64];
		size_t count = 0;

		for (; i + 2 * count < len && count < sizeof(bytes); count++)
		{
			int high = hex(value[i + 2 * count]);
			int low = hex(value[i + 2 * count + 1]);

			if (high < 0 || low < 0)
				return "bytes are not in hexadecimal";
			bytes[count] = (char) (high << 4 | low);
		}
		buffer_add(&array->values, bytes, count);
		i += 2 * (count - 1);
	}
	flat_add(&array->offsets, array->values.len, 8);
	return NULL;
}

/*
 * Returns what a hexadecimal digit stands for, or -1.
 */
static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * Adds an array.
 */
static const char *
add_list(ArrowArray *array, const char *value)
{
	const char *p = pg_array_begin(value);
	const char *fault = NULL;
	bool is_null;

	if (p == NULL)
		return "an array has more than one dimension, or does not count from 1";
	while (fault == NULL && pg_array_next(&p, &array->element, &is_null))
	{
		if (array->element.failed || array->element.len > INT32_MAX)
			break;
		fault = arrow_array_add(array->item, is_null ? NULL : array->element.data,
								(int) array->element.len);
	}
	flat_add(&array->offsets, (uint64_t) array->item->count, 4);
	return fault;
}

/*
 * Adds a value of a fixed size; one that is endless, which Arrow does not
 * have, is null.
 */
static const char *
add_fixed(ArrowArray *array, const char *value, bool *is_null)
{
	uint64_t bits = 0;
	int64_t number = 0;
	int32_t days = 0;
	float real = 0;
	double wide = 0;
	bool ok = true;

	switch (array->type)
	{
		case ARROW_BOOL:
			return set_bit(&array->values, array->count, value[0] == 't') ? NULL : "out of memory";
		case ARROW_UINT32:
			ok = read_uint64(value, &bits) && bits <= UINT32_MAX;
			break;
		case ARROW_UINT64:
			ok = read_uint64(value, &bits);
			break;
		case ARROW_FLOAT32:
			ok = read_double(value, &wide);
			real = (float) wide;
			memcpy(&bits, &real, sizeof(real));
			break;
		case ARROW_FLOAT64:
			ok = read_double(value, &wide);
			memcpy(&bits, &wide, sizeof(wide));
			break;
		case ARROW_DATE:
			*is_null = is_endless(value);
			ok = *is_null || read_date(value, &days);
			bits = (uint64_t) (int64_t) days;
			break;
		case ARROW_TIME:
		case ARROW_TIME_ZONED:
			*is_null = is_endless(value);
			ok = *is_null || read_time(value, &number);
			bits = (uint64_t) number;
			break;
		case ARROW_DURATION:
			*is_null = is_endless(value);
			ok = *is_null || read_duration(value, &number);
			bits = (uint64_t) number;
			break;
		default:
			ok = read_int64(value, &number);
			bits = (uint64_t) number;
			break;
	}
	flat_add(&array->values, bits, size_of(array->type));
	return ok ? NULL : "a value is beyond its type, or in a style of the query's own";
}

/*
 * Adds a null.
 */
static void
add_null(ArrowArray *array)
{
	if (array->type == ARROW_BOOL)
		(void) set_bit(&array->values, array->count, false);
	else if (array->type == ARROW_LIST)
		flat_add(&array->offsets, (uint64_t) array->item->count, 4);
	else if (has_offsets(array->type))
		flat_add(&array->offsets, array->values.len, 8);
	else
		flat_add(&array->values, 0, size_of(array->type));
	note(array, true);
}

/*
 * Counts a value that was added.
 */
static void
note(ArrowArray *array, bool is_null)
{
	(void) set_bit(&array->validity, array->count, !is_null);
	array->nulls += is_null;
	array->count++;
}

/*
 * Sets the next bit; returns false where memory has run out.
 */
static bool
set_bit(Buffer *bits, int64_t place, bool is_set)
{
	if (place % 8 == 0)
		flat_add(bits, 0, 1);
	if (bits->failed)
		return false;
	if (is_set)
		bits->data[place / 8] = (char) ((unsigned char) bits->data[place / 8] | 1U << place % 8);
	return true;
}

/*
 * Returns the bytes of a value.
 */
static unsigned
size_of(ArrowType type)
{
	return type == ARROW_UINT32 || type == ARROW_FLOAT32 || type == ARROW_DATE ? 4 : 8;
}

/*
 * Returns whether values of the type begin where others end.
 */
static bool
has_offsets(ArrowType type)
{
	return type == ARROW_TEXT || type == ARROW_BYTES || type == ARROW_LIST;
}

/*
 * Adds where the first value begins, before that is added.
 */
static void
begin_offsets(ArrowArray *array)
{
	if (array->count == 0 && array->offsets.len == 0 && has_offsets(array->type))
		flat_add(&array->offsets, 0, array->type == ARROW_LIST ? 4 : 8);
}

bool
arrow_array_has_failed(const ArrowArray *array)
{
	return array->validity.failed || array->offsets.failed || array->values.failed ||
		   array->element.failed || (array->item && arrow_array_has_failed(array->item));
}

void
arrow_array_clear(ArrowArray *array, size_t kept)
{
	array->count = array->nulls = 0;
	clear(&array->validity, kept);
	clear(&array->offsets, kept);
	clear(&array->values, kept);
	clear(&array->element, kept);
	if (array->item)
		arrow_array_clear(array->item, kept);
}

/*
 * Empties a buffer, and frees it if it is large.
 */
static void
clear(Buffer *buffer, size_t kept)
{
	if (buffer->allocated > kept)
		buffer_free(buffer);
	buffer->len = 0;
}

void
arrow_array_free(ArrowArray *array)
{
	buffer_free(&array->validity);
	buffer_free(&array->offsets);
	buffer_free(&array->values);
	buffer_free(&array->element);
	if (array->item)
		arrow_array_free(array->item);
	free(array->item);
	array->item = NULL;
	array->count = array->nulls = 0;
}
