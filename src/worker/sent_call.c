/*
 * sent_call.c
 *		Calls as a worker sends them, and as they are stored once it is known who
 *		answers: the kind of the handler and the retentions are the registry's, not
 *		the worker's.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "types/compat.h"
#include "types/entry_check.h"
#include "worker/sent.h"

/* What the registry says of a call's handler. */
typedef struct Handler
{
	const char *ty; /* NULL: it is of a service */
	int64 completion_retention;
	int64 journal_retention;
} Handler;

static const char *call_meta(JsonbContainer *meta, const Handler *handler);
static void push_request(RestateJsonbBuilder *out, JsonbContainer *request, const Handler *handler);
static void push_target(RestateJsonbBuilder *out, JsonbContainer *target, const Handler *handler);
static void push_retention(RestateJsonbBuilder *out, const char *key, int64 retention);
static void push_key(RestateJsonbBuilder *out, const char *key);

/* the target's variants, and what the types of service are called in the tables */
static const struct
{
	const char *variant;
	const char *service_ty;
} service_types[] = {
	{"Service", "service"},
	{"VirtualObject", "virtual_object"},
	{"Workflow", "workflow"},
};

/*
 * Reads whom a call is to, and with what.  Refuses a key that is too long.
 */
void
sent_read_callee(const EntryColumns *columns, SentEntry *sent)
{
	JsonbContainer *meta = restate_columns_meta(columns);
	JsonbContainer *request = sent_member(meta, "request");
	JsonbContainer *variants = sent_member(request, "invocation_target");
	JsonbContainer *headers = sent_member(request, "headers");
	JsonbContainer *target = NULL;

	for (size_t i = 0; target == NULL && i < lengthof(service_types); i++)
	{
		target = sent_member(variants, service_types[i].variant);
		sent->service_ty = service_types[i].service_ty;
	}
	sent->service_name = sent_text(target, "name");
	sent->service_key = sent_text(target, "key");
	sent->handler_name = sent_text(target, "handler");
	sent->idempotency_key = sent_text(request, "idempotency_key");
	sent->headers = headers == NULL ? "[]" : JsonbToCString(NULL, headers, 64);
	sent->start_at = sent_time(meta, "invoke_time");
	sent->call = columns->meta;
	sent_check_key(columns, "invocation_target", sent->service_key);
	sent_check_key(columns, "idempotency_key", sent->idempotency_key);
}

/*
 * Returns what the target of a call to a service of that type is called in JSON.
 */
const char *
sent_call_variant(const char *service_ty)
{
	size_t i = 0;

	while (i + 1 < lengthof(service_types) && strcmp(service_types[i].service_ty, service_ty) != 0)
		i++;
	return service_types[i].variant;
}

/*
 * Sets the meta of a call, as it is stored.  handler_ty is as in
 * invocation.target_handler_ty, NULL for a service.
 */
void
sent_finish_call(SentEntry *sent, const char *handler_ty, int64 completion_retention,
				 int64 journal_retention)
{
	const Handler handler = {handler_ty, completion_retention, journal_retention};

	sent->entry.meta = call_meta(unconstify(JsonbContainer *, &sent->call->root), &handler);
}

/*
 * Returns what of a call's meta a replay repeats: not when it starts, and
 * nothing that the worker does not decide, which may have changed since.
 */
const char *
sent_replayed_call(JsonbContainer *meta)
{
	return call_meta(meta, NULL);
}

/*
 * Returns the meta of a call: with what the registry says of its handler, or
 * what of it a replay repeats.
 */
static const char *
call_meta(JsonbContainer *meta, const Handler *handler)
{
	RestateJsonbBuilder out = {0};
	JsonbIterator *it = JsonbIteratorInit(meta);
	JsonbValue key;
	JsonbValue value;

	restate_jsonb_push(&out, WJB_BEGIN_OBJECT, NULL);
	while (sent_next_member(&it, &key, &value))
	{
		if (handler == NULL && restate_json_is(&key, "invoke_time"))
			continue;
		restate_jsonb_push(&out, WJB_KEY, &key);
		if (restate_json_is(&key, "request"))
			push_request(&out, value.val.binary.data, handler);
		else
			restate_jsonb_push(&out, WJB_VALUE, &value);
	}
	restate_jsonb_push(&out, WJB_END_OBJECT, NULL);
	return JsonbToCString(NULL, &JsonbValueToJsonb(out.result)->root, 256);
}

