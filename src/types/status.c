/*
 * status.c
 *		The names of an invocation's states.
 */
#include "postgres.h"

#include "types/status.h"
#include "types/text_equals.h"

static const char *const names[] = {
	[STATUS_PENDING] = "pending",
	[STATUS_SCHEDULED] = "scheduled",
	[STATUS_READY] = "ready",
	[STATUS_RUNNING] = "running",
	[STATUS_BACKING_OFF] = "backing-off",
	[STATUS_SUSPENDED] = "suspended",
	[STATUS_PAUSED] = "paused",
	[STATUS_COMPLETED] = "completed",
};

/*
 * Returns the name of the status.
 */
const char *
restate_status_name(Status status)
{
	return names[status];
}

/*
 * Finds the status of that name; returns whether there is one.
 */
bool
restate_status_from_text(const text *name, Status *status)
{
	for (int i = 0; i < (int) lengthof(names); i++)
		if (text_equals(name, names[i]))
		{
			*status = (Status) i;
			return true;
		}
	return false;
}
