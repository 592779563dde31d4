/*
 * joined.c
 *		Makes the joined call of the arguments of single ones, and answers
 *		with the rows that it returns.
 */
#include "joined.h"

#include <stdlib.h>
#include <string.h>

#include "types/id_codec.h"
#include "operations.h"
#include "routes.h"

#define CALL                                                                                  \
	"SELECT ordinality, status, category, message, new_id FROM pg_catalog.restate_joined($1," \
	" $2::pg_catalog.restate_invocation_id[], $3::pg_catalog.text[], $4::pg_catalog.int8[],"  \
	" $5::pg_catalog.text[], $6::pg_catalog.text[], $7::pg_catalog.text[], $8::pg_catalog.text[])"

/* of the call */
enum
{
	ARG_OPERATION,
	ARG_IDS,
	ARG_MODES,
	ARG_FROMS,
	ARG_DEPLOYMENTS,
	ARG_REQUEST_IDS,
	ARG_SUBJECTS,
	ARG_REASONS,
	ARGS
};

/* of its rows */
enum
{
	COLUMN_ORDINALITY,
	COLUMN_STATUS,
	COLUMN_CATEGORY,
	COLUMN_MESSAGE,
	COLUMN_NEW_ID
};

static bool takes(const Exchange *exchange);
static bool fit(const Exchange *one, const Exchange *other);
static bool make(JoinedCall *call, Exchange *const *exchanges, int count);
static void answer(JoinedCall *call, Exchange *const *exchanges, int count, const PGresult *result);
static const char *element(const Exchange *exchange, int arg);
static const char *argument(const Exchange *exchange, int place);
static void answer_row(Exchange *exchange, const PGresult *result, int row);

const JoinKind joined_operations = {
	.takes = takes,
	.fit = fit,
	.make = make,
	.answer = answer,
	.has_answer = joined_has_answer,
	.take_back = answer_take_back};

/*
 * An id that is none goes alone: in the joined call it would be everyone's
 * error.
 */
static bool
takes(const Exchange *exchange)
{
	uint8_t id[RESTATE_INVOCATION_ID_BYTES];

	return exchange->route->joining.operation &&
		   restate_decode_invocation_id(exchange->args[0], strlen(exchange->args[0]), id) ==
			   RESTATE_ID_OK;
}

/*
 * One call is of one operation.
 */
static bool
fit(const Exchange *one, const Exchange *other)
{
	return one->route == other->route;
}

/*
 * Makes the call.
 */
static bool
make(JoinedCall *call, Exchange *const *exchanges, int count)
{
	call->statement = (Statement){.sql = CALL, .nparams = ARGS, .params = call->params};
	call->params[ARG_OPERATION] = exchanges[0]->route->joining.operation;
	for (int arg = ARG_IDS; arg < ARGS; arg++)
	{
		Buffer *literal = &call->literals[arg];
		bool has_any = false;

		for (int i = 0; i < count && !has_any; i++)
			has_any = element(exchanges[i], arg) != NULL;
		if (!has_any)
			continue;
		for (int i = 0; i < count; i++)
			joined_add_element(literal, i, element(exchanges[i], arg));
		buffer_add(literal, "}", 1);
		if (literal->failed)
			return false;
		call->params[arg] = literal->data;
	}
	return true;
}

void
joined_free(JoinedCall *call)
{
	for (int arg = 0; arg < JOINED_MAX_ARGS; arg++)
		buffer_free(&call->literals[arg]);
	PQclear(call->begun);
	memset(call, 0, sizeof(*call));
}

bool
joined_has_answer(const Exchange *exchange)
{
	return exchange->status != 0;
}

/*
 * Returns what the exchange gives to an argument of the call, or NULL.
 */
static const char *
element(const Exchange *exchange, int arg)
{
	const Joining *joining = &exchange->route->joining;

	switch (arg)
	{
		case ARG_IDS:
			return exchange->args[0];
		case ARG_MODES:
			return argument(exchange, joining->mode);
		case ARG_FROMS:
			return argument(exchange, joining->from);
		case ARG_DEPLOYMENTS:
			return argument(exchange, joining->deployment);
		case ARG_REQUEST_IDS:
			return argument(exchange, joining->request_id);
		case ARG_SUBJECTS:
			return exchange->person;
		case ARG_REASONS:
			return exchange->reason;
		default:
			return NULL;
	}
}

/*
 * Returns the argument of the single call at this place; the first place is the
 * id's, and stands for none.
 */
static const char *
argument(const Exchange *exchange, int place)
{
	return place == 0 ? NULL : exchange->args[place];
}

void
joined_add_element(Buffer *literal, int place, const char *text)
{
	buffer_add(literal, place == 0 ? "{" : ",", 1);
	if (text == NULL)
	{
		buffer_add(literal, "NULL", 4);
		return;
	}
	buffer_add(literal, "\"", 1);
	for (size_t plain; *text; text += plain)
	{
		plain = strcspn(text, "\"\\");
		buffer_add(literal, text, plain);
		if (text[plain] == '\0')
			break;
		buffer_add(literal, "\\", 1);
		buffer_add(literal, text + plain++, 1);
	}
	buffer_add(literal, "\"", 1);
}

/*
 * Answers with what the call has returned.
 */
static void
answer(JoinedCall *call, Exchange *const *exchanges, int count, const PGresult *result)
{
	(void) call;
	for (int i = 0; i < count && PQntuples(result) != count; i++)
		if (exchanges[i])
			answer_error(exchanges[i], 500, "internal", "internal error");
	for (int row = 0; row < PQntuples(result) && PQntuples(result) == count; row++)
	{
		long place = strtol(PQgetvalue(result, row, COLUMN_ORDINALITY), NULL, 10);

		if (place >= 1 && place <= count && exchanges[place - 1] &&
			!PQgetisnull(result, row, COLUMN_STATUS))
			answer_row(exchanges[place - 1], result, row);
	}
}

/*
 * Answers with a row that has a status.
 */
static void
answer_row(Exchange *exchange, const PGresult *result, int row)
{
	int status = (int) strtol(PQgetvalue(result, row, COLUMN_STATUS), NULL, 10);

	if (!PQgetisnull(result, row, COLUMN_CATEGORY))
		answer_error(exchange, status, PQgetvalue(result, row, COLUMN_CATEGORY),
					 PQgetvalue(result, row, COLUMN_MESSAGE));
	else if (!PQgetisnull(result, row, COLUMN_NEW_ID))
		answer_new_id(exchange, PQgetvalue(result, row, COLUMN_NEW_ID));
	else
		answer_empty(exchange, status);
}
