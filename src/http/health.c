/*
 * health.c
 *		Answers /live and /health.
 */
#include "health.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

/* the extensions that this gateway works with: from this version to its own */
#define OLDEST_EXTENSION "0.2.0"

static bool fits(const char *extension);
static int compare_versions(const char *a, const char *b);
static void note(const char *state);

/*
 * Answers that the gateway runs, whatever the database does.
 */
void
prepare_live(Exchange *exchange)
{
	answer_empty(exchange, 200);
}

/*
 * Answers that requests can be served, or why they cannot.
 */
void
answer_health(Exchange *exchange, const PGresult *result)
{
	char why[1024] = "";

	if (PQntuples(result) != 1)
		return;
	if (PQgetisnull(result, 0, 0))
		snprintf(why, sizeof(why), "the database has no extension restate_admin");
	else if (!fits(PQgetvalue(result, 0, 0)))
		snprintf(why, sizeof(why),
				 "extension restate_admin is of version %.32s, and the gateway, " RESTATE_ADMIN_VERSION
				 ", works with " OLDEST_EXTENSION " to " RESTATE_ADMIN_VERSION,
				 PQgetvalue(result, 0, 0));
	else if (!PQgetisnull(result, 0, 2))
		snprintf(why, sizeof(why), "role %.64s may not execute %.512s", PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2));
	note(why);
	if (why[0])
		answer_error(exchange, 503, "not_ready", why);
	else
		answer_empty(exchange, 200);
}

/*
 * Returns whether the gateway works with this version of the extension.
 */
static bool
fits(const char *extension)
{
	return compare_versions(extension, OLDEST_EXTENSION) >= 0 && compare_versions(extension, RESTATE_ADMIN_VERSION) <= 0;
}

/*
 * Returns what strcmp would of two versions, by their first three numbers.
 */
static int
compare_versions(const char *a, const char *b)
{
	int of_a[3] = {0};
	int of_b[3] = {0};

	(void) sscanf(a, "%d.%d.%d", &of_a[0], &of_a[1], &of_a[2]);
	(void) sscanf(b, "%d.%d.%d", &of_b[0], &of_b[1], &of_b[2]);
	for (int i = 0; i < 3; i++)
		if (of_a[i] != of_b[i])
			return of_a[i] < of_b[i] ? -1 : 1;
	return 0;
}

/*
 * Logs why requests cannot be served, or that they can again, when that
 * changes.
 */
static void
note(const char *state)
{
	static char before[1024];
	char quoted[1200];

	if (strcmp(state, before) == 0)
		return;
	strcpy(before, state);
	if (state[0])
		log_event(LOG_ERROR, "event=not_ready error=%s", log_quote(state, quoted, sizeof(quoted)));
	else
		log_event(LOG_INFO, "event=ready");
}
