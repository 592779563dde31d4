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

/* Removes what a socket in the file system leaves behind. */
extern void listener_remove(const Place *place);

#endif /* RESTATE_GATEWAY_LISTENER_H */
