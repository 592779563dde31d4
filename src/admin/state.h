/*
 * state.h
 *		The state of an object or workflow, changed from outside.
 */
#ifndef RESTATE_ADMIN_STATE_H
#define RESTATE_ADMIN_STATE_H

#include "postgres.h"

#include "types/model.h"

extern const char *state_modify(const ObjectKeyName *object, bool is_workflow,
								const StateChange *change);

#endif /* RESTATE_ADMIN_STATE_H */
