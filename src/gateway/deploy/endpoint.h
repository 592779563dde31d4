/*
 * endpoint.h
 *		A deployment's connections and calls, as the client itself sees them.
 *		Others include client.h.
 */
#ifndef RESTATE_GATEWAY_ENDPOINT_H
#define RESTATE_GATEWAY_ENDPOINT_H

#include "deploy/link.h"

struct Endpoint
{
	Uri uri;
	const LinkKind *kind; /* in TLS: that was agreed on last */
	TlsOffer offer;
	int most_calls;
	int connect_ms;
	Call *first; /* that wait for a connection */
	Call *last;
	int nwaiting;
	int ncalls; /* on connections */
	Link *links;
	Timer turn; /* always set, so that setting it never takes memory */
	bool is_freed;
};

/* Has the endpoint take a turn before the loop waits. */
extern void endpoint_stir(Endpoint *endpoint);

/*
 * Ends the calls that wait for a connection.  What their owners start meanwhile is
 * not among them.
 */
extern void endpoint_end_waiting(Endpoint *endpoint, CallEnd how, const char *why);

/* Begins to open a connection; returns false where memory has run out. */
extern bool link_open(Endpoint *endpoint);

#endif /* RESTATE_GATEWAY_ENDPOINT_H */
