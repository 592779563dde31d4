/*
 * protobuf.c
 *		The few primitives of Protocol Buffers that the service protocol is made
 *		of.
 *
 * What is read may be any bytes: nothing is read past their end, and a number
 * that does not fit is refused rather than cut.
 */
#include "types/protobuf.h"

#include <string.h>

/* a varint has seven bits a byte; the tenth has the last one of 64 */
#define VARINT_MAX_BYTES 10

/* a field's number and type share a varint of 32 bits */
#define TYPE_BITS 3
#define TYPE_MASK ((1 << TYPE_BITS) - 1)

#define PAIR_KEY   1
#define PAIR_VALUE 2

/* what is wrong, to stand after the name of a message or a field */
const char *const restate_wire_faults[WIRE_FAULT_COUNT] = {
	[WIRE_OK] = "",
	[WIRE_CUT_SHORT] = "ends within a field",
	[WIRE_VARINT_TOO_LARGE] = "has a number of more than 64 bits",
	[WIRE_NO_FIELD_NUMBER] = "has a field whose number is none",
	[WIRE_UNKNOWN_TYPE] = "has a field of a type that is not in use",
};

/*
 * Takes so many bytes off the front.  Returns false if there are fewer.
 */
static bool
take(Slice *left, uint64_t len, Slice *taken)
{
	if (len > left->len)
		return false;
	taken->data = left->data;
	taken->len = (size_t) len;
	left->data += len;
	left->len -= (size_t) len;
	return true;
}

/*
 * Takes a varint off the front.  Returns what is wrong with it.
 */
WireFault
restate_wire_read_varint(Slice *left, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0;; i++)
	{
		uint8_t byte;

		if (i == left->len)
			return WIRE_CUT_SHORT;
		byte = left->data[i];
		/* the last byte has one bit, so none comes after it */
		if (i == VARINT_MAX_BYTES - 1 && byte > 1)
			return WIRE_VARINT_TOO_LARGE;
		*value |= (uint64_t) (byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0)
		{
			left->data += i + 1;
			left->len -= i + 1;
			return WIRE_OK;
		}
	}
}

/*
 * Takes a field off the front of a message's bytes, of which there are some.
 * Returns what is wrong with it.
 */
WireFault
restate_wire_read(Slice *left, WireField *field)
{
	WireFault fault;
	uint64_t tag;
	uint64_t len;

	fault = restate_wire_read_varint(left, &tag);
	if (fault != WIRE_OK)
		return fault;
	if (tag > UINT32_MAX || tag >> TYPE_BITS == 0)
		return WIRE_NO_FIELD_NUMBER;
	field->number = (uint32_t) tag >> TYPE_BITS;
	field->value = 0;
	field->bytes = (Slice){NULL, 0};
	switch (tag & TYPE_MASK)
	{
		case WIRE_VARINT:
			field->type = WIRE_VARINT;
			return restate_wire_read_varint(left, &field->value);
		case WIRE_FIXED64:
			field->type = WIRE_FIXED64;
			len = 8;
			break;
		case WIRE_BYTES:
			field->type = WIRE_BYTES;
			fault = restate_wire_read_varint(left, &len);
			if (fault != WIRE_OK)
				return fault;
			break;
		case WIRE_FIXED32:
			field->type = WIRE_FIXED32;
			len = 4;
			break;
		default:
			return WIRE_UNKNOWN_TYPE;
	}
	return take(left, len, &field->bytes) ? WIRE_OK : WIRE_CUT_SHORT;
}

/*
 * Takes fields off the list's bytes up to one of its number.  Returns false if
 * there is none, or none that can be read.
 */
static bool
next_field(WireList *left, WireField *field)
{
	while (left->in.len > 0)
	{
		if (restate_wire_read(&left->in, field) != WIRE_OK)
			return false;
		if (field->number == left->number)
			return true;
	}
	return false;
}

/*
 * Takes the next element off a list of texts, bytes or messages.  Returns
 * false at its end.
 */
bool
restate_list_next(WireList *left, Slice *element)
{
	WireField field;

	if (!next_field(left, &field))
		return false;
	*element = field.bytes;
	return true;
}

