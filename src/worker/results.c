/*
 * results.c
 *		The results of invocations that have completed, as those take them who wait
 *		for one.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "types/compat.h"
#include "worker/worker.h"

static Bytes bytes_of(const bytea *value);

/*
 * Reads the results of those of the invocations that have completed.
 */
void
results_read(Workset *workset, Invocation *const *invocations, int count)
{
	StoreCall call;

	store_call(&call, STORE_READ_RESULTS);
	for (int i = 0; i < count; i++)
		if (invocations[i]->exists && invocations[i]->status == STATUS_COMPLETED)
			workset_add_id(&call, invocations[i]);
	if (call.count == 0)
		return;
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundOutcome found;
		EntryResult *result = palloc0_object(EntryResult);

		store_read_outcome(row, &found);
		if (found.failure)
			*result = results_of_failure(found.failure, found.metadata);
		else
			*result = (EntryResult){VALUE_META, bytes_of(found.value)};
		workset_find(workset, found.id)->result = result;
	}
}

/*
 * Returns how the failure of an attempt is shown, as Restate does: with a name of its
 * code where that has one there, and where in the code it was thrown, if that is told.
 */
const char *
results_show_failure(int code, const char *message, const char *stacktrace)
{
	static const struct
	{
		int code;
		const char *name;
	} names[] = {
		{400, " Bad request"},
		{404, " Not found"},
		{409, " Aborted"},
		{410, " Gone"},
		{415, " Unsupported media type"},
		{500, " Internal"},
		{570, " Journal mismatch"},
		{571, " Protocol violation"}};
	const char *name = "";

	for (int i = 0; i < (int) lengthof(names); i++)
		if (names[i].code == code)
			name = names[i].name;
	return psprintf("[%d%s] %s%s%s", code, name, message, stacktrace ? "\n" : "",
					stacktrace ? stacktrace : "");
}

/*
 * Returns what an entry has of a failure, which begins with its code in brackets; the
 * metadata, if any, is the text of a JSON array.
 */
EntryResult
results_of_failure(const char *failure, const char *metadata)
{
	StringInfoData meta;
	const char *message;
	int code = results_read_failure(failure, &message);

	initStringInfo(&meta);
	appendStringInfo(&meta, "{\"result\": {\"Failure\": {\"code\": %d, \"message\": ", code);
	escape_json(&meta, message);
	if (metadata)
		appendStringInfo(&meta, ", \"metadata\": %s", metadata);
	appendStringInfoString(&meta, "}}}");
	return (EntryResult){meta.data, {NULL, 0}};
}

/*
 * Returns the code of a failure, which may begin with it in brackets, and sets its message.
 */
int
results_read_failure(const char *failure, const char **message)
{
	const char *end = failure[0] == '[' ? strstr(failure, "] ") : NULL;

	*message = end ? end + 2 : failure;
	return failure[0] == '[' ? (int) strtol(failure + 1, NULL, 10) : 500;
}

/*
 * Returns the bytes of a value; of none an empty value.
 */
static Bytes
bytes_of(const bytea *value)
{
	if (value == NULL)
		return (Bytes){"", 0};
	return (Bytes){VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}
