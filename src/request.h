/*
 * request.h
 *		Reading the parameters of an operation.
 */
#ifndef RESTATE_REQUEST_H
#define RESTATE_REQUEST_H

#include "postgres.h"

#include "fmgr.h"

#include "operation.h"

extern Request request_of(Operation operation);
extern Request request_to_delete(FunctionCallInfo fcinfo);
extern Request request_to_restart(FunctionCallInfo fcinfo);
extern Request request_to_resume(FunctionCallInfo fcinfo);

#endif /* RESTATE_REQUEST_H */
