/*
 * listener.h
 *		The socket that clients connect to.
 */
#ifndef RESTATE_GATEWAY_LISTENER_H
#define RESTATE_GATEWAY_LISTENER_H

#include "options.h"

/*
 * Returns a socket that listens at the place, and in text where that is; -1 where
 * it cannot, with errno.
 */
extern int listener_open(const Place *place, char *text, int size);

/*
 * Writes the URL that reaches what listens at a place, from the text that
 * listener_open has given; returns false where there is none, for a socket in
 * the file system and for every address of the machine.
 */
extern bool listener_url(const char *text, char *url, int size);

/* Removes what a socket in the file system leaves behind. */
extern void listener_remove(const Place *place);

#endif /* RESTATE_GATEWAY_LISTENER_H */
