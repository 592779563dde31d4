/*
 * listener.h
 *		The socket that clients connect to.
 */
#ifndef RESTATE_GATEWAY_LISTENER_H
#define RESTATE_GATEWAY_LISTENER_H

#include "options.h"

/*
 * Returns a socket that listens where the options say, and in text where that
 * is; -1 where it cannot, with errno.
 */
extern int listener_open(const Options *options, char *text, int size);

/* Removes what a socket in the file system leaves behind. */
extern void listener_remove(const Options *options);

#endif /* RESTATE_GATEWAY_LISTENER_H */
