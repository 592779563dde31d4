/*
 * audit.h
 *		The record of operations that took effect.
 */
#ifndef RESTATE_AUDIT_H
#define RESTATE_AUDIT_H

#include "postgres.h"

#include "unit.h"

/* What an operation did to one invocation. */
typedef struct AuditEffect
{
	RestateInvocationId id;
	const char *outcome;
	bool has_new_id;
	RestateInvocationId new_id;
	bool has_cause; /* reached through the invocation named */
	RestateInvocationId cause;
	const char *parameters; /* JSON object; NULL: those of the request */
	const char *subject;	/* who claims to ask, and why; NULL: as the session says */
	const char *reason;
} AuditEffect;

extern void audit_note(Unit *unit, const AuditEffect *effect);
extern void audit_write(Unit *unit, const char *operation, const char *parameters);

#endif /* RESTATE_AUDIT_H */
