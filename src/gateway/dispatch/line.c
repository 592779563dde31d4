/*
 * line.c
 *		Lines of attempts.
 */
#include "dispatch/line.h"

void
line_add(Line *line, Attempt *attempt)
{
	attempt->due_next = NULL;
	attempt->due_previous = line->last;
	if (line->last)
		line->last->due_next = attempt;
	else
		line->first = attempt;
	line->last = attempt;
}

void
line_remove(Line *line, Attempt *attempt)
{
	if (attempt->due_previous)
		attempt->due_previous->due_next = attempt->due_next;
	else
		line->first = attempt->due_next;
	if (attempt->due_next)
		attempt->due_next->due_previous = attempt->due_previous;
	else
		line->last = attempt->due_previous;
}
