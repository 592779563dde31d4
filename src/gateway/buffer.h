/*
 * buffer.h
 *		Text that grows, and JSON written into it.
 */
#ifndef RESTATE_GATEWAY_BUFFER_H
#define RESTATE_GATEWAY_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Buffer
{
	char *data; /* terminated, once something was added */
	size_t len;
	size_t allocated;
	bool failed; /* memory ran out: what was added since is missing */
} Buffer;

extern void buffer_add(Buffer *buffer, const char *bytes, size_t len);
extern void buffer_add_text(Buffer *buffer, const char *text);
extern void buffer_printf(Buffer *buffer, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
extern void buffer_add_json_string(Buffer *buffer, const char *text);
extern void buffer_free(Buffer *buffer);

/* How much memory the buffer takes once len more bytes are added. */
extern size_t buffer_room_for(const Buffer *buffer, size_t len);

/* memory of this size and more is of pieces that the system gives and takes back */
#define LARGE_PIECE ((size_t) 256 * 1024)

/* How often a buffer has got or lost such a piece: while it stays the same, another has taken what is taken. */
extern unsigned buffer_changes(void);

#endif /* RESTATE_GATEWAY_BUFFER_H */
