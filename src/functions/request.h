/*
 * request.h
 *		Reading the parameters of an operation.
 */
#ifndef RESTATE_REQUEST_H
#define RESTATE_REQUEST_H

#include "postgres.h"

#include "fmgr.h"

#include "admin/operation.h"

/* What an operation can be given beside the invocation; NULL for null. */
typedef struct Parameters
{
	const char *mode;
	bool has_from;
	int64 from;
	const char *deployment;
	const char *request_id;
} Parameters;

extern RestateRefusal request_read(Request *request, Operation operation, const Parameters *given);

/* the same from the arguments of a function, raising what is refused */
extern Request request_of(Operation operation);
extern Request request_to_delete(FunctionCallInfo fcinfo);
extern Request request_to_restart(FunctionCallInfo fcinfo);
extern Request request_to_resume(FunctionCallInfo fcinfo);

#endif /* RESTATE_REQUEST_H */
