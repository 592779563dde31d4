/*
 * explain_text.c
 *		An explanation in lines to read.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

#include "functions/explain_as.h"
#include "types/signal_index.h"
#include "types/spelling.h"

/* characters kept of a user's text, and of what an attempt has failed with */
#define TEXT_MAX	200
#define FAILURE_MAX 1000

static void put_origin(StringInfo text, const Explanation *explanation);
static void put_standing(StringInfo text, const Explanation *explanation);
static void put_worker(StringInfo text, const Explanation *explanation);
static void put_failure(StringInfo text, const StoreFoundAbout *about);
static void put_waits(StringInfo text, const Explanation *explanation);
static void put_wait(StringInfo text, const Explanation *explanation, const Wait *wait);
static void put_command(StringInfo text, const Explanation *explanation, const Wait *wait);
static void put_signal(StringInfo text, const Explanation *explanation, const Wait *wait);
static void put_other(StringInfo text, const Explanation *explanation, const Wait *wait);
static void put_kept(StringInfo text, const Explanation *explanation);
static void put_judgements(StringInfo text, const Explanation *explanation);
static void put_time(StringInfo text, TimestampTz at, TimestampTz now);
static void put_length(StringInfo text, int64 us);
static const char *plain(const char *value, int max);

/*
 * Returns the explanation as text.  What users have written stands on one line, and a
 * long one is cut.
 */
char *
explain_as_text(const Explanation *explanation)
{
	StringInfoData text;

	initStringInfo(&text);
	put_origin(&text, explanation);
	put_standing(&text, explanation);
	put_waits(&text, explanation);
	appendStringInfo(&text, "Next: %s", explanation->next);
	if (explanation->next_at)
	{
		appendStringInfoString(&text, " That is ");
		put_time(&text, explanation->next_at, explanation->at);
		appendStringInfoChar(&text, '.');
	}
	appendStringInfoChar(&text, '\n');
	put_kept(&text, explanation);
	put_judgements(&text, explanation);
	return text.data;
}

/*
 * Puts what the invocation is and where it comes from.
 */
static void
put_origin(StringInfo text, const Explanation *explanation)
{
	const StoreFoundAbout *about = &explanation->about;
	const Facts *facts = &explanation->invocation->facts;

	appendStringInfo(text, "Invocation %s of %s (%s%s%s)\n", restate_invocation_id_text(about->id),
					 plain(about->target, TEXT_MAX), about->service_ty,
					 about->handler_ty ? ", " : "", about->handler_ty ? about->handler_ty : "");
	appendStringInfoString(text, "Created ");
	put_time(text, about->created_at, explanation->at);
	if (about->restarted_from)
		appendStringInfo(text, " as a restart of %s",
						 restate_invocation_id_text(about->restarted_from));
	else if (about->invoked_by_id)
		appendStringInfo(text, " by invocation %s%s%s",
						 restate_invocation_id_text(about->invoked_by_id),
						 about->invoked_by_target ? " of " : "",
						 about->invoked_by_target ? plain(about->invoked_by_target, TEXT_MAX) : "");
	else
		appendStringInfo(text, " by %s", about->invoked_by);
	appendStringInfoString(text, ".\n");
	if (about->idempotency_key)
		appendStringInfo(text, "Its idempotency key is %s.\n",
						 plain(about->idempotency_key, TEXT_MAX));
	if (!facts->is_pinned)
	{
		appendStringInfoString(text, "It is pinned to no deployment yet.\n");
		return;
	}
	appendStringInfo(text, "It is pinned to deployment %s",
					 restate_deployment_id_text(&facts->pinned_deployment_id));
	if (about->endpoint == NULL)
		appendStringInfoString(text, ", which is not registered any more");
	else
	{
		appendStringInfo(text, " (%s)", plain(about->endpoint, TEXT_MAX));
		if (about->revision)
			appendStringInfo(text, ", revision " INT64_FORMAT " of the service", about->revision);
	}
	appendStringInfo(text, ", service protocol %d.\n", facts->protocol_version);
}

