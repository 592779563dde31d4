/*
 * events.c
 *		What is told beside a journal of how its attempts have failed.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "worker/appending.h"

static void add_failure(StringInfo event, const Failure *failure);
static void add_text(StringInfo event, const char *key, const char *text);

/*
 * Adds to the journal, if it is kept, that an attempt has failed, if that is new, or that
 * it was the last one, by what it has failed.
 */
void
ending_add_event(Workset *workset, const Invocation *invocation, const Failure *failure)
{
	bool is_paused = invocation->status == STATUS_PAUSED;
	StringInfoData event;

	if (invocation->removed || invocation->journal_purged ||
		(!is_paused && !invocation->is_new_failure))
		return;
	initStringInfo(&event);
	appendStringInfo(&event, "{\"ty\": \"%s\"", is_paused ? EVENT_PAUSED : EVENT_FAILED);
	appendStringInfoString(&event, is_paused ? ", \"last_failure\": {" : ", ");
	add_failure(&event, failure);
	appendStringInfoString(&event, is_paused ? "}}" : "}");
	workset_add_event(workset, invocation, is_paused ? EVENT_PAUSED : EVENT_FAILED, event.data);
}

/*
 * Adds the members that tell of a failure.
 */
static void
add_failure(StringInfo event, const Failure *failure)
{
	const char *message;

	appendStringInfo(event, "\"error_code\": %d", results_read_failure(failure->text, &message));
	add_text(event, "error_message", message);
	add_text(event, "error_stacktrace", failure->stacktrace);
	add_text(event, "restate_doc_error_code", failure->error_code);
	if (failure->related_command_index >= 0)
		appendStringInfo(event, ", \"related_command_index\": " INT64_FORMAT,
						 failure->related_command_index);
	add_text(event, "related_command_name", failure->related_command_name);
	add_text(event, "related_command_type", failure->related_command_type);
}

/*
 * Adds a text to the members of an event, unless it is NULL.
 */
static void
add_text(StringInfo event, const char *key, const char *text)
{
	if (text == NULL)
		return;
	appendStringInfo(event, ", \"%s\": ", key);
	escape_json(event, text);
}
