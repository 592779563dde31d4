/*
 * ear.h
 *		A session that listens to what the database notifies of, and is opened
 *		again when it is lost.
 */
#ifndef RESTATE_GATEWAY_EAR_H
#define RESTATE_GATEWAY_EAR_H

#include <stdbool.h>

#include "buffer.h"
#include "loop.h"
#include "session.h"

typedef struct Ear
{
	const char *owner; /* whose it is, in the log */
	const char *conninfo;
	void (*write_setup)(Buffer *sql); /* what its session begins with */
	void (*opened)(void);			  /* from now on all is heard */
	void (*lost)(void);				  /* from now on nothing is, until it is opened again */
	void (*notified)(const char *channel, const char *payload);

	/* its own */
	Session session;
	Timer opens;
	Buffer setup;
	bool hears;
} Ear;

/* Opens it in the loop's next turn; returns false where memory has run out. */
extern bool ear_open(Ear *ear);

/* Opens it anew, with another setup. */
extern void ear_renew(Ear *ear);

extern void ear_close(Ear *ear);

#endif /* RESTATE_GATEWAY_EAR_H */
