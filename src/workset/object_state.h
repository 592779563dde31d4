/*
 * object_state.h
 *		The states of objects and workflows.
 */
#ifndef RESTATE_OBJECT_STATE_H
#define RESTATE_OBJECT_STATE_H

#include "postgres.h"

#include "workset/workset.h"

extern void workset_read_state(ObjectState *state);
extern void workset_write_state(Workset *workset, const ObjectState *state);
extern void workset_apply_queued_states(Workset *workset);

#endif /* RESTATE_OBJECT_STATE_H */
