/*
 * reads.c
 *		Version, metrics, the OpenAPI document; deployments, services and
 *		handlers, what is stuck and what keeps a deployment, each a document
 *		that the database renders; what there is none of here.
 */
#include "reads.h"

#include <string.h>

#include "types/id_codec.h"
#include "metrics.h"
#include "openapi.h"
#include "parameters.h"
#include "routes.h"

/* whose Admin API this is */
#define STANDS_IN_FOR "1.6.2"

static Pool *operations_pool;
static Lanes *operations_lanes;
static Pool *queries_pool;

/* where the ingress is reached; NULL: that is not known */
static const char *ingress_url;

static void answer_missing(Exchange *exchange);

/*
 * Sets the pools, and the lanes if there are any, whose state the metrics show.
 */
void
reads_configure(Pool *operations, Lanes *lanes, Pool *queries)
{
	operations_pool = operations;
	operations_lanes = lanes;
	queries_pool = queries;
}

/*
 * Sets the URL of the ingress that clients are told; it is kept, not copied.
 */
void
reads_tell_ingress(const char *url)
{
	ingress_url = url;
}

/*
 * Answers with the version of Restate's server that the gateway stands in for,
 * by which clients decide what they offer, the versions of the Admin API that
 * they choose from, and where the ingress is.  Our version is a field of its
 * own, and in Server.
 */
void
prepare_version(Exchange *exchange)
{
	buffer_add_text(
		&exchange->answer,
		"{\"version\":\"" STANDS_IN_FOR
		"\",\"min_admin_api_version\":2,\"max_admin_api_version\":3,\"ingress_endpoint\":");
	if (ingress_url)
		buffer_add_json_string(&exchange->answer, ingress_url);
	else
		buffer_add_text(&exchange->answer, "null");
	buffer_add_text(&exchange->answer,
					",\"features\":{},\"restate_admin_version\":\"" RESTATE_ADMIN_VERSION "\"}");
	answer_json(exchange, 200);
}

/*
 * Answers with the OpenAPI document.
 */
void
prepare_openapi(Exchange *exchange)
{
	buffer_add(&exchange->answer, (const char *) openapi_json, openapi_json_len);
	answer_json(exchange, 200);
}

/*
 * Answers with the metrics.
 */
void
prepare_metrics(Exchange *exchange)
{
	metrics_render(&exchange->answer, operations_pool, operations_lanes, queries_pool);
	answer_json(exchange, 200);
	exchange->content_type = "text/plain; version=0.0.4; charset=utf-8";
}

/*
 * Has nothing to check.
 */
void
prepare_nothing(Exchange *exchange)
{
	(void) exchange;
}

/*
 * Takes a deployment id from the path.
 */
void
prepare_deployment(Exchange *exchange)
{
	uint8_t id[RESTATE_DEPLOYMENT_ID_BYTES];

	if (restate_decode_deployment_id(exchange->path_parameter, exchange->path_parameter_len, id) !=
		RESTATE_ID_OK)
		answer_error(exchange, 400, "invalid_path",
					 "the path has no deployment id where one must be");
	else
		(void) exchange_keep(exchange, &exchange->args[0], exchange->path_parameter);
}

/*
 * Takes what is asked for of what is stuck: a reason, a service, or neither.
 */
void
prepare_stuck(Exchange *exchange)
{
	if (take_parameter(exchange, "reason", 0))
		(void) take_parameter(exchange, "service", 1);
}

/*
 * Takes a service name from the path.
 */
void
prepare_service(Exchange *exchange)
{
	if (strlen(exchange->path_parameter) != exchange->path_parameter_len)
		answer_error(exchange, 404, "service_not_found", "no such service");
	else
		(void) exchange_keep(exchange, &exchange->args[0], exchange->path_parameter);
}

/*
 * Takes the names of a service and of its handler from the path.
 */
void
prepare_handler(Exchange *exchange)
{
	if (strlen(exchange->path_parameter) != exchange->path_parameter_len ||
		strlen(exchange->inner_parameter) != exchange->inner_parameter_len)
		answer_error(exchange, 404, "handler_not_found", "no such handler");
	else if (exchange_keep(exchange, &exchange->args[0], exchange->path_parameter))
		(void) exchange_keep(exchange, &exchange->args[1], exchange->inner_parameter);
}

/*
 * Answers with the subscriptions, of which there are none.
 */
void
prepare_subscriptions(Exchange *exchange)
{
	buffer_add_text(&exchange->answer, "{\"subscriptions\":[]}");
	answer_json(exchange, 200);
}

/*
 * Answers that there is no such subscription.
 */
void
prepare_subscription(Exchange *exchange)
{
	if (restate_check_subscription_id(exchange->path_parameter, exchange->path_parameter_len) !=
		RESTATE_ID_OK)
		answer_error(exchange, 400, "invalid_path",
					 "the path has no subscription id where one must be");
	else
		answer_error(exchange, 404, "subscription_not_found", "no such subscription");
}

/*
 * Answers that it is not built yet, and why or what there is instead.
 */
void
prepare_not_built(Exchange *exchange)
{
	answer_error(exchange, 501, "not_implemented", exchange->route->not_built);
}

/*
 * Answers with the document that the call returns; 404 where it is null, with
 * the route's category for that.
 */
void
answer_document(Exchange *exchange, const PGresult *result)
{
	if (PQntuples(result) != 1)
		return;
	if (PQgetisnull(result, 0, 0))
	{
		answer_missing(exchange);
		return;
	}
	buffer_add_text(&exchange->answer, PQgetvalue(result, 0, 0));
	answer_json(exchange, 200);
}

/*
 * Answers that what the path names last is not there: its category is that, and
 * what it is before _not_found.
 */
static void
answer_missing(Exchange *exchange)
{
	const char *category = exchange->route->missing;
	const char *name =
		exchange->inner_parameter ? exchange->inner_parameter : exchange->path_parameter;
	Buffer message = {0};

	buffer_printf(&message, "%.*s %s does not exist", (int) strcspn(category, "_"), category, name);
	if (message.failed)
		answer_out_of_memory(exchange);
	else
		answer_error(exchange, 404, category, message.data);
	buffer_free(&message);
}
