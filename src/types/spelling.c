/*
 * spelling.c
 *		Times and durations, spelled as the gateway spells them: types that are the
 *		server's own in all but their text, which no setting of a session changes.
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "types/compat.h"
#include "types/spelling.h"

PG_FUNCTION_INFO_V1(restate_instant_out);
PG_FUNCTION_INFO_V1(restate_duration_in);
PG_FUNCTION_INFO_V1(restate_duration_out);

static bool length_of(const Interval *interval, int64 *us);
static char *length_text(int64 us);

/*
 * restate.instant_out(restate.instant): returns the text of a time, RFC 3339 in
 * UTC.  What that has no form for is as the server writes it in ISO style:
 * infinity, and years before Christ.
 */
Datum
restate_instant_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(restate_instant_text(PG_GETARG_TIMESTAMPTZ(0)));
}

/*
 * Returns the text of a time, as restate.instant_out does.
 */
char *
restate_instant_text(TimestampTz instant)
{
	char text[MAXDATELEN + 1];
	struct pg_tm tm;
	fsec_t fsec;

	if (TIMESTAMP_NOT_FINITE(instant))
		EncodeSpecialTimestamp(instant, text);
	else if (timestamp2tm(instant, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	else if (tm.tm_year <= 0)
	{
		/* only a time that is known to be daylight saving or not gets a zone */
		tm.tm_isdst = 0;
		EncodeDateTime(&tm, fsec, true, 0, NULL, USE_ISO_DATES, text);
	}
	else
	{
		EncodeDateTime(&tm, fsec, false, 0, NULL, USE_XSD_DATES, text);
		strlcat(text, "Z", sizeof(text));
	}
	return pstrdup(text);
}

/*
 * restate.duration_in(cstring, oid, integer): returns the duration that the text
 * stands for: what the server takes for an interval, and a length with a sign
 * before all of it, as restate.duration_out writes it.  Raises the server's errors,
 * soft where the caller asks for that.
 */
Datum
restate_duration_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	bool is_negative = strncmp(text, "-PT", 3) == 0;
	Datum interval;

	if (!restate_call_input(interval_in, is_negative ? text + 1 : text,
							PG_GETARG_OID(1), PG_GETARG_INT32(2), fcinfo->context, &interval))
		PG_RETURN_NULL();
	if (is_negative)
	{
		const Interval *read = DatumGetIntervalP(interval);

		if (read->month == PG_INT32_MIN || read->day == PG_INT32_MIN || read->time == PG_INT64_MIN)
			ereturn(fcinfo->context, (Datum) 0,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("interval out of range")));
		interval = DirectFunctionCall1(interval_um, interval);
	}
	PG_RETURN_DATUM(interval);
}

/*
 * restate.duration_out(restate.duration): returns the text of a duration, its
 * length in seconds as ISO 8601 has it.  What has no length of its own, or one
 * that could not be read again, is as the server writes it in ISO 8601 style.
 */
Datum
restate_duration_out(PG_FUNCTION_ARGS)
{
	Interval *interval = PG_GETARG_INTERVAL_P(0);
	char text[MAXDATELEN + 1];
	struct pg_itm itm;
	int64 us;

	if (!restate_interval_is_finite(interval))
		return DirectFunctionCall1(interval_out, IntervalPGetDatum(interval));
	if (length_of(interval, &us))
		PG_RETURN_CSTRING(length_text(us));
	interval2itm(*interval, &itm);
	EncodeInterval(&itm, INTSTYLE_ISO_8601, text);
	PG_RETURN_CSTRING(pstrdup(text));
}

/*
 * Sets us to how many microseconds the interval is long, its days 24 hours each.
 * Returns false where it has months, or is longer than the server could read.
 */
static bool
length_of(const Interval *interval, int64 *us)
{
	return interval->month == 0 &&
		   !pg_mul_s64_overflow(interval->day, USECS_PER_DAY, us) &&
		   !pg_add_s64_overflow(*us, interval->time, us) &&
		   *us != PG_INT64_MIN;
}

/*
 * Returns the text of a length in microseconds; of none P0D, as Restate has it.
 */
static char *
length_text(int64 us)
{
	int64 length = us < 0 ? -us : us;
	char *text = psprintf("%sPT" INT64_FORMAT ".%06dS", us < 0 ? "-" : "",
						  length / USECS_PER_SEC, (int) (length % USECS_PER_SEC));
	size_t len = strlen(text) - 1;

	if (us == 0)
		return pstrdup("P0D");
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	text[len++] = 'S';
	text[len] = '\0';
	return text;
}
