/*
 * trace.c
 *		Finds the headers of the input, and makes the attempt the parent.
 */
#include "dispatch/trace.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "types/frame.h"

#define INPUT		  0x0400
#define INPUT_HEADERS 1

/* the parts of traceparent, each followed by a dash, but for the last */
#define VERSION_DIGITS 2
#define TRACE_DIGITS   32
#define PARENT_DIGITS  16
#define FLAG_DIGITS	   2
#define TRACE_AT	   (VERSION_DIGITS + 1)
#define PARENT_AT	   (TRACE_AT + TRACE_DIGITS + 1)
#define FLAGS_AT	   (PARENT_AT + PARENT_DIGITS + 1)

static bool is_called(Slice key, const char *name);
static bool take_parent(Trace *trace, Slice value);
static bool is_id(const char *text, size_t digits);
static void take_state(Trace *trace, Slice value);

void
trace_read(Trace *trace, const char *request, size_t len)
{
	Slice stream = {(const uint8_t *) request, len};
	Frame frame = {0};
	WireList headers;
	Slice key;
	Slice value;
	size_t whole;
	bool has_parent = false;

	trace->parent[0] = trace->state[0] = '\0';
	/* Start, then the input */
	for (int i = 0; i < 2; i++)
		if (restate_next_frame(&stream, &frame, &whole) != FRAME_OK)
			return;
	if (frame.type != INPUT)
		return;
	headers = (WireList){.in = frame.body, .number = INPUT_HEADERS};
	while (restate_list_next_pair(&headers, &key, &value))
		if (is_called(key, "traceparent"))
			has_parent = !has_parent && take_parent(trace, value);
		else if (is_called(key, "tracestate") && trace->state[0] == '\0')
			take_state(trace, value);
	if (!has_parent)
		trace->parent[0] = trace->state[0] = '\0';
}

/*
 * Returns whether the header has this name.
 */
static bool
is_called(Slice key, const char *name)
{
	return key.len == strlen(name) && strncasecmp((const char *) key.data, name, key.len) == 0;
}

/*
 * Takes the trace and the flags, and gives them a new parent; returns false where it is
 * malformed.  Of a later version what this one has is read.
 */
static bool
take_parent(Trace *trace, Slice value)
{
	char text[TRACE_PARENT_SIZE];
	uint64_t random;

	if (value.len < sizeof(text) - 1)
		return false;
	memcpy(text, value.data, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	if (strspn(text, "0123456789abcdef") != VERSION_DIGITS || strncmp(text, "ff", VERSION_DIGITS) == 0 ||
		(strncmp(text, "00", VERSION_DIGITS) == 0 && value.len != sizeof(text) - 1) ||
		(value.len > sizeof(text) - 1 && value.data[sizeof(text) - 1] != '-') ||
		text[TRACE_AT - 1] != '-' || !is_id(text + TRACE_AT, TRACE_DIGITS) ||
		text[PARENT_AT - 1] != '-' || !is_id(text + PARENT_AT, PARENT_DIGITS) ||
		text[FLAGS_AT - 1] != '-' || strspn(text + FLAGS_AT, "0123456789abcdef") != FLAG_DIGITS)
		return false;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return false;
	snprintf(trace->parent, sizeof(trace->parent), "00-%.*s-%016" PRIx64 "-%s", TRACE_DIGITS,
			 text + TRACE_AT, random | 1, text + FLAGS_AT);
	return true;
}

/*
 * Returns whether a text begins with an id: that many digits, not all of them 0.
 */
static bool
is_id(const char *text, size_t digits)
{
	return strspn(text, "0123456789abcdef") == digits && strspn(text, "0") < digits;
}

/*
 * Takes what tracing systems have noted, which is not ours to read.
 */
static void
take_state(Trace *trace, Slice value)
{
	if (value.len >= sizeof(trace->state))
		return;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < ' ' || value.data[i] > '~')
			return;
	memcpy(trace->state, value.data, value.len);
	trace->state[value.len] = '\0';
}
