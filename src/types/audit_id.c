/*
 * audit_id.c
 *		The numbers of the audit's rows: ordered by time, made without a counter
 *		that nodes would have to share.
 *
 * A number has 52 bits of microseconds since 2000, which last until 2142, and
 * below them 11 random bits.  What a sequence gave to earlier rows is less: the
 * numbers of today are beyond 1.7e18.
 *
 * The primary key has the partition key beside the number, so that two rows can
 * only collide if they are of one invocation or of one object key.  Operations
 * on one invocation wait for each other.  Two on invocations of one object key
 * that run at the same time collide if they hit upon the same microsecond and
 * the same 11 bits: two at random moments of one second, once in two billion
 * times.  The later one is refused, with unique_violation, and changes nothing.
 */
#include "types/audit_id.h"

#define RANDOM_BITS 11
#define RANDOM_MASK ((UINT64_C(1) << RANDOM_BITS) - 1)

/*
 * Returns the number that comes after the last one at this time, in
 * microseconds since 2000; RESTATE_NO_AUDIT_ID if there is none.
 *
 * While the clock stands still, or has been set back, the last one is counted
 * up; should its random bits be used up, the numbers run ahead of the clock.
 */
int64_t
restate_audit_id_after(int64_t last, int64_t microseconds, uint64_t random)
{
	if (microseconds > INT64_MAX >> RANDOM_BITS || last == INT64_MAX)
		return RESTATE_NO_AUDIT_ID;
	if (microseconds > last >> RANDOM_BITS)
		return (int64_t) ((uint64_t) microseconds << RANDOM_BITS | (random & RANDOM_MASK));
	return last + 1;
}
