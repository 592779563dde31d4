/*
 * dial.h
 *		A TCP connection to a host, made without waiting: its addresses are tried
 *		one after the other.
 */
#ifndef RESTATE_GATEWAY_DIAL_H
#define RESTATE_GATEWAY_DIAL_H

#include <stdint.h>

#include "deploy/lookup.h"
#include "loop.h"

/* Zeroed before its first use; done and owner are filled in by who dials. */
typedef struct Dial
{
	/* the connected socket, or -1 and why there is none; not before dial_start has returned */
	void (*done)(struct Dial *dial, int socket, const char *error);
	void *owner;

	const char *host;
	const char *port;
	int64_t deadline;
	Timer timer; /* until it begins, then until the deadline */
	Watch watch;
	Lookup *lookup;
	struct addrinfo *addresses;
	struct addrinfo *next; /* to be tried */
	int socket;
	char error[192]; /* of the last address that was tried */
	enum
	{
		DIAL_NOTHING,
		DIAL_BEGINS,
		DIAL_LOOKS_UP,
		DIAL_CONNECTS
	} state;
} Dial;

/* host and port stay the caller's; returns false where memory has run out. */
extern bool dial_start(Dial *dial, const char *host, const char *port, int64_t deadline);

extern void dial_cancel(Dial *dial);

#endif /* RESTATE_GATEWAY_DIAL_H */
