/*
 * retention.c
 *		How long what has completed is kept.  A retention is a length of time, the
 *		same whatever the time zone and the date: its days have 24 hours, its months
 *		30 days.
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "types/model.h"
#include "types/retention.h"

/*
 * Returns the microseconds of the retention, TIME_NEVER for more than there are;
 * of one below zero none.
 */
int64
retention_length(const Interval *retention)
{
	int64 days = (int64) retention->month * DAYS_PER_MONTH + retention->day;
	int64 result;

	if (pg_mul_s64_overflow(days, USECS_PER_DAY, &result) ||
		pg_add_s64_overflow(result, retention->time, &result))
		return days < 0 ? 0 : TIME_NEVER;
	return Max(result, 0);
}

/*
 * restate.kept_until(at, retention): returns when what is kept that long from a
 * time on goes.
 */
PG_FUNCTION_INFO_V1(restate_kept_until);
Datum
restate_kept_until(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	int64 length = retention_length(PG_GETARG_INTERVAL_P(1));
	TimestampTz result;

	if (TIMESTAMP_NOT_FINITE(at) || pg_add_s64_overflow(at, length, &result) ||
		!IS_VALID_TIMESTAMP(result))
		PG_RETURN_TIMESTAMPTZ(DT_NOEND);
	PG_RETURN_TIMESTAMPTZ(result);
}

/*
 * restate.microseconds(duration): returns the length of a duration.
 */
PG_FUNCTION_INFO_V1(restate_microseconds);
Datum
restate_microseconds(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(retention_length(PG_GETARG_INTERVAL_P(0)));
}