/*
 * Takes the next element off a list of numbers of 32 bits, which stand
 * together or each alone.  Returns false at its end.
 */
bool
restate_list_next_number(WireList *left, uint32_t *number)
{
	uint64_t value;

	while (left->packed.len == 0)
	{
		WireField field;

		if (!next_field(left, &field))
			return false;
		if (field.type == WIRE_VARINT)
		{
			*number = (uint32_t) field.value;
			return true;
		}
		left->packed = field.bytes;
	}
	if (restate_wire_read_varint(&left->packed, &value) != WIRE_OK)
		return false;
	*number = (uint32_t) value;
	return true;
}

/*
 * Takes the next element off a list of keys with values.  Returns false at its
 * end.
 */
bool
restate_list_next_pair(WireList *left, Slice *key, Slice *value)
{
	static const uint8_t nothing[1];
	Slice pair;

	if (!restate_list_next(left, &pair))
		return false;
	*key = *value = (Slice){nothing, 0};
	while (pair.len > 0)
	{
		WireField field;

		if (restate_wire_read(&pair, &field) != WIRE_OK)
			return false;
		if (field.number == PAIR_KEY)
			*key = field.bytes;
		else if (field.number == PAIR_VALUE)
			*value = field.bytes;
	}
	return true;
}

/*
 * Makes room for so many more bytes.
 */
void
restate_wire_reserve(WireBuffer *out, size_t len)
{
	size_t size = out->allocated < 64 ? 64 : out->allocated;
	void *data;

	if (out->resize == NULL || out->failed || len <= out->allocated - out->len)
		return;
	while (size - out->len < len && size <= SIZE_MAX / 2)
		size *= 2;
	data = size - out->len < len ? NULL : out->resize(out->owner, out->data, size);
	if (data == NULL)
		out->failed = true;
	else
	{
		out->data = data;
		out->allocated = size;
	}
}

/*
 * Writes bytes as they are.
 */
void
restate_wire_write_bytes(WireBuffer *out, Slice bytes)
{
	restate_wire_reserve(out, bytes.len);
	if (out->failed)
		return;
	if (out->resize != NULL && bytes.len > 0)
		memcpy(out->data + out->len, bytes.data, bytes.len);
	out->len += bytes.len;
}

/*
 * Writes a varint.
 */
void
restate_wire_write_varint(WireBuffer *out, uint64_t value)
{
	uint8_t bytes[VARINT_MAX_BYTES];
	size_t len = 0;

	while (value > 0x7f)
	{
		bytes[len++] = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	bytes[len++] = (uint8_t) value;
	restate_wire_write_bytes(out, (Slice){bytes, len});
}

/*
 * Writes what stands before a field's bytes, which come next.
 */
void
restate_wire_write_head(WireBuffer *out, uint32_t number, size_t len)
{
	restate_wire_write_varint(out, number << TYPE_BITS | WIRE_BYTES);
	restate_wire_write_varint(out, len);
}

/*
 * Writes a field that is a number.
 */
void
restate_wire_write_number(WireBuffer *out, uint32_t number, uint64_t value)
{
	restate_wire_write_varint(out, number << TYPE_BITS | WIRE_VARINT);
	restate_wire_write_varint(out, value);
}

/*
 * Writes a field that is text or bytes, or an element of a list of them.
 */
void
restate_wire_write_slice(WireBuffer *out, uint32_t number, Slice bytes)
{
	restate_wire_write_head(out, number, bytes.len);
	restate_wire_write_bytes(out, bytes);
}

/*
 * Writes what is within an element of a list of keys with values.
 */
static void
write_pair_parts(WireBuffer *out, Slice key, Slice value)
{
	if (key.len > 0)
		restate_wire_write_slice(out, PAIR_KEY, key);
	if (value.len > 0)
		restate_wire_write_slice(out, PAIR_VALUE, value);
}

/*
 * Writes an element of a list of keys with values.
 */
void
restate_wire_write_pair(WireBuffer *out, uint32_t number, Slice key, Slice value)
{
	WireBuffer counted = {0};

	write_pair_parts(&counted, key, value);
	restate_wire_write_head(out, number, counted.len);
	write_pair_parts(out, key, value);
}