/*
 * Puts the state of the invocation, since when it is in it, and how it came there.
 */
static void
put_standing(StringInfo text, const Explanation *explanation)
{
	const StoreFoundAbout *about = &explanation->about;
	const Invocation *invocation = explanation->invocation;

	appendStringInfo(text, "It is %s since ", restate_status_name(invocation->status));
	put_time(text, about->since, explanation->at);
	if (invocation->status == STATUS_COMPLETED)
	{
		if (about->completion_failure)
			appendStringInfo(text, ", with the failure %s",
							 plain(about->completion_failure, FAILURE_MAX));
		else if (about->completion_result)
			appendStringInfo(text, ", with a %s", about->completion_result);
	}
	appendStringInfo(text,
					 ".\nEntries of its journal: " INT64_FORMAT
					 ", commands among them: " INT64_FORMAT ".\n",
					 invocation->journal_size, invocation->journal_commands_size);
	if (about->is_held)
	{
		appendStringInfoString(text, "Its service is held since ");
		put_time(text, about->held_at, explanation->at);
		if (about->held_reason)
			appendStringInfo(text, ": %s", plain(about->held_reason, TEXT_MAX));
		else
			appendStringInfoChar(text, '.');
		appendStringInfoChar(text, '\n');
	}
	if (invocation->status == STATUS_RUNNING)
		put_worker(text, explanation);
	if (about->last_failure)
		put_failure(text, about);
}

/*
 * Puts which worker runs the attempt, and whether it is alive.
 */
static void
put_worker(StringInfo text, const Explanation *explanation)
{
	const StoreFoundAbout *about = &explanation->about;

	if (explanation->invocation->attempt == 0 || about->worker_name == NULL)
	{
		appendStringInfoString(text, "No worker is known to run it.\n");
		return;
	}
	appendStringInfo(text, "Worker %s runs it, ", plain(about->worker_name, TEXT_MAX));
	if (about->worker_seen == 0)
	{
		appendStringInfoString(text, "which is not known any more.\n");
		return;
	}
	appendStringInfoString(text, about->worker_is_alive ? "which is alive: it was heard of " :
														  "which is silent: it was last heard of ");
	put_time(text, about->worker_seen, explanation->at);
	appendStringInfoString(text, ".\n");
}

/*
 * Puts how the last attempt that failed has failed.
 */
static void
put_failure(StringInfo text, const StoreFoundAbout *about)
{
	appendStringInfo(text, "Retries: " INT64_FORMAT ". The last failure", about->retry_count);
	if (about->related_index >= 0)
		appendStringInfo(text, ", at command " INT64_FORMAT "%s%s%s%s", about->related_index,
						 about->related_type ? ", " : "",
						 about->related_type ? plain(about->related_type, TEXT_MAX) : "",
						 about->related_name && about->related_name[0] ? " " : "",
						 about->related_name ? plain(about->related_name, TEXT_MAX) : "");
	appendStringInfo(text, ": %s\n", plain(about->last_failure, FAILURE_MAX));
}

/*
 * Puts what the invocation waits for, a line each.
 */
static void
put_waits(StringInfo text, const Explanation *explanation)
{
	bool is_suspended = explanation->invocation->status == STATUS_SUSPENDED;

	if (explanation->nwaits == 0)
		return;
	appendStringInfoString(text, is_suspended ? "It waits for any of these:\n" : "It waits for:\n");
	for (int i = 0; i < explanation->nwaits; i++)
		put_wait(text, explanation, &explanation->waits[i]);
	if (explanation->has_more)
		appendStringInfoString(text, "  and more\n");
}

/*
 * Puts one thing that is waited for.
 */
