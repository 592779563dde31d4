/*
 * protobuf.h
 *		The few primitives of Protocol Buffers that the service protocol is made
 *		of: reading the fields of a message, within bounds, and writing them.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_PROTOBUF_H
#define RESTATE_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else.  Without data there are none, which is not the same as no byte. */
typedef struct Slice
{
	const uint8_t *data;
	size_t len;
} Slice;

/* How a field's value is written; there were others once. */
typedef enum WireType
{
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5
} WireType;

typedef enum WireFault
{
	WIRE_OK,
	WIRE_CUT_SHORT,
	WIRE_VARINT_TOO_LARGE,
	WIRE_NO_FIELD_NUMBER,
	WIRE_UNKNOWN_TYPE,
	WIRE_FAULT_COUNT
} WireFault;

/* A field as it was read. */
typedef struct WireField
{
	uint32_t number;
	WireType type;
	uint64_t value; /* of a varint */
	Slice bytes;	/* of any other type */
} WireField;

/*
 * The elements of a repeated field: all of this number in a message's bytes.
 * Who goes through them does so with a copy, which becomes what is left.
 */
typedef struct WireList
{
	Slice in;
	uint32_t number;
	Slice packed; /* numbers still to be read of those that stand together */
} WireList;

/*
 * Where messages are written.  resize gives the memory another size, or
 * returns NULL; a buffer without it only counts what would be written.
 */
typedef struct WireBuffer
{
	uint8_t *data;
	size_t len;
	size_t allocated;
	void *(*resize)(void *owner, void *data, size_t size);
	void *owner;
	bool failed; /* memory ran out: what was written since is missing */
} WireBuffer;

extern const char *const restate_wire_faults[WIRE_FAULT_COUNT];

extern WireFault restate_wire_read(Slice *left, WireField *field);
extern WireFault restate_wire_read_varint(Slice *left, uint64_t *value);

extern bool restate_list_next(WireList *left, Slice *element);
extern bool restate_list_next_number(WireList *left, uint32_t *number);
extern bool restate_list_next_pair(WireList *left, Slice *key, Slice *value);

extern void restate_wire_reserve(WireBuffer *out, size_t len);
extern void restate_wire_write_bytes(WireBuffer *out, Slice bytes);
extern void restate_wire_write_varint(WireBuffer *out, uint64_t value);
extern void restate_wire_write_head(WireBuffer *out, uint32_t number, size_t len);
extern void restate_wire_write_number(WireBuffer *out, uint32_t number, uint64_t value);
extern void restate_wire_write_slice(WireBuffer *out, uint32_t number, Slice bytes);
extern void restate_wire_write_pair(WireBuffer *out, uint32_t number, Slice key, Slice value);

#endif /* RESTATE_PROTOBUF_H */
