/*
 * fetch.h
 *		A request to a deployment whose answer is wanted as a whole.
 */
#ifndef RESTATE_GATEWAY_FETCH_H
#define RESTATE_GATEWAY_FETCH_H

#include "deploy/client.h"

/* Zeroed before it is filled in. */
typedef struct Fetch
{
	Call call; /* first: method, path, headers and deadline are to be filled in */
	void (*done)(struct Fetch *fetch);
	void *owner;
	size_t limit; /* bytes of the answer's body; more is an error */

	/* how it went, for done */
	CallEnd end;
	bool is_too_large; /* end tells nothing */
	char why[256];	   /* empty where all is well */
	char content_type[128];
	char server[128]; /* x-restate-server */
	Buffer body;
} Fetch;

/* Starts it, without a body; returns NULL, or why not. */
extern const char *fetch_start(Endpoint *endpoint, Fetch *fetch);

/* Frees what it holds; one that is not done is reset. */
extern void fetch_free(Fetch *fetch);

#endif /* RESTATE_GATEWAY_FETCH_H */