static void
put_wait(StringInfo text, const Explanation *explanation, const Wait *wait)
{
	appendStringInfoString(text, "  ");
	switch (wait->kind)
	{
		case WAIT_OBJECT_KEY:
			appendStringInfo(text, "the object key %s",
							 plain(explanation->invocation->service_key, TEXT_MAX));
			if (wait->other_id)
			{
				appendStringInfoString(text, ", held by ");
				put_other(text, explanation, wait);
			}
			else
				appendStringInfoString(text, ", which nobody holds");
			appendStringInfo(text, "; %s" INT64_FORMAT " wait before it",
							 wait->ahead == WAIT_MAX_AHEAD ? "at least " : "", wait->ahead);
			break;
		case WAIT_START:
			appendStringInfoString(text, "the time to start: ");
			put_time(text, wait->at, explanation->at);
			break;
		case WAIT_WORKER:
			appendStringInfo(text, "a worker that claims work of %s",
							 plain(explanation->invocation->service_name, TEXT_MAX));
			break;
		case WAIT_RETRY:
			appendStringInfoString(text, "the time of the next attempt: ");
			put_time(text, wait->at, explanation->at);
			break;
		case WAIT_OPERATOR:
			appendStringInfoString(text, "an operator that resumes it");
			break;
		case WAIT_COMMAND:
			put_command(text, explanation, wait);
			break;
		case WAIT_COMPLETION:
			appendStringInfo(
				text, "completion " INT64_FORMAT ", for which no command of its journal asks",
				wait->completion_id);
			break;
		case WAIT_SIGNAL:
			put_signal(text, explanation, wait);
			break;
		case WAIT_KIND_COUNT:
			break;
	}
	appendStringInfoChar(text, '\n');
}

/*
 * Puts a command whose completion is waited for.
 */
static void
put_command(StringInfo text, const Explanation *explanation, const Wait *wait)
{
	const StoreFoundAsking *command = &wait->command;

	appendStringInfo(text, "entry " INT64_FORMAT ", %s", command->index, command->entry_type);
	if (command->name && command->name[0])
		appendStringInfo(text, " %s", plain(command->name, TEXT_MAX));
	if (wait->other_id)
	{
		appendStringInfoString(text, ": ");
		put_other(text, explanation, wait);
	}
	if (wait->at)
	{
		appendStringInfoString(text, ": until ");
		put_time(text, wait->at, explanation->at);
	}
	if (command->promise)
		appendStringInfo(text, ": promise %s", plain(command->promise, TEXT_MAX));
}

/*
 * Puts a signal that is waited for.
 */
static void
put_signal(StringInfo text, const Explanation *explanation, const Wait *wait)
{
	const char *awakeable = explain_awakeable(explanation, wait);

	if (wait->signal_name)
		appendStringInfo(text, "signal %s", plain(wait->signal_name, TEXT_MAX));
	else if (awakeable)
		appendStringInfo(text, "awakeable %s", awakeable);
	else if (wait->signal_index == CANCEL_SIGNAL)
		appendStringInfoString(text, "the signal to cancel");
	else
		appendStringInfo(text, "signal " INT64_FORMAT, wait->signal_index);
}

/*
 * Puts the invocation that is waited for, and where it stands.
 */
static void
put_other(StringInfo text, const Explanation *explanation, const Wait *wait)
{
	const StoreFoundBrief *other = wait->other;

	appendStringInfoString(text, restate_invocation_id_text(wait->other_id));
	if (other == NULL)
	{
		appendStringInfoString(text, ", which is gone");
		return;
	}
	appendStringInfo(text, " of %s, which is %s since ", plain(other->target, TEXT_MAX),
					 other->status);
	put_time(text, other->since, explanation->at);
}

/*
 * Puts how long what is kept, and until when.
 */
static void
put_kept(StringInfo text, const Explanation *explanation)
{
	const Invocation *invocation = explanation->invocation;

	if (invocation->status != STATUS_COMPLETED)
	{
		appendStringInfo(text, "Once completed its result is kept %s, its journal %s.\n",
						 explain_duration(invocation->result_retention),
						 explain_duration(invocation->journal_retention));
		return;
	}
	appendStringInfoString(text, "Its result is kept");
	if (explanation->result_until == TIME_NEVER)
		appendStringInfoString(text, " for ever");
	else
	{
		appendStringInfoString(text, " until ");
		put_time(text, explanation->result_until, explanation->at);
	}
	if (invocation->journal_size == 0)
		appendStringInfoString(text, "; its journal is gone");
	else if (explanation->journal_until != explanation->result_until)
	{
		appendStringInfoString(text, ", its journal until ");
		put_time(text, explanation->journal_until, explanation->at);
	}
	appendStringInfoString(text, ".\n");
}

