/*
 * restart_point.c
 *		Where in a journal a restart begins, said by what happened there:
 *		last_failure, last_completed, name:NAME, name:NAME#N or time:TIME.
 */
#include "postgres.h"

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "admin/restart_point.h"
#include "store/answers.h"
#include "store/reads.h"
#include "types/limits.h"

static RestateRefusal read_name(RestartPoint *point, const char *given);
static bool read_time(const char *given, TimestampTz *at);
static bool read_number(const char **given, int digits, const char *behind, int *number);
static bool read_zone(const char *given, int *seconds);
static RestateRefusal invalid(const char *text);
static bool find_command(const Invocation *invocation, StoreStatement statement,
						 const RestartPoint *point, int64 number, int64 *index);
static bool find_failure(const Invocation *invocation, int64 *index);
static bool read_related(const Invocation *invocation, int64 *number);

/*
 * Reads the text of a point.  Returns what is refused of it, or RESTATE_OK.
 */
RestateRefusal
restart_point_read(const char *text, RestartPoint *point)
{
	*point = (RestartPoint){.text = text};
	if (strcmp(text, "last_failure") == 0)
		point->kind = POINT_LAST_FAILURE;
	else if (strcmp(text, "last_completed") == 0)
		point->kind = POINT_LAST_COMPLETED;
	else if (strncmp(text, "name:", 5) == 0)
		return read_name(point, text + 5);
	else if (strncmp(text, "time:", 5) == 0)
	{
		point->kind = POINT_TIME;
		if (!read_time(text + 5, &point->at))
			return invalid(text);
	}
	else
		return invalid(text);
	return (RestateRefusal){.category = RESTATE_OK};
}

/*
 * Reads a name, and which of its commands is meant: a number behind the last #, or
 * the first.
 */
static RestateRefusal
read_name(RestartPoint *point, const char *given)
{
	const char *mark = strrchr(given, '#');
	size_t len = strlen(given);

	point->kind = POINT_NAME;
	point->nth = 1;
	if (mark && mark[1] && strspn(mark + 1, "0123456789") == strlen(mark + 1))
	{
		len = (size_t) (mark - given);
		if (strlen(mark + 1) > 10)
			return invalid(point->text);
		point->nth = strtoll(mark + 1, NULL, 10);
	}
	if (len == 0 || point->nth < 1 || point->nth > RESTATE_INDEX_MAX)
		return invalid(point->text);
	point->name = pnstrdup(given, len);
	return (RestateRefusal){.category = RESTATE_OK};
}

/*
 * Reads a time as RFC 3339 has it, also with a space for the T, as the server writes
 * it; returns whether it is one.  No setting of the session has a part in it.
 */
static bool
read_time(const char *given, TimestampTz *at)
{
	struct pg_tm tm = {0};
	fsec_t fsec = 0;
	int zone;

	if (!read_number(&given, 4, "-", &tm.tm_year) || !read_number(&given, 2, "-", &tm.tm_mon) ||
		!read_number(&given, 2, "Tt ", &tm.tm_mday) || !read_number(&given, 2, ":", &tm.tm_hour) ||
		!read_number(&given, 2, ":", &tm.tm_min) || !read_number(&given, 2, NULL, &tm.tm_sec))
		return false;
	if (*given == '.')
	{
		size_t digits = strspn(given + 1, "0123456789");

		if (digits == 0 || digits > 9)
			return false;
		for (size_t i = 0; i < 6; i++)
			fsec = fsec * 10 + (i < digits ? given[1 + i] - '0' : 0);
		given += 1 + digits;
	}
	if (!read_zone(given, &zone) || tm.tm_year < 1 || tm.tm_mon < 1 ||
		tm.tm_mon > MONTHS_PER_YEAR || tm.tm_mday < 1 ||
		tm.tm_mday > day_tab[isleap(tm.tm_year)][tm.tm_mon - 1] || tm.tm_hour < 0 ||
		tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 59)
		return false;
	/* the server counts zones from Greenwich to the west */
	zone = -zone;
	return tm2timestamp(&tm, fsec, &zone, at) == 0;
}

/*
 * Reads the end of a time: Z, or how far its zone is ahead of UTC; returns whether it is
 * one.
 */
static bool
read_zone(const char *given, int *seconds)
{
	int hours;
	int minutes = 0;
	bool is_west = *given == '-';

	*seconds = 0;
	if (strcmp(given, "Z") == 0 || strcmp(given, "z") == 0)
		return true;
	if (*given != '+' && *given != '-')
		return false;
	given++;
	if (!read_number(&given, 2, NULL, &hours))
		return false;
	if (*given == ':')
	{
		given++;
		if (!read_number(&given, 2, NULL, &minutes))
			return false;
	}
	if (*given != '\0' || hours > 15 || minutes > 59)
		return false;
	*seconds = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
	return true;
}

