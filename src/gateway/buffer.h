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
extern void buffer_printf(Buffer *buffer, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
extern void buffer_add_json_string(Buffer *buffer, const char *text);
extern void buffer_free(Buffer *buffer);

#endif /* RESTATE_GATEWAY_BUFFER_H */
