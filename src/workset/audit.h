/*
 * audit.h
 *		The record of operations that took effect.
 */
#ifndef RESTATE_AUDIT_H
#define RESTATE_AUDIT_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "workset/workset.h"

extern void audit_write(Workset *workset, const char *operation, const char *parameters);
extern void audit_state(Workset *workset, const ObjectKeyName *object, int64 partition_key,
						const StateChange *change, const char *outcome, const int64 *place);
extern void audit_note(Workset *workset, const char *operation, int64 partition_key,
					   const Jsonb *parameters, const char *outcome);

#endif /* RESTATE_AUDIT_H */
