/*
 * arrow_value.h
 *		Reads values, as the server prints them, into what Arrow holds.
 *
 * Each returns false where the text is none of the kind, or beyond what fits.
 */
#ifndef RESTATE_GATEWAY_ARROW_VALUE_H
#define RESTATE_GATEWAY_ARROW_VALUE_H

#include <stdbool.h>
#include <stdint.h>

extern bool read_int64(const char *text, int64_t *value);
extern bool read_uint64(const char *text, uint64_t *value);
extern bool read_double(const char *text, double *value);

/* A date in ISO style as days since 1970. */
extern bool read_date(const char *text, int32_t *days);

/* A time in ISO style as milliseconds since 1970 in UTC; what is below a millisecond is dropped. */
extern bool read_time(const char *text, int64_t *ms);

/*
 * An interval in the style iso_8601 as milliseconds: a day has 24 hours, a
 * month 30 days, a year 365.25, as in extract(epoch FROM interval).
 */
extern bool read_duration(const char *text, int64_t *ms);

/* Dates, times and, from PostgreSQL 17 on, intervals may be endless. */
extern bool is_endless(const char *text);

#endif /* RESTATE_GATEWAY_ARROW_VALUE_H */
