/*
 * h1_answer.h
 *		An answer in HTTP/1.1, read as it comes.
 *
 * Nothing here knows of a connection.
 */
#ifndef RESTATE_GATEWAY_H1_ANSWER_H
#define RESTATE_GATEWAY_H1_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the status line and all headers of an answer, or a line of chunks */
#define H1_MAX_HEAD ((size_t) 64 * 1024)

typedef struct H1Answer H1Answer;

/* What is told of it; false: nobody wants the rest. */
typedef struct H1Events
{
	bool (*header)(H1Answer *answer, const char *name, const char *value); /* the name in lower case */
	bool (*head)(H1Answer *answer);
	bool (*data)(H1Answer *answer, const char *bytes, size_t len);
} H1Events;

typedef enum H1State
{
	H1_STATUS,
	H1_HEADERS,
	H1_BODY, /* of the length that is left */
	H1_BODY_TO_END,
	H1_CHUNK_SIZE,
	H1_CHUNK,
	H1_CHUNK_END,
	H1_TRAILERS,
	H1_COMPLETE,
	H1_STOPPED, /* nobody wants the rest */
	H1_MALFORMED
} H1State;

/* Zeroed, but for events and owner, before each answer. */
struct H1Answer
{
	const H1Events *events;
	void *owner;
	H1State state;
	const char *error; /* of what is malformed */
	int status;
	bool keeps_open; /* the connection can be used again */
	bool is_chunked;
	bool has_length;
	uint64_t left;
	size_t head_bytes;
	char *line; /* what there is of one that is not complete */
	size_t line_len;
};

/* Reads bytes; returns how many were of the answer: fewer than len once it has ended. */
extern size_t h1_read(H1Answer *answer, const char *bytes, size_t len);

/* The connection has ended: so has the answer, if it lasts as long as that. */
extern void h1_read_end(H1Answer *answer);

extern void h1_free(H1Answer *answer);

#endif /* RESTATE_GATEWAY_H1_ANSWER_H */
