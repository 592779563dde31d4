/*
 * retention.h
 *		How long what has completed is kept.
 */
#ifndef RESTATE_RETENTION_H
#define RESTATE_RETENTION_H

#include "postgres.h"

#include "datatype/timestamp.h"

extern int64 retention_length(const Interval *retention);

#endif /* RESTATE_RETENTION_H */
