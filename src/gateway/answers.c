/*
 * answers.c
 *		The routes under /admin/, which are ours and not Restate's: what operators
 *		ask before they act.  Each is one SQL call, which returns the document.
 */
#include "answers.h"

#include <microhttpd.h>
#include <string.h>

#include "operations.h"
#include "parameters.h"
#include "reads.h"

/*
 * Takes the id, and whether JSON is asked for: where Accept names it.
 */
void
prepare_explain(Exchange *exchange)
{
	const char *accept =
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Accept");

	if (accept && strstr(accept, "application/json") &&
		!exchange_keep(exchange, &exchange->args[1], "json"))
		return;
	(void) take_id(exchange);
}

/*
 * Takes what a restart takes, and the point that can stand for its index.
 */
void
prepare_preview(Exchange *exchange)
{
	if (take_from(exchange, 1) && take_deployment(exchange, 2) && take_parameter(exchange, "at", 3))
		(void) take_id(exchange);
}

/*
 * Takes an operation, and what it takes.
 */
void
prepare_dry_run(Exchange *exchange)
{
	if (!take_parameter(exchange, "operation", 1))
		return;
	if (exchange->args[1] == NULL)
		answer_bad_parameter(exchange, "query parameter operation is missing");
	else if (take_from(exchange, 2) && take_deployment(exchange, 3))
		(void) take_id(exchange);
}

/*
 * Takes the point.
 */
void
prepare_restart_point(Exchange *exchange)
{
	if (!take_parameter(exchange, "at", 1))
		return;
	if (exchange->args[1] == NULL)
		answer_bad_parameter(exchange, "query parameter at is missing");
	else
		(void) take_id(exchange);
}

/*
 * Answers with the explanation, as JSON or as text.
 */
void
answer_explain(Exchange *exchange, const PGresult *result)
{
	bool is_text = exchange->args[1] == NULL;

	answer_document(exchange, result);
	if (exchange->status == 200 && is_text)
		exchange->content_type = "text/plain; charset=utf-8";
}