/*
 * Reads a number of so many digits, and one of the characters behind it unless that is
 * NULL; returns whether they are there, and moves behind them.
 */
static bool
read_number(const char **given, int digits, const char *behind, int *number)
{
	*number = 0;
	for (int i = 0; i < digits; i++, (*given)++)
	{
		if (**given < '0' || **given > '9')
			return false;
		*number = *number * 10 + (**given - '0');
	}
	if (behind == NULL)
		return true;
	if (**given == '\0' || strchr(behind, **given) == NULL)
		return false;
	(*given)++;
	return true;
}

/*
 * Refuses the text of a point.
 */
static RestateRefusal
invalid(const char *text)
{
	RestateRefusal refusal =
		restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "invalid at %s", restate_quote_text(text));

	refusal.hint =
		"at is last_failure, last_completed, name:NAME, name:NAME#N or time:2026-11-30T03:00:00Z.";
	return refusal;
}

/*
 * Finds the index of the journal, which is there, that a restart at the point keeps
 * last.  Returns why there is none, or RESTATE_OK.
 */
RestateRefusal
restart_point_find(const RestartPoint *point, const Invocation *invocation, int64 *last_index)
{
	const char *id = restate_invocation_id_text(&invocation->id);
	int64 index = invocation->journal_size;
	RestateRefusal refusal = {.category = RESTATE_OK};

	switch (point->kind)
	{
		case POINT_LAST_FAILURE:
			if (!find_failure(invocation, &index))
				refusal = restate_refusal(RESTATE_RESTART_POINT_NOT_FOUND,
										  "no command of invocation %s has failed", id);
			break;
		case POINT_LAST_COMPLETED:
			(void) find_command(invocation, STORE_READ_UNFINISHED_COMMAND, point, 0, &index);
			break;
		case POINT_NAME:
			if (!find_command(invocation, STORE_READ_NAMED_COMMAND, point, point->nth - 1, &index))
				refusal = restate_refusal(
					RESTATE_RESTART_POINT_NOT_FOUND,
					"the journal of invocation %s has no command %s number " INT64_FORMAT, id,
					restate_quote_text(point->name), point->nth);
			break;
		case POINT_TIME:
			if (!find_command(invocation, STORE_READ_ENTRY_AT, point, 0, &index))
				refusal = restate_refusal(
					RESTATE_RESTART_POINT_NOT_FOUND,
					"the journal of invocation %s has no entry of that time or before", id);
			index++;
			break;
	}
	*last_index = Max(index - 1, 0);
	return refusal;
}

/*
 * Finds the index of a command, or of an entry, with the statement; returns whether there
 * is one.
 */
static bool
find_command(const Invocation *invocation, StoreStatement statement, const RestartPoint *point,
			 int64 number, int64 *index)
{
	StoreCall call;
	StoreFoundCommand found;

	store_call(&call, statement);
	store_add_entry_asked(&call, &(StoreEntryAsked){.id = &invocation->id,
													.partition_key = invocation->partition_key,
													.name = point ? point->name : NULL,
													.number = number,
													.at = point ? point->at : 0});
	if (store_execute(&call) == 0)
		return false;
	store_read_command(0, &found);
	*index = found.index;
	return true;
}

/*
 * Finds the index of the last command that has failed: that has a failure for its
 * completion, or that the last failed attempt was about, which may be one that the
 * journal does not have yet.  Returns whether there is one.
 */
static bool
find_failure(const Invocation *invocation, int64 *index)
{
	int64 failed = -1;
	int64 related = -1;
	int64 number;

	(void) find_command(invocation, STORE_READ_FAILED_COMMAND, NULL, 0, &failed);
	if (read_related(invocation, &number) &&
		!find_command(invocation, STORE_READ_NTH_COMMAND, NULL, number, &related))
		related = invocation->journal_size;
	*index = Max(failed, related);
	return *index >= 0;
}

/*
 * Reads the number, among the commands, of the one that the last failed attempt was
 * about; returns whether it is known.
 */
static bool
read_related(const Invocation *invocation, int64 *number)
{
	StoreCall call;
	StoreFoundAbout about;

	store_call(&call, STORE_READ_ABOUT);
	store_add_id(&call, &(StoreId){&invocation->id, invocation->partition_key});
	if (store_execute(&call) == 0)
		return false;
	store_read_about(0, &about);
	*number = about.related_index;
	return about.related_index >= 0;
}
