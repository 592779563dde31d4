/*
 * audit.h
 *		The record of operations that took effect.
 */
#ifndef RESTATE_AUDIT_H
#define RESTATE_AUDIT_H

#include "postgres.h"

#include "workset/workset.h"

extern void audit_write(Workset *workset, const char *operation, const char *parameters);

#endif /* RESTATE_AUDIT_H */
