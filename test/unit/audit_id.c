/*
 * audit_id.c
 *		The numbers of the audit's rows, whatever the clock shows.  Prints TAP.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "types/audit_id.h"

/* microseconds since 2000 of 2026, and of 2126 */
#define NOW			 INT64_C(820454400000000)
#define IN_100_YEARS INT64_C(3976214400000000)
#define BACKENDS	 2048
#define SERVER		 UINT64_C(7574233301861478421)

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
	int64_t last = restate_audit_id_after(0, NOW, BACKENDS - 1, SERVER);

	for (int i = 1; i <= count; i++)
	{
		int64_t next = restate_audit_id_after(last, NOW + i * step, BACKENDS - 1, SERVER);

		if (next <= last || next / BACKENDS < NOW + i * step)
			return false;
		last = next;
	}
	return true;
}

/*
 * Returns whether all backends make different numbers in a microsecond, whatever
 * each has made before.
 */
static bool
all_differ(int64_t microseconds)
{
	static bool seen[BACKENDS];

	memset(seen, 0, sizeof(seen));
	for (uint32_t backend = 0; backend < BACKENDS; backend++)
	{
		/* some have run ahead of the clock up to here */
		int64_t last = backend % 2 ? restate_audit_id_after(0, microseconds - 1, backend, SERVER) : 0;
		int64_t next = restate_audit_id_after(last, microseconds - backend % 2, backend, SERVER);

		if (next / BACKENDS != microseconds || seen[next % BACKENDS])
			return false;
		seen[next % BACKENDS] = true;
	}
	return true;
}

/*
 * Returns how often backends of two servers make the same number in so many
 * microseconds.
 */
static int
equal_ones(uint32_t one, uint32_t other, uint64_t other_server, int count)
{
	int equal = 0;

	for (int64_t at = NOW; at < NOW + count; at++)
		equal += restate_audit_id_after(0, at, one, SERVER) ==
				 restate_audit_id_after(0, at, other, other_server);
	return equal;
}

int
main(void)
{
	int64_t first = restate_audit_id_after(0, NOW, 0, SERVER);
	int equal = equal_ones(3, 3, SERVER + 1, 100 * BACKENDS);

	check(first > INT64_C(1000000000000000000), "a number is beyond what a sequence reaches");
	check(first / BACKENDS == NOW, "it begins with the time");
	check(restate_audit_id_after(0, NOW, UINT32_MAX, UINT64_MAX) / BACKENDS == NOW,
		  "the bits of a backend stay below the time");
	check(restate_audit_id_after(0, IN_100_YEARS, 0, SERVER) > first,
		  "there are numbers for a hundred years");
	check(rises(1, 10000), "numbers rise with the clock");
	check(rises(0, 10 * BACKENDS), "and while it stands still");
	check(rises(-1000000, 10000), "and while it goes backwards");
	check(restate_audit_id_after(0, -NOW, 0, SERVER) > 0,
		  "and are positive where it shows a time before 2000");
	check(all_differ(NOW) && all_differ(NOW + 1), "all backends make different ones in a microsecond");
	check(equal_ones(3, 7, SERVER, 100 * BACKENDS) == 0, "of two backends none is ever equal");
	check(equal > 50 && equal < 200, "those of two servers are equal by chance alone");
	check(restate_audit_id_after(first, INT64_MAX / BACKENDS + 1, 0, SERVER) == RESTATE_NO_AUDIT_ID,
		  "there is none after the last time");
	check(restate_audit_id_after(INT64_MAX, NOW, 0, SERVER) == RESTATE_NO_AUDIT_ID,
		  "nor after the last one");
	printf("1..%d\n", tests);
	return failures != 0;
}
