/*
 * port.h
 *		What is served where we listen.
 */
#ifndef RESTATE_GATEWAY_PORT_H
#define RESTATE_GATEWAY_PORT_H

#include <stdbool.h>

#include "exchange.h"

struct MHD_Response;

typedef struct Port
{
	const char *token; /* that is asked for, or NULL */
	bool is_plain;	   /* an error has a message and no category */
	/* finds the route of a request, or answers that there is none */
	void (*find)(Exchange *exchange);
	/* what answers have beside the usual headers; NULL: nothing */
	void (*add_headers)(const Exchange *exchange, struct MHD_Response *response);
} Port;

#endif /* RESTATE_GATEWAY_PORT_H */
