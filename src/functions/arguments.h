/*
 * arguments.h
 *		Arguments of functions that several of them have.
 */
#ifndef RESTATE_ARGUMENTS_H
#define RESTATE_ARGUMENTS_H

#include "postgres.h"

#include "fmgr.h"

#include "types/compat.h"

extern const char *argument_text(FunctionCallInfo fcinfo, int argument);
extern const char *argument_required_text(FunctionCallInfo fcinfo, int argument, const char *name);
extern const char *argument_name(FunctionCallInfo fcinfo, int argument, const char *name);
extern int64 argument_max(FunctionCallInfo fcinfo, int argument);
pg_noreturn extern void argument_refuse(const char *name, const char *words);

#endif /* RESTATE_ARGUMENTS_H */
