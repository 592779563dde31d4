/*
 * preview.h
 *		What a restart would keep and run again, and where one could begin.
 */
#ifndef RESTATE_PREVIEW_H
#define RESTATE_PREVIEW_H

#include "postgres.h"

#include "admin/operation.h"

typedef struct Preview
{
	Target target;			/* how the restart would go */
	const Workset *workset; /* that it was decided in */
	/* where it is not refused */
	int64 runs_again;		 /* commands */
	bool has_first;			 /* of them */
	StoreFoundCommand first; /* the first */
	bool has_deployment;	 /* that it would be on */
	RestateDeploymentId deployment_id;
	int64 revision; /* of the service on it; 0: it has none */
	/* where it is refused */
	bool has_lacking;
	StoreFoundCommand lacking; /* the first command that lacks a completion */
	bool has_nearest;
	int64 nearest; /* the nearest index that works */
} Preview;

extern void preview_restart(const Request *request, const RestateInvocationId *id,
							Preview *preview);
extern RestateRefusal restart_point_of(const RestartPoint *point, const RestateInvocationId *id,
									   int64 *last_index);

#endif /* RESTATE_PREVIEW_H */
