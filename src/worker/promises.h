/*
 * promises.h
 *		The promises of workflows, as attempts and others use them.
 */
#ifndef RESTATE_PROMISES_H
#define RESTATE_PROMISES_H

#include "postgres.h"

#include "worker/appending.h"

extern void promises_lock(Workset *workset, Appending *const *appendings, int count);
extern void promises_write(Workset *workset, Appending *const *appendings, int count);
extern Promise *promise_lock(Workset *workset, const ObjectKeyName *workflow, int64 partition_key,
							 const char *key);
extern void promise_write(Workset *workset, const Promise *promise);

#endif /* RESTATE_PROMISES_H */