/*
 * Puts what each operation would do, a line each.
 */
static void
put_judgements(StringInfo text, const Explanation *explanation)
{
	appendStringInfoString(text, "What an operator can do now:\n");
	for (int i = 0; i < JUDGEMENT_COUNT; i++)
	{
		const Judgement *judgement = &explanation->judgements[i];
		const RestateRefusal *refusal = &judgement->target.refusal;
		char *name = judgement->mode ? psprintf("%s (%s)", judgement->operation, judgement->mode) :
									   pstrdup(judgement->operation);

		if (refusal->category == RESTATE_OK)
			appendStringInfo(text, "  %-26s yes: %s\n", name, judgement->target.outcome);
		else
			appendStringInfo(text, "  %-26s no, %s: %s\n", name,
							 restate_category_name(refusal->category), refusal->message);
	}
}

/*
 * Puts a time, and how far it is from now.
 */
static void
put_time(StringInfo text, TimestampTz at, TimestampTz now)
{
	appendStringInfoString(text, restate_instant_text(at));
	if (TIMESTAMP_NOT_FINITE(at))
		return;
	appendStringInfoString(text, at > now ? " (in " : " (");
	put_length(text, at > now ? at - now : now - at);
	appendStringInfoString(text, at > now ? ")" : " ago)");
}

/*
 * Puts a length of time by its two largest units.
 */
static void
put_length(StringInfo text, int64 us)
{
	static const struct
	{
		const char *name;
		int64 us;
	} units[] = {
		{"d", USECS_PER_DAY}, {"h", USECS_PER_HOUR}, {"m", USECS_PER_MINUTE}, {"s", USECS_PER_SEC}};
	int i = 0;

	while (i + 1 < (int) lengthof(units) && us < units[i].us)
		i++;
	appendStringInfo(text, INT64_FORMAT "%s", us / units[i].us, units[i].name);
	us %= units[i].us;
	if (i + 1 < (int) lengthof(units) && us >= units[i + 1].us)
		appendStringInfo(text, " " INT64_FORMAT "%s", us / units[i + 1].us, units[i + 1].name);
}

/*
 * Returns the text of a length of time that something is kept.
 */
const char *
explain_duration(int64 us)
{
	StringInfoData text;

	if (us == TIME_NEVER)
		return "for ever";
	initStringInfo(&text);
	put_length(&text, us);
	return text.data;
}

/*
 * Returns a time that may never be reached as one that JSON has as null.
 */
TimestampTz
explain_until(int64 until)
{
	return until == TIME_NEVER ? 0 : until;
}

/*
 * Returns the id of the awakeable that a signal is, or NULL if it is none.
 */
const char *
explain_awakeable(const Explanation *explanation, const Wait *wait)
{
	RestateAwakeableId id = {.invocation_id = *explanation->about.id};
	char *text;

	if (wait->signal_index < FIRST_AWAKEABLE_SIGNAL)
		return NULL;
	id.index = (uint32) wait->signal_index;
	text = palloc(RESTATE_AWAKEABLE_ID_CHARS + 1);
	restate_encode_awakeable_id(&id, text);
	return text;
}

/*
 * Returns a user's text on one line, a long one cut to so many characters.
 */
static const char *
plain(const char *value, int max)
{
	int len = (int) strlen(value);
	int kept = pg_mbcharcliplen(value, len, max);
	char *line = psprintf("%.*s%s", kept, value, kept < len ? "..." : "");

	for (char *p = line; *p; p++)
		if ((unsigned char) *p < 0x20 || *p == 0x7f)
			*p = ' ';
	return line;
}
