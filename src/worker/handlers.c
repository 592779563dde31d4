/*
 * handlers.c
 *		What follows of what is registered for a handler's invocations, kept for the
 *		session.
 *
 * To work it out takes longer than all else of a submission.  It follows from nothing but
 * the columns of the revision and its deployment, and from functions of the extension:
 * as long as these are the same, so is what follows.  They are read anew each time, as
 * of the statement that reads them, so that what was registered before is seen.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "types/compat.h"
#include "worker/worker.h"

/* how many are kept; of those that have the same place the last one is */
#define PLACES 128

/* One handler; what it points to is in the context. */
typedef struct KeptHandler
{
	MemoryContext context; /* NULL: there is none */
	uint64 functions;	   /* what was known of their changes */
	StoreHandler asked;
	StoreFoundHandler found;
} KeptHandler;

static KeptHandler kept_handlers[PLACES];

static KeptHandler *place_of(const StoreHandler *asked);
static bool is_asked(const KeptHandler *kept, const StoreHandler *asked);
static bool is_registered(const KeptHandler *kept, const StoreFoundHandler *found);
static bool same_json(const Jsonb *a, const Jsonb *b);
static const RestateDeploymentId *copy_id(const RestateDeploymentId *id);
static const char *copy_text(const char *text);
static const Jsonb *copy_json(const Jsonb *json);

/*
 * Returns whether something is kept of the handler that is asked for.
 */
bool
handlers_has(const StoreHandler *asked)
{
	return is_asked(place_of(asked), asked);
}

/*
 * Adds to what is registered of the handler what follows from it; returns false if it is
 * not what that was worked out from which is kept.
 */
bool
handlers_find(const StoreHandler *asked, StoreFoundHandler *found)
{
	const KeptHandler *kept = place_of(asked);

	if (!is_asked(kept, asked) || !is_registered(kept, found))
		return false;
	found->handler_ty = copy_text(kept->found.handler_ty);
	found->result_kept_for = kept->found.result_kept_for;
	found->journal_kept_for = kept->found.journal_kept_for;
	found->initial_interval = kept->found.initial_interval;
	found->factor = kept->found.factor;
	found->max_interval = kept->found.max_interval;
	found->max_attempts = kept->found.max_attempts;
	found->kills = kept->found.kills;
	return true;
}

/*
 * Keeps what was found of the handler, in place of what was kept there.
 */
void
handlers_keep(const StoreHandler *asked, const StoreFoundHandler *found)
{
	KeptHandler *kept = place_of(asked);
	MemoryContext before = kept->context;
	MemoryContext caller;

	kept->context = NULL;
	if (before)
		MemoryContextDelete(before);
	before = AllocSetContextCreate(TopMemoryContext, "restate_admin handler", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(before);
	kept->functions = store_changes_of_functions();
	kept->asked.service_name = copy_text(asked->service_name);
	kept->asked.handler_name = copy_text(asked->handler_name);
	kept->asked.deployment_id = copy_id(asked->deployment_id);
	kept->found = *found;
	kept->found.deployment_id = copy_id(found->deployment_id);
	kept->found.service_ty = copy_text(found->service_ty);
	kept->found.of_handler = copy_json(found->of_handler);
	kept->found.of_service = copy_json(found->of_service);
	kept->found.handler_ty = copy_text(found->handler_ty);
	MemoryContextSwitchTo(caller);
	kept->context = before;
}

/*
 * Returns the one place where the handler that is asked for can be.
 */
static KeptHandler *
place_of(const StoreHandler *asked)
{
	uint32 hash = hash_bytes((const unsigned char *) asked->service_name,
							 (int) strlen(asked->service_name));

	hash = hash_combine(hash, hash_bytes((const unsigned char *) asked->handler_name,
										 (int) strlen(asked->handler_name)));
	return &kept_handlers[hash % PLACES];
}

/*
 * Returns whether it is the handler that is asked for, worked out by the functions that
 * there are.
 */
static bool
is_asked(const KeptHandler *kept, const StoreHandler *asked)
{
	const RestateDeploymentId *id = kept->asked.deployment_id;

	return kept->context != NULL && kept->functions == store_changes_of_functions() &&
		   strcmp(kept->asked.service_name, asked->service_name) == 0 &&
		   strcmp(kept->asked.handler_name, asked->handler_name) == 0 &&
		   (id && asked->deployment_id ? restate_deployment_id_compare(id, asked->deployment_id) == 0 :
										 id == asked->deployment_id);
}

/*
 * Returns whether it was worked out from what is registered.
 */
static bool
is_registered(const KeptHandler *kept, const StoreFoundHandler *found)
{
	const StoreFoundHandler *before = &kept->found;

	return restate_deployment_id_compare(before->deployment_id, found->deployment_id) == 0 &&
		   before->min_protocol_version == found->min_protocol_version &&
		   before->max_protocol_version == found->max_protocol_version &&
		   strcmp(before->service_ty, found->service_ty) == 0 &&
		   same_json(before->of_handler, found->of_handler) &&
		   same_json(before->of_service, found->of_service) &&
		   before->idempotency_retention == found->idempotency_retention &&
		   before->journal_retention == found->journal_retention &&
		   before->workflow_completion_retention == found->workflow_completion_retention;
}

/*
 * Returns whether both are the same, byte by byte, or null.
 */
static bool
same_json(const Jsonb *a, const Jsonb *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/*
 * Returns a copy in the current memory context; NULL of NULL.
 */
static const RestateDeploymentId *
copy_id(const RestateDeploymentId *id)
{
	RestateDeploymentId *copy;

	if (id == NULL)
		return NULL;
	copy = palloc_object(RestateDeploymentId);
	*copy = *id;
	return copy;
}

/*
 * The same of a text.
 */
static const char *
copy_text(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

/*
 * The same of JSON.
 */
static const Jsonb *
copy_json(const Jsonb *json)
{
	Jsonb *copy;

	if (json == NULL)
		return NULL;
	copy = palloc(VARSIZE(json));
	memcpy(copy, json, VARSIZE(json));
	return copy;
}
