/*
 * lookup.h
 *		The addresses of a host.  The system's resolver waits, so each lookup of
 *		a name has a thread of its own, which ends with it.
 */
#ifndef RESTATE_GATEWAY_LOOKUP_H
#define RESTATE_GATEWAY_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>

typedef struct Lookup Lookup;

/* The addresses, which the owner frees with freeaddrinfo, or NULL and why there are none. */
typedef void (*LookupFound)(void *owner, struct addrinfo *addresses, const char *error);

/* Returns the addresses of a host that is one itself; NULL: it is a name. */
extern struct addrinfo *lookup_address(const char *host, const char *port);

/* Looks a name up; returns NULL where that cannot be begun.  found is called once, from the loop. */
extern Lookup *lookup_start(const char *host, const char *port, LookupFound found, void *owner);

/* Nobody waits for it any more. */
extern void lookup_cancel(Lookup *lookup);

#endif /* RESTATE_GATEWAY_LOOKUP_H */
