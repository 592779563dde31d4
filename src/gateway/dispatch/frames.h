/*
 * frames.h
 *		What has come from a handler, cut into frames.
 */
#ifndef RESTATE_GATEWAY_FRAMES_H
#define RESTATE_GATEWAY_FRAMES_H

#include "dispatch/attempt.h"

/* Finds the whole frames of what has come since; returns false where one is too long. */
extern bool frames_cut(Attempt *attempt);

/* Returns how many bytes the first frames have, up to so many frames and, beyond the first, bytes. */
extern size_t frames_first(const Attempt *attempt, int *nframes, size_t most_bytes);

#endif /* RESTATE_GATEWAY_FRAMES_H */
