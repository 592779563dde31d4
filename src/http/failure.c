/*
 * failure.c
 *		SQLSTATE to status.
 */
#include "failure.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

static bool is_passing(const char *sqlstate);

/*
 * Answers with the error in the result: PTxyz has the status xyz, its
 * category and message; what passes by itself is 503, a missing privilege
 * 403; anything else is internal: logged, and not shown.
 */
void
answer_failure(Exchange *exchange, const PGconn *connection, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *category = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	char quoted[512];

	if (message == NULL)
		message = "no message";
	if (sqlstate && strncmp(sqlstate, "PT", 2) == 0 && strlen(sqlstate) == 5 && category)
	{
		answer_error(exchange, (int) strtol(sqlstate + 2, NULL, 10), category, message);
		return;
	}
	if (sqlstate == NULL)
	{
		log_event(LOG_WARN, "event=connection_lost error=%s",
				  log_quote(PQerrorMessage(connection), quoted, sizeof(quoted)));
		answer_error(exchange, 503, "unavailable", "the connection to the database was lost");
		return;
	}
	log_event(LOG_WARN, "event=sql_error sqlstate=%s error=%s", sqlstate, log_quote(message, quoted, sizeof(quoted)));
	if (is_passing(sqlstate))
		answer_error(exchange, 503, "unavailable", "the database cannot do this now; try again");
	else if (strcmp(sqlstate, "42501") == 0)
		answer_error(exchange, 403, "forbidden", "the gateway's role may not do this");
	else
		answer_error(exchange, 500, "internal", "internal error");
}

/*
 * Returns whether the same request may well succeed later: lost connections,
 * serialization failures, exhausted resources, a shutdown, a standby, a lock
 * that was not to be had.
 */
static bool
is_passing(const char *sqlstate)
{
	static const char *const classes[] = {"08", "40", "53", "57"};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strncmp(sqlstate, classes[i], 2) == 0)
			return true;
	return strcmp(sqlstate, "25006") == 0 || strcmp(sqlstate, "55P03") == 0;
}
