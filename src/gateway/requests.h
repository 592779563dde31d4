/*
 * requests.h
 *		The requests, from their first line to the last byte of their answers.
 */
#ifndef RESTATE_GATEWAY_REQUESTS_H
#define RESTATE_GATEWAY_REQUESTS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "port.h"
#include "server.h"

/* A place where we listen, and what is served there. */
typedef struct Listening
{
	struct MHD_Daemon *mhd;
	const Port *port;
	Watch watch;
	bool is_due;	/* libmicrohttpd has something to do */
	int64_t due_at; /* by loop_now, at the latest */
} Listening;

extern void requests_start(const Options *options, const Pools *pools);

/* How many have begun and not ended. */
extern int requests_under_way(void);

/* From now on each is the last of its connection. */
extern void requests_drain(void);

/*
 * These are called by libmicrohttpd.
 */

/* Begins a request at a place as soon as its first line is there; the target is as it was sent. */
extern void *request_begin(void *listening, const char *target, struct MHD_Connection *connection);

/* Leaves the escapes in what libmicrohttpd would decode: routes do that. */
extern size_t request_keep_escapes(void *arg, struct MHD_Connection *connection, char *text);

/* Goes on when the headers are there, for each part of the body, when all is there, and when it is resumed after that. */
extern enum MHD_Result request_go_on(void *arg, struct MHD_Connection *connection, const char *url,
									 const char *method, const char *version, const char *data,
									 size_t *size, void **state);

/* Ends one, answered or broken off. */
extern void request_end(void *arg, struct MHD_Connection *connection, void **state,
						enum MHD_RequestTerminationCode reason);

#endif /* RESTATE_GATEWAY_REQUESTS_H */
