/*
 * audit_id.c
 *		The numbers of the audit's rows, whatever the clock shows.  Prints TAP.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "types/audit_id.h"

/* microseconds since 2000 of 2026, and of 2126 */
#define NOW			  INT64_C(820454400000000)
#define IN_100_YEARS  INT64_C(3976214400000000)
#define RANDOM_VALUES 2048

static int tests;
static int failures;

/*
 * One test; the text says the rule.
 */
static void
check(bool holds, const char *rule)
{
	failures += !holds;
	printf("%s %d - %s\n", holds ? "ok" : "not ok", ++tests, rule);
}

/*
 * Returns whether numbers made one after the other, the clock moving by a step
 * each time, rise, and all are of the time or later.
 */
static bool
rises(int64_t step, int count)
{
	int64_t last = restate_audit_id_after(0, NOW, RANDOM_VALUES - 1);

	for (int i = 1; i <= count; i++)
	{
		int64_t next = restate_audit_id_after(last, NOW + i * step, UINT64_MAX / 7 * (uint64_t) i);

		if (next <= last || next / RANDOM_VALUES < NOW + i * step)
			return false;
		last = next;
	}
	return true;
}

int
main(void)
{
	int64_t first = restate_audit_id_after(0, NOW, 0);

	check(first > INT64_C(1000000000000000000), "a number is beyond what a sequence reaches");
	check(first / RANDOM_VALUES == NOW, "it begins with the time");
	check(restate_audit_id_after(0, NOW, UINT64_MAX) == first + RANDOM_VALUES - 1, "random bits stay below the time");
	check(restate_audit_id_after(0, IN_100_YEARS, 0) > first, "there are numbers for a hundred years");
	check(rises(1, 10000), "numbers rise with the clock");
	check(rises(0, 10 * RANDOM_VALUES), "and while it stands still, when the random bits are used up too");
	check(rises(-1000000, 10000), "and while it goes backwards");
	check(restate_audit_id_after(0, -NOW, 0) == 1, "and are positive where it shows a time before 2000");
	check(restate_audit_id_after(first + 5, NOW, 9) == first + 6, "the last one is counted up");
	check(restate_audit_id_after(first, INT64_MAX / RANDOM_VALUES + 1, 0) == RESTATE_NO_AUDIT_ID, "there is none after the last time");
	check(restate_audit_id_after(INT64_MAX, NOW, 0) == RESTATE_NO_AUDIT_ID, "nor after the last one");
	printf("1..%d\n", tests);
	return failures != 0;
}