/*
 * Adds the request of a call.  Headers and idempotency key are always there, as
 * Restate writes them, so that to leave one out is to send it empty.
 */
static void
push_request(RestateJsonbBuilder *out, JsonbContainer *request, const Handler *handler)
{
	JsonbIterator *it = JsonbIteratorInit(request);
	JsonbValue none = {.type = jbvNull};
	JsonbValue key;
	JsonbValue value;

	restate_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);

	/* of members of the same key the last one counts */
	push_key(out, "headers");
	restate_jsonb_push(out, WJB_BEGIN_ARRAY, NULL);
	restate_jsonb_push(out, WJB_END_ARRAY, NULL);
	push_key(out, "idempotency_key");
	restate_jsonb_push(out, WJB_VALUE, &none);
	while (sent_next_member(&it, &key, &value))
	{
		if (restate_json_is(&key, "completion_retention_duration") ||
			restate_json_is(&key, "journal_retention_duration") ||
			(handler == NULL && restate_json_is(&key, "span_context")))
			continue;
		restate_jsonb_push(out, WJB_KEY, &key);
		if (restate_json_is(&key, "invocation_target"))
			push_target(out, value.val.binary.data, handler);
		else
			restate_jsonb_push(out, WJB_VALUE, &value);
	}
	if (handler != NULL)
	{
		push_retention(out, "completion_retention_duration", handler->completion_retention);
		push_retention(out, "journal_retention_duration", handler->journal_retention);
	}
	restate_jsonb_push(out, WJB_END_OBJECT, NULL);
}

/*
 * Adds the target of a call, with the kind of its handler if that is known.
 */
static void
push_target(RestateJsonbBuilder *out, JsonbContainer *target, const Handler *handler)
{
	JsonbIterator *it;
	JsonbValue key;
	JsonbValue value;

	(void) restate_json_single_member(target, &key, &value);
	restate_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
	restate_jsonb_push(out, WJB_KEY, &key);
	restate_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
	it = JsonbIteratorInit(value.val.binary.data);
	while (sent_next_member(&it, &key, &value))
	{
		if (restate_json_is(&key, "handler_ty"))
			continue;
		restate_jsonb_push(out, WJB_KEY, &key);
		restate_jsonb_push(out, WJB_VALUE, &value);
	}
	if (handler != NULL && handler->ty != NULL)
	{
		char *ty = pstrdup(handler->ty);

		/* Restate writes it with a capital there */
		ty[0] = (char) pg_ascii_toupper((unsigned char) ty[0]);
		push_key(out, "handler_ty");
		value = (JsonbValue){.type = jbvString, .val.string = {(int) strlen(ty), ty}};
		restate_jsonb_push(out, WJB_VALUE, &value);
	}
	restate_jsonb_push(out, WJB_END_OBJECT, NULL);
	restate_jsonb_push(out, WJB_END_OBJECT, NULL);
}

/*
 * Adds a duration.
 */
static void
push_retention(RestateJsonbBuilder *out, const char *key, int64 retention)
{
	JsonbValue secs = {.type = jbvNumeric};
	JsonbValue nanos = {.type = jbvNumeric};

	secs.val.numeric = int64_to_numeric(retention / USECS_PER_SEC);
	nanos.val.numeric = int64_to_numeric(retention % USECS_PER_SEC * 1000);
	push_key(out, key);
	restate_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
	push_key(out, "secs");
	restate_jsonb_push(out, WJB_VALUE, &secs);
	push_key(out, "nanos");
	restate_jsonb_push(out, WJB_VALUE, &nanos);
	restate_jsonb_push(out, WJB_END_OBJECT, NULL);
}

/*
 * Adds the key of a member.
 */
static void
push_key(RestateJsonbBuilder *out, const char *key)
{
	JsonbValue value = {.type = jbvString};

	value.val.string.len = (int) strlen(key);
	value.val.string.val = unconstify(char *, key);
	restate_jsonb_push(out, WJB_KEY, &value);
}
