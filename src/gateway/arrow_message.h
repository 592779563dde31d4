/*
 * arrow_message.h
 *		The messages of Arrow's stream format.
 *
 * A stream is a schema, any number of batches and an end.  Each message begins
 * at a multiple of eight bytes.
 */
#ifndef RESTATE_GATEWAY_ARROW_MESSAGE_H
#define RESTATE_GATEWAY_ARROW_MESSAGE_H

#include "arrow_array.h"
#include "buffer.h"

/* These return false where memory has run out; out has then a part of it. */
extern bool arrow_add_schema(Buffer *out, const Buffer *names, const ArrowArray *columns,
							 int ncolumns);
extern bool arrow_add_batch(Buffer *out, const ArrowArray *columns, int ncolumns, int64_t rows);
extern bool arrow_add_end(Buffer *out);

#endif /* RESTATE_GATEWAY_ARROW_MESSAGE_H */
