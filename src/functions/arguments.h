/*
 * arguments.h
 *		Arguments of SQL functions.
 */
#ifndef RESTATE_ARGUMENTS_H
#define RESTATE_ARGUMENTS_H

#include "postgres.h"

#include "fmgr.h"

#include "types/compat.h"

extern const char *argument_or_null(FunctionCallInfo fcinfo, int argument);
extern const char *argument_required(FunctionCallInfo fcinfo, int argument, const char *name);
pg_noreturn extern void refuse_argument(const char *name, const char *words);

#endif /* RESTATE_ARGUMENTS_H */
