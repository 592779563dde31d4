/*
 * restart_point.h
 *		Where in a journal a restart begins, said by what happened there.
 */
#ifndef RESTATE_RESTART_POINT_H
#define RESTATE_RESTART_POINT_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "types/model.h"
#include "types/outcome.h"

typedef enum PointKind
{
	POINT_LAST_FAILURE,	  /* before the last command that has failed */
	POINT_LAST_COMPLETED, /* behind the last command before which all has completed */
	POINT_NAME,			  /* before a command of that name */
	POINT_TIME			  /* behind the last entry of that time */
} PointKind;

typedef struct RestartPoint
{
	PointKind kind;
	const char *text; /* as it was given */
	const char *name;
	int64 nth; /* of that name, from 1 */
	TimestampTz at;
} RestartPoint;

extern RestateRefusal restart_point_read(const char *text, RestartPoint *point);
extern RestateRefusal restart_point_find(const RestartPoint *point, const Invocation *invocation,
										 int64 *last_index);

#endif /* RESTATE_RESTART_POINT_H */
