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
	const char *at;
} Parameters;

/* the parameters, in the order of the operations' arguments */
typedef enum Parameter
{
	PARAMETER_MODE,
	PARAMETER_FROM,
	PARAMETER_DEPLOYMENT,
	PARAMETER_REQUEST_ID,
	PARAMETER_COUNT
} Parameter;

extern bool request_takes(Operation operation, Parameter parameter);
extern Operation request_operation(FunctionCallInfo fcinfo, int arg);
extern RestateRefusal request_read(Request *request, Operation operation, const Parameters *given);

/* the same from the arguments of a function, raising what is refused */
extern Request request_of(Operation operation);
extern Request request_to_delete(FunctionCallInfo fcinfo);
extern Request request_to_restart(FunctionCallInfo fcinfo);
extern Request request_to_preview(FunctionCallInfo fcinfo);
extern Request request_at_point(FunctionCallInfo fcinfo);
extern Request request_to_resume(FunctionCallInfo fcinfo);
extern Request request_to_try(FunctionCallInfo fcinfo);
extern Request request_of_job(FunctionCallInfo fcinfo);
extern RestateInvocationId request_id_argument(FunctionCallInfo fcinfo);
extern Target *request_targets(FunctionCallInfo fcinfo, int arg, int *count);

#endif /* RESTATE_REQUEST_H */
