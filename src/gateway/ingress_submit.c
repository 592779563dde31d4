/*
 * ingress_submit.c
 *		Requests that submit, several in one call: all but those with an idempotency
 *		key, which wait for whoever has locked its invocation, and with a delay.  What
 *		the call leaves out, or waits for too long, goes alone.
 */
#include "ingress_submit.h"

#include <stdlib.h>
#include <string.h>

#include "dispatch/dispatcher.h"
#include "ingress.h"
#include "joined.h"
#include "pg_binary.h"

#define CALL                                                                                      \
	"SELECT ordinality, " SUBMITTED_COLUMNS " FROM pg_catalog.restate_ingress_submit_joined("     \
	"$1::pg_catalog.text[], $2::pg_catalog.text[], $3::pg_catalog.text[], $4::pg_catalog.text[]," \
	" $5::pg_catalog.text[], $6::pg_catalog.text[], $7::pg_catalog.bytea[], $8, $9,"              \
	" $10::pg_catalog.restate_deployment_id[], $11::pg_catalog.int4) AS s"

/* of the call: first arrays, of what each request gives */
enum
{
	ARG_PATHS,
	ARG_KEYS,
	ARG_METHODS,
	ARG_TYPES,
	ARG_HEADERS,
	ARG_BAD_HEADERS,
	ARG_INPUTS,
	ARG_GATEWAY,
	ARG_WORKER,
	ARG_RUNS_ON,
	ARG_CLAIMS,
	ARGS
};

/* of the rows, before those of a submit */
#define COLUMN_ORDINALITY 0
#define COLUMNS_BEFORE	  1

/* what goes together is no larger, so that others need not wait long */
#define MAX_BODY_JOINED ((size_t) 64 * 1024)

#define OID_BYTEA 17

static bool takes(const Exchange *exchange);
static bool fit(const Exchange *one, const Exchange *other);
static bool make(JoinedCall *call, Exchange *const *exchanges, int count);
static bool add_offer(JoinedCall *call, int count);
static void answer(JoinedCall *call, Exchange *const *exchanges, int count, const PGresult *result);
static bool has_answer(const Exchange *exchange);
static void take_back(Exchange *exchange);
static void ended(JoinedCall *call, TaskEnd how);

const JoinKind joined_submits = {
	.takes = takes,
	.fit = fit,
	.make = make,
	.answer = answer,
	.has_answer = has_answer,
	.take_back = take_back,
	.ended = ended};

/* which argument of a single call is an element of which array */
static const int elements[ARG_INPUTS] = {[ARG_PATHS] = SUBMIT_PATH,
										 [ARG_KEYS] = SUBMIT_KEY,
										 [ARG_METHODS] = SUBMIT_METHOD,
										 [ARG_TYPES] = SUBMIT_TYPE,
										 [ARG_HEADERS] = SUBMIT_HEADERS,
										 [ARG_BAD_HEADERS] = SUBMIT_BAD_HEADER};

static const int formats[ARGS] = {[ARG_INPUTS] = 1};

/*
 * Takes what submits, but for what is said above, and for what is large.
 */
static bool
takes(const Exchange *exchange)
{
	char *const *args = exchange->args;

	return exchange->ingress->submits && args[SUBMIT_DELAY] == NULL && args[SUBMIT_IDEMPOTENCY_KEY] == NULL &&
		   exchange->body_len <= MAX_BODY_JOINED;
}

/*
 * Any of these go together.
 */
static bool
fit(const Exchange *one, const Exchange *other)
{
	(void) one;
	return takes(other);
}

/*
 * Makes the call.
 */
static bool
make(JoinedCall *call, Exchange *const *exchanges, int count)
{
	Buffer *literals = call->literals;
	bool failed = false;

	call->statement = (Statement){.sql = CALL,
								  .nparams = ARGS,
								  .params = call->params,
								  .lengths = call->lengths,
								  .formats = formats,
								  .is_binary = true};
	for (int arg = 0; arg < ARG_INPUTS; arg++)
	{
		for (int i = 0; i < count; i++)
			joined_add_element(&literals[arg], i, exchanges[i]->args[elements[arg]]);
		buffer_add(&literals[arg], "}", 1);
	}
	binary_array_begin(&literals[ARG_INPUTS], OID_BYTEA, count);
	for (int i = 0; i < count; i++)
		binary_array_add(&literals[ARG_INPUTS], exchanges[i]->args[SUBMIT_BODY],
						 (size_t) exchanges[i]->ingress->lengths[SUBMIT_BODY]);
	buffer_add_text(&literals[ARG_GATEWAY], exchanges[0]->args[SUBMIT_GATEWAY]);
	for (int arg = 0; arg <= ARG_GATEWAY; arg++)
	{
		failed = failed || literals[arg].failed;
		call->params[arg] = literals[arg].data;
		call->lengths[arg] = (int) literals[arg].len;
	}
	return !failed && add_offer(call, count);
}

/*
 * Offers to run them at once, as many as there is room for; returns false where memory has
 * run out.
 */
static bool
add_offer(JoinedCall *call, int count)
{
	Buffer *literals = call->literals;
	int offered = count;
	const char *worker = dispatcher_offer(&literals[ARG_RUNS_ON], &offered);

	if (worker == NULL)
		return true;
	call->offered = offered;
	buffer_add_text(&literals[ARG_WORKER], worker);
	buffer_printf(&literals[ARG_CLAIMS], "%d", offered);
	for (int arg = ARG_WORKER; arg <= ARG_CLAIMS; arg++)
		call->params[arg] = literals[arg].data;
	return !literals[ARG_WORKER].failed && !literals[ARG_CLAIMS].failed;
}

/*
 * Takes the rows, and keeps them where something has begun.
 */
static void
answer(JoinedCall *call, Exchange *const *exchanges, int count, const PGresult *result)
{
	bool has_begun = false;

	for (int row = 0; row < PQntuples(result); row++)
	{
		int32_t place = binary_int4(result, row, COLUMN_ORDINALITY);

		has_begun = has_begun || !PQgetisnull(result, row, COLUMNS_BEFORE + COLUMN_ATTEMPT);
		if (place >= 1 && place <= count && exchanges[place - 1])
			ingress_take_row(exchanges[place - 1], result, row, COLUMNS_BEFORE);
	}
	if (!has_begun)
		return;
	call->begun = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
	call->is_unsure = call->begun == NULL;
}

/*
 * Returns whether the exchange is answered, or its result is to be waited for.
 */
static bool
has_answer(const Exchange *exchange)
{
	return exchange->status != 0 || exchange->ingress->waits;
}

/*
 * Forgets what was said of an exchange.
 */
static void
take_back(Exchange *exchange)
{
	Ingress *ingress = exchange->ingress;

	answer_take_back(exchange);
	free(ingress->answer_type);
	ingress->answer_type = NULL;
	ingress->id[0] = ingress->expires[0] = '\0';
	ingress->waits = ingress->made_ready = ingress->typed_if_empty = false;
}

/*
 * Has those run here that have begun.
 */
static void
ended(JoinedCall *call, TaskEnd how)
{
	bool is_known = how != TASK_LOST && how != TASK_UNANSWERED && !call->is_unsure;

	if (call->offered == 0)
		return;
	dispatcher_end_offer(call->offered, how == TASK_DONE ? call->begun : NULL,
						 COLUMNS_BEFORE + COLUMN_BEGUN, is_known);
	call->offered = 0;
}
