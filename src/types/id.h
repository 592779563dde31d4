/*
 * id.h
 *		The ids of invocations and deployments, as values of their SQL types.
 */
#ifndef RESTATE_ID_H
#define RESTATE_ID_H

#include "postgres.h"

#include "fmgr.h"

#include "types/id_codec.h"

#define DatumGetInvocationId(X)	   ((RestateInvocationId *) DatumGetPointer(X))
#define InvocationIdGetDatum(X)	   PointerGetDatum(X)
#define PG_GETARG_INVOCATION_ID(n) DatumGetInvocationId(PG_GETARG_DATUM(n))
#define PG_RETURN_INVOCATION_ID(x) return InvocationIdGetDatum(x)

#define DatumGetDeploymentId(X)	   ((RestateDeploymentId *) DatumGetPointer(X))
#define DeploymentIdGetDatum(X)	   PointerGetDatum(X)
#define PG_GETARG_DEPLOYMENT_ID(n) DatumGetDeploymentId(PG_GETARG_DATUM(n))
#define PG_RETURN_DEPLOYMENT_ID(x) return DeploymentIdGetDatum(x)

/* stands for the deployment of what is not pinned to one */
extern const RestateDeploymentId restate_no_deployment;

extern int restate_invocation_id_compare(const RestateInvocationId *a,
										 const RestateInvocationId *b);
extern int restate_deployment_id_compare(const RestateDeploymentId *a,
										 const RestateDeploymentId *b);
extern uint64 restate_id_partition_key(const RestateInvocationId *id);
extern char *restate_invocation_id_text(const RestateInvocationId *id);
extern char *restate_deployment_id_text(const RestateDeploymentId *id);
extern bool restate_parse_deployment_id(const char *text, RestateDeploymentId *out);
extern void restate_generate_invocation_id(uint64 partition_key, RestateInvocationId *out);
extern void restate_derive_workflow_id(const text *service_name, const text *workflow_key,
									   RestateInvocationId *out);
extern void restate_derive_idempotent_id(const text *service_name, const text *service_key,
										 const text *handler_name, const text *idempotency_key,
										 RestateInvocationId *out);
extern void restate_generate_deployment_id(RestateDeploymentId *out);

#endif /* RESTATE_ID_H */
