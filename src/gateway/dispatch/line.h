/*
 * line.h
 *		Attempts that stand in a line, in the order in which they came.  An attempt is
 *		in one at most.
 */
#ifndef RESTATE_GATEWAY_LINE_H
#define RESTATE_GATEWAY_LINE_H

#include "dispatch/attempt.h"

typedef struct Line
{
	Attempt *first;
	Attempt *last;
} Line;

/* Puts the attempt at its end. */
extern void line_add(Line *line, Attempt *attempt);

/* Takes the attempt, which is in it, out of it. */
extern void line_remove(Line *line, Attempt *attempt);

#endif /* RESTATE_GATEWAY_LINE_H */
