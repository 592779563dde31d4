/*
 * arrow_value.c
 *		Reads numbers, dates, times and intervals.
 */
#include "arrow_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t) 86400000)

/* no year that the server has is longer */
#define MAX_YEAR 9999999

static bool read_digits(const char **p, int least, int most, int64_t *value);
static bool pass(const char **p, char c);
static bool read_day(const char **p, int64_t *year, int *month, int *day);
static bool read_clock(const char **p, int64_t *ms);
static bool read_offset(const char **p, int64_t *ms);
static bool read_amount(const char **p, bool *is_negative, int64_t *whole, int64_t *thousandths);
static bool add_times(int64_t *sum, int64_t count, int64_t unit);
static int64_t days_before(int64_t year, int month, int day);
static bool ends_before_christ(const char *p, int64_t *year);

bool
read_int64(const char *text, int64_t *value)
{
	char *end;

	if (!isdigit((unsigned char) text[text[0] == '-']))
		return false;
	errno = 0;
	*value = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

bool
read_uint64(const char *text, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char) text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

/*
 * A numeric beyond the range of a double is infinite.
 */
bool
read_double(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && *end == '\0';
}

bool
is_endless(const char *text)
{
	return strcmp(text, "infinity") == 0 || strcmp(text, "-infinity") == 0;
}

bool
read_date(const char *text, int32_t *days)
{
	int64_t year;
	int64_t count;
	int month;
	int day;

	if (!read_day(&text, &year, &month, &day) || !ends_before_christ(text, &year))
		return false;
	count = days_before(year, month, day);
	*days = (int32_t) count;
	return count >= INT32_MIN && count <= INT32_MAX;
}

bool
read_time(const char *text, int64_t *ms)
{
	int64_t year;
	int64_t clock;
	int64_t offset = 0;
	int month;
	int day;

	if (!read_day(&text, &year, &month, &day) || !pass(&text, ' ') || !read_clock(&text, &clock))
		return false;
	if ((*text == '+' || *text == '-') && !read_offset(&text, &offset))
		return false;
	if (!ends_before_christ(text, &year))
		return false;
	*ms = days_before(year, month, day) * DAY_MS + clock - offset;
	return true;
}

bool
read_duration(const char *text, int64_t *ms)
{
	static const struct
	{
		char letter;
		bool is_time;
		int64_t unit;
	} parts[] = {{'Y', false, DAY_MS / 4 * 1461},
				 {'M', false, 30 * DAY_MS},
				 {'W', false, 7 * DAY_MS},
				 {'D', false, DAY_MS},
				 {'H', true, 3600000},
				 {'M', true, 60000},
				 {'S', true, 1000}};
	size_t next = 0;
	bool is_time = false;

	*ms = 0;
	if (!pass(&text, 'P') || *text == '\0')
		return false;
	while (*text)
	{
		bool is_negative;
		int64_t whole;
		int64_t thousandths;

		if (!is_time && pass(&text, 'T'))
			is_time = true;
		if (!read_amount(&text, &is_negative, &whole, &thousandths))
			return false;
		while (next < sizeof(parts) / sizeof(*parts) &&
			   (parts[next].letter != *text || parts[next].is_time != is_time))
			next++;
		if (next == sizeof(parts) / sizeof(*parts))
			return false;
		/* only seconds have a fraction */
		if (thousandths && parts[next].letter != 'S')
			return false;
		if (!add_times(ms, is_negative ? -whole : whole, parts[next].unit) ||
			!add_times(ms, is_negative ? -thousandths : thousandths, 1))
			return false;
		next++;
		text++;
	}
	return true;
}

/*
 * Reads digits, so many of them.
 */
static bool
read_digits(const char **p, int least, int most, int64_t *value)
{
	int count = 0;

	*value = 0;
	for (; isdigit((unsigned char) **p) && count < most; count++)
		*value = *value * 10 + (*(*p)++ - '0');
	return count >= least;
}

/*
 * Passes over the character, if it is next.
 */
static bool
pass(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/*
 * Reads year, month and day.
 */
static bool
read_day(const char **p, int64_t *year, int *month, int *day)
{
	int64_t months;
	int64_t days;

	if (!read_digits(p, 4, 7, year) || !pass(p, '-') || !read_digits(p, 2, 2, &months) ||
		!pass(p, '-') || !read_digits(p, 2, 2, &days))
		return false;
	*month = (int) months;
	*day = (int) days;
	return *year <= MAX_YEAR && months >= 1 && months <= 12 && days >= 1 && days <= 31;
}

/*
 * Reads hours, minutes and seconds with their fraction as milliseconds.
 */
static bool
read_clock(const char **p, int64_t *ms)
{
	int64_t hours;
	int64_t minutes;
	int64_t seconds;

	if (!read_digits(p, 2, 2, &hours) || !pass(p, ':') || !read_digits(p, 2, 2, &minutes) ||
		!pass(p, ':') || !read_digits(p, 2, 2, &seconds))
		return false;
	*ms = hours * 3600000 + minutes * 60000 + seconds * 1000;
	if (pass(p, '.'))
	{
		if (!isdigit((unsigned char) **p))
			return false;
		for (int64_t unit = 100; isdigit((unsigned char) **p); unit /= 10)
			*ms += (*(*p)++ - '0') * unit;
	}
	return true;
}

/*
 * Reads how far a zone is ahead of UTC.
 */
static bool
read_offset(const char **p, int64_t *ms)
{
	bool is_behind = **p == '-';
	int64_t unit = 3600000;
	int64_t count;

	*ms = 0;
	do
	{
		(*p)++;
		if (unit < 1000 || !read_digits(p, 2, 2, &count))
			return false;
		*ms += count * unit;
		unit /= 60;
	} while (**p == ':');
	if (is_behind)
		*ms = -*ms;
	return true;
}

/*
 * Reads a number with its sign and thousandths; what is below is dropped.
 */
static bool
read_amount(const char **p, bool *is_negative, int64_t *whole, int64_t *thousandths)
{
	*is_negative = pass(p, '-');
	*thousandths = 0;
	if (!read_digits(p, 1, 18, whole))
		return false;
	if (pass(p, '.'))
	{
		if (!isdigit((unsigned char) **p))
			return false;
		for (int64_t unit = 100; isdigit((unsigned char) **p); unit /= 10)
			*thousandths += (*(*p)++ - '0') * unit;
	}
	return true;
}

/*
 * Adds a product to a sum; returns false where that does not fit.
 */
static bool
add_times(int64_t *sum, int64_t count, int64_t unit)
{
	int64_t product;

	return !__builtin_mul_overflow(count, unit, &product) &&
		   !__builtin_add_overflow(*sum, product, sum);
}

/*
 * Returns how many days lie between 1970 and a day of the Gregorian calendar;
 * the year before 1 is 0.
 */
static int64_t
days_before(int64_t year, int month, int day)
{
	/* counted from March on, so that the day that comes and goes is the last one */
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
		   719468;
}

/*
 * Returns whether the text ends here, or says that the year is one before
 * Christ, and then counts that as the calendar goes on.
 */
static bool
ends_before_christ(const char *p, int64_t *year)
{
	if (strcmp(p, " BC") == 0)
	{
		*year = 1 - *year;
		return true;
	}
	return *p == '\0';
}
