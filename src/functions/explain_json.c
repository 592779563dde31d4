/*
 * explain_json.c
 *		An explanation as JSON.
 */
#include "postgres.h"

#include "functions/explain_as.h"
#include "functions/json_text.h"

static void put_origin(StringInfo json, const Explanation *explanation);
static void put_attempt(StringInfo json, const Explanation *explanation);
static void put_failure(StringInfo json, const StoreFoundAbout *about);
static void put_wait(StringInfo json, const Explanation *explanation, const Wait *wait);
static void put_other(StringInfo json, const char *key, const Wait *wait);
static void put_judgement(StringInfo json, const Judgement *judgement);

/*
 * Returns the explanation as the text of a JSON object.
 */
char *
explain_as_json(const Explanation *explanation)
{
	const StoreFoundAbout *about = &explanation->about;
	const Invocation *invocation = explanation->invocation;
	bool is_completed = invocation->status == STATUS_COMPLETED;
	StringInfoData json;

	initStringInfo(&json);
	json_open(&json, NULL, '{');
	json_invocation(&json, "id", about->id);
	json_time(&json, "at", explanation->at);
	put_origin(&json, explanation);
	json_text(&json, "status", restate_status_name(invocation->status));
	json_time(&json, "since", about->since);
	json_number(&json, "journal_size", invocation->journal_size);
	json_number(&json, "journal_commands_size", invocation->journal_commands_size);
	json_boolean(&json, "pause_requested", invocation->pause_requested);
	json_boolean(&json, "is_foreign", invocation->facts.is_foreign);
	if (about->is_held)
	{
		json_open(&json, "held", '{');
		json_time(&json, "since", about->held_at);
		json_text(&json, "reason", about->held_reason);
		json_close(&json, '}');
	}
	else
		json_null(&json, "held");
	put_attempt(&json, explanation);
	put_failure(&json, about);
	json_open(&json, "waits_for", '[');
	for (int i = 0; i < explanation->nwaits; i++)
		put_wait(&json, explanation, &explanation->waits[i]);
	json_close(&json, ']');
	json_boolean(&json, "waits_for_more", explanation->has_more);
	if (is_completed)
	{
		json_open(&json, "result", '{');
		json_text(&json, "result", about->completion_result);
		json_text(&json, "failure", about->completion_failure);
		json_close(&json, '}');
	}
	else
		json_null(&json, "result");
	json_open(&json, "next", '{');
	json_text(&json, "text", explanation->next);
	json_time(&json, "at", explanation->next_at);
	json_close(&json, '}');
	json_open(&json, "retention", '{');
	json_text(&json, "result", explain_duration(invocation->result_retention));
	json_text(&json, "journal", explain_duration(invocation->journal_retention));
	json_time(&json, "result_until", explain_until(explanation->result_until));
	json_time(&json, "journal_until", explain_until(explanation->journal_until));
	json_close(&json, '}');
	json_open(&json, "operations", '[');
	for (int i = 0; i < JUDGEMENT_COUNT; i++)
		put_judgement(&json, &explanation->judgements[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	return json.data;
}

/*
 * Puts what the invocation is and where it comes from.
 */
static void
put_origin(StringInfo json, const Explanation *explanation)
{
	const StoreFoundAbout *about = &explanation->about;
	const Facts *facts = &explanation->invocation->facts;

	json_text(json, "target", about->target);
	json_text(json, "service_type", about->service_ty);
	json_text(json, "handler_type", about->handler_ty);
	json_text(json, "idempotency_key", about->idempotency_key);
	json_time(json, "created_at", about->created_at);
	json_open(json, "invoked_by", '{');
	json_text(json, "kind", about->invoked_by);
	json_invocation(json, "id", about->invoked_by_id);
	json_text(json, "target", about->invoked_by_target);
	json_close(json, '}');
	json_invocation(json, "restarted_from", about->restarted_from);
	if (!facts->is_pinned)
	{
		json_null(json, "deployment");
		return;
	}
	json_open(json, "deployment", '{');
	json_deployment(json, "id", &facts->pinned_deployment_id);
	json_text(json, "endpoint", about->endpoint);
	if (about->revision)
		json_number(json, "revision", about->revision);
	else
		json_null(json, "revision");
	json_number(json, "protocol_version", facts->protocol_version);
	json_boolean(json, "is_registered", about->endpoint != NULL);
	json_close(json, '}');
}

/*
 * Puts the attempt that runs, and whether its worker is alive.
 */
static void
put_attempt(StringInfo json, const Explanation *explanation)
{
	const Invocation *invocation = explanation->invocation;
	const StoreFoundAbout *about = &explanation->about;

	if (invocation->status != STATUS_RUNNING)
	{
		json_null(json, "attempt");
		return;
	}
	json_open(json, "attempt", '{');
	json_time(json, "since", invocation->last_start_at);
	json_text(json, "worker", invocation->attempt ? about->worker_name : NULL);
	json_time(json, "worker_seen_at", about->worker_seen);
	json_boolean(json, "worker_is_alive", about->worker_is_alive);
	json_close(json, '}');
}

/*
 * Puts how an attempt has failed, if one has.
 */
static void
put_failure(StringInfo json, const StoreFoundAbout *about)
{
	json_number(json, "retry_count", about->retry_count);
	if (about->last_failure == NULL)
	{
		json_null(json, "last_failure");
		return;
	}
	json_open(json, "last_failure", '{');
	json_text(json, "message", about->last_failure);
	json_text(json, "error_code", about->error_code);
	if (about->related_index >= 0)
		json_number(json, "command_index", about->related_index);
	else
		json_null(json, "command_index");
	json_text(json, "command_type", about->related_type);
	json_text(json, "command_name", about->related_name);
	json_close(json, '}');
}

/*
 * Puts something that is waited for.
 */
static void
put_wait(StringInfo json, const Explanation *explanation, const Wait *wait)
{
	json_open(json, NULL, '{');
	json_text(json, "for", wait_kind_name(wait->kind));
	switch (wait->kind)
	{
		case WAIT_OBJECT_KEY:
			json_text(json, "service", explanation->invocation->service_name);
			json_text(json, "key", explanation->invocation->service_key);
			put_other(json, "holder", wait);
			json_number(json, "ahead", wait->ahead);
			break;
		case WAIT_START:
		case WAIT_RETRY:
			json_time(json, "at", wait->at);
			break;
		case WAIT_WORKER:
			json_text(json, "service", explanation->invocation->service_name);
			break;
		case WAIT_OPERATOR:
			break;
		case WAIT_COMMAND:
			json_number(json, "index", wait->command.index);
			json_text(json, "type", wait->command.entry_type);
			json_text(json, "name", wait->command.name);
			if (wait->other_id)
				put_other(json, "callee", wait);
			if (wait->at)
				json_time(json, "at", wait->at);
			if (wait->command.promise)
				json_text(json, "promise", wait->command.promise);
			break;
		case WAIT_COMPLETION:
			json_number(json, "completion_id", wait->completion_id);
			break;
		case WAIT_SIGNAL:
			if (wait->signal_name)
				json_text(json, "name", wait->signal_name);
			else
				json_number(json, "index", wait->signal_index);
			if (explain_awakeable(explanation, wait))
				json_text(json, "awakeable", explain_awakeable(explanation, wait));
			break;
		case WAIT_KIND_COUNT:
			break;
	}
	json_close(json, '}');
}

/*
 * Puts the invocation that is waited for.
 */
static void
put_other(StringInfo json, const char *key, const Wait *wait)
{
	const StoreFoundBrief *other = wait->other;

	if (wait->other_id == NULL)
	{
		json_null(json, key);
		return;
	}
	json_open(json, key, '{');
	json_invocation(json, "id", wait->other_id);
	json_text(json, "target", other ? other->target : wait->command.invoked_target);
	json_text(json, "status", other ? other->status : NULL);
	json_time(json, "since", other ? other->since : 0);
	json_close(json, '}');
}

/*
 * Puts what an operation would do.
 */
static void
put_judgement(StringInfo json, const Judgement *judgement)
{
	const Target *target = &judgement->target;
	bool ok = target->refusal.category == RESTATE_OK;

	json_open(json, NULL, '{');
	json_text(json, "operation", judgement->operation);
	if (judgement->mode)
		json_text(json, "mode", judgement->mode);
	json_boolean(json, "ok", ok);
	json_text(json, "outcome", ok ? target->outcome : NULL);
	json_text(json, "category", ok ? NULL : restate_category_name(target->refusal.category));
	json_text(json, "message", ok ? NULL : target->refusal.message);
	json_close(json, '}');
}
