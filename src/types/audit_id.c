/*
 * audit_id.c
 *		The numbers of the audit's rows: ordered by time, made without a counter
 *		that backends or nodes would have to share.
 *
 * A number has 52 bits of microseconds since 2000, which last until 2142, and
 * below them 11 bits of the backend that makes it.  What a sequence gave to
 * earlier rows is less: the numbers of today are beyond 1.7e18.
 *
 * The numbers of a backend rise: it makes one in a microsecond.  Two backends of a
 * server make none that are equal while both live, as long as the server's
 * backends can be no more than 2,048: the bits are the backend's own number,
 * which no other has at the time.  Among more, those whose numbers differ by a
 * multiple of that may make equal ones.
 *
 * Of backends of two servers, of which one can be a node of Citus beside the other, and
 * of one that has the number of another that has ended, where the clock was set back,
 * nothing keeps numbers apart but that each server permutes the bits in its own way in
 * each microsecond: they are equal once in 2,048 times that a microsecond is.
 *
 * Equal numbers only matter in one partition, whose key is beside the number in the
 * primary key: between rows of one invocation, or of one object key.  The later
 * row is refused then, with unique_violation, and its operation changes nothing.
 */
#include "types/audit_id.h"

#define BACKEND_BITS 11
#define BACKEND_MASK ((UINT64_C(1) << BACKEND_BITS) - 1)

static uint64_t scattered(uint64_t bits);

/*
 * Returns the number that comes after the last one of this backend at this time, in
 * microseconds since 2000; RESTATE_NO_AUDIT_ID if there is none.  The server's
 * number is any that other servers are not likely to have.
 *
 * While the clock stands still, or has been set back, the numbers run ahead of it.
 */
int64_t
restate_audit_id_after(int64_t last, int64_t microseconds, uint32_t backend, uint64_t server)
{
	int64_t next = (last >> BACKEND_BITS) + 1;

	if (microseconds > next)
		next = microseconds;
	if (next > INT64_MAX >> BACKEND_BITS)
		return RESTATE_NO_AUDIT_ID;
	/* what all backends of the server add in a microsecond keeps different ones different */
	return (int64_t) ((uint64_t) next << BACKEND_BITS |
					  ((backend ^ scattered((uint64_t) next ^ server)) & BACKEND_MASK));
}

/*
 * Returns bits of which each hangs on all those that are given.
 */
static uint64_t
scattered(uint64_t bits)
{
	bits = (bits ^ bits >> 33) * UINT64_C(0xff51afd7ed558ccd);
	bits = (bits ^ bits >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return bits ^ bits >> 33;
}
