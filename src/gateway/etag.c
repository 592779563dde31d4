/*
 * etag.c
 *		Reads which answers a client has.
 */
#include "etag.h"

#include <microhttpd.h>
#include <string.h>

bool
etag_is_known(const Exchange *exchange)
{
	const char *tags =
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "If-None-Match");

	return tags && (strcmp(tags, "*") == 0 || strstr(tags, exchange->etag));
}
