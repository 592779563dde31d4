/*
 * status.c
 *		The names of an invocation's states, and the coarse ones.
 */
#include "postgres.h"

#include "types/status.h"
#include "types/text_equals.h"

/* a status, and how sys_invocation_status has it */
static const struct
{
	const char *name;
	const char *coarse;
} names[] = {
	[STATUS_PENDING] = {"pending", "inboxed"},
	[STATUS_SCHEDULED] = {"scheduled", "scheduled"},
	[STATUS_READY] = {"ready", "invoked"},
	[STATUS_RUNNING] = {"running", "invoked"},
	[STATUS_BACKING_OFF] = {"backing-off", "invoked"},
	[STATUS_SUSPENDED] = {"suspended", "suspended"},
	[STATUS_PAUSED] = {"paused", "paused"},
	[STATUS_COMPLETED] = {"completed", "completed"},
};

/*
 * Returns the name of the status.
 */
const char *
restate_status_name(Status status)
{
	return names[status].name;
}

/*
 * Returns the coarse name of the status, which it may share with others.
 */
const char *
restate_status_coarse_name(Status status)
{
	return names[status].coarse;
}

/*
 * Finds the status of that name; returns whether there is one.
 */
bool
restate_status_from_text(const text *name, Status *status)
{
	for (int i = 0; i < (int) lengthof(names); i++)
		if (text_equals(name, names[i].name))
		{
			*status = (Status) i;
			return true;
		}
	return false;
}

/*
 * Finds the first status, in the order of life, of that coarse name; returns
 * whether there is one.
 */
bool
restate_status_from_coarse(const text *name, Status *status)
{
	for (int i = 0; i < (int) lengthof(names); i++)
		if (text_equals(name, names[i].coarse))
		{
			*status = (Status) i;
			return true;
		}
	return false;
}
