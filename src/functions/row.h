/*
 * row.h
 *		The row of one invocation, of functions that return one for each.
 */
#ifndef RESTATE_ROW_H
#define RESTATE_ROW_H

#include "postgres.h"

#include "admin/operation.h"

/* ordinality, id, ok, category, message and outcome, and one of the function's own */
#define ROW_COLUMNS 7

extern void row_fill(Datum *values, bool *nulls, int ordinality, const Target *target);
extern void row_free(const Datum *values, const bool *nulls);

#endif /* RESTATE_ROW_H */
