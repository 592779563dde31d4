/*
 * pg_binary.h
 *		Values as the server sends and takes them in binary form.
 */
#ifndef RESTATE_GATEWAY_PG_BINARY_H
#define RESTATE_GATEWAY_PG_BINARY_H

#include <libpq-fe.h>
#include <stdint.h>

#include "buffer.h"

/* Begins an array of one dimension, whose elements, not null, are added after that. */
extern void binary_array_begin(Buffer *array, unsigned type, int count);
extern void binary_array_add(Buffer *array, const char *bytes, size_t len);
extern void binary_array_add_int8(Buffer *array, int64_t value);

/* Values of a result in binary form; of null 0 and false. */
extern int64_t binary_int8(const PGresult *result, int row, int column);
extern int32_t binary_int4(const PGresult *result, int row, int column);
extern bool binary_bool(const PGresult *result, int row, int column);

#endif /* RESTATE_GATEWAY_PG_BINARY_H */
