/*
 * state_version.h
 *		The version of a state, by which who changes it tells what it has seen.
 */
#ifndef RESTATE_STATE_VERSION_H
#define RESTATE_STATE_VERSION_H

#include "types/model.h"

extern const char *state_version(const StateEntry *entries);

#endif /* RESTATE_STATE_VERSION_H */
