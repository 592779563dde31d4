/*
 * push_answer.c
 *		Tells attempts what has become of what they have sent.
 */
#include <string.h>

#include "dispatch/claims.h"
#include "dispatch/push_call.h"
#include "pg_binary.h"

static void tell_row(Attempt *attempt, const PGresult *rows, int row);
static void tell_end(Attempt *attempt, const PGresult *rows, int row);
static void tell_others(const PGresult *rows, int row);

void
push_tell(Push *push, const PGresult *rows)
{
	bool wakes = binary_bool(rows, 0, COLUMN_MADE_READY);
	bool sets_timer = false;

	for (int row = 0; row < push->count; row++)
	{
		int64_t place = binary_int8(rows, row, COLUMN_ORDINALITY) - 1;
		Attempt *attempt =
			place >= 0 && place < push->count ? push->members[place] : NULL;

		if (attempt == NULL)
			continue;
		push->members[place] = NULL;
		attempt->push = NULL;
		attempt->is_alone = false;
		attempt->makes_ready = attempt->is_urgent && attempt->makes_ready;
		sets_timer = sets_timer || attempt->sets_timer;
		attempt->sets_timer = attempt->is_urgent && attempt->sets_timer;
		tell_row(attempt, rows, row);
	}
	if (PQnfields(rows) > COLUMN_KNOWN_BEFORE)
		tell_others(rows, push->count);
	if (wakes)
		claims_wake(REASON_OWN);
	if (sets_timer)
		attempts_tell_due();
}

/*
 * Tells one.
 */
static void
tell_row(Attempt *attempt, const PGresult *rows, int row)
{
	const char *status = PQgetvalue(rows, row, COLUMN_STATUS);

	if (!binary_bool(rows, row, COLUMN_OK))
	{
		if (PQgetisnull(rows, row, COLUMN_ERROR_CODE))
		{
			attempt_lost(attempt, PQgetvalue(rows, row, COLUMN_CATEGORY));
			return;
		}
		attempt_refused(attempt, PQgetvalue(rows, row, COLUMN_ERROR_CODE),
						PQgetvalue(rows, row, COLUMN_MESSAGE));
	}
	else if (!PQgetisnull(rows, row, COLUMN_STATUS) && strcmp(status, "pausing") != 0)
		tell_end(attempt, rows, row);
	else
	{
		attempt_taken(attempt, binary_int8(rows, row, COLUMN_COMMANDS),
					  binary_int8(rows, row, COLUMN_ENTRIES), PQgetvalue(rows, row, COLUMN_REPLY),
					  (size_t) PQgetlength(rows, row, COLUMN_REPLY));
		if (strcmp(status, "pausing") == 0)
			attempt_pauses(attempt);
	}
}

/*
 * Tells an attempt how it has ended.
 */
static void
tell_end(Attempt *attempt, const PGresult *rows, int row)
{
	bool has_code = !PQgetisnull(rows, row, COLUMN_ERROR_CODE);
	bool has_result = !PQgetisnull(rows, row, COLUMN_RESULT);
	AttemptResult result = {.value = PQgetvalue(rows, row, COLUMN_RESULT),
							.len = (size_t) PQgetlength(rows, row, COLUMN_RESULT)};

	if (has_result)
		result.seed = binary_int8(rows, row, COLUMN_SEED);
	attempt_ended(attempt, binary_int8(rows, row, COLUMN_COMMANDS),
				  PQgetvalue(rows, row, COLUMN_STATUS),
				  has_code ? PQgetvalue(rows, row, COLUMN_ERROR_CODE) : NULL,
				  has_result ? &result : NULL);
}

/*
 * Tells attempts that have pushed nothing what has come to them, from that row on.
 */
static void
tell_others(const PGresult *rows, int row)
{
	for (; row < PQntuples(rows); row++)
		if (!PQgetisnull(rows, row, COLUMN_KNOWN_BEFORE))
			attempts_bring(PQgetvalue(rows, row, COLUMN_ID),
						   binary_int8(rows, row, COLUMN_KNOWN_BEFORE),
						   binary_int8(rows, row, COLUMN_ENTRIES),
						   PQgetvalue(rows, row, COLUMN_REPLY),
						   (size_t) PQgetlength(rows, row, COLUMN_REPLY));
}
