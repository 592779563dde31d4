/*
 * server.h
 *		The HTTP server.
 */
#ifndef RESTATE_GATEWAY_SERVER_H
#define RESTATE_GATEWAY_SERVER_H

#include <stdbool.h>

#include "lanes.h"
#include "options.h"
#include "pool.h"

/* Who serves what needs the database; lanes, submits and queries may be NULL. */
typedef struct Pools
{
	Pool *operations;
	Lanes *lanes;	/* for operations */
	Lanes *submits; /* for what the ingress submits */
	Pool *queries;
	Pool *health;
	Pool *ingress; /* NULL: there is none */
} Pools;

struct Port;

extern void server_start(const Options *options, const Pools *pools);

/* Serves what connects to the socket, from the loop on that is run with server_turn; at two places at most. */
extern bool server_listen(int socket, const struct Port *port);
extern int server_turn(void);

/*
 * Serves no more than what is under way, and what comes on connections that are there;
 * when that takes too long, what waits is answered so, what handlers run is given back,
 * and the loop ended.
 */
extern void server_drain(void);

/* Whether that is answered. */
extern bool server_has_drained(void);

/* How long that may take at most, in seconds. */
extern int server_drain_seconds(const Options *options);

extern void server_stop(void);

#endif /* RESTATE_GATEWAY_SERVER_H */
