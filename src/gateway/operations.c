/*
 * operations.c
 *		Checks the parameters of an operation and runs its one SQL call.
 */
#include "operations.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "types/limits.h"
#include "parameters.h"

static bool is_index(const char *text);

/*
 * Returns whether the text is the index of a journal entry: digits, after a plus
 * sign perhaps.
 */
static bool
is_index(const char *text)
{
	uint64_t value = 0;

	if (*text == '+')
		text++;
	if (*text == '\0')
		return false;
	for (; *text; text++)
	{
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t) (*text - '0');
		if (value > RESTATE_INDEX_MAX)
			return false;
	}
	return true;
}

void
prepare_operation(Exchange *exchange)
{
	(void) take_id(exchange);
}

void
prepare_delete(Exchange *exchange)
{
	static const char *const modes[] = {"cancel", "Cancel", "kill", "Kill", "purge", "Purge"};
	const char *mode;

	if (!take_parameter(exchange, "mode", 1))
		return;
	mode = exchange->args[1];
	if (mode == NULL)
	{
		if (!exchange_keep(exchange, &exchange->args[1], "cancel"))
			return;
	}
	else
	{
		size_t i;

		for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
			if (strcmp(mode, modes[i]) == 0)
				break;
		if (i == sizeof(modes) / sizeof(*modes))
		{
			answer_bad_parameter(exchange, "mode must be cancel, kill or purge");
			return;
		}
	}
	(void) take_id(exchange);
}

void
prepare_restart(Exchange *exchange)
{
	if (take_from(exchange, 1) && take_deployment(exchange, 2) && take_idempotency_key(exchange, 3))
		(void) take_id(exchange);
}

/*
 * Takes the index to restart from as an argument, null where it is absent.  Returns
 * false, and answers, where it is none.
 */
bool
take_from(Exchange *exchange, int arg)
{
	if (!take_parameter(exchange, "from", arg))
		return false;
	if (exchange->args[arg] == NULL || is_index(exchange->args[arg]))
		return true;
	answer_bad_parameter(exchange, "from must be a whole number from 0 to " RESTATE_LIMIT_TEXT(
									   RESTATE_INDEX_MAX));
	return false;
}

void
prepare_resume(Exchange *exchange)
{
	if (take_deployment(exchange, 1))
		(void) take_id(exchange);
}

/*
 * Answers with an operation's outcome: the call returns it and the status for
 * it.
 */
void
answer_operation(Exchange *exchange, const PGresult *result)
{
	if (PQntuples(result) == 1)
		answer_empty(exchange, (int) strtol(PQgetvalue(result, 0, 1), NULL, 10));
}

/*
 * Answers with the new id that a restart returns.
 */
void
answer_restart(Exchange *exchange, const PGresult *result)
{
	if (PQntuples(result) == 1)
		answer_new_id(exchange, PQgetvalue(result, 0, 0));
}

/*
 * Answers with the id of a new invocation.
 */
void
answer_new_id(Exchange *exchange, const char *id)
{
	buffer_add_text(&exchange->answer, "{\"new_invocation_id\":");
	buffer_add_json_string(&exchange->answer, id);
	buffer_add_text(&exchange->answer, "}");
	answer_json(exchange, 200);
}
