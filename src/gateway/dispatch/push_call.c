/*
 * push_call.c
 *		Makes and sends a call that pushes what attempts have sent, with an offer to run
 *		at once what that makes ready.
 */
#include "dispatch/push_call.h"

#include <string.h>

#include "dispatch/claims.h"
#include "pg_binary.h"
#include "pg_types.h"

#define PUSHED_COLUMNS                                                                         \
	"ordinality, ok, category, message, error_code, reply, commands, entries, status, result," \
	" seed, made_ready"
#define PUSHED_ARGUMENTS                                                     \
	"$1::pg_catalog.restate_invocation_id[], $2::pg_catalog.int8[],"         \
	" $3::pg_catalog.bytea[], $4::pg_catalog.int8[], $5::pg_catalog.int8[]," \
	" $6::pg_catalog.text[]"
#define PUSH "SELECT " PUSHED_COLUMNS " FROM pg_catalog.restate_push(" PUSHED_ARGUMENTS ")"

/* what may make something ready starts it, if it does and there is room */
#define PUSH_AND_CLAIM \
	"SELECT " PUSHED_COLUMNS ", id::pg_catalog.text, known_before, " CLAIM_COLUMNS("s", "attempt_count") " FROM pg_catalog.restate_push_and_claim(" PUSHED_ARGUMENTS ", $7, $8::pg_catalog.int4, $9::pg_catalog.restate_deployment_id[]) AS s"

static bool make_arrays(Push *push);
static void make_offer(Push *push);

bool
push_make(Push *push)
{
	if (!make_arrays(push))
		return false;
	make_offer(push);
	return true;
}

bool
push_send(Push *push)
{
	static const int formats[PARAMS] = {[PARAM_ATTEMPTS] = 1,
										[PARAM_FRAMES] = 1,
										[PARAM_COMMANDS] = 1,
										[PARAM_KNOWN] = 1,
										[PARAM_SERVERS] = 1};
	Statement statement = {.sql = PUSH,
						   .nparams = PUSH_PARAMS,
						   .params = push->params,
						   .lengths = push->lengths,
						   .formats = formats,
						   .is_binary = true};

	if (push->offered > 0)
	{
		statement.sql = PUSH_AND_CLAIM;
		statement.nparams = PARAMS;
	}
	for (int i = 0; i < PARAMS; i++)
	{
		push->params[i] = push->arrays[i].data;
		push->lengths[i] = (int) push->arrays[i].len;
	}
	return session_execute(push->task.session, &statement);
}

/*
 * Makes the arguments of the call; returns false where memory has run out.
 */
static bool
make_arrays(Push *push)
{
	Buffer *arrays = push->arrays;
	bool failed = false;

	for (int i = 0; i < PUSH_PARAMS; i++)
		arrays[i].len = 0;
	binary_array_begin(&arrays[PARAM_ATTEMPTS], OID_INT8, push->count);
	binary_array_begin(&arrays[PARAM_FRAMES], OID_BYTEA, push->count);
	binary_array_begin(&arrays[PARAM_COMMANDS], OID_INT8, push->count);
	binary_array_begin(&arrays[PARAM_KNOWN], OID_INT8, push->count);
	binary_array_begin(&arrays[PARAM_SERVERS], OID_TEXT, push->count);
	for (int i = 0; i < push->count; i++)
	{
		const Attempt *attempt = push->members[i];

		buffer_add(&arrays[PARAM_IDS], i == 0 ? "{" : ",", 1);
		buffer_add_text(&arrays[PARAM_IDS], attempt->id);
		binary_array_add_int8(&arrays[PARAM_ATTEMPTS], attempt->attempt);
		binary_array_add(&arrays[PARAM_FRAMES], attempt->in.data, attempt->pushing);
		binary_array_add_int8(&arrays[PARAM_COMMANDS], attempt->commands);
		binary_array_add_int8(&arrays[PARAM_KNOWN], attempt->known);
		binary_array_add(&arrays[PARAM_SERVERS], attempt->server, strlen(attempt->server));
	}
	buffer_add(&arrays[PARAM_IDS], "}", 1);
	for (int i = 0; i < PUSH_PARAMS; i++)
		failed = failed || arrays[i].failed;
	return !failed;
}

/*
 * Offers to run at once what the push makes ready, if there is room: of each attempt that may
 * make something so two, since its end can free an object and wake who has called it.
 */
static void
make_offer(Push *push)
{
	Buffer *arrays = push->arrays;
	const char *worker;
	int count = 0;

	for (int i = 0; i < push->count; i++)
		count += push->members[i]->makes_ready ? 2 : 0;
	for (int i = PUSH_PARAMS; i < PARAMS; i++)
		arrays[i].len = 0;
	worker = count > 0 ? claims_offer(&arrays[PARAM_DEPLOYMENTS], &count) : NULL;
	if (worker == NULL)
		return;
	push->offered = count;
	buffer_add_text(&arrays[PARAM_WORKER], worker);
	buffer_printf(&arrays[PARAM_MOST], "%d", count);
	if (arrays[PARAM_WORKER].failed || arrays[PARAM_MOST].failed)
		push_end_offer(push, NULL, true);
}

void
push_end_offer(Push *push, const PGresult *rows, bool is_known)
{
	int offered = push->offered;

	push->offered = 0;
	if (offered > 0)
		claims_end_offer(offered, rows, COLUMN_CLAIMED, is_known);
}
