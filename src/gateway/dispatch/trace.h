/*
 * trace.h
 *		The trace that an invocation belongs to (W3C Trace Context): that of the request
 *		which has submitted it, by the headers of its input.
 */
#ifndef RESTATE_GATEWAY_TRACE_H
#define RESTATE_GATEWAY_TRACE_H

#include <stddef.h>

/* Two digits, the trace's id, the parent's and flags, with dashes between; terminated. */
#define TRACE_PARENT_SIZE 56
#define TRACE_STATE_SIZE  513

typedef struct Trace
{
	char parent[TRACE_PARENT_SIZE]; /* traceparent for a request to the handler; empty: none */
	char state[TRACE_STATE_SIZE];	/* tracestate; empty: none */
} Trace;

/*
 * Reads it from what a request to a handler begins with, a Start message and the entries.
 * The trace is the same, the parent one of the attempt's own.  What is malformed is none.
 */
extern void trace_read(Trace *trace, const char *request, size_t len);

#endif /* RESTATE_GATEWAY_TRACE_H */
