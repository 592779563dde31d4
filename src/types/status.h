/*
 * status.h
 *		The states of an invocation, in the vocabulary of sys_invocation.
 */
#ifndef RESTATE_STATUS_H
#define RESTATE_STATUS_H

#include <stdbool.h>

struct varlena;

/* in the order of an invocation's life */
typedef enum Status
{
	STATUS_PENDING,
	STATUS_SCHEDULED,
	STATUS_READY,
	STATUS_RUNNING,
	STATUS_BACKING_OFF,
	STATUS_SUSPENDED,
	STATUS_PAUSED,
	STATUS_COMPLETED
} Status;

/*
 * Returns whether one of that status has started: it waits for its time or in
 * an inbox no longer.
 */
static inline bool
status_has_started(Status status)
{
	return status > STATUS_SCHEDULED;
}

extern const char *restate_status_name(Status status);
extern const char *restate_status_coarse_name(Status status);
extern bool restate_status_from_text(const struct varlena *name, Status *status);
extern bool restate_status_from_coarse(const struct varlena *name, Status *status);

#endif /* RESTATE_STATUS_H */
