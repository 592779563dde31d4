/*
 * flatbuffer.h
 *		Writes FlatBuffers: tables, vectors and text, each after what points
 *		to it.
 *
 * Places are counted from the buffer's beginning, which stands at a multiple of
 * eight bytes wherever it is read.  Where memory runs out the buffer says so,
 * and what is written into it then means nothing.
 */
#ifndef RESTATE_GATEWAY_FLATBUFFER_H
#define RESTATE_GATEWAY_FLATBUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

#define FLAT_MAX_FIELDS 8

/* A field of a table: its size in bytes, 1, 2, 4 or 8; 0 where the table does without it. */
typedef struct FlatField
{
	unsigned size;
	uint64_t value;
	size_t place; /* where it was written */
} FlatField;

/* A field that points to what is written later. */
#define FLAT_POINTER ((FlatField){.size = 4})

/* Begins the buffer with the pointer to its outermost table. */
extern void flat_begin(Buffer *buffer);

/* These write what the pointer at a place points to. */

/* A table, with the fields in the order of their numbers. */
extern void flat_table(Buffer *buffer, size_t pointer, FlatField *fields, int nfields);
extern void flat_text(Buffer *buffer, size_t pointer, const char *text, size_t len);

/*
 * The head of a vector, whose elements are to follow: numbers or structs that
 * are aligned to so many bytes.
 */
extern void flat_vector(Buffer *buffer, size_t pointer, size_t count, unsigned alignment);

/* An element of a vector that is a pointer; returns its place. */
extern size_t flat_add_pointer(Buffer *buffer);

/* Adds a number of so many bytes, the lowest first. */
extern void flat_add(Buffer *buffer, uint64_t value, unsigned size);

/* Adds zeros up to a multiple of so many bytes. */
extern void flat_align(Buffer *buffer, unsigned alignment);

#endif /* RESTATE_GATEWAY_FLATBUFFER_H */
