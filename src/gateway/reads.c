/*
 * reads.c
 *		Version, metrics, the OpenAPI document; deployments and
 *		services, each a document that the database renders.
 */
#include "reads.h"

#include <string.h>

#include "types/id_codec.h"
#include "metrics.h"
#include "openapi.h"
#include "routes.h"

static Pool *operations_pool;
static Pool *queries_pool;

/*
 * Sets the pools whose state the metrics show.
 */
void
reads_configure(Pool *operations, Pool *queries)
{
	operations_pool = operations;
	queries_pool = queries;
}

/*
 * Answers with our version, and the versions of the Admin API that Restate's
 * clients choose from.
 */
void
prepare_version(Exchange *exchange)
{
	buffer_add_text(&exchange->answer, "{\"version\":\"" RESTATE_ADMIN_VERSION
									   "\",\"min_admin_api_version\":2,\"max_admin_api_version\":3,"
									   "\"ingress_endpoint\":null}");
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
	metrics_render(&exchange->answer, operations_pool, queries_pool);
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

	if (restate_decode_deployment_id(exchange->path_parameter, exchange->path_parameter_len, id) != RESTATE_ID_OK)
		answer_error(exchange, 400, "invalid_path", "the path has no deployment id where one must be");
	else
		(void) exchange_keep(exchange, &exchange->args[0], exchange->path_parameter);
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
		answer_error(exchange, 404, exchange->route->missing, "not found");
		return;
	}
	buffer_add_text(&exchange->answer, PQgetvalue(result, 0, 0));
	answer_json(exchange, 200);
}
